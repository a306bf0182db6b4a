"""The methods that change a collection in place, and `del`: each gives its place a new value."""

from __future__ import annotations

import ast
from dataclasses import replace

from .. import ir
from ..source import Span
from ..values import Bag
from . import diagnostics as d
from .body import Body
from .calls import no_method
from .expressions import coerce, empty, lower
from .places import Place, check_limits, load, place_of, refuse_shared, store, write
from .types import is_mutable, methods_of, shown
from .world import Mistake

__all__ = ["delete", "mutate", "popped"]


def mutate(node: ast.Call, func: ast.Attribute, body: Body) -> None:
    """`place.add(x)` and its like."""
    scope, span = body.scope, body.scope.span(node)
    place = _mutable(func, body)
    current, name = _collection_at(place, func, body), func.attr
    if node.keywords:
        raise Mistake(d.WrongArguments(span, name, 1))
    # The declared type, because that of a computed value knows no bounds.
    match place.type.item if isinstance(place.type, ir.Option) else place.type, name, node.args:
        case (ir.Set() | ir.Bag()) as type_, "add", [argument]:
            _insert(place, current, type_, argument, body, span)
        case ir.Seq() as type_, "append", [argument]:
            _insert(place, current, type_, argument, body, span)
        case ((ir.Set(item) | ir.Bag(item) | ir.Seq(item)), "remove", [argument]):
            gone = body.bind("item", lower(argument, scope, item))
            has = ir.Has(current, gone, span=span)
            body.check(has, ir.CheckKind.ABSENT, ast.unparse(node), span)
            _put_back(place, ir.Erase(current, gone, current.type, span), body, span)
        case ((ir.Set(item) | ir.Bag(item)), "discard", [argument]):
            gone = lower(argument, scope, item)
            _put_back(place, ir.Erase(current, gone, current.type, span), body, span)
        case ((ir.Set() | ir.Bag() | ir.Seq() | ir.Partial()), "clear", []):
            body.bind(place.root, current)  # there must be something to clear
            _put_back(place, ir.Lit(empty(current.type), current.type, span), body, span)
        case ((ir.Set() | ir.Bag() | ir.Partial()), "update", [argument]):
            joined = _joined(place, current, argument, body, span)
            write(place, _as_stored(joined, place), body, span, in_place=True)
        case ir.Seq(), "pop", _:
            _pop(node, place, current, body)
        case type_, _, _ if name in methods_of(type_):
            raise Mistake(d.WrongArguments(span, name, 0 if name == "clear" else 1))
        case _:
            raise Mistake(no_method(current.type, name, span))


def _mutable(func: ast.Attribute, body: Body) -> Place:
    span = body.scope.span(func)
    if isinstance(func.value, ast.Call):
        raise Mistake(d.MutatesCopy(span, ast.unparse(func.value)))
    place = place_of(func.value, body)
    if not place.is_field and (place.keys or place.root not in body.owned):
        raise Mistake(d.MutatesCopy(span, place.shown))
    return place


def _collection_at(place: Place, func: ast.Attribute, body: Body) -> ir.Expr:
    current = load(place, body)
    if isinstance(place.type, ir.Option):
        current = coerce(current, place.type.item, func.value, body.scope)
    return current


def _as_stored(value: ir.Expr, place: Place) -> ir.Expr:
    if isinstance(place.type, ir.Option) and not isinstance(value.type, ir.Option):
        return ir.Widen(value, place.type, value.span)
    return value


def _put_back(place: Place, value: ir.Expr, body: Body, span: Span) -> None:
    store(place, _as_stored(value, place), body, span)


def _insert(
    place: Place,
    current: ir.Expr,
    declared: ir.Set | ir.Bag | ir.Seq,
    argument: ast.expr,
    body: Body,
    span: Span,
) -> None:
    value = lower(argument, body.scope, declared.item)
    refuse_shared(replace(place, container=declared), argument, declared.item, body)
    checked = place.is_field and not body.deferred
    if checked:
        value = check_limits(value, declared.item, place.root, body, span)
    new: ir.Expr = ir.Insert(current, value, current.type, span)
    if checked and isinstance(declared, ir.Bag | ir.Seq):
        new = body.bind(place.root, new)
        fits = ir.Lit(declared.capacity, ir.INT, span)
        size = ir.Cmp("<=", ir.Size(new, span=span), fits, span=span)
        body.check(size, ir.CheckKind.CAPACITY, place.root, span)
    _put_back(place, new, body, span)


def _joined(place: Place, current: ir.Expr, argument: ast.expr, body: Body, span: Span) -> ir.Expr:
    from .calls import converted
    from .domains import comprehension

    scope = body.scope
    if isinstance(argument, ast.GeneratorExp):
        other = comprehension(argument, scope, current.type, bag=isinstance(current.type, ir.Bag))
        other = coerce(other, current.type, argument, scope)
    elif isinstance(current.type, ir.Partial):
        other = lower(argument, scope, current.type)
        if is_mutable(current.type.value):
            refuse_shared(replace(place, container=current.type), argument, current.type, body)
    else:
        kind = set if isinstance(current.type, ir.Set) else Bag
        other = converted(kind, argument, argument, scope, current.type)
        other = coerce(other, current.type, argument, scope)
    return ir.Join(current, other, current.type, span)


def delete(target: ast.Subscript, body: Body) -> None:
    """`del place[key]`."""
    scope, span = body.scope, body.scope.span(target)
    place = place_of(target.value, body)
    current = load(place, body)
    match place.type:
        case ir.Partial(key_type, _):
            key = body.bind("key", lower(target.slice, scope, key_type))
            there: ir.Expr = ir.Has(current, key, span=span)
        case ir.Seq():
            key = body.bind("key", lower(target.slice, scope, ir.INT))
            there = _is_index(current, key, span)
        case ir.Map():
            raise Mistake(d.MapEntryDeleted(span, ast.unparse(target)))
        case _:
            raise Mistake(d.NotIndexable(span, shown(place.type)))
    body.check(there, ir.CheckKind.ABSENT, ast.unparse(target), span)
    store(place, ir.Without(current, key, current.type, span), body, span)


def _is_index(seq: ir.Expr, key: ir.Expr, span: Span) -> ir.Expr:
    size = ir.Size(seq, span=span)
    lowest = ir.Arith("-", ir.Lit(0, ir.INT, span), size, span=span)
    low = ir.Cmp("<=", lowest, key, span=span)
    return ir.And((low, ir.Cmp("<", key, size, span=span)), span=span)


def popped(value: ast.expr, body: Body) -> ir.Expr | None:
    """`x = self.queue.pop(0)`: the element, taken out of the list."""
    match value:
        case ast.Call(ast.Attribute(_, "pop" | "popitem") as func, _):
            place = _mutable(func, body)
            current = _collection_at(place, func, body)
            if isinstance(current.type, ir.Seq) and func.attr == "pop":
                return _pop(value, place, current, body)
            raise Mistake(no_method(place.type, func.attr, body.scope.span(value)))
    return None


def _pop(node: ast.Call, place: Place, current: ir.Expr, body: Body) -> ir.Expr:
    span = body.scope.span(node)
    first = (
        len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
    )
    if node.keywords or (node.args and not first):
        raise Mistake(d.PopOutside(span))
    assert isinstance(current.type, ir.Seq)
    size = ir.Size(current, span=span)
    zero = ir.Lit(0, ir.INT, span)
    body.check(ir.Cmp("<", zero, size, span=span), ir.CheckKind.ABSENT, ast.unparse(node), span)
    index: ir.Expr = zero if first else ir.Arith("-", size, ir.Lit(1, ir.INT, span), span=span)
    item = body.bind("item", ir.At(current, index, current.type.item, span))
    _put_back(place, ir.Without(current, index, current.type, span), body, span)
    return item
