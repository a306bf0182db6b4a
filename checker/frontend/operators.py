"""Operators: arithmetic, sets, comparisons, membership, and the boolean ones.

Owns which operators there are for which types, and their evaluation from left to right (S8): an
operand that may be undefined is evaluated exactly where Python evaluates it.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable
from typing import Any

from .. import ir
from ..ir.walk import is_total
from ..source import Span
from ..values import Bag
from . import diagnostics as d
from .expressions import (
    as_int,
    coerce,
    constant_object,
    is_none,
    lower,
    lower_bool,
    needs_type,
)  # fmt: skip
from .scope import Scope, fresh_name, is_atomic
from .types import item_type, shown, unify
from .world import Mistake

__all__ = ["combine", "operator"]


def operator(node: ast.expr, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    """The IR of an expression that is made by an operator."""
    match node:
        case ast.BoolOp():
            return _boolop(node, scope)
        case ast.UnaryOp():
            return _unary(node, scope)
        case ast.BinOp():
            return _binop(node, scope, expected)
        case ast.Compare():
            return _compare(node, scope)
    raise TypeError(f"no operator: {type(node).__name__}")


def _boolop(node: ast.BoolOp, scope: Scope) -> ir.Expr:
    make = ir.And if isinstance(node.op, ast.And) else ir.Or
    parts = [lower_bool(value, scope) for value in node.values]
    flat = tuple(q for p in parts for q in (p.parts if isinstance(p, make) else (p,)))
    return make(flat, span=scope.span(node))


def _unary(node: ast.UnaryOp, scope: Scope) -> ir.Expr:
    span = scope.span(node)
    match node.op:
        case ast.Not():
            return ir.Not(lower_bool(node.operand, scope), span=span)
        case ast.USub():
            operand = as_int(node.operand, scope)
            if isinstance(operand, ir.Lit) and isinstance(operand.value, int):
                return ir.Lit(-operand.value, ir.INT, span)
            return ir.Arith("-", ir.Lit(0, ir.INT, span), operand, span=span)
    raise Mistake(d.OperatorOutside(span, ast.unparse(node)))


_ARITH = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}


def _binop(node: ast.BinOp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    left = lower(node.left, scope, expected if isinstance(expected, _COLLECTIONS) else None)
    return combine(left, node.op, node.right, scope, node) or _refuse_operator(node, span)


_COLLECTIONS = (ir.Set, ir.Seq, ir.Bag, ir.Partial)


def _refuse_operator(node: ast.BinOp, span: Any) -> ir.Expr:
    raise Mistake(d.OperatorOutside(span, ast.unparse(node)))


def combine(
    left: ir.Expr, op: ast.operator, right_node: ast.expr, scope: Scope, node: ast.AST
) -> ir.Expr | None:
    """`left op right` for ints and collections; None if the operator is not of the language."""
    span = scope.span(node)
    named = _elements(right_node, left.type, scope)
    match left.type, op:
        case ((ir.Bag() | ir.Seq()), ast.Add()) | (ir.Set(), ast.BitOr()) if named is not None:
            return _each_into(ir.Insert, left, named, scope, span)
        case ir.Bag() as type_, ast.Add():
            return ir.Join(left, lower(right_node, scope, type_), type_, span)
        case ir.Bag(), ast.Sub():
            if named is None:
                raise Mistake(d.BagDifference(scope.span(right_node)))
            return _each_into(ir.Erase, left, named, scope, span)
        case ir.Partial(), ast.BitOr():
            return _updated(left, right_node, scope, span)
        case ir.Set() as type_, ast.BitOr():
            return ir.Join(left, lower(right_node, scope, type_), type_, span)
        case ir.Set() as type_, ast.BitAnd() | ast.Sub():
            return _set_filter(
                left, lower(right_node, scope, type_), isinstance(op, ast.Sub), scope, span
            )
        case ir.Seq() as type_, ast.Add():
            return ir.Join(left, lower(right_node, scope, type_), type_, span)
        case ir.Int(), _ if type(op) in _ARITH:
            right = as_int(right_node, scope)
            symbol = _ARITH[type(op)]
            if symbol in ("//", "%") and not _is_positive(right):
                raise Mistake(d.DivisorNotPositive(scope.span(right_node)))
            return _arithmetic(symbol, left, right, span)
        case ir.Bool(), _ if type(op) in _ARITH:
            raise Mistake(d.NotInt(left.span, "bool"))
    return None


def _elements(node: ast.expr, type_: ir.Type, scope: Scope) -> list[ast.expr] | None:
    """What `{a, b}`, `[a, b]` or `Bag([a, b])` names; None if it is something else."""
    match type_, node:
        case (ir.Set(), ast.Set(elements)) | (ir.Seq(), ast.List(elements)):
            pass
        case ir.Bag(), ast.Call(func, [ast.List(elements)], []):
            if constant_object(func, scope) is not Bag:
                return None
        case _:
            return None
    return None if any(isinstance(e, ast.Starred) for e in elements) else elements


def _each_into(
    make: type[ir.Insert] | type[ir.Erase],
    collection: ir.Expr,
    elements: list[ast.expr],
    scope: Scope,
    span: Span,
) -> ir.Expr:
    type_ = collection.type
    assert isinstance(type_, ir.Bag | ir.Set | ir.Seq)
    for element in elements:
        collection = make(collection, lower(element, scope, type_.item), type_, span)
    return collection


def _updated(left: ir.Expr, node: ast.expr, scope: Scope, span: Span) -> ir.Expr:
    """`d | {key: value}`: the right side wins."""
    type_ = left.type
    assert isinstance(type_, ir.Partial)
    if not isinstance(node, ast.Dict) or None in node.keys:
        return ir.Join(left, lower(node, scope, type_), type_, span)
    for key, value in zip(node.keys, node.values, strict=True):
        assert key is not None
        entry = lower(key, scope, type_.key), lower(value, scope, type_.value)
        left = ir.Put(left, *entry, type_, span)
    return left


def _arithmetic(symbol: str, left: ir.Expr, right: ir.Expr, span: Span) -> ir.Expr:
    # `SIZE + 1` of two ints of the file is as good as a literal: for bounds, and as a divisor.
    match symbol, left, right:
        case "+", ir.Lit(int(a)), ir.Lit(int(b)):
            return ir.Lit(a + b, ir.INT, span)
        case "-", ir.Lit(int(a)), ir.Lit(int(b)):
            return ir.Lit(a - b, ir.INT, span)
        case "*", ir.Lit(int(a)), ir.Lit(int(b)):
            return ir.Lit(a * b, ir.INT, span)
    return ir.Arith(symbol, left, right, span=span)


def _is_positive(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Lit) and isinstance(expr.value, int) and expr.value > 0


def _set_filter(left: ir.Expr, right: ir.Expr, drop: bool, scope: Scope, span: Any) -> ir.Expr:
    assert isinstance(left.type, ir.Set)
    name = fresh_name(scope, "x")
    item = ir.Bound(name, left.type.item, span)

    def filtered(kept: ir.Expr, other: ir.Expr) -> ir.Expr:
        member: ir.Expr = ir.Has(other, item, span=span)
        test = ir.Not(member, span=span) if drop else member
        return ir.Build(name, kept, test, item, kept.type, span)

    return _evaluated_once(left, right, filtered, scope)


def _evaluated_once(
    left: ir.Expr, right: ir.Expr, use: Callable[[ir.Expr, ir.Expr], ir.Expr], scope: Scope
) -> ir.Expr:
    """An expression that looks into `right` for each element of `left`, evaluating both once."""
    if is_atomic(right):
        return use(left, right)
    lets = [(fresh_name(scope, "side"), side) for side in (left, right)]
    bound = [ir.Bound(name, side.type, side.span) for name, side in lets]
    body = use(bound[0], bound[1])
    for name, side in reversed(lets):
        body = ir.LetIn(name, side, body, body.type, side.span)
    return body


def _compare(node: ast.Compare, scope: Scope) -> ir.Expr:
    span = scope.span(node)
    operands = [node.left, *node.comparators]
    # `a < b < c` means `a < b and b < c`; every operand is free of effects, so reading it twice is
    # sound.
    parts = tuple(
        _compare_pair(left, op, right, scope, node)
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False)
    )
    return parts[0] if len(parts) == 1 else ir.And(parts, span=span)


def _compare_pair(
    left: ast.expr, op: ast.cmpop, right: ast.expr, scope: Scope, node: ast.Compare
) -> ir.Expr:
    span = scope.span(node)
    match op:
        case ast.In():
            return _membership(left, right, scope, node)
        case ast.NotIn():
            return ir.Not(_membership(left, right, scope, node), span=span)
        case ast.Eq() | ast.NotEq():
            return _equality(left, right, "==" if isinstance(op, ast.Eq) else "!=", scope, node)
        case ast.Is() | ast.IsNot():
            if not (is_none(right) or isinstance(constant_object(right, scope), enum.Enum)):
                raise Mistake(d.IsOnValues(span))
            return _equality(left, right, "==" if isinstance(op, ast.Is) else "!=", scope, node)
    return _order(left, op, right, scope, node)


def _equality(left: ast.expr, right: ast.expr, op: str, scope: Scope, node: ast.Compare) -> ir.Expr:
    span = scope.span(node)
    if needs_type(left) and not needs_type(right):
        b = lower(right, scope)
        a = lower(left, scope, b.type)
    else:
        a = lower(left, scope)
        if is_none(right) and not isinstance(a.type, ir.Option):
            raise Mistake(d.NeverNone(span, ast.unparse(left), shown(a.type)))
        b = lower(right, scope, a.type) if needs_type(right) else lower(right, scope)
    common = unify(a.type, b.type)
    if common is None:
        raise Mistake(d.ComparesOthers(span, shown(a.type), shown(b.type)))
    if not is_none(right):
        _refuse_maps(common, span)
    return ir.Cmp(op, coerce(a, common, left, scope), coerce(b, common, right, scope), span=span)


def _order(
    left: ast.expr, op: ast.cmpop, right: ast.expr, scope: Scope, node: ast.Compare
) -> ir.Expr:
    span = scope.span(node)
    a = lower(left, scope)
    if isinstance(a.type, ir.Set) and isinstance(op, ast.LtE | ast.GtE):
        b = lower(right, scope, a.type)
        return _subset(a, b, scope, span) if isinstance(op, ast.LtE) else _subset(b, a, scope, span)
    if isinstance(a.type, ir.Sort):
        raise Mistake(d.OrderOnIds(span, a.type.name))
    a, b = as_int(left, scope), as_int(right, scope)
    match op:
        case ast.Lt():
            return ir.Cmp("<", a, b, span=span)
        case ast.LtE():
            return ir.Cmp("<=", a, b, span=span)
    # `b < a` evaluates the right side first, which shows only if both may be undefined.
    swapped, negated = ("<", "<=") if isinstance(op, ast.Gt) else ("<=", "<")
    if is_total(a) or is_total(b):
        return ir.Cmp(swapped, b, a, span=span)
    return ir.Not(ir.Cmp(negated, a, b, span=span), span=span)


def _subset(a: ir.Expr, b: ir.Expr, scope: Scope, span: Any) -> ir.Expr:
    assert isinstance(a.type, ir.Set)
    name = fresh_name(scope, "x")
    item = ir.Bound(name, a.type.item, span)

    def subset(part: ir.Expr, whole: ir.Expr) -> ir.Expr:
        return ir.All(name, part, None, ir.Has(whole, item, span=span), span=span)

    return _evaluated_once(a, b, subset, scope)


def _membership(left: ast.expr, right: ast.expr, scope: Scope, node: ast.Compare) -> ir.Expr:
    span = scope.span(node)
    if isinstance(right, ast.Tuple | ast.List | ast.Set) and right.elts:
        return _one_of(lower(left, scope), right.elts, scope, span)
    if isinstance(constant_object(right, scope), type):
        raise Mistake(d.MemberOfType(span, ast.unparse(right)))
    collection = lower(right, scope)
    wanted = item_type(collection.type)
    if wanted is None:
        raise Mistake(d.NotACollection(scope.span(right), shown(collection.type)))
    item = lower(left, scope, wanted if needs_type(left) else None)
    if isinstance(item.type, ir.Option) and not isinstance(wanted, ir.Option):
        # None is in no such collection: false, not undefined.
        none = ir.Lit(None, item.type, span)
        inside = ir.Has(collection, coerce(item, wanted, left, scope), span=span)
        return ir.And((ir.Cmp("!=", item, none, span=span), inside), span=span)
    return ir.Has(collection, coerce(item, wanted, left, scope), span=span)


def _one_of(item: ir.Expr, nodes: list[ast.expr], scope: Scope, span: Any) -> ir.Expr:
    """`item in (a, b)`: all of them are evaluated, also behind the one that is equal."""
    _refuse_maps(item.type, span)
    values = [lower(node, scope, item.type) for node in nodes]
    if all(is_atomic(value) for value in values):
        parts = tuple(ir.Cmp("==", item, value, span=value.span) for value in values)
        return ir.Or(parts, span=span) if len(parts) > 1 else parts[0]
    display: ir.Expr = ir.Lit(frozenset(), ir.Set(item.type), span)
    for value in values:
        display = ir.Insert(display, value, ir.Set(item.type), span)
    return ir.Has(display, item, span=span)


def _refuse_maps(type_: ir.Type, span: Any) -> None:
    """Python compares Maps by their defaults and entries so far, not by their values."""
    if _holds_map(type_):
        raise Mistake(d.MapCompared(span))


def _holds_map(type_: ir.Type) -> bool:
    match type_:
        case ir.Map():
            return True
        case ir.Option(item) | ir.Seq(item):
            return _holds_map(item)
        case ir.Partial(_, value):
            return _holds_map(value)
        case ir.Record(_, fields):
            return any(_holds_map(t) for _, t in fields)
        case ir.Union(records):
            return any(_holds_map(r) for r in records)
    return False
