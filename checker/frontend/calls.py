"""Calls: built-in functions, methods of collections, records, `@pure` helpers.

Owns which callables a model may use. `when`, `choose` and `either` are statements
(`statements.py`).
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from typing import Any

from .. import ir, model
from ..ir.walk import is_total
from ..source import Span
from ..values import Bag, Id, Map
from . import diagnostics as d
from .domains import (
    comprehension,
    domain_of,
    fold,
    int_value,
    iterated,
    quantify,
    universe_of,
)
from .expressions import NONE, coerce, constant_object, empty, lower
from .records import construct, record_among, record_method, replaced
from .scope import PLACES, Scope, fresh_name
from .types import annotation, item_type, methods_of, shown, unify
from .world import Mistake

__all__ = ["MUTATORS", "call", "converted", "no_method"]


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────


def call(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    """A call in an expression."""
    span = scope.span(node)
    if isinstance(node.func, ast.Attribute):
        found = constant_object(node.func, scope)
        if found is NONE:
            return _method(node, node.func, scope, expected)
    else:
        found = constant_object(node.func, scope)
    if found is NONE:
        lower(node.func, scope)  # a misspelt name, or something that cannot be called
        raise Mistake(d.CallOutside(span, ast.unparse(node.func)))
    handler = _FUNCTIONS.get(found) if _is_hashable(found) else None
    if handler is not None:
        return handler(node, scope, expected)
    if _is_hashable(found) and found in _LEAKING:
        raise Mistake(d.OrderLeak(span, found.__name__))
    if isinstance(found, type):
        return construct(found, node, scope, expected)
    role = model.role_of(found)
    if role is not None and role.kind == "pure":
        from .functions import inline

        return inline(found, node, scope)
    if found in (model.restart, model.stop):
        raise Mistake(d.RestartOutside(span, found.__name__, PLACES[scope.place]))
    if found in _STATEMENTS:
        raise Mistake(d.StatementAsExpression(span, found.__name__, PLACES[scope.place]))
    raise Mistake(d.CallOutside(span, ast.unparse(node.func)))


def _is_hashable(value: object) -> bool:
    return getattr(type(value), "__hash__", None) is not None


_STATEMENTS = (model.when, model.choose, model.either, model.unlucky)
_LEAKING = (enumerate, zip, sorted, reversed, iter, next, tuple, map, filter)


def _arguments(node: ast.Call, count: int, scope: Scope, name: str) -> list[ast.expr]:
    if (
        node.keywords
        or len(node.args) != count
        or any(isinstance(a, ast.Starred) for a in node.args)
    ):
        raise Mistake(d.WrongArguments(scope.span(node), name, count))
    return node.args


def _all_any(make: type[ir.All] | type[ir.Any]) -> Callable[..., ir.Expr]:
    def handle(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
        (argument,) = _arguments(node, 1, scope, ast.unparse(node.func))
        if not isinstance(argument, ast.GeneratorExp):
            raise Mistake(d.NeedsGenerator(scope.span(node), ast.unparse(node.func)))
        return quantify(argument, scope, make, scope.span(node))

    return handle


def _sum(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    (argument,) = _arguments(node, 1, scope, "sum")
    if isinstance(argument, ast.GeneratorExp):
        return fold(argument, "sum", scope, scope.span(node))
    return _fold_collection("sum", argument, node, scope)


def _min_max(op: str) -> Callable[..., ir.Expr]:
    def handle(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
        span = scope.span(node)
        if len(node.args) == 1 and not node.keywords:
            if isinstance(node.args[0], ast.GeneratorExp):
                return fold(node.args[0], op, scope, span)
            return _fold_collection(op, node.args[0], node, scope)
        if node.keywords or not node.args:
            raise Mistake(d.WrongArguments(span, op, 2))
        result, *others = [int_value(lower(a, scope), a, scope) for a in node.args]
        for other in others:
            smaller = ir.Cmp("<", other, result, span=span)
            then, orelse = (other, result) if op == "min" else (result, other)
            result = ir.Ite(smaller, then, orelse, ir.INT, span)
        return result

    return handle


def _fold_collection(op: str, argument: ast.expr, node: ast.Call, scope: Scope) -> ir.Expr:
    target = ast.copy_location(ast.Name("x", ast.Load()), argument)
    domain = domain_of(target, argument, scope)
    body = int_value(domain.bound["x"], argument, scope)
    return ir.Fold(op, domain.name, domain.expr, None, body, span=scope.span(node))


def _len(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    (argument,) = _arguments(node, 1, scope, "len")
    universe = universe_of(argument, scope)
    if universe is not None:
        return ir.Size(universe, span=scope.span(node))
    collection = lower(argument, scope)
    if item_type(collection.type) is None:
        raise Mistake(d.NotACollection(scope.span(argument), shown(collection.type)))
    return ir.Size(collection, span=scope.span(node))


def _range(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    if node.keywords or not 1 <= len(node.args) <= 2:
        raise Mistake(d.WrongArguments(span, "range", 2))
    bounds = [int_value(lower(a, scope), a, scope) for a in node.args]
    low = bounds[0] if len(bounds) == 2 else ir.Lit(0, ir.INT, span)
    return ir.Range(low, bounds[-1], ir.Seq(ir.INT), span)


def _isinstance(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    subject, classes = _arguments(node, 2, scope, "isinstance")
    value = lower(subject, scope)
    cls = constant_object(classes, scope)
    inner = value.type.item if isinstance(value.type, ir.Option) else value.type
    record = record_among(cls, inner, scope, span) if isinstance(cls, type) else None
    if not isinstance(record, ir.Record) or not isinstance(inner, ir.Union):
        raise Mistake(d.IsinstanceOutside(span))
    if isinstance(value.type, ir.Option):
        none = ir.Cmp("!=", value, ir.Lit(None, value.type, span), span=span)
        return ir.And((none, ir.Is(ir.Narrow(value, inner, span), record, span=span)), span=span)
    return ir.Is(value, record, span=span)


def _collection(kind: type) -> Callable[..., ir.Expr]:
    """`set()`, `Bag(...)`, `list()`, `dict()`: of the expected type, or of what is iterated."""

    def handle(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
        span, name = scope.span(node), kind.__name__
        wanted = {set: ir.Set, Bag: ir.Bag, list: ir.Seq, dict: ir.Partial, frozenset: ir.Set}[kind]
        if not node.args and not node.keywords:
            if expected is None or not isinstance(expected, wanted):
                raise Mistake(d.EmptyOfUnknownType(span, f"{name}()"))
            return ir.Lit(empty(expected), expected, span)
        (argument,) = _arguments(node, 1, scope, name)
        if isinstance(argument, ast.GeneratorExp) and kind in (set, frozenset, Bag):
            return comprehension(argument, scope, expected, bag=kind is Bag)
        return converted(kind, argument, node, scope, expected)

    return handle


def converted(
    kind: type, argument: ast.expr, node: ast.expr, scope: Scope, expected: ir.Type | None
) -> ir.Expr:
    """`set(xs)`, `Bag(xs)`, `list(xs)`, `dict(d)`."""
    span = scope.span(node)
    if kind is dict:
        copied = lower(argument, scope)
        if not isinstance(copied.type, ir.Partial):
            raise Mistake(d.TypeMismatch(span, "dict", shown(copied.type)))
        return copied
    if isinstance(argument, ast.List | ast.Tuple):
        display = ast.copy_location(ast.List(argument.elts, ast.Load()), argument)
        collection = lower(display, scope)
    else:
        collection = universe_of(argument, scope) or iterated(argument, scope)
    item = item_type(collection.type)
    assert item is not None
    if kind is list and not isinstance(collection.type, ir.Seq):
        raise Mistake(d.OrderLeak(span, "list"))
    type_: ir.Type = ir.Set(item)
    if kind in (Bag, list):
        type_ = ir.Bag(item) if kind is Bag else ir.Seq(item)
    if isinstance(collection.type, type(type_)):
        return collection
    name = fresh_name(scope, "x")
    return ir.Build(name, collection, None, ir.Bound(name, item, span), type_, span)


def _map(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    if not isinstance(expected, ir.Map):
        raise Mistake(d.EmptyOfUnknownType(span, "Map(...)"))
    (argument,) = _arguments(node, 1, scope, "Map")
    default = lower(argument, scope, expected.value)
    universe = ir.Universe(ir.Set(expected.key), span)
    return ir.Build(fresh_name(scope, "key"), universe, None, default, expected, span)


def _at(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    from .restarts import at_label

    return at_label(node, scope)


def _fresh(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    sort, used = _arguments(node, 2, scope, "fresh")
    cls = constant_object(sort, scope)
    if not (isinstance(cls, type) and issubclass(cls, Id)):
        raise Mistake(d.FreshOfOther(scope.span(sort)))
    type_ = annotation(cls, scope.world, span)
    assert isinstance(type_, ir.Sort)
    taken = universe_of(used, scope) or iterated(used, scope)
    if item_type(taken.type) != type_:
        raise Mistake(d.TypeMismatch(scope.span(used), f"set[{type_.name}]", shown(taken.type)))
    if isinstance(taken.type, ir.Seq | ir.Bag):
        name = fresh_name(scope, "x")
        taken = ir.Build(name, taken, None, ir.Bound(name, type_, span), ir.Set(type_), span)
    return ir.Fresh(type_, taken, type_, span)


# ── Methods ──────────────────────────────────────────────────────────────────────────────────────


def _method(node: ast.Call, func: ast.Attribute, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span, name = scope.span(node), func.attr
    if isinstance(func.value, ast.Name) and func.value.id == "self" and "self" not in scope.names:
        return _own_method(node, func, scope)
    receiver = lower(func.value, scope)
    if isinstance(receiver.type, ir.Option):
        receiver = coerce(receiver, receiver.type.item, func.value, scope)
    if isinstance(receiver.type, ir.Record):
        return record_method(receiver, node, name, scope)
    match receiver.type, name:
        case ((ir.Bag(item) | ir.Seq(item)), "count"):
            (argument,) = _arguments(node, 1, scope, "count")
            return ir.Count(receiver, lower(argument, scope, item), span=span)
        case ir.Partial(), "get":
            return _get(receiver, node, scope)
        case ir.Partial(key, _), "keys":
            return ir.Keys(receiver, ir.Set(key), span)
        case ir.Bag(item), "values":
            return ir.Keys(receiver, ir.Set(item), span)
        case _, "copy":
            return receiver
        case ir.Set() as type_, "union":
            (argument,) = _arguments(node, 1, scope, "union")
            return ir.Join(receiver, lower(argument, scope, type_), type_, span)
    if name in MUTATORS:
        raise Mistake(d.MutatorAsExpression(span, name))
    raise Mistake(no_method(receiver.type, name, span))


MUTATORS = ("add", "remove", "discard", "append", "clear", "update", "pop")


def no_method(type_: ir.Type, name: str, span: Span) -> d.OrderLeak | d.UnknownMethod:
    """Why the method cannot be called on a value of the type."""
    leaks = (name == "pop" and isinstance(type_, ir.Set | ir.Bag)) or name == "popitem"
    if leaks:
        return d.OrderLeak(span, name)
    return d.UnknownMethod(span, shown(type_), name, ", ".join(methods_of(type_)) or "none")


def _get(receiver: ir.Expr, node: ast.Call, scope: Scope) -> ir.Expr:
    span = scope.span(node)
    assert isinstance(receiver.type, ir.Partial)
    if node.keywords or not 1 <= len(node.args) <= 2:
        raise Mistake(d.WrongArguments(span, "get", 2))
    key, value = lower(node.args[0], scope, receiver.type.key), receiver.type.value
    found = ir.At(receiver, key, value, span)
    has = ir.Has(receiver, key, span=span)
    if len(node.args) == 1 or (
        isinstance(node.args[1], ast.Constant) and node.args[1].value is None
    ):
        if isinstance(value, ir.Option):
            return ir.Ite(has, found, ir.Lit(None, value, span), value, span)
        option = ir.Option(value)
        return ir.Ite(has, ir.Widen(found, option, span), ir.Lit(None, option, span), option, span)
    default = lower(node.args[1], scope, value)
    common = unify(value, default.type) or value
    if is_total(default):
        return ir.Ite(has, found, default, common, span)
    # Python evaluates the default also where the key is present.
    name = fresh_name(scope, "default")
    bound = ir.Bound(name, default.type, default.span)
    return ir.LetIn(name, default, ir.Ite(has, found, bound, common, span), common, span)


def _own_method(node: ast.Call, func: ast.Attribute, scope: Scope) -> ir.Expr:
    from .functions import inline

    span = scope.span(node)
    method = scope.world.methods.get(func.attr)
    if method is None:
        raise Mistake(d.UnknownField(span, func.attr, ", ".join(scope.world.methods)))
    role = model.role_of(method)
    if role is None or role.kind != "pure":
        raise Mistake(d.CallOfStep(span, func.attr, role.kind if role else "method"))
    return inline(method, node, scope, of_model=True)


_FUNCTIONS: dict[Any, Callable[..., ir.Expr]] = {
    all: _all_any(ir.All),
    any: _all_any(ir.Any),
    sum: _sum,
    min: _min_max("min"),
    max: _min_max("max"),
    len: _len,
    range: _range,
    isinstance: _isinstance,
    set: _collection(set),
    frozenset: _collection(frozenset),
    list: _collection(list),
    dict: _collection(dict),
    Bag: _collection(Bag),
    Map: _map,
    model.at: _at,
    model.fresh: _fresh,
    dataclasses.replace: replaced,
}
