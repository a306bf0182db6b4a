"""Symbolic values: what an expression is while the state it reads is unknown.

Owns one form for each type, equality, choice between values, variables for values of a type, and
the way back from a solver's model. docs/decisions/0005-smt-encoding.md argues for the forms:

    bool            a bit                          option     is it there, and its item
    int             a number with its interval     record     its fields
    sort, enum      a bit for each atom, one true  union      a bit for each class, and their fields
    set             a bit for each element         map        a value for each key
    bag             a number for each element      partial    for each key: is it there, its value
    sequence        a length, and that many items

Elements and keys are concrete values of `states.py`. What is not there (the item of None, entries
beyond a length) is arbitrary and never read where it could be seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from ... import ir
from ...states import Sizes, Value, in_order, is_finite, universe
from . import numbers, solver
from .numbers import Number, Unsupported
from .solver import Bit, Term, conj, disj, iff, implies, neg

__all__ = [
    "Atom",
    "BagOf",
    "MapOf",
    "Maybe",
    "OneOf",
    "PartialOf",
    "Rec",
    "SeqOf",
    "SetOf",
    "Sym",
    "cases",
    "constant",
    "equal",
    "merge",
    "read",
    "select",
    "widened",
]

_CASES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Atom:
    cases: dict[Value, Bit]


@dataclass(frozen=True, slots=True)
class Maybe:
    """`item` is None if it is never there."""

    present: Bit
    item: Sym | None


@dataclass(frozen=True, slots=True)
class Rec:
    name: str
    fields: tuple[Sym, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    tags: dict[str, Bit]
    parts: dict[str, Rec]


@dataclass(frozen=True, slots=True)
class SetOf:
    has: dict[Value, Bit]


@dataclass(frozen=True, slots=True)
class BagOf:
    counts: dict[Value, Number]


@dataclass(frozen=True, slots=True)
class SeqOf:
    length: Number
    items: tuple[Sym, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """The keys in the order of their universe."""

    entries: dict[Value, Sym]


@dataclass(frozen=True, slots=True)
class PartialOf:
    entries: dict[Value, tuple[Bit, Sym]]


Sym = bool | Term | Number | Atom | Maybe | Rec | OneOf | SetOf | BagOf | SeqOf | MapOf | PartialOf

_FORMS = (Number, Atom, Maybe, Rec, OneOf, SetOf, BagOf, SeqOf, MapOf, PartialOf)


def as_bit(value: Sym) -> Bit:
    assert not isinstance(value, _FORMS)
    return value


def elements_of(type_: ir.Type, sizes: Sizes) -> tuple[Value, ...]:
    """The values that a collection of the type can hold."""
    if not is_finite(type_):
        raise Unsupported(f"a collection of {type(type_).__name__} values")
    found = universe(type_, sizes)
    if len(found) > _CASES_MAX:
        raise Unsupported(f"a collection over {len(found):,} possible elements")
    return found


# ── Known values ─────────────────────────────────────────────────────────────────────────────────


def constant(value: Value, type_: ir.Type, sizes: Sizes) -> Sym:
    """A value of `states.py` in symbolic form."""
    match type_:
        case ir.Bool():
            return bool(value)
        case ir.Int():
            return numbers.constant(cast(int, value))
        case ir.Sort() | ir.Enum():
            return Atom({value: True})
        case ir.Option(item):
            if value is None:
                return Maybe(False, None)
            return Maybe(True, constant(value, item, sizes))
        case ir.Record(name, fields):
            parts = cast("tuple[Value, ...]", value)[1:]
            known = (constant(v, t, sizes) for v, (_, t) in zip(parts, fields, strict=True))
            return Rec(name, tuple(known))
        case ir.Union(records):
            tag = cast(str, cast("tuple[Value, ...]", value)[0])
            record = constant(value, next(r for r in records if r.name == tag), sizes)
            return OneOf({tag: True}, {tag: cast(Rec, record)})
        case ir.Set():
            # In order, so that no order of a hash table decides which model the solver finds.
            return SetOf(dict.fromkeys(in_order(cast("frozenset[Value]", value)), True))
        case ir.Bag():
            pairs = cast("list[tuple[Value, int]]", in_order(cast("frozenset[Value]", value)))
            return BagOf({item: numbers.constant(count) for item, count in pairs})
        case ir.Seq(item):
            items = tuple(constant(v, item, sizes) for v in cast("tuple[Value, ...]", value))
            return SeqOf(numbers.constant(len(items)), items)
        case ir.Map(key, item):
            entries = zip(universe(key, sizes), cast("tuple[Value, ...]", value), strict=True)
            return MapOf({k: constant(v, item, sizes) for k, v in entries})
        case ir.Partial(_, item):
            held = cast("list[tuple[Value, Value]]", in_order(cast("frozenset[Value]", value)))
            return PartialOf({k: (True, constant(v, item, sizes)) for k, v in held})
    raise Unsupported(f"a value of type {type(type_).__name__}")


def default(type_: ir.Type, sizes: Sizes) -> Sym:
    """Some value of the type, for where none is defined."""
    match type_:
        case ir.Bool():
            return False
        case ir.Int(lo, hi):
            return numbers.constant(lo if lo is not None else hi if hi is not None else 0)
        case ir.Sort() | ir.Enum():
            return Atom({universe(type_, sizes)[0]: True})
        case ir.Option():
            return Maybe(False, None)
        case ir.Record(name, fields):
            return Rec(name, tuple(default(t, sizes) for _, t in fields))
        case ir.Union(records):
            first = cast(Rec, default(records[0], sizes))
            return OneOf({first.name: True}, {first.name: first})
        case ir.Set():
            return SetOf({})
        case ir.Bag():
            return BagOf({})
        case ir.Seq():
            return SeqOf(numbers.constant(0), ())
        case ir.Map(key, item):
            return MapOf({k: default(item, sizes) for k in universe(key, sizes)})
        case ir.Partial():
            return PartialOf({})
    raise Unsupported(f"a value of type {type(type_).__name__}")


def widened(value: Sym, type_: ir.Type) -> Sym:
    """From an item to its option, from a record to its union, or both."""
    match type_:
        case ir.Option(item):
            if not isinstance(value, Maybe):
                return Maybe(True, widened(value, item))
            inner = widened(value.item, item) if value.item is not None else None
            return Maybe(value.present, inner)
        case ir.Union():
            if isinstance(value, Rec):
                return OneOf({value.name: True}, {value.name: value})
    return value


# ── What a value can be ──────────────────────────────────────────────────────────────────────────


def cases(value: Sym) -> list[tuple[Value, Bit]]:
    """Every concrete value that it may have, with the condition that it does; exactly one is true.

    Raises: Unsupported, for collections, and for more values than can be told apart one by one.
    """
    found: list[tuple[Value, Bit]]
    match value:
        case Number(lo, hi):
            if hi - lo >= _CASES_MAX:
                raise Unsupported(f"a number from {lo} to {hi} as an element or key")
            known = (numbers.constant(n) for n in range(lo, hi + 1))
            found = [(n.lo, numbers.equal(value, n)) for n in known]
        case Atom(atoms):
            found = list(atoms.items())
        case Maybe(present, item):
            found = [(None, neg(present))]
            if item is not None:
                found += [(v, conj(present, c)) for v, c in cases(item)]
        case Rec(name, fields):
            parts = [cases(field) for field in fields]
            count = 1
            for part in parts:
                count *= len(part)
            if count > _CASES_MAX:
                raise Unsupported(f"a {name} with {count:,} possible values as an element or key")
            found = [
                ((name, *(v for v, _ in chosen)), conj(*(c for _, c in chosen)))
                for chosen in itertools.product(*parts)
            ]
        case OneOf(tags, records):
            found = [(v, conj(bit, c)) for tag, bit in tags.items() for v, c in cases(records[tag])]
        case SetOf() | BagOf() | SeqOf() | MapOf() | PartialOf():
            raise Unsupported("a collection as an element or key")
        case _:
            found = [(False, neg(value)), (True, value)]
    return [(v, c) for v, c in found if c is not False]


def equal(a: Sym, b: Sym) -> Bit:
    """The condition that two values of one type are equal."""
    if a is b:
        return True
    match a, b:
        case Number(), Number():
            return numbers.equal(a, b)
        case Atom(x), Atom(y):
            return disj(*(conj(x[v], y[v]) for v in x if v in y))
        case Maybe(p, x), Maybe(q, y):
            if x is None or y is None:
                return conj(neg(p), neg(q))
            return conj(iff(p, q), disj(neg(p), equal(x, y)))
        case Rec(n, xs), Rec(m, ys):
            return conj(n == m, *(equal(x, y) for x, y in zip(xs, ys, strict=True)))
        case OneOf(s, xs), OneOf(t, ys):
            return disj(*(conj(s[n], t[n], equal(xs[n], ys[n])) for n in s if n in t))
        case SetOf(x), SetOf(y):
            return conj(*(iff(x.get(v, False), y.get(v, False)) for v in x | y))
        case BagOf(x), BagOf(y):
            none = numbers.constant(0)
            return conj(*(numbers.equal(x.get(v, none), y.get(v, none)) for v in x | y))
        case SeqOf(n, xs), SeqOf(m, ys):
            shared = [
                implies(_reaches(n, i), equal(x, y))
                for i, (x, y) in enumerate(zip(xs, ys, strict=False))
            ]
            return conj(numbers.equal(n, m), *shared)
        case MapOf(x), MapOf(y):
            return conj(*(equal(x[k], y[k]) for k in x))
        case PartialOf(x), PartialOf(y):
            return conj(*(_same_entry(x.get(k), y.get(k)) for k in x | y))
    return iff(as_bit(a), as_bit(b))


def _same_entry(a: tuple[Bit, Sym] | None, b: tuple[Bit, Sym] | None) -> Bit:
    if a is None or b is None:
        return neg(a[0]) if a is not None else neg(b[0]) if b is not None else True
    return conj(iff(a[0], b[0]), disj(neg(a[0]), equal(a[1], b[1])))


def _reaches(length: Number, index: int) -> Bit:
    return numbers.less(numbers.constant(index), length)


# ── Choice ───────────────────────────────────────────────────────────────────────────────────────


def merge(test: Bit, a: Sym, b: Sym) -> Sym:
    """If-then-else."""
    if isinstance(test, bool):
        return a if test else b
    return select([(test, a), (neg(test), b)])


def select(options: Sequence[tuple[Bit, Sym]]) -> Sym:
    """The value whose condition is true; exactly one is, or it does not matter what comes out."""
    left = [(c, v) for c, v in options if c is not False]
    sure = [v for c, v in left if c is True]
    if sure:
        return sure[0]
    first = left[0][1] if left else options[0][1]
    if all(v is first for _, v in left):
        return first
    match first:
        case Number():
            return _select_number([(c, cast(Number, v)) for c, v in left])
        case Atom():
            return Atom(_any_of([(c, cast(Atom, v).cases) for c, v in left]))
        case Maybe():
            return _select_maybe([(c, cast(Maybe, v)) for c, v in left])
        case Rec(name):
            columns = zip(*(cast(Rec, v).fields for _, v in left), strict=True)
            tests = [c for c, _ in left]
            return Rec(name, tuple(select(list(zip(tests, x, strict=True))) for x in columns))
        case OneOf():
            return _select_union([(c, cast(OneOf, v)) for c, v in left])
        case SetOf():
            return SetOf(_any_of([(c, cast(SetOf, v).has) for c, v in left]))
        case BagOf():
            return _select_bag([(c, cast(BagOf, v)) for c, v in left])
        case SeqOf():
            return _select_seq([(c, cast(SeqOf, v)) for c, v in left])
        case MapOf(entries):
            maps = [(c, cast(MapOf, v).entries) for c, v in left]
            return MapOf({k: select([(c, m[k]) for c, m in maps]) for k in entries})
        case PartialOf():
            return _select_partial([(c, cast(PartialOf, v)) for c, v in left])
    return _select_bit([(c, as_bit(v)) for c, v in left])


def _select_bit(options: list[tuple[Bit, Bit]]) -> Bit:
    if len(options) == 2:
        (test, a), (_, b) = options
        return solver.ite(test, a, b)
    return disj(*(conj(c, b) for c, b in options))


def _select_number(options: list[tuple[Bit, Number]]) -> Number:
    chosen = options[-1][1]
    for test, number in reversed(options[:-1]):
        chosen = numbers.merge(test, number, chosen)
    return chosen


def _any_of(options: list[tuple[Bit, dict[Value, Bit]]]) -> dict[Value, Bit]:
    keys = dict.fromkeys(v for _, bits in options for v in bits)
    merged = {v: _select_bit([(c, bits.get(v, False)) for c, bits in options]) for v in keys}
    return {v: bit for v, bit in merged.items() if bit is not False}


def _select_maybe(options: list[tuple[Bit, Maybe]]) -> Maybe:
    items = [(c, v.item) for c, v in options if v.item is not None]
    present = _select_bit([(c, v.present) for c, v in options])
    return Maybe(present, select(items) if items else None)


def _select_union(options: list[tuple[Bit, OneOf]]) -> OneOf:
    names = dict.fromkeys(n for _, v in options for n in v.tags)
    tags = {n: _select_bit([(c, v.tags.get(n, False)) for c, v in options]) for n in names}
    parts = {
        n: cast(Rec, select([(c, v.parts[n]) for c, v in options if n in v.parts])) for n in names
    }
    return OneOf(tags, parts)


def _select_bag(options: list[tuple[Bit, BagOf]]) -> BagOf:
    none = numbers.constant(0)
    keys = dict.fromkeys(k for _, v in options for k in v.counts)
    return BagOf(
        {k: _select_number([(c, v.counts.get(k, none)) for c, v in options]) for k in keys}
    )


def _select_seq(options: list[tuple[Bit, SeqOf]]) -> SeqOf:
    length = _select_number([(c, v.length) for c, v in options])
    longest = max(len(v.items) for _, v in options)
    columns = [[(c, v.items[i]) for c, v in options if i < len(v.items)] for i in range(longest)]
    return SeqOf(length, tuple(select(column) for column in columns))


def _select_partial(options: list[tuple[Bit, PartialOf]]) -> PartialOf:
    keys = dict.fromkeys(k for _, v in options for k in v.entries)
    entries: dict[Value, tuple[Bit, Sym]] = {}
    for k in keys:
        held = [(c, v.entries.get(k)) for c, v in options]
        present = _select_bit([(c, e[0] if e is not None else False) for c, e in held])
        entries[k] = (present, select([(c, e[1]) for c, e in held if e is not None]))
    return PartialOf(entries)


# ── Back from a model ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Look:
    """How a solver's model answers."""

    bit: Callable[[Bit], bool]
    number: Callable[[Term], int]


def read(value: Sym, look: Look) -> Value:
    """The concrete value in a model, as `states.py` encodes it."""
    match value:
        case Number(lo, _, term):
            return lo if term is None else look.number(term)
        case Atom(atoms):
            return _only(atoms, look)
        case Maybe(present, item):
            return read(item, look) if item is not None and look.bit(present) else None
        case Rec(name, fields):
            return (name, *(read(field, look) for field in fields))
        case OneOf(tags, parts):
            return read(parts[cast(str, _only(tags, look))], look)
        case SetOf(has):
            return frozenset(v for v, bit in has.items() if look.bit(bit))
        case BagOf(counts):
            found = ((v, cast(int, read(n, look))) for v, n in counts.items())
            return frozenset((v, n) for v, n in found if n > 0)
        case SeqOf(length, items):
            return tuple(read(item, look) for item in items[: cast(int, read(length, look))])
        case MapOf(entries):
            return tuple(read(v, look) for v in entries.values())
        case PartialOf(pairs):
            return frozenset((k, read(v, look)) for k, (p, v) in pairs.items() if look.bit(p))
    return look.bit(value)


def _only(options: Iterable[Value] | dict[str, Bit], look: Look) -> Value:
    table = cast("dict[Value, Bit]", options)
    # An atom that nothing reads may have no true bit; any of its values does then.
    return next((v for v, bit in table.items() if look.bit(bit)), next(iter(table)))
