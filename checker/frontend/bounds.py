"""What is known of an expression's bounds: the narrowest type that its value keeps for sure.

Owns intervals and capacities. The `type` of an IR node says nothing of them (`self.n + 1` and
`self.n` are both ints to every other module), so they are worked out here from the parts: a field
and a parameter keep what they declare, a literal is itself, and of a computed number nothing is
known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from .. import ir

__all__ = ["bottom", "covers", "has_bounds", "join", "known", "top", "widened"]

Names = Mapping[str, ir.Type]

_UNLIMITED = 2**31
_EMPTY = ir.Int(1, 0)  # no int at all: what the elements of an empty collection are


def top(type_: ir.Type) -> ir.Type:
    """The type without any bounds: nothing is known.

    >>> top(ir.Option(ir.Int(0, 3)))
    Option(item=Int(lo=None, hi=None, limit=False))
    """
    return _with_bounds(type_, ir.INT, _UNLIMITED)


def bottom(type_: ir.Type) -> ir.Type:
    """The type of no value, or of an empty collection: it keeps all bounds."""
    return _with_bounds(type_, _EMPTY, 0)


def _with_bounds(type_: ir.Type, ints: ir.Int, size: int) -> ir.Type:
    def inner(part: ir.Type) -> ir.Type:
        return _with_bounds(part, ints, size)

    match type_:
        case ir.Int():
            return ints
        case ir.Option(item):
            return ir.Option(inner(item))
        case ir.Set(item):
            return ir.Set(inner(item))
        case ir.Bag(item):
            return ir.Bag(inner(item), size)
        case ir.Seq(item):
            return ir.Seq(inner(item), size)
        case ir.Partial(key, value):
            return ir.Partial(inner(key), inner(value))
        case ir.Map(key, value):
            return ir.Map(key, inner(value))
        case ir.Record(name, fields):
            return ir.Record(name, tuple((f, inner(t)) for f, t in fields))
        case ir.Union(records):
            return ir.Union(tuple(cast(ir.Record, inner(r)) for r in records))
    return type_


def has_bounds(type_: ir.Type) -> bool:
    """Is there anything in the type that a value could leave?"""
    return not covers(type_, top(type_))


def covers(declared: ir.Type, value: ir.Type) -> bool:
    """Does every value of the second type keep the bounds and capacities of the first?"""
    match declared, value:
        case ir.Int(lo, hi), ir.Int(low, high):
            if low is not None and high is not None and low > high:
                return True
            below = lo is None or (low is not None and lo <= low)
            return below and (hi is None or (high is not None and high <= hi))
        case (ir.Bag(x, m), ir.Bag(y, n)) | (ir.Seq(x, m), ir.Seq(y, n)):
            return n <= m and covers(x, y)
        case (ir.Set(x), ir.Set(y)) | (ir.Option(x), ir.Option(y)):
            return covers(x, y)
        case (ir.Map(k, x), ir.Map(m, y)) | (ir.Partial(k, x), ir.Partial(m, y)):
            return covers(k, m) and covers(x, y)
        case ir.Record(_, xs), ir.Record(_, ys):
            return all(covers(x, y) for (_, x), (_, y) in zip(xs, ys, strict=True))
        case ir.Union(xs), ir.Union(ys):
            return all(covers(x, y) for x, y in zip(xs, ys, strict=True))
    return declared == value


def join(a: ir.Type, b: ir.Type) -> ir.Type:
    """The narrowest type that holds the values of both."""
    match a, b:
        case ir.Int(), ir.Int():
            return _join_ints(a, b)
        case ir.Option(x), ir.Option(y):
            return ir.Option(join(x, y))
        case ir.Set(x), ir.Set(y):
            return ir.Set(join(x, y))
        case ir.Bag(x, m), ir.Bag(y, n):
            return ir.Bag(join(x, y), max(m, n))
        case ir.Seq(x, m), ir.Seq(y, n):
            return ir.Seq(join(x, y), max(m, n))
        case ir.Partial(k, x), ir.Partial(m, y):
            return ir.Partial(join(k, m), join(x, y))
        case ir.Map(k, x), ir.Map(_, y):
            return ir.Map(k, join(x, y))
        case ir.Record(name, xs), ir.Record(_, ys):
            parts = zip(xs, ys, strict=True)
            return ir.Record(name, tuple((f, join(x, y)) for (f, x), (_, y) in parts))
        case ir.Union(xs), ir.Union(ys):
            pairs = zip(xs, ys, strict=True)
            return ir.Union(tuple(cast(ir.Record, join(x, y)) for x, y in pairs))
    return a


def _join_ints(a: ir.Int, b: ir.Int) -> ir.Int:
    if covers(a, b):
        return a
    if covers(b, a):
        return b
    lows, highs = (a.lo, b.lo), (a.hi, b.hi)
    return ir.Int(
        None if None in lows else min(cast("tuple[int, int]", lows)),
        None if None in highs else max(cast("tuple[int, int]", highs)),
    )


def known(expr: ir.Expr, names: Names) -> ir.Type:
    """The bounds that the value keeps; `names` holds those of the names bound around it."""
    match expr:
        case ir.Lit(value, type_):
            return _of_value(value, type_)
        case ir.Read() | ir.Arg() | ir.Const() | ir.Universe():
            return expr.type
        case ir.Bound(name, type_):
            return names.get(name, top(type_))
        case ir.LetIn(name, value, body):
            return known(body, {**names, name: known(value, names)})
        case ir.Ite(_, then, orelse):
            return join(known(then, names), known(orelse, names))
        case ir.Arith("%", _, ir.Lit(int(divisor))):
            return ir.Int(0, divisor - 1)
        case ir.Narrow(body):
            return _narrowed(known(body, names), expr.type)
        case ir.Widen(body):
            return widened(known(body, names), expr.type)
        case ir.Make(record, values):
            kept = (known(value, names) for value in values)
            pairs = zip(record.fields, kept, strict=True)
            return ir.Record(record.name, tuple((f, t) for (f, _), t in pairs))
        case ir.Field(record, name):
            return cast(ir.Record, known(record, names)).field(name) or top(expr.type)
        case ir.Build():
            return _built(expr, names)
    return _of_collection(expr, names)


def _of_value(value: object, type_: ir.Type) -> ir.Type:
    match type_, value:
        case ir.Int(), int():
            return ir.Int(value, value)
        case ir.Option(item), _ if value is not None:
            return ir.Option(_of_value(value, item))
        case ir.Record(name, fields), tuple():
            pairs = zip(fields, value[1:], strict=True)
            return ir.Record(name, tuple((f, _of_value(v, t)) for (f, t), v in pairs))
        case ir.Union(records), tuple():
            record = next(r for r in records if r.name == value[0])
            return widened(_of_value(value, record), type_)
        case ((ir.Option() | ir.Set() | ir.Bag() | ir.Seq() | ir.Partial()), _) if not value:
            return bottom(type_)
    return type_ if isinstance(type_, ir.Bool | ir.Enum | ir.Sort) else top(type_)


def _narrowed(known_type: ir.Type, wanted: ir.Type) -> ir.Type:
    if isinstance(known_type, ir.Option) and not isinstance(wanted, ir.Option):
        known_type = known_type.item
    if isinstance(known_type, ir.Union) and isinstance(wanted, ir.Record):
        return next(r for r in known_type.records if r.name == wanted.name)
    return known_type


def widened(known_type: ir.Type, wanted: ir.Type) -> ir.Type:
    """What is known of a value, as one of an option or union that it belongs to."""
    if isinstance(wanted, ir.Option) and not isinstance(known_type, ir.Option):
        return ir.Option(widened(known_type, wanted.item))
    if isinstance(wanted, ir.Union) and isinstance(known_type, ir.Record):
        others = cast(ir.Union, bottom(wanted)).records
        return ir.Union(tuple(known_type if r.name == known_type.name else r for r in others))
    return known_type


def _built(expr: ir.Build, names: Names) -> ir.Type:
    domain = known(expr.domain, names)
    element = item_of(domain)
    body = known(expr.body, {**names, expr.name: element})
    size = domain.capacity if isinstance(domain, ir.Bag | ir.Seq) else _UNLIMITED
    match expr.type:
        case ir.Set():
            return ir.Set(body)
        case ir.Bag():
            return ir.Bag(body, size)
        case ir.Seq():
            return ir.Seq(body, size)
        case ir.Partial():
            return ir.Partial(element, body)
        case ir.Map(key):
            return ir.Map(key, body)
    return top(expr.type)


def item_of(type_: ir.Type) -> ir.Type:
    """What a `for` over a value of this type binds."""
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return item
        case ir.Partial(key) | ir.Map(key):
            return key
    return type_


def _of_collection(expr: ir.Expr, names: Names) -> ir.Type:
    match expr:
        case ir.At(collection):
            held = known(collection, names)
            return held.value if isinstance(held, ir.Partial | ir.Map) else item_of(held)
        case ir.Insert(collection, item):
            return _inserted(known(collection, names), known(item, names))
        case ir.Erase(collection) | ir.Without(collection):
            return known(collection, names)
        case ir.Put(collection, key, value):
            return _put(known(collection, names), known(key, names), known(value, names))
        case ir.Join(left, right):
            a, b = known(left, names), known(right, names)
            both = join(a, b)
            if isinstance(a, ir.Bag | ir.Seq) and isinstance(b, ir.Bag | ir.Seq):
                size = min(a.capacity + b.capacity, _UNLIMITED)
                return replace(cast("ir.Bag | ir.Seq", both), capacity=size)
            return both
        case ir.Keys(collection):
            return ir.Set(item_of(known(collection, names)))
    return top(expr.type)


def _inserted(collection: ir.Type, item: ir.Type) -> ir.Type:
    match collection:
        case ir.Set(held):
            return ir.Set(join(held, item))
        case ir.Bag(held, size):
            return ir.Bag(join(held, item), size + 1)
        case ir.Seq(held, size):
            return ir.Seq(join(held, item), size + 1)
    return top(collection)


def _put(collection: ir.Type, key: ir.Type, value: ir.Type) -> ir.Type:
    match collection:
        case ir.Partial(keys, held):
            return ir.Partial(join(keys, key), join(held, value))
        case ir.Map(keys, held):
            return ir.Map(keys, join(held, value))
        case ir.Seq(held, size):
            return ir.Seq(join(held, value), size)
    return top(collection)
