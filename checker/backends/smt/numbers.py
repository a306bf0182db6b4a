"""Integers as bit-vectors that cannot overflow.

Owns the one rule: a `Number` carries an interval that holds its value, and its vector is wide
enough for all of the interval. So an expression has the value that unbounded integers give it
(language.md, Semantics 7), and a solver for finite domains can still be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...source import NOWHERE, Span
from . import solver
from .solver import Bit, Term

__all__ = ["Number", "Unsupported", "add", "arith", "constant", "equal", "less", "merge", "total"]

_WIDTH_MAX = 62  # as in the other engines: what does not fit is refused, not wrapped


class Unsupported(Exception):
    """The encoding cannot express a part of the model; these words follow UNKNOWN."""

    def __init__(self, what: str, span: Span = NOWHERE) -> None:
        where = f" ({span})" if span.line > 0 else ""
        super().__init__(what + where)
        self.what = what
        self.span = span


@dataclass(frozen=True, slots=True)
class Number:
    """A value between `lo` and `hi`; `term` is None if it is known."""

    lo: int
    hi: int
    term: Term | None = None


def constant(value: int) -> Number:
    return Number(value, value)


def width(lo: int, hi: int) -> int:
    """Bits of a signed vector for the interval.

    >>> width(0, 1), width(-2, 1), width(0, 8)
    (2, 2, 5)
    """
    return 1 + max((value if value >= 0 else ~value).bit_length() for value in (lo, hi))


def fresh(name: str, lo: int, hi: int) -> Number:
    """A variable; that it stays in the interval is for the caller to assert."""
    return Number(lo, hi, solver.vector(name, width(lo, hi)) if lo < hi else None)


def at_width(number: Number, bits: int) -> Term:
    if number.term is None:
        return solver.vector_constant(number.lo, bits)
    return solver.resized(number.term, bits)


def _made(lo: int, hi: int, term: Term) -> Number:
    if lo == hi:
        return constant(lo)
    bits = width(lo, hi)
    if bits > _WIDTH_MAX:
        raise Unsupported(f"a number of {bits} bits")
    return Number(lo, hi, solver.resized(term, bits))


def within(number: Number, lo: int, hi: int) -> Number:
    """The same number, of which the caller knows a tighter interval."""
    lo, hi = max(lo, number.lo), min(hi, number.hi)
    if number.term is None or (lo, hi) == (number.lo, number.hi):
        return number
    return _made(lo, hi, number.term)


# ── Arithmetic ───────────────────────────────────────────────────────────────────────────────────


def arith(op: str, a: Number, b: Number) -> Number:
    """`+`, `-`, `*`; `//` and `%` by a known positive number, rounding down."""
    if op in ("//", "%"):
        return _divided(op, a, b.lo)
    corners = [_exact(op, x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    lo, hi = min(corners), max(corners)
    if a.term is None and b.term is None:
        return constant(lo)
    bits = max(width(lo, hi), width(a.lo, a.hi), width(b.lo, b.hi))
    if bits > _WIDTH_MAX:
        raise Unsupported(f"a number of {bits} bits")
    return _made(lo, hi, solver.vector_op(op, at_width(a, bits), at_width(b, bits)))


def _exact(op: str, x: int, y: int) -> int:
    return x + y if op == "+" else x - y if op == "-" else x * y


def _divided(op: str, a: Number, by: int) -> Number:
    if a.term is None:
        return constant(a.lo // by if op == "//" else a.lo % by)
    # Moved up by a multiple of the divisor the number is not negative, where both roundings agree.
    moved = arith("-", a, constant(a.lo // by * by))
    bits = max(width(moved.lo, moved.hi), width(0, by))
    term = solver.vector_op(op, at_width(moved, bits), solver.vector_constant(by, bits))
    if op == "%":
        return _made(0, by - 1, term)
    quotient = _made(moved.lo // by, moved.hi // by, term)
    return arith("+", quotient, constant(a.lo // by))


def add(a: Number, b: Number) -> Number:
    return arith("+", a, b)


def of_bit(bit: Bit) -> Number:
    if isinstance(bit, bool):
        return constant(int(bit))
    one, zero = solver.vector_constant(1, 2), solver.vector_constant(0, 2)
    return Number(0, 1, solver.vector_ite(bit, one, zero))


def total(numbers: Sequence[Number]) -> Number:
    """The sum, as a balanced tree: the vectors near its leaves are short."""
    known = sum(n.lo for n in numbers if n.term is None)
    level = [n for n in numbers if n.term is not None]
    while len(level) > 1:
        pairs = [add(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return add(level[0], constant(known)) if level else constant(known)


# ── Comparison and choice ────────────────────────────────────────────────────────────────────────


def less(a: Number, b: Number, *, or_equal: bool = False) -> Bit:
    if or_equal:
        return solver.neg(less(b, a))
    if a.hi < b.lo:
        return True
    if a.lo >= b.hi:
        return False
    bits = max(width(a.lo, a.hi), width(b.lo, b.hi))
    return solver.vector_less(at_width(a, bits), at_width(b, bits))


def equal(a: Number, b: Number) -> Bit:
    if a.hi < b.lo or b.hi < a.lo:
        return False
    if a.term is None and b.term is None:
        return True
    bits = max(width(a.lo, a.hi), width(b.lo, b.hi))
    return solver.vector_equal(at_width(a, bits), at_width(b, bits))


def merge(test: Bit, a: Number, b: Number) -> Number:
    """If-then-else."""
    if isinstance(test, bool):
        return a if test else b
    if a is b or (a.term is None and b.term is None and a.lo == b.lo):
        return a
    lo, hi = min(a.lo, b.lo), max(a.hi, b.hi)
    bits = width(lo, hi)
    return Number(lo, hi, solver.vector_ite(test, at_width(a, bits), at_width(b, bits)))
