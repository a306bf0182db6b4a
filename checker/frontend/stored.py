"""What has to be checked where a value is stored: bounds of ints, capacities of bags and lists.

Owns the conditions only. Nothing has to be checked for a value whose own type keeps the bounds already.
"""

from __future__ import annotations

from .. import ir
from .scope import Scope, fresh_name
from .types import covers

__all__ = ["limits"]

Limit = tuple[ir.Expr, ir.CheckKind, ir.Type]


def limits(value: ir.Expr, declared: ir.Type, scope: Scope) -> list[Limit]:
    """The conditions under which the value may be stored in a place of the declared type."""
    if covers(declared, value.type) or _is_empty(value):
        return []
    span = value.span
    match declared:
        case ir.Int(lo, hi, limit) if lo is not None and hi is not None:
            if (
                isinstance(value, ir.Lit)
                and isinstance(value.value, int)
                and lo <= value.value <= hi
            ):
                return []
            low = ir.Cmp("<=", ir.Lit(lo, ir.INT, span), value, span=span)
            high = ir.Cmp("<=", value, ir.Lit(hi, ir.INT, span), span=span)
            kind = ir.CheckKind.LIMIT if limit else ir.CheckKind.BOUNDS
            return [(ir.And((low, high), span=span), kind, declared)]
        case ir.Option(item):
            return _under_option(value, item, scope)
        case ir.Bag(item, capacity) | ir.Seq(item, capacity):
            size = ir.Size(value, span=span)
            fits = ir.Cmp("<=", size, ir.Lit(capacity, ir.INT, span), span=span)
            return [(fits, ir.CheckKind.CAPACITY, declared), *_each(value, item, scope)]
        case ir.Set(item):
            return _each(value, item, scope)
        case ir.Partial(key, item) | ir.Map(key, item):
            return _each_entry(value, key, item, scope)
        case ir.Record(_, fields):
            return [
                found
                for name, type_ in fields
                if _has_bounds(type_)
                for found in limits(_part(value, name, type_), type_, scope)
            ]
    return []


def _is_empty(value: ir.Expr) -> bool:
    return isinstance(value, ir.Lit) and value.value in (None, (), frozenset())


def _part(value: ir.Expr, name: str, type_: ir.Type) -> ir.Expr:
    if isinstance(value, ir.Make):
        return value.values[[f for f, _ in value.record.fields].index(name)]
    # A record that was read back has kept its bounds; one that was computed is looked into as ints.
    return ir.Field(value, name, ir.INT if isinstance(type_, ir.Int) else type_, value.span)


def _has_bounds(type_: ir.Type) -> bool:
    match type_:
        case ir.Int(lo):
            return lo is not None
        case ir.Option(item) | ir.Set(item):
            return _has_bounds(item)
        case ir.Bag() | ir.Seq():
            return True
        case ir.Partial(_, item) | ir.Map(_, item):
            return _has_bounds(item)
        case ir.Record(_, fields):
            return any(_has_bounds(t) for _, t in fields)
    return False


def _under_option(value: ir.Expr, item: ir.Type, scope: Scope) -> list[Limit]:
    if isinstance(value, ir.Widen):
        return limits(value.body, item, scope)
    if not isinstance(value.type, ir.Option):
        return limits(value, item, scope)
    span = value.span
    absent = ir.Cmp("==", value, ir.Lit(None, value.type, span), span=span)
    inner = limits(ir.Narrow(value, value.type.item, span), item, scope)
    return [(ir.Or((absent, cond), span=span), kind, declared) for cond, kind, declared in inner]


def _each(value: ir.Expr, item: ir.Type, scope: Scope) -> list[Limit]:
    held = value.type.item if isinstance(value.type, ir.Set | ir.Bag | ir.Seq) else item
    if covers(item, held):
        return []
    name = fresh_name(scope, "each")
    inner = limits(ir.Bound(name, held, value.span), item, scope)
    return [
        (ir.All(name, value, None, cond, span=value.span), kind, declared)
        for cond, kind, declared in inner
    ]


def _each_entry(value: ir.Expr, key: ir.Type, item: ir.Type, scope: Scope) -> list[Limit]:
    held = value.type.value if isinstance(value.type, ir.Partial | ir.Map) else item
    if covers(item, held):
        return []
    name, span = fresh_name(scope, "key"), value.span
    keys: ir.Expr = ir.Keys(value, ir.Set(key), span)
    if isinstance(value.type, ir.Map):
        keys = ir.Universe(ir.Set(key), span)
    entry = ir.At(value, ir.Bound(name, key, span), held, span)
    inner = limits(entry, item, scope)
    return [(ir.All(name, keys, None, cond, span=span), kind, d) for cond, kind, d in inner]
