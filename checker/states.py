"""Values of IR types, and states: the hashable form in which engines hold what a model computes.

Owns the encoding, its inverse, and how a value is printed. Equal values have equal encodings:

    bool, int       themselves                    set           frozenset of its elements
    sort            the index of the atom, int    bag           frozenset of (element, copies) pairs
    enum            the member's name, str        sequence      tuple of its elements
    option          None, or the item             map           tuple of the values, in the order of
    `universe(key)`
    record, union   (class name, *fields)         partial map   frozenset of (key, value) pairs

A state is a tuple of values, one for each of `ir.Model.vars`, in their order.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, cast

from . import ir
from .values import Bag, Id, Map

__all__ = [
    "State",
    "Value",
    "atom_name",
    "decode",
    "encode",
    "is_finite",
    "show",
    "sort_sizes",
    "universe",
]

Value = object
State = tuple[Value, ...]

Sizes = tuple[tuple[str, int], ...]


def sort_sizes(model: ir.Model) -> Sizes:
    """How many atoms each sort of the model has."""
    return tuple((sort.name, sort.size) for sort in model.sorts)


def is_finite(type_: ir.Type) -> bool:
    """May the type be a parameter, a key or the domain of a loop?"""
    match type_:
        case ir.Bool() | ir.Sort() | ir.Enum():
            return True
        case ir.Int(lo, hi):
            return lo is not None and hi is not None
        case ir.Option(item):
            return is_finite(item)
        case ir.Record():
            return all(is_finite(t) for _, t in type_.fields)
        case ir.Union(records):
            return all(is_finite(record) for record in records)
    return False


@cache
def universe(type_: ir.Type, sizes: Sizes) -> tuple[Value, ...]:
    """All values of a finite type, in a fixed order.

    >>> universe(ir.Option(ir.Sort("OrderId")), (("OrderId", 2),))
    (None, 0, 1)
    """
    match type_:
        case ir.Bool():
            return (False, True)
        case ir.Int(lo, hi) if lo is not None and hi is not None:
            return tuple(range(lo, hi + 1))
        case ir.Sort(name):
            return tuple(range(dict(sizes)[name]))
        case ir.Enum(_, members):
            return members
        case ir.Option(item):
            return (None, *universe(item, sizes))
        case ir.Record(name, fields):
            return tuple(
                (name, *values)
                for values in itertools.product(*(universe(t, sizes) for _, t in fields))
            )
        case ir.Union(records):
            return tuple(value for record in records for value in universe(record, sizes))
    raise ValueError(f"{type_} is not finite")


# ── Printing ─────────────────────────────────────────────────────────────────────────────────────


def atom_name(sort: str, index: int) -> str:
    """An atom as every output names it; only tests and traces may.

    >>> atom_name("OrderId", 0), atom_name("Worker", 1)
    ('order0', 'worker1')
    """
    stem = sort.removesuffix("Id") or sort
    words = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(stem))
    return f"{words}{index}"


def show(value: Value, type_: ir.Type) -> str:
    """The value for a person, in the notation of Python; elements of unordered collections are
    sorted.

    >>> show(frozenset({(0, 2)}), ir.Bag(ir.Sort("OrderId")))
    '[order0, order0]'
    """
    match type_:
        case ir.Sort(name):
            return atom_name(name, cast(int, value))
        case ir.Enum():
            return str(value)
        case ir.Option(item):
            return "None" if value is None else show(value, item)
        case ir.Record(name, fields):
            values = cast("tuple[Value, ...]", value)[1:]
            shown = (f"{f}={show(v, t)}" for (f, t), v in zip(fields, values, strict=True))
            return f"{name}({', '.join(shown)})"
        case ir.Union(records):
            tag = cast("tuple[Value, ...]", value)[0]
            return show(value, next(r for r in records if r.name == tag))
        case ir.Set(item):
            return (
                "{"
                + ", ".join(show(v, item) for v in in_order(cast("Iterable[Value]", value)))
                + "}"
            )
        case ir.Bag(item):
            return "[" + ", ".join(show(v, item) for v in copies(value)) + "]"
        case ir.Seq(item):
            return "[" + ", ".join(show(v, item) for v in cast("tuple[Value, ...]", value)) + "]"
        case ir.Partial(key, item):
            pairs = in_order(cast("Iterable[Value]", value))
            return (
                "{"
                + ", ".join(f"{show(k, key)}: {show(v, item)}" for k, v in cast(Any, pairs))
                + "}"
            )
        case ir.Map(key, item):
            keys = _map_keys(key, len(cast("tuple[Value, ...]", value)))
            entries = zip(keys, cast("tuple[Value, ...]", value), strict=True)
            return "{" + ", ".join(f"{show(k, key)}: {show(v, item)}" for k, v in entries) + "}"
    return str(value)


def _map_keys(key: ir.Type, count: int) -> tuple[Value, ...]:
    # A map's own length tells the size of the sort that indexes it, so printing needs no sizes.
    if isinstance(key, ir.Sort):
        return tuple(range(count))
    sorts = _sorts_in(key)
    for size in range(1, count + 1):
        keys = universe(key, tuple((name, size) for name in sorts))
        if len(keys) == count:
            return keys
    raise ValueError(f"no universe of {key} has {count} values")


def _sorts_in(type_: ir.Type) -> tuple[str, ...]:
    match type_:
        case ir.Sort(name):
            return (name,)
        case ir.Option(item):
            return _sorts_in(item)
        case ir.Record(_, fields):
            return tuple(dict.fromkeys(s for _, t in fields for s in _sorts_in(t)))
        case ir.Union(records):
            return tuple(dict.fromkeys(s for r in records for s in _sorts_in(r)))
    return ()


def in_order(values: Iterable[Value]) -> list[Value]:
    """The values in an order that depends on nothing but themselves.

    >>> in_order({None, 2, 0})
    [None, 0, 2]
    """
    return sorted(values, key=_order)


def _order(value: Value) -> tuple[int, Any]:
    match value:
        case None:
            return (0, 0)
        case bool() | int():
            return (1, int(value))
        case str():
            return (2, value)
        case tuple():
            return (3, tuple(_order(v) for v in value))
        case frozenset():
            return (4, tuple(_order(v) for v in in_order(value)))
    raise TypeError(f"not a value: {value!r}")


def copies(bag: Value) -> list[Value]:
    """A bag's elements, every copy, in order."""
    pairs = cast("list[tuple[Value, int]]", in_order(cast("Iterable[Value]", bag)))
    return [item for item, count in pairs for _ in range(count)]


# ── To and from the values of Python code ────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Classes:
    """The Python classes behind the names of sorts, enums and records, and how many atoms the sorts
    have.
    """

    by_name: Mapping[str, type]
    sizes: Sizes


def encode(value: object, type_: ir.Type, sizes: Sizes) -> Value:
    """A value of Python code (`OrderId(0)`, `Bag`, a dataclass) in the engines' form.

    Raises: AttributeError, StopIteration or ValueError, if the value is not of the type.
    """
    match type_:
        case ir.Sort():
            return cast(Id, value)._index
        case ir.Enum():
            return value if isinstance(value, str) else cast(Enum, value).name
        case ir.Option(item):
            return None if value is None else encode(value, item, sizes)
        case ir.Record(name, fields):
            return (name, *(encode(getattr(value, f), t, sizes) for f, t in fields))
        case ir.Union(records):
            return encode(value, next(r for r in records if r.name == type(value).__name__), sizes)
        case ir.Set(item):
            return frozenset(encode(v, item, sizes) for v in cast("set[object]", value))
        case ir.Bag(item):
            return frozenset(
                Counter(encode(v, item, sizes) for v in cast("Bag[object]", value)).items()
            )
        case ir.Seq(item):
            return tuple(encode(v, item, sizes) for v in cast("list[object]", value))
        case ir.Partial(key, item):
            pairs = cast("dict[object, object]", value).items()
            return frozenset((encode(k, key, sizes), encode(v, item, sizes)) for k, v in pairs)
        case ir.Map():
            return _encode_map(cast("Map[object, object]", value), type_, sizes)
    return value


def _encode_map(value: Map[object, object], type_: ir.Map, sizes: Sizes) -> Value:
    written = {
        encode(k, type_.key, sizes): encode(v, type_.value, sizes)
        for k, v in value._entries.items()
    }
    keys = universe(type_.key, sizes)
    if not written.keys() <= set(keys):
        raise ValueError(f"a Map with entries for {written.keys() - set(keys)}, outside its keys")
    default = encode(value._default, type_.value, sizes) if len(written) < len(keys) else None
    return tuple(written.get(k, default) for k in keys)


def decode(value: Value, type_: ir.Type, classes: Classes) -> Any:
    """The inverse of `encode`, with collections of its own."""
    match type_:
        case ir.Sort(name):
            return classes.by_name[name](value)
        case ir.Enum(name):
            # Labels and the answers of `either` are words, in Python too.
            return cast(Any, classes.by_name[name])[value] if name in classes.by_name else value
        case ir.Option(item):
            return None if value is None else decode(value, item, classes)
        case ir.Record(name, fields):
            values = cast("tuple[Value, ...]", value)[1:]
            arguments = {f: decode(v, t, classes) for (f, t), v in zip(fields, values, strict=True)}
            return classes.by_name[name](**arguments)
        case ir.Union(records):
            tag = cast("tuple[Value, ...]", value)[0]
            return decode(value, next(r for r in records if r.name == tag), classes)
        case ir.Set(item):
            return {decode(v, item, classes) for v in cast("Iterable[Value]", value)}
        case ir.Bag(item):
            return Bag(decode(v, item, classes) for v in copies(value))
        case ir.Seq(item):
            return [decode(v, item, classes) for v in cast("tuple[Value, ...]", value)]
        case ir.Partial(key, item):
            pairs = cast("list[tuple[Value, Value]]", in_order(cast("Iterable[Value]", value)))
            return {decode(k, key, classes): decode(v, item, classes) for k, v in pairs}
        case ir.Map(key, item):
            keys = universe(key, classes.sizes)
            twin: Map[Any, Any] = Map(None)
            for k, v in zip(keys, cast("tuple[Value, ...]", value), strict=True):
                twin[decode(k, key, classes)] = decode(v, item, classes)
            return twin
    return value
