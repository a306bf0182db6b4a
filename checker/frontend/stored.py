"""What has to be checked where a value is stored: bounds of ints, capacities of bags and lists.

Owns the conditions only. Nothing is checked of a value that is known to keep them (`bounds.py`).
"""

from __future__ import annotations

from .. import ir
from .bounds import covers, item_of, known
from .scope import Scope, fresh_name

__all__ = ["keeps", "limits"]

Limit = tuple[ir.Expr, ir.CheckKind]


def keeps(value: ir.Expr, declared: ir.Type, scope: Scope) -> bool:
    """Is it known that the value stays within the declared bounds?"""
    return covers(declared, known(value, scope.bounds))


def limits(value: ir.Expr, declared: ir.Type, scope: Scope) -> list[Limit]:
    """The conditions under which the value may be stored in a place of the declared type."""
    if keeps(value, declared, scope):
        return []
    span = value.span
    match declared:
        case ir.Int(lo, hi, limit):
            low = ir.Cmp("<=", ir.Lit(lo, ir.INT, span), value, span=span)
            high = ir.Cmp("<=", value, ir.Lit(hi, ir.INT, span), span=span)
            kind = ir.CheckKind.LIMIT if limit else ir.CheckKind.BOUNDS
            return [(ir.And((low, high), span=span), kind)]
        case ir.Option(item):
            return _under_option(value, item, scope)
        case ir.Union(records):
            return _under_union(value, records, scope)
        case ir.Bag(item, capacity) | ir.Seq(item, capacity):
            return [*_each(value, item, scope), *_size(value, capacity, scope)]
        case ir.Set(item):
            return _each(value, item, scope)
        case ir.Partial(key, item) | ir.Map(key, item):
            return _each_entry(value, key, item, scope)
        case ir.Record(_, fields):
            parts = [(_part(value, name, type_), type_) for name, type_ in fields]
            return [found for part, type_ in parts for found in limits(part, type_, scope)]
    return []


def _part(value: ir.Expr, name: str, type_: ir.Type) -> ir.Expr:
    if isinstance(value, ir.Make):
        return value.values[[f for f, _ in value.record.fields].index(name)]
    return ir.Field(value, name, type_, value.span)


def _under_option(value: ir.Expr, item: ir.Type, scope: Scope) -> list[Limit]:
    if isinstance(value, ir.Widen):
        return limits(value.body, item, scope)
    if not isinstance(value.type, ir.Option):
        return limits(value, item, scope)
    span = value.span
    absent = ir.Cmp("==", value, ir.Lit(None, value.type, span), span=span)
    inner = limits(ir.Narrow(value, value.type.item, span), item, scope)
    return [(ir.Or((absent, cond), span=span), kind) for cond, kind in inner]


def _under_union(value: ir.Expr, records: tuple[ir.Record, ...], scope: Scope) -> list[Limit]:
    if isinstance(value, ir.Widen) and isinstance(value.body.type, ir.Record):
        name = value.body.type.name
        return limits(value.body, next(r for r in records if r.name == name), scope)
    span = value.span
    found: list[Limit] = []
    for record in records:
        other = ir.Not(ir.Is(value, record, span=span), span=span)
        inner = limits(ir.Narrow(value, record, span), record, scope)
        found += [(ir.Or((other, cond), span=span), kind) for cond, kind in inner]
    return found


def _size(value: ir.Expr, capacity: int, scope: Scope) -> list[Limit]:
    held = known(value, scope.bounds)
    if isinstance(held, ir.Bag | ir.Seq) and held.capacity <= capacity:
        return []
    size = ir.Size(value, span=value.span)
    most = ir.Lit(capacity, ir.INT, value.span)
    return [(ir.Cmp("<=", size, most, span=value.span), ir.CheckKind.CAPACITY)]


def _each(value: ir.Expr, item: ir.Type, scope: Scope) -> list[Limit]:
    return _all_of(value, item_of(known(value, scope.bounds)), item, scope)


def _all_of(domain: ir.Expr, held: ir.Type, item: ir.Type, scope: Scope) -> list[Limit]:
    """The conditions on every element of a domain, of which `held` is known."""
    if covers(item, held):
        return []
    name, span = fresh_name(scope, "each"), domain.span
    scope.bounds[name] = held
    inner = limits(ir.Bound(name, item, span), item, scope)
    return [(ir.All(name, domain, None, cond, span=span), kind) for cond, kind in inner]


def _each_entry(value: ir.Expr, key: ir.Type, item: ir.Type, scope: Scope) -> list[Limit]:
    held, span = known(value, scope.bounds), value.span
    assert isinstance(held, ir.Partial | ir.Map)
    keys: ir.Expr = ir.Universe(ir.Set(key), span)
    if isinstance(held, ir.Partial):
        keys = ir.Keys(value, ir.Set(key), span)
    found = _all_of(keys, held.key, key, scope)
    if covers(item, held.value):
        return found
    name = fresh_name(scope, "key")
    scope.bounds[name] = held.key
    entry = ir.At(value, ir.Bound(name, key, span), item, span)
    inner = limits(entry, item, scope)
    return found + [(ir.All(name, keys, None, cond, span=span), kind) for cond, kind in inner]
