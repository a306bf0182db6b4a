"""What can be asked of the part of a state that belongs to some ids, by the types of the fields.

Owns the questions whose answers make up such a part: is the process of this id at this label and
its local set, which member is in this field of its record, how many copies of this message are
there, has a fault of this kind happened. An id that is not among the parameters can only be asked
whether it is one of them, so other ids are seen as "somebody else".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from .. import ir
from .candidates import elements

__all__ = ["counters", "questions"]

_NUMBERS_MAX = 8  # a number with more values is not asked for each of them


def questions(model: ir.Model, params: Sequence[ir.Param]) -> list[ir.Expr]:
    """Conditions over the state and the parameters, each once and defined in every state.

    Those about the number of faults are not among them: see `counters`.
    """
    args = [ir.Arg(p.name, p.type) for p in params]
    found: dict[ir.Expr, None] = {}
    places: list[_Place] = []
    for a, b in combinations(args, 2):
        if a.type == b.type:
            found.setdefault(ir.Cmp("==", a, b))
    for var in model.vars:
        if var.is_counter:
            continue
        for place in _places(_Place(ir.Read(var.name, var.type), ()), args):
            places.append(place)
            for atom in _about(place.expr, args):
                found.setdefault(_guarded(place.there, atom))
    for a_place, b_place in combinations(places, 2):
        if a_place.expr.type == b_place.expr.type and isinstance(a_place.expr.type, ir.Sort):
            same = ir.Cmp("==", a_place.expr, b_place.expr)
            there = tuple(dict.fromkeys((*a_place.there, *b_place.there)))
            found.setdefault(_guarded(there, same))
    return list(found)


def counters(model: ir.Model) -> list[ir.Expr]:
    """For each kind of fault and number: have there been no more than that?"""
    reads = [ir.Read(var.name, var.type) for var in model.vars if var.is_counter]
    return [atom for read in reads for atom in _compared(read)]


# ── Places ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Place:
    """A part of the state, and the conditions under which it is there."""

    expr: ir.Expr
    there: tuple[ir.Expr, ...]

    def inner(self, expr: ir.Expr, *there: ir.Expr) -> _Place:
        return _Place(expr, (*self.there, *there))


def _places(place: _Place, args: Sequence[ir.Arg]) -> Iterator[_Place]:
    """The place and every part of it that can be named."""
    yield place
    expr = place.expr
    match expr.type:
        case ir.Option(item):
            present = ir.Not(ir.Cmp("==", expr, ir.Lit(None, expr.type)))
            yield from _places(place.inner(ir.Narrow(expr, item), present), args)
        case ir.Record(_, fields):
            for name, type_ in fields:
                yield from _places(place.inner(ir.Field(expr, name, type_)), args)
        case ir.Union(records):
            for record in records:
                inner = place.inner(ir.Narrow(expr, record), ir.Is(expr, record))
                yield from _places(inner, args)
        case ir.Map(key, value):
            for element in elements(key, args):
                yield from _places(place.inner(ir.At(expr, element, value)), args)
        case ir.Partial(key, value):
            for element in elements(key, args):
                inner = place.inner(ir.At(expr, element, value), ir.Has(expr, element))
                yield from _places(inner, args)
        case ir.Seq(item, capacity):
            for index in range(min(capacity, _NUMBERS_MAX)):
                there = ir.Not(ir.Cmp("<=", ir.Size(expr), ir.Lit(index, ir.INT)))
                at = ir.At(expr, ir.Lit(index, ir.INT), item)
                yield from _places(place.inner(at, there), args)


def _guarded(there: tuple[ir.Expr, ...], atom: ir.Expr) -> ir.Expr:
    return ir.And((*there, atom)) if there else atom


# ── Questions about a place ──────────────────────────────────────────────────────────────────────


def _about(expr: ir.Expr, args: Sequence[ir.Arg]) -> Iterator[ir.Expr]:
    type_ = expr.type
    match type_:
        case ir.Bool():
            yield expr
        case ir.Enum(_, members) if len(members) > 1:
            for member in members[:-1]:
                yield ir.Cmp("==", expr, ir.Lit(member, type_))
        case ir.Sort():
            yield from (ir.Cmp("==", expr, arg) for arg in args if arg.type == type_)
        case ir.Option():
            yield ir.Cmp("==", expr, ir.Lit(None, type_))
        case ir.Union(records):
            for record in records[:-1]:
                yield ir.Is(expr, record)
        case ir.Int():
            yield from _compared(expr)
        case ir.Seq(_, capacity):
            for most in range(min(capacity, _NUMBERS_MAX)):
                yield ir.Cmp("<=", ir.Size(expr), ir.Lit(most, ir.INT))
        case ir.Set(item) | ir.Bag(item) | ir.Partial(item):
            for element in elements(item, args):
                yield ir.Has(expr, element)
                if isinstance(type_, ir.Bag):
                    for most in range(1, min(type_.capacity, _NUMBERS_MAX)):
                        yield ir.Cmp("<=", ir.Count(expr, element), ir.Lit(most, ir.INT))


def _compared(expr: ir.Expr) -> Iterator[ir.Expr]:
    """With all numbers that it can be, if these are few."""
    assert isinstance(expr.type, ir.Int)
    lo, hi = expr.type.lo, expr.type.hi
    if lo is not None:
        last = lo + _NUMBERS_MAX if hi is None else min(hi, lo + _NUMBERS_MAX)
        for most in range(lo, last):
            yield ir.Cmp("<=", expr, ir.Lit(most, ir.INT))
