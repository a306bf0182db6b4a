"""From Python expressions to typed IR expressions.

Owns the expression part of the language: which forms exist, their types, and the coercions between
an option or union and its members. Calls and comprehensions stand in `calls.py`. Every refusal says
what to write instead; undefinedness (S8) is left to the IR's partial nodes.
"""

from __future__ import annotations

import ast
import enum
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .. import ir
from ..source import Span
from ..values import Id
from . import diagnostics as d
from .scope import Scope, Unassigned, fresh_name, is_atomic, no_value
from .tidy import is_total
from .types import annotation, compatible, shown, unify
from .world import Mistake

__all__ = ["coerce", "conjunction", "constant_object", "empty", "lower", "lower_bool", "negation"]

NONE = object()


def lower(node: ast.expr, scope: Scope, expected: ir.Type | None = None) -> ir.Expr:
    """The IR of an expression; of the expected type, if one is given.

    Raises: Mistake, if it is outside the language or of another type.
    """
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise Mistake(d.ExpressionOutside(scope.span(node), *_outside(node)))
    expr: ir.Expr = handler(node, scope, expected)
    return coerce(expr, expected, node, scope) if expected is not None else expr


def lower_bool(node: ast.expr, scope: Scope) -> ir.Expr:
    """A condition: `bool`, never the truth of a collection or a number."""
    expr = lower(node, scope)
    if not isinstance(expr.type, ir.Bool):
        raise Mistake(d.NotBool(scope.span(node), shown(expr.type), _as_bool(node, expr.type)))
    return expr


def _as_bool(node: ast.expr, type_: ir.Type) -> str:
    text = ast.unparse(node)
    match type_:
        case ir.Int():
            return f"{text} != 0"
        case ir.Option():
            return f"{text} is not None"
        case ir.Set() | ir.Bag() | ir.Seq() | ir.Partial():
            return f"len({text}) > 0"
    return f"{text} == ..."


def coerce(expr: ir.Expr, expected: ir.Type, node: ast.AST, scope: Scope) -> ir.Expr:
    """The expression as a value of the expected type: widened, narrowed, or refused."""
    actual, span = expr.type, scope.span(node)
    if compatible(actual, expected):
        return expr
    match actual, expected:
        case _, ir.Option(item) if _fits(actual, item):
            return ir.Widen(coerce(expr, item, node, scope), expected, span)
        case ir.Record(), ir.Union(records) if actual in records:
            return ir.Widen(expr, expected, span)
        case ir.Option(item), _ if compatible(item, expected) or isinstance(item, ir.Union):
            return coerce(ir.Narrow(expr, item, span), expected, node, scope)
        case ir.Union(records), ir.Record() if expected in records:
            return ir.Narrow(expr, expected, span)
    raise Mistake(d.TypeMismatch(span, shown(expected), shown(actual)))


def _fits(actual: ir.Type, wanted: ir.Type) -> bool:
    common = unify(actual, wanted)
    return common is not None and compatible(common, wanted)


def negation(expr: ir.Expr) -> ir.Expr:
    return expr.body if isinstance(expr, ir.Not) else ir.Not(expr, span=expr.span)


def conjunction(*parts: ir.Expr | None) -> ir.Expr | None:
    """All of them, evaluated from left to right; None stands for true."""
    given = [p for p in parts if p is not None]
    flat = [q for p in given for q in (p.parts if isinstance(p, ir.And) else (p,))]
    if len(flat) < 2:
        return flat[0] if flat else None
    return ir.And(tuple(flat), span=flat[-1].span)


def empty(type_: ir.Type) -> object:
    """The encoding of an empty collection."""
    return () if isinstance(type_, ir.Seq) else frozenset()


# ── Names and constants ──────────────────────────────────────────────────────────────────────────


def constant_object(node: ast.expr, scope: Scope) -> Any:
    """The Python object that a name or dotted name stands for in the file; NONE if it is none.

    Locals and `self` are no such names.
    """
    match node:
        case ast.Name(name) if name not in scope.names and name != "self":
            builtins = scope.globals.get("__builtins__", {})
            table = builtins if isinstance(builtins, dict) else vars(builtins)
            return scope.globals.get(name, table.get(name, NONE))
        case ast.Attribute(value, attribute):
            holder = constant_object(value, scope)
            if isinstance(holder, types.ModuleType | enum.EnumMeta):
                return getattr(holder, attribute, NONE)
    return NONE


def _literal(value: object, node: ast.expr, scope: Scope) -> ir.Expr | None:
    span = scope.span(node)
    if isinstance(value, enum.Enum):
        return ir.Lit(value.name, annotation(type(value), scope.world, span), span)
    if isinstance(value, bool):
        return ir.Lit(value, ir.BOOL, span)
    if isinstance(value, int):
        return ir.Lit(value, ir.INT, span)
    return None


def _name(node: ast.Name, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    if node.id in scope.names:
        value = scope.names[node.id]
        if isinstance(value, Unassigned):
            raise Mistake(no_value(value, span, node.id))
        return value
    if node.id == "self":
        raise Mistake(d.BareSelf(span))
    value = constant_object(node, scope)
    if value is NONE:
        raise Mistake(d.UnknownName(span, node.id))
    return _known_object(value, node, scope)


def _known_object(value: object, node: ast.expr, scope: Scope) -> ir.Expr:
    literal = _literal(value, node, scope)
    if literal is not None:
        return literal
    text = ast.unparse(node)
    if isinstance(value, type) and issubclass(value, Id):
        raise Mistake(d.SortAsValue(scope.span(node), text))
    if isinstance(value, Id):
        raise Mistake(d.IdLiteral(scope.span(node), text))
    raise Mistake(d.NameOutside(scope.span(node), text, type(value).__name__))


def _attribute(node: ast.Attribute, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    if isinstance(node.value, ast.Name) and node.value.id == "self" and "self" not in scope.names:
        return _self_attribute(node, scope)
    value = constant_object(node, scope)
    if value is not NONE:
        return _known_object(value, node, scope)
    return _field(lower(node.value, scope), node.attr, node, scope)


def _self_attribute(node: ast.Attribute, scope: Scope) -> ir.Expr:
    name, span, world = node.attr, scope.span(node), scope.world
    if name in world.fields and name in scope.fields:
        current = scope.fields[name]
        # A plain read keeps the place where it is read, for the report of a false property.
        return replace(current, span=span) if isinstance(current, ir.Read) else current
    if name in world.constants:
        return ir.Const(name, world.constants[name], span)
    if name in world.refused:
        raise Mistake(None)
    if name.endswith("_used"):
        raise Mistake(d.CounterRead(span, name))
    if name in world.methods:
        raise Mistake(d.MethodAsValue(span, name))
    raise Mistake(d.UnknownField(span, name, ", ".join([*world.fields, *world.constants])))


def _field(record: ir.Expr, name: str, node: ast.Attribute, scope: Scope) -> ir.Expr:
    span = scope.span(node)
    match record.type:
        case ir.Option(item):
            return _field(ir.Narrow(record, item, record.span), name, node, scope)
        case ir.Record() as type_:
            field_type = type_.field(name)
            if field_type is None:
                known = ", ".join(f for f, _ in type_.fields)
                raise Mistake(d.UnknownRecordField(span, type_.name, name, known))
            return ir.Field(record, name, field_type, span)
        case ir.Union(records):
            return _union_field(record, records, name, node, scope)
    raise Mistake(d.NoAttributes(span, shown(record.type), name))


def _union_field(
    record: ir.Expr, records: tuple[ir.Record, ...], name: str, node: ast.Attribute, scope: Scope
) -> ir.Expr:
    # The members without the field are left to `Narrow`, which is undefined for them.
    span = scope.span(node)
    having = [r for r in records if r.field(name) is not None]
    if not having:
        raise Mistake(d.UnknownRecordField(span, shown(record.type), name, "none of these"))
    *first, last = having
    result = _field(ir.Narrow(record, last, span), name, node, scope)
    for member in reversed(first):
        then = _field(ir.Narrow(record, member, span), name, node, scope)
        if then.type != result.type:
            raise Mistake(d.FieldOfTwoTypes(span, name, shown(then.type), shown(result.type)))
        result = ir.Ite(ir.Is(record, member, span=span), then, result, then.type, span)
    return result


def _constant(node: ast.Constant, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    if node.value is None:
        if not isinstance(expected, ir.Option):
            wanted = "a value" if expected is None else shown(expected)
            raise Mistake(d.NoneOutside(span, wanted))
        return ir.Lit(None, expected, span)
    if isinstance(node.value, str) and isinstance(expected, ir.Enum) and is_words(expected):
        if node.value not in expected.members:
            known = ", ".join(f'"{word}"' for word in expected.members)
            raise Mistake(d.UnknownWord(span, node.value, known))
        return ir.Lit(node.value, expected, span)
    literal = _literal(node.value, node, scope)
    if literal is None:
        raise Mistake(d.LiteralOutside(span, type(node.value).__name__))
    return literal


# ── Operators ────────────────────────────────────────────────────────────────────────────────────


def _boolop(node: ast.BoolOp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    make = ir.And if isinstance(node.op, ast.And) else ir.Or
    parts = [lower_bool(value, scope) for value in node.values]
    flat = tuple(q for p in parts for q in (p.parts if isinstance(p, make) else (p,)))
    return make(flat, span=scope.span(node))


def _unary(node: ast.UnaryOp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    match node.op:
        case ast.Not():
            return ir.Not(lower_bool(node.operand, scope), span=span)
        case ast.USub():
            operand = _int(node.operand, scope)
            if isinstance(operand, ir.Lit) and isinstance(operand.value, int):
                return ir.Lit(-operand.value, ir.INT, span)
            return ir.Arith("-", ir.Lit(0, ir.INT, span), operand, span=span)
    raise Mistake(d.OperatorOutside(span, ast.unparse(node)))


def _int(node: ast.expr, scope: Scope) -> ir.Expr:
    expr = lower(node, scope)
    if isinstance(expr.type, ir.Option):
        expr = coerce(expr, expr.type.item, node, scope)
    if not isinstance(expr.type, ir.Int):
        raise Mistake(d.NotInt(scope.span(node), shown(expr.type)))
    return expr


_ARITH = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%"}


def _binop(node: ast.BinOp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    left = lower(node.left, scope, expected if isinstance(expected, ir.Set | ir.Seq) else None)
    return combine(left, node.op, node.right, scope, node) or _refuse_operator(node, span)


def _refuse_operator(node: ast.BinOp, span: Any) -> ir.Expr:
    raise Mistake(d.OperatorOutside(span, ast.unparse(node)))


def combine(
    left: ir.Expr, op: ast.operator, right_node: ast.expr, scope: Scope, node: ast.AST
) -> ir.Expr | None:
    """`left op right` for ints, sets and lists; None if the operator is not of the language."""
    span = scope.span(node)
    match left.type, op:
        case ir.Set() as type_, ast.BitOr():
            return ir.Join(left, lower(right_node, scope, type_), type_, span)
        case ir.Set() as type_, ast.BitAnd() | ast.Sub():
            return _set_filter(
                left, lower(right_node, scope, type_), isinstance(op, ast.Sub), scope, span
            )
        case ir.Seq() as type_, ast.Add():
            return ir.Join(left, lower(right_node, scope, type_), type_, span)
        case ir.Int(), _ if type(op) in _ARITH:
            right = _int(right_node, scope)
            symbol = _ARITH[type(op)]
            if symbol in ("//", "%") and not _is_positive(right):
                raise Mistake(d.DivisorNotPositive(scope.span(right_node)))
            return _arithmetic(symbol, left, right, span)
        case ir.Bool(), _ if type(op) in _ARITH:
            raise Mistake(d.NotInt(left.span, "bool"))
    return None


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


def _compare(node: ast.Compare, scope: Scope, expected: ir.Type | None) -> ir.Expr:
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
            if not (_is_none(right) or isinstance(constant_object(right, scope), enum.Enum)):
                raise Mistake(d.IsOnValues(span))
            return _equality(left, right, "==" if isinstance(op, ast.Is) else "!=", scope, node)
    return _order(left, op, right, scope, node)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _equality(left: ast.expr, right: ast.expr, op: str, scope: Scope, node: ast.Compare) -> ir.Expr:
    span = scope.span(node)
    if _needs_type(left) and not _needs_type(right):
        b = lower(right, scope)
        a = lower(left, scope, b.type)
    else:
        a = lower(left, scope)
        if _is_none(right) and not isinstance(a.type, ir.Option):
            raise Mistake(d.NeverNone(span, ast.unparse(left), shown(a.type)))
        b = lower(right, scope, a.type) if _needs_type(right) else lower(right, scope)
    common = unify(a.type, b.type)
    if common is None:
        raise Mistake(d.ComparesOthers(span, shown(a.type), shown(b.type)))
    if not _is_none(right):
        refuse_maps(common, span)
    return ir.Cmp(op, coerce(a, common, left, scope), coerce(b, common, right, scope), span=span)


def is_words(type_: ir.Type) -> bool:
    """Is it the type of an `either` between words? Its name is one that no class can have."""
    return isinstance(type_, ir.Enum) and type_.name.startswith("either ")


def _needs_type(node: ast.expr) -> bool:
    match node:
        case ast.Constant(None) | ast.Constant(str()) | ast.Dict() | ast.List() | ast.Set():
            return True
        case ast.Call(ast.Name("set" | "Bag" | "dict" | "list"), args):
            return not args
    return False


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
    a, b = _int(left, scope), _int(right, scope)
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
    item = lower(left, scope, wanted if _needs_type(left) else None)
    if isinstance(item.type, ir.Option) and not isinstance(wanted, ir.Option):
        # None is in no such collection: false, not undefined.
        none = ir.Lit(None, item.type, span)
        inside = ir.Has(collection, coerce(item, wanted, left, scope), span=span)
        return ir.And((ir.Cmp("!=", item, none, span=span), inside), span=span)
    return ir.Has(collection, coerce(item, wanted, left, scope), span=span)


def _one_of(item: ir.Expr, nodes: list[ast.expr], scope: Scope, span: Any) -> ir.Expr:
    """`item in (a, b)`: all of them are evaluated, also behind the one that is equal."""
    refuse_maps(item.type, span)
    values = [lower(node, scope, item.type) for node in nodes]
    if all(is_atomic(value) for value in values):
        parts = tuple(ir.Cmp("==", item, value, span=value.span) for value in values)
        return ir.Or(parts, span=span) if len(parts) > 1 else parts[0]
    display: ir.Expr = ir.Lit(frozenset(), ir.Set(item.type), span)
    for value in values:
        display = ir.Insert(display, value, ir.Set(item.type), span)
    return ir.Has(display, item, span=span)


def refuse_maps(type_: ir.Type, span: Any) -> None:
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


def item_type(type_: ir.Type) -> ir.Type | None:
    """What `in` asks a collection for: its elements, or a partial map's keys."""
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return item
        case ir.Partial(key, _):
            return key
    return None


# ── Other forms ──────────────────────────────────────────────────────────────────────────────────


def _ifexp(node: ast.IfExp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    test = lower_bool(node.test, scope)
    if expected is None and _needs_type(node.body):
        orelse = lower(node.orelse, scope)
        expected = (
            ir.Option(orelse.type)
            if _is_none(node.body) and not isinstance(orelse.type, ir.Option)
            else orelse.type
        )
    elif expected is None and _is_none(node.orelse):
        then = lower(node.body, scope)
        expected = then.type if isinstance(then.type, ir.Option) else ir.Option(then.type)
    then = lower(node.body, scope, expected)
    orelse = lower(
        node.orelse,
        scope,
        expected if expected is not None or not _needs_type(node.orelse) else then.type,
    )
    common = unify(then.type, orelse.type)
    if common is None:
        raise Mistake(d.BranchesDiffer(scope.span(node), shown(then.type), shown(orelse.type)))
    then, orelse = (
        coerce(then, common, node.body, scope),
        coerce(orelse, common, node.orelse, scope),
    )
    return ir.Ite(test, then, orelse, common, scope.span(node))


def _subscript(node: ast.Subscript, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    if isinstance(node.slice, ast.Slice):
        raise Mistake(d.SliceOutside(span))
    collection = lower(node.value, scope)
    if isinstance(collection.type, ir.Option):
        collection = coerce(collection, collection.type.item, node.value, scope)
    return at(collection, node.slice, node, scope)


def at(collection: ir.Expr, key: ast.expr, node: ast.AST, scope: Scope) -> ir.Expr:
    """`collection[key]`: partial for a dict or list, total for a Map."""
    span = scope.span(node)
    match collection.type:
        case ir.Map(key_type, value) | ir.Partial(key_type, value):
            return ir.At(collection, lower(key, scope, key_type), value, span)
        case ir.Seq(item):
            return ir.At(collection, _int(key, scope), item, span)
    raise Mistake(d.NotIndexable(span, shown(collection.type)))


def _display(node: ast.Set | ast.List, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    is_set = isinstance(node, ast.Set)
    if any(isinstance(e, ast.Starred) for e in node.elts):
        raise Mistake(
            d.ExpressionOutside(span, "`*` in a display", "name the elements, or use `|` or `+`")
        )
    wanted = expected.item if isinstance(expected, ir.Set | ir.Seq) else None
    if wanted is None and not node.elts:
        raise Mistake(d.EmptyOfUnknownType(span, ast.unparse(node)))
    items = [lower(e, scope, wanted) for e in node.elts]
    item = wanted or items[0].type
    type_: ir.Type = ir.Set(item) if is_set else ir.Seq(item)
    if isinstance(expected, ir.Seq) and not is_set:
        type_ = expected
    result: ir.Expr = ir.Lit(empty(type_), type_, span)
    for each, source in zip(items, node.elts, strict=True):
        result = ir.Insert(result, coerce(each, item, source, scope), type_, span)
    return result


def _dict(node: ast.Dict, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    span = scope.span(node)
    if any(key is None for key in node.keys):
        raise Mistake(d.ExpressionOutside(span, "`**` in a dict", "use `update`"))
    keys = [key for key in node.keys if key is not None]
    if not isinstance(expected, ir.Partial):
        if not keys:
            raise Mistake(d.EmptyOfUnknownType(span, "{}"))
        expected = ir.Partial(lower(keys[0], scope).type, lower(node.values[0], scope).type)
    result: ir.Expr = ir.Lit(frozenset(), expected, span)
    for key, value in zip(keys, node.values, strict=True):
        put = lower(key, scope, expected.key), lower(value, scope, expected.value)
        result = ir.Put(result, *put, expected, span)
    return result


def _call(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    from .calls import call

    return call(node, scope, expected)


def _comprehension(
    node: ast.SetComp | ast.ListComp | ast.DictComp, scope: Scope, expected: ir.Type | None
) -> ir.Expr:
    from .calls import comprehension

    return comprehension(node, scope, expected)


def _generator(node: ast.GeneratorExp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    raise Mistake(d.BareGenerator(scope.span(node)))


def _outside(node: ast.expr) -> tuple[str, str]:
    return _REFUSED.get(
        type(node), (f"`{ast.unparse(node)}`", "write it with the expressions of the language")
    )


_REFUSED: dict[type, tuple[str, str]] = {
    ast.Lambda: ("a `lambda`", "write a `@pure` function"),
    ast.NamedExpr: ("`:=`", "assign in a statement of its own"),
    ast.JoinedStr: ("an f-string", "use an `Enum` member; a model has no text"),
    ast.Await: ("`await`", "a step is atomic: there is nothing to wait for; use `when`"),
    ast.Yield: ("`yield` outside a process", "split the method into several actions"),
    ast.YieldFrom: ("`yield from`", "split the method into several actions"),
    ast.Tuple: ("a tuple", "use a frozen dataclass, which gives its parts names"),
    ast.Starred: ("`*`", "name the elements"),
    ast.Slice: ("a slice", "build the list with a comprehension"),
}

_HANDLERS: dict[type, Any] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Constant: _constant,
    ast.BoolOp: _boolop,
    ast.UnaryOp: _unary,
    ast.BinOp: _binop,
    ast.Compare: _compare,
    ast.IfExp: _ifexp,
    ast.Subscript: _subscript,
    ast.Set: _display,
    ast.List: _display,
    ast.Dict: _dict,
    ast.Call: _call,
    ast.SetComp: _comprehension,
    ast.ListComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _generator,
}
