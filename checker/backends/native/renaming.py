"""Generated code that renames the ids in a packed state, and that marks a state for one id.

Owns two functions of a generated module, the packed forms of `passes.renaming.renamed_value` and of
a mark in `explore/symmetry.py`:

    renamed(rows, row, to, into, at)   rows[row] with id i of all ids renamed to to[i], in into[at]
    painted(rows, row, paint)          a number that is equal for states that differ by a
        renaming which keeps the paint of every id; what has no order is summed up

Ids of the given sorts are counted through: those of a sort begin at its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import factorial, prod
from pathlib import Path

from ...errors import InternalError
from . import orbits
from .access import (
    bag_insert,
    converted,
    field_value,
    length,
    made,
    put_slot,
    slot,
    some,
    tagged,
    unwrapped,
    with_length,
)
from .emitter import Emitter, Val
from .layout import Place
from .places import with_bit
from .rules import Module, codes_of, taken
from .shapes import (
    WORD_BITS,
    Atom,
    BagOf,
    MapOf,
    Opt,
    PartOf,
    Rec,
    SeqOf,
    SetOf,
    Shape,
    Un,
    chunks,
    is_narrow,
    slots,
)

__all__ = ["orbit_texts"]

_MIXED = '''def mixed(h: int, x: int):
    """62 bits of both. Products that lose their highest bits are the same in Python and here."""
    h = (((h ^ x) + 0x9E3779B97F4A7C1) * 0x2545F4914F6CDD1D) & 0x3FFFFFFFFFFFFFFF
    return h ^ (h >> 31)'''

_MASK = "0x3FFFFFFFFFFFFFFF"

_NAMES = {"rows", "row", "to", "into", "paint", "mixed"}  # no variable of the model is called so

_COPIED = "# ── Copied into the generated module "


def orbit_texts(module: Module, sorts: Sequence[str]) -> list[str]:
    """The functions that find the representatives of states under renaming ids of the sorts."""
    sizes, starts, ends = dict(module.sizes), list[int](), list[int]()
    for name in sorts:
        starts.append(ends[-1] if ends else 0)
        ends.append(starts[-1] + sizes[name])
    by_name = dict(zip(sorts, starts, strict=True))
    every = prod(factorial(sizes[name]) for name in sorts)
    constants = [
        f"WORDS = {len(module.words)}",
        f"STARTS = {tuple(starts)}",
        f"ENDS = {tuple(ends)}",
        f"RENAMINGS = {every if every < 1 << WORD_BITS else 0}",
        f"TRIED_MAX = {orbits.TRIED_MAX}",
    ]
    text = Path(orbits.__file__).read_text(encoding="utf-8")
    functions = text[text.index("def ", text.index(_COPIED)) :].rstrip()
    given = [_MIXED, _renamed_text(module, by_name), _painted_text(module, by_name)]
    return ["\n".join(constants), *given, functions.replace(" -> Any", "")]


def _renamed_text(module: Module, starts: Mapping[str, int]) -> str:
    """The text of `renamed`."""
    out = Emitter(module.helpers, lambda kind: "")
    out.write("def renamed(rows: Rows, row: int, to: Numbers, into: Rows, at: int):")
    out.depth += 1
    out.write('"""The state with other ids."""')
    out.taken |= _NAMES
    ids = _Ids(out, starts)
    parts: dict[int, list[str]] = {}
    for val, places in _variables(module, out):
        codes = codes_of(out, ids.renamed(val))
        for place, code in zip(places, codes, strict=True):
            moved = f"({code} << {place.shift})" if place.shift else code
            if place.width:
                parts.setdefault(place.word, []).append(moved)
    for number, _ in enumerate(module.words):
        out.write(f"into[at, {number}] = {' | '.join(parts.get(number, ['0']))}")
    out.write("return 0")
    return "\n".join(out.lines)


def _painted_text(module: Module, starts: Mapping[str, int]) -> str:
    """The text of `painted`."""
    out = Emitter(module.helpers, lambda kind: "")
    out.write("def painted(rows: Rows, row: int, paint: Numbers):")
    out.depth += 1
    out.write('"""What the state looks like with some ids painted."""')
    out.taken |= _NAMES
    ids = _Ids(out, starts)
    mark = out.let("1", "mark")
    for val, _ in _variables(module, out):
        # What holds no id says nothing about one.
        if ids.in_shape(val.shape):
            ids.mark(mark, val)
    out.write(f"return {mark}")
    return "\n".join(out.lines)


def _variables(module: Module, out: Emitter) -> Iterator[tuple[Val, tuple[Place, ...]]]:
    layout = module.layout
    for number, word in enumerate(module.words):
        out.write(f"{word} = rows[row, {number}]")
    for name, shape, places in zip(layout.names, layout.shapes, layout.places, strict=True):
        texts = [taken(place) for place in places]
        val = (
            out.value(texts[0], shape) if is_narrow(shape) else Val(f"({', '.join(texts)})", shape)
        )
        yield Val(out.let(val.text, name), shape), places


@dataclass
class _Ids:
    """Values of one function. `starts`: where the ids of each sort begin."""

    out: Emitter
    starts: Mapping[str, int]

    def in_shape(self, shape: Shape) -> bool:
        """May a value of the shape hold an id?"""
        match shape:
            case Atom(name, _, members):
                return not members and name in self.starts
            case Opt(item) | SetOf(item) | BagOf(item) | SeqOf(item):
                return self.in_shape(item)
            case Rec(_, fields):
                return any(self.in_shape(inner) for _, inner in fields)
            case Un(records):
                return any(map(self.in_shape, records))
            case MapOf(key, item) | PartOf(key, item):
                return self.in_shape(key) or self.in_shape(item)
        return False

    def _place(self, id_: Val) -> str:
        shape = id_.shape
        if not isinstance(shape, Atom):
            raise InternalError(f"{id_.text} is no id")
        start = self.starts[shape.name]
        return f"{start} + {id_.text}" if start else id_.text

    # ── Renaming ──

    def renamed(self, val: Val) -> Val:
        """The value with other ids, in the same shape."""
        out, shape = self.out, val.shape
        if not self.in_shape(shape):
            return val
        match shape:
            case Atom():
                return Val(f"to[{self._place(val)}]", shape)
            case Opt():
                held = out.hold(val)

                def item() -> str:
                    return some(out, self.renamed(unwrapped(out, held))).text

                return Val(out.where(out.is_some(held), out.zero(shape), item, "option"), shape)
            case Rec(name, fields):
                held = out.hold(val)
                new = [(f, self.renamed(field_value(out, held, f))) for f, _ in fields]
                return made(out, name, new)
            case Un(records):
                held, result = out.hold(val), out.let("0", "union")
                for record in records:
                    is_it, part = tagged(held, record.name)
                    with out.inside(f"if {is_it}:"):
                        changed, _ = converted(out, self.renamed(part), shape)
                        out.write(f"{result} = {changed.text}")
                return Val(result, shape)
        return self._collection(val)

    def _collection(self, val: Val) -> Val:
        out, shape, held = self.out, val.shape, slots(val.shape)
        if not held.count:
            return val
        old = out.hold(val)
        result = Val(out.let(out.zero(shape), "new"), shape)
        count = str(held.count)
        if held.head:
            count = out.let(length(old.text, held), "count")
        if isinstance(shape, SeqOf):
            out.write(f"{result.text} = {with_length(out, result.text, held, count)}")
        index = out.name("i")
        with out.inside(f"for {index} in range({count}):"):
            self._element(result, old, index)
        return result

    def _element(self, result: Val, old: Val, index: str) -> None:
        """Put what is in one slot where it belongs under the other names."""
        out, shape, held = self.out, old.shape, slots(old.shape)
        code = out.hold(Val(slot(out, old.text, held, index), held.item), "code").text
        match shape:
            case SetOf(item):
                with out.inside(f"if {code}:"):
                    place = self._code(out.value(index, item))
                    out.write(f"{result.text} = {with_bit(out, result.text, shape, place)}")
            case BagOf(item, _, True):
                with out.inside(f"if {code}:"):
                    place = self._code(out.value(index, item))
                    out.write(f"{result.text} = {put_slot(out, result.text, held, place, code)}")
            case BagOf(item):
                new = out.hold(self.renamed(out.value(code, item)))
                out.write(f"{result.text} = {bag_insert(out, result, new)}")
            case SeqOf(item):
                new_code = out.code(self.renamed(out.value(code, item)))
                out.write(f"{result.text} = {put_slot(out, result.text, held, index, new_code)}")
            case MapOf(key, item):
                place = self._code(out.value(index, key))
                new_code = out.code(self.renamed(out.value(code, item)))
                out.write(f"{result.text} = {put_slot(out, result.text, held, place, new_code)}")
            case PartOf(key):
                entry = Val(code, held.item)
                with out.inside(f"if {out.is_some(entry)}:"):
                    place = self._code(out.value(index, key))
                    new_code = some(out, self.renamed(unwrapped(out, entry))).text
                    text = put_slot(out, result.text, held, place, new_code)
                    out.write(f"{result.text} = {text}")

    def _code(self, val: Val) -> str:
        """The code of a key or item under its other name."""
        new = self.renamed(val)
        return self.out.hold(Val(self.out.code(new), new.shape), "place").text

    # ── Marks ──

    def mark(self, into: str, val: Val) -> None:
        """Mix the value into a name."""
        out, shape = self.out, val.shape
        if not self.in_shape(shape):
            self._plain(into, val)
            return
        match shape:
            case Atom():
                out.write(f"{into} = mixed({into}, paint[{self._place(val)}])")
            case Opt():
                held = out.hold(val)
                out.write(f"{into} = mixed({into}, 1 if {out.is_some(held)} else 0)")
                with out.inside(f"if {out.is_some(held)}:"):
                    self.mark(into, unwrapped(out, held))
            case Rec(_, fields):
                held = out.hold(val)
                for name, _ in fields:
                    self.mark(into, field_value(out, held, name))
            case Un(records):
                held = out.hold(val)
                for number, record in enumerate(records):
                    is_it, part = tagged(held, record.name)
                    with out.inside(f"if {is_it}:"):
                        out.write(f"{into} = mixed({into}, {number})")
                        self.mark(into, part)
            case _:
                self._marks_of(into, val)

    def _plain(self, into: str, val: Val) -> None:
        out = self.out
        code = out.hold(Val(out.code(val), val.shape), "plain").text
        width = len(chunks(val.shape))
        for one in [code] if is_narrow(val.shape) else [f"{code}[{n}]" for n in range(width)]:
            out.write(f"{into} = mixed({into}, {one})")

    def _marks_of(self, into: str, val: Val) -> None:
        out, shape, held = self.out, val.shape, slots(val.shape)
        if not held.count:
            return
        old = out.hold(val)
        count = str(held.count)
        if held.head:
            count = out.let(length(old.text, held), "count")
            out.write(f"{into} = mixed({into}, {count})")
        in_order = isinstance(shape, SeqOf) or (
            isinstance(shape, MapOf) and not self.in_shape(shape.key)
        )
        total = into if in_order else out.let("0", "total")
        index = out.name("i")
        with out.inside(f"for {index} in range({count}):"):
            code = out.hold(Val(slot(out, old.text, held, index), held.item), "code").text
            if in_order:
                self.mark(into, out.value(code, held.item))
            else:
                self._summed(total, shape, index, code)
        if not in_order:
            out.write(f"{into} = mixed({into}, {total})")

    def _summed(self, total: str, shape: Shape, index: str, code: str) -> None:
        """Add the mark of one slot of what has no order."""
        out = self.out
        there, parts = "True", []
        match shape:
            case SetOf(item):
                there, parts = code, [out.value(index, item)]
            case BagOf(item, _, True):
                there, parts = code, [out.value(index, item), Val(code, slots(shape).item)]
            case BagOf(item):
                parts = [out.value(code, item)]
            case MapOf(key, item):
                parts = [out.value(index, key), out.value(code, item)]
            case PartOf(key):
                entry = Val(code, slots(shape).item)
                there = out.is_some(entry)
                parts = [out.value(index, key), entry]
        with out.inside(f"if {there}:"):
            one = out.let("1", "one")
            for part in parts:
                self.mark(one, part)
            out.write(f"{total} = ({total} + {one}) & {_MASK}")
