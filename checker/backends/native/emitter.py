"""Writing one function of generated code, line by line.

Owns lines, depth and names, what a name stands for, and how shapes are read from and made into
codes. An expression becomes statements that are written at once and a text that is pure: whatever
can fail or loop is a statement, so evaluation keeps Python's order.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .shapes import Flag, Num, Shape, bits, chunks, is_narrow, space

__all__ = ["Emitter", "Helpers", "Val", "annotated", "is_literal"]

_TAKEN = frozenset(
    {*keyword.kwlist, *dir(builtins), "out", "tags", "at", "instance", "fail", "ones"}
)
# Words of a state, helpers, and the functions of rules and properties.
_OURS = re.compile(r"w\d+|put_\d+|step_\w+|ORDER_\d+")


@dataclass(frozen=True)
class Val:
    """A value as the text of a Python expression: an int, a bool, or a tuple of chunks."""

    text: str
    shape: Shape


@dataclass
class Helpers:
    """The small functions that the generated module needs; `put` by the number of chunks."""

    ones: bool = False
    puts: set[int] = field(default_factory=set)
    orders: dict[tuple[int, ...], str] = field(default_factory=dict)

    def put(self, width: int) -> str:
        self.puts.add(width)
        return f"put_{width}"

    def order(self, codes: tuple[int, ...]) -> str:
        """A name for a fixed order of codes."""
        return self.orders.setdefault(codes, f"ORDER_{len(self.orders) + 1}")


def annotated(name: str, shape: Shape) -> str:
    """A parameter with its type, as `machine.py` knows it."""
    if isinstance(shape, Flag):
        return f"{name}: bool"
    if is_narrow(shape):
        return f"{name}: int"
    return f"{name}: Chunks[{len(chunks(shape))}]"


def is_literal(text: str) -> bool:
    return bool(re.fullmatch(r"\d+|\(-\d+\)|True|False|[A-Za-z_]\w*", text))


class Emitter:
    """The lines of one function. `fail` gives the statement that ends it when something is
    undefined.
    """

    def __init__(self, helpers: Helpers, fail: Callable[[str], str]) -> None:
        self.helpers = helpers
        self.fail = fail
        self.lines: list[str] = []
        self.depth = 0
        self.taken: set[str] = set()
        self.bound: dict[str, Val] = {}
        self.args: dict[str, Val] = {}
        self.reads: dict[str, Val] = {}

    # ── Lines and names ──

    def write(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def name(self, wanted: str) -> str:
        stem = re.sub(r"\W", "_", wanted).strip("_") or "x"
        ours = _OURS.fullmatch(stem) or _OURS.fullmatch(f"{stem}_2")
        stem = f"x{stem}" if ours or stem[0].isdigit() else stem
        found, number = stem, 1
        while found in self.taken or found in _TAKEN:
            number += 1
            found = f"{stem}_{number}"
        self.taken.add(found)
        return found

    def let(self, text: str, wanted: str = "t") -> str:
        """A new name for the text."""
        name = self.name(wanted)
        self.write(f"{name} = {text}")
        return name

    def hold(self, val: Val, wanted: str = "t") -> Val:
        """The same value as a text that costs nothing to repeat."""
        return val if is_literal(val.text) else Val(self.let(val.text, wanted), val.shape)

    @contextmanager
    def captured(self, deeper: int = 0) -> Iterator[list[str]]:
        """The lines written inside the block, instead of writing them."""
        before, depth = self.lines, self.depth
        self.lines, self.depth = [], depth + deeper
        try:
            yield self.lines
        finally:
            self.lines, self.depth = before, depth

    @contextmanager
    def inside(self, header: str) -> Iterator[None]:
        """A block under a header; one that stays empty gets a `pass`."""
        self.write(header)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.write("pass")
        self.depth -= 1

    @contextmanager
    def binding(self, name: str, val: Val) -> Iterator[None]:
        before = self.bound.get(name)
        self.bound[name] = val
        yield
        del self.bound[name]
        if before is not None:
            self.bound[name] = before

    def unless(self, condition: str, statement: str) -> None:
        """The statement, if the condition is false; nothing, if it is known to be true."""
        if condition != "True":
            negated = (
                condition[5:-1] if re.fullmatch(r"\(not \w+\)", condition) else f"not {condition}"
            )
            self.write(f"if {negated}:")
            self.write(f"    {statement}")

    def demand(self, condition: str, kind: str) -> None:
        """End the function with a failure of this kind, if the condition is false."""
        if condition != "True":
            self.unless(condition, self.fail(kind))

    def where(
        self, condition: str, otherwise: str, then: Callable[[], str], wanted: str = "t"
    ) -> str:
        """`then()` where the condition is true, else the other text; `then` may write lines."""
        if condition == "True":
            return then()
        if condition == "False":
            return otherwise
        with self.captured(deeper=1) as lines:
            text = then()
        if not lines:
            if otherwise == "False":
                return f"({condition} and {text})"
            return f"({text} if {condition} else {otherwise})"
        name = self.let(otherwise, wanted)
        self.write(f"if {condition}:")
        self.lines += lines
        self.write(f"    {name} = {text}")
        return name

    # ── Codes ──

    def code(self, val: Val) -> str:
        """The code of a value (of a wide one, its chunks)."""
        match val.shape:
            case Num(lo, hi):
                if lo == 0 or lo > hi:
                    return val.text
                if re.fullmatch(r"\d+|\(-\d+\)", val.text):
                    return str(int(val.text.strip("()")) - lo)
                return f"({val.text} {'-' if lo > 0 else '+'} {abs(lo)})"
            case Flag():
                if val.text in ("True", "False"):
                    return "1" if val.text == "True" else "0"
                return f"(1 if {val.text} else 0)"
        return val.text

    def value(self, code: str, shape: Shape) -> Val:
        """The value of a code."""
        match shape:
            case Num(lo, hi) if lo <= hi and lo != 0:
                return Val(f"({code} {'+' if lo > 0 else '-'} {abs(lo)})", shape)
            case Flag():
                return Val(f"({code} != 0)", shape)
        return Val(code, shape)

    def zero(self, shape: Shape) -> str:
        """The text of the code 0, as a value: what an unused name holds."""
        match shape:
            case Flag():
                return "False"
            case _ if is_narrow(shape):
                return "0"
        return "(" + "0, " * (len(chunks(shape)) - 1) + "0)"

    def is_some(self, option: Val) -> str:
        """Is the option, held under a name, not None?"""
        return f"({option.text} != 0)" if is_narrow(option.shape) else f"({option.text}[0] != 0)"

    def mask(self, shape: Shape) -> int:
        return (1 << bits(shape)) - 1

    def size(self, shape: Shape) -> int:
        return space(shape)
