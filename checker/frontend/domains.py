"""What a `for` ranges over, in a step and in a comprehension, and comprehensions themselves.

Owns which collections have an order to be gone through, and refuses to make one up for the others.
"""

from __future__ import annotations

import ast
import builtins
import enum
from dataclasses import dataclass
from typing import Any

from .. import ir
from ..values import Id
from . import diagnostics as d
from .expressions import coerce, conjunction, constant_object, lower, lower_bool
from .scope import Scope, fresh_name
from .types import annotation, item_type, shown
from .world import Mistake

__all__ = [
    "Domain",
    "comprehension",
    "domain_of",
    "fold",
    "int_value",
    "iterated",
    "quantify",
    "universe_of",
]


@dataclass(frozen=True)
class Domain:
    """What a `for` ranges over: the domain, the bound name, and what each target stands for."""

    expr: ir.Expr
    name: str
    bound: dict[str, ir.Expr]
    ordered: bool


def domain_of(target: ast.expr, source: ast.expr, scope: Scope) -> Domain:
    """`for target in source`, in a comprehension or a statement."""
    match source:
        case ast.Call(ast.Attribute(inner, "items"), []):
            return _items(target, inner, scope)
        case ast.Call(ast.Attribute(inner, "values"), []):
            mapped = _values(target, inner, scope)
            if mapped is not None:
                return mapped
        case ast.Call(ast.Attribute(inner, "keys"), []):
            return domain_of(target, inner, scope)
        case ast.Call(ast.Name(name)) if name in _ORDER_LEAKS and constant_object(
            source.func, scope
        ) is getattr(builtins, name, None):
            raise Mistake(d.OrderLeak(scope.span(source), name))
    if not isinstance(target, ast.Name):
        raise Mistake(d.TargetOutside(scope.span(target)))
    expr = universe_of(source, scope) or iterated(source, scope)
    return _single(target, expr, scope)


def _single(target: ast.expr, expr: ir.Expr, scope: Scope) -> Domain:
    if not isinstance(target, ast.Name):
        raise Mistake(d.TargetOutside(scope.span(target)))
    item = item_type(expr.type)
    assert item is not None
    name = fresh_name(scope, target.id)
    bound = {target.id: ir.Bound(name, item, scope.span(target))}
    return Domain(expr, name, dict(bound), ordered=isinstance(expr.type, ir.Seq))


def universe_of(source: ast.expr, scope: Scope) -> ir.Expr | None:
    """All values of a sort or an enum, if that is what the source names."""
    cls = constant_object(source, scope)
    if not isinstance(cls, type) or not issubclass(cls, Id | enum.Enum):
        return None
    span = scope.span(source)
    return ir.Universe(ir.Set(annotation(cls, scope.world, span)), span)


def iterated(source: ast.expr, scope: Scope) -> ir.Expr:
    """The collection that is gone through; of a dict, its keys."""
    expr = lower(source, scope)
    if isinstance(expr.type, ir.Option):
        expr = coerce(expr, expr.type.item, source, scope)
    match expr.type:
        case ir.Partial(key, _):
            return ir.Keys(expr, ir.Set(key), scope.span(source))
        case ir.Set() | ir.Bag() | ir.Seq():
            return expr
    raise Mistake(d.NotIterable(scope.span(source), shown(expr.type)))


def _mapping(inner: ast.expr, scope: Scope) -> tuple[ir.Expr, ir.Expr, ir.Type, ir.Type] | None:
    expr, span = lower(inner, scope), scope.span(inner)
    match expr.type:
        case ir.Partial(key, value):
            return expr, ir.Keys(expr, ir.Set(key), span), key, value
        case ir.Map():
            raise Mistake(d.NotIterable(span, shown(expr.type)))
    return None


def _items(target: ast.expr, inner: ast.expr, scope: Scope) -> Domain:
    mapping = _mapping(inner, scope)
    if mapping is None:
        raise Mistake(d.NotIterable(scope.span(inner), "this; only a dict has `items()`"))
    expr, keys, key, value = mapping
    match target:
        case ast.Tuple([ast.Name(first), ast.Name(second)]):
            name = fresh_name(scope, first)
            bound = ir.Bound(name, key, scope.span(target))
            entry = ir.At(expr, bound, value, scope.span(target))
            return Domain(keys, name, {first: bound, second: entry}, ordered=False)
    raise Mistake(d.TargetOutside(scope.span(target)))


def _values(target: ast.expr, inner: ast.expr, scope: Scope) -> Domain | None:
    mapping = _mapping(inner, scope)
    if mapping is None:
        return None
    expr, keys, key, value = mapping
    if not isinstance(target, ast.Name):
        raise Mistake(d.TargetOutside(scope.span(target)))
    name = fresh_name(scope, f"{target.id}_key")
    entry = ir.At(expr, ir.Bound(name, key, scope.span(target)), value, scope.span(target))
    return Domain(keys, name, {target.id: entry}, ordered=False)


_ORDER_LEAKS = (
    "enumerate",
    "zip",
    "sorted",
    "reversed",
    "iter",
    "next",
    "list",
    "tuple",
    "map",
    "filter",
)


# ── Comprehensions ───────────────────────────────────────────────────────────────────────────────


def _clause(generator: ast.comprehension, scope: Scope) -> tuple[Domain, ir.Expr | None, Scope]:
    if generator.is_async:
        raise Mistake(d.ExpressionOutside(scope.span(generator.target), "`async for`", "use `for`"))
    domain = domain_of(generator.target, generator.iter, scope)
    inner = scope.inner(**domain.bound)
    tests = [lower_bool(test, inner) for test in generator.ifs]
    return domain, conjunction(*tests), inner


def quantify(
    node: ast.GeneratorExp, scope: Scope, make: type[ir.All] | type[ir.Any], span: Any
) -> ir.Expr:
    """`all` or `any` of a generator."""

    def nested(generators: list[ast.comprehension], scope: Scope) -> ir.Expr:
        if not generators:
            return lower_bool(node.elt, scope)
        domain, test, inner = _clause(generators[0], scope)
        return make(domain.name, domain.expr, test, nested(generators[1:], inner), span=span)

    return nested(node.generators, scope)


def fold(node: ast.GeneratorExp, op: str, scope: Scope, span: Any) -> ir.Expr:
    """`sum`, `min` or `max` of a generator."""
    if len(node.generators) > 1 and op != "sum":
        raise Mistake(d.NestedComprehension(span, op))

    def nested(generators: list[ast.comprehension], scope: Scope) -> ir.Expr:
        if not generators:
            return int_value(lower(node.elt, scope), node.elt, scope)
        domain, test, inner = _clause(generators[0], scope)
        return ir.Fold(op, domain.name, domain.expr, test, nested(generators[1:], inner), span=span)

    return nested(node.generators, scope)


def int_value(expr: ir.Expr, node: ast.expr, scope: Scope) -> ir.Expr:
    """The expression, which must be a number."""
    if not isinstance(expr.type, ir.Int):
        raise Mistake(d.NotInt(scope.span(node), shown(expr.type)))
    return expr


def comprehension(
    node: ast.SetComp | ast.ListComp | ast.DictComp | ast.GeneratorExp,
    scope: Scope,
    expected: ir.Type | None,
    *,
    bag: bool = False,
) -> ir.Expr:
    """A set, list, dict or bag built from one `for`."""
    span = scope.span(node)
    if len(node.generators) > 1:
        raise Mistake(d.NestedComprehension(span, "a comprehension"))
    domain, test, inner = _clause(node.generators[0], scope)
    if isinstance(node, ast.DictComp):
        return _dict_comprehension(node, domain, test, inner, expected)
    wanted = expected.item if isinstance(expected, ir.Set | ir.Seq | ir.Bag) else None
    body = lower(node.elt, inner, wanted)
    if isinstance(node, ast.ListComp):
        if not domain.ordered:
            raise Mistake(d.OrderLeak(span, "a list comprehension"))
        type_: ir.Type = ir.Seq(body.type)
    else:
        type_ = ir.Bag(body.type) if bag else ir.Set(body.type)
    return ir.Build(domain.name, domain.expr, test, body, type_, span)


def _dict_comprehension(
    node: ast.DictComp, domain: Domain, test: ir.Expr | None, inner: Scope, expected: ir.Type | None
) -> ir.Expr:
    span = inner.span(node)
    key = lower(node.key, inner)
    if not (isinstance(key, ir.Bound) and key.name == domain.name):
        raise Mistake(d.DictKeyNotLoopVariable(inner.span(node.key)))
    value = lower(node.value, inner, expected.value if isinstance(expected, ir.Partial) else None)
    return ir.Build(domain.name, domain.expr, test, value, ir.Partial(key.type, value.type), span)
