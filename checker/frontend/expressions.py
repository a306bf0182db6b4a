"""From Python expressions to typed IR expressions.

Owns the expression part of the language: which forms exist, their types, and the coercions between
an option or union and its members. Operators, calls and comprehensions stand in files of their own.
Every refusal says what to write instead; undefinedness (S8) is left to the IR's partial nodes.
"""

from __future__ import annotations

import ast
import enum
import types
from dataclasses import replace
from typing import Any

from .. import ir
from ..source import Span
from ..values import Id
from . import diagnostics as d
from .scope import Scope, Unassigned, fresh_name, is_atomic, no_value
from .types import annotation, compatible, shown, unify
from .world import Mistake

__all__ = [
    "NONE",
    "as_int",
    "coerce",
    "conjunction",
    "constant_object",
    "declared_type",
    "empty",
    "is_none",
    "is_words",
    "lower",
    "lower_bool",
    "needs_type",
    "negation",
]

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


def declared_type(hint: ast.expr, scope: Scope) -> ir.Type:
    """The type that a local is declared to have."""
    span = scope.span(hint)
    try:
        # As Python itself would read it.
        found = eval(ast.unparse(hint), dict(scope.globals))
    except Exception:
        raise Mistake(d.TypeOutside(span, ast.unparse(hint))) from None
    return annotation(found, scope.world, span, scope.given)


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


# ── What an operand is ───────────────────────────────────────────────────────────────────────────


def as_int(node: ast.expr, scope: Scope) -> ir.Expr:
    """A number; of an option, the one that must be there."""
    expr = lower(node, scope)
    if isinstance(expr.type, ir.Option):
        expr = coerce(expr, expr.type.item, node, scope)
    if not isinstance(expr.type, ir.Int):
        raise Mistake(d.NotInt(scope.span(node), shown(expr.type)))
    return expr


def is_none(node: ast.expr) -> bool:
    """Is it the word `None`?"""
    return isinstance(node, ast.Constant) and node.value is None


def is_words(type_: ir.Type) -> bool:
    """Is it the type of an `either` between words? Its name is one that no class can have."""
    return isinstance(type_, ir.Enum) and type_.name.startswith("either ")


def needs_type(node: ast.expr) -> bool:
    """Does only the other operand tell its type?"""
    match node:
        case ast.Constant(None) | ast.Constant(str()) | ast.Dict() | ast.List() | ast.Set():
            return True
        case ast.Call(ast.Name("set" | "Bag" | "dict" | "list"), args):
            return not args
    return False


# ── Other forms ──────────────────────────────────────────────────────────────────────────────────


def _ifexp(node: ast.IfExp, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    test = lower_bool(node.test, scope)
    if expected is None and needs_type(node.body):
        orelse = lower(node.orelse, scope)
        expected = (
            ir.Option(orelse.type)
            if is_none(node.body) and not isinstance(orelse.type, ir.Option)
            else orelse.type
        )
    elif expected is None and is_none(node.orelse):
        then = lower(node.body, scope)
        expected = then.type if isinstance(then.type, ir.Option) else ir.Option(then.type)
    then = lower(node.body, scope, expected)
    orelse = lower(
        node.orelse,
        scope,
        expected if expected is not None or not needs_type(node.orelse) else then.type,
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
    collection = lower(node.value, scope)
    if isinstance(collection.type, ir.Option):
        collection = coerce(collection, collection.type.item, node.value, scope)
    if isinstance(node.slice, ast.Slice):
        return _slice(collection, node.slice, span, scope)
    return at(collection, node.slice, node, scope)


def _slice(collection: ir.Expr, part: ast.Slice, span: Span, scope: Scope) -> ir.Expr:
    """`xs[1:]` and `xs[:-1]`: a list without its first or its last element, empty if it is."""
    type_ = collection.type
    if not isinstance(type_, ir.Seq):
        raise Mistake(d.NotIndexable(span, shown(type_)))
    first = (part.lower is None, part.upper is None, part.step is None) == (False, True, True)
    last = (part.lower is None, part.upper is None, part.step is None) == (True, False, True)
    if not (first and _is_number(part.lower, 1)) and not (last and _is_number(part.upper, -1)):
        raise Mistake(d.SliceOutside(span))
    xs = collection
    if not is_atomic(collection):
        xs = ir.Bound(fresh_name(scope, "xs"), type_, span)
    size, one = ir.Size(xs, span=span), ir.Lit(1, ir.INT, span)
    place = ir.Lit(0, ir.INT, span) if first else ir.Arith("-", size, one, span=span)
    rest = ir.Without(xs, place, type_, span)
    none = ir.Cmp("<", size, one, span=span)
    result: ir.Expr = ir.Ite(none, xs, rest, type_, span)
    if isinstance(xs, ir.Bound) and xs is not collection:
        result = ir.LetIn(xs.name, collection, result, type_, span)
    return result


def _is_number(node: ast.expr | None, number: int) -> bool:
    return node is not None and ast.unparse(node) == str(number)


def at(collection: ir.Expr, key: ast.expr, node: ast.AST, scope: Scope) -> ir.Expr:
    """`collection[key]`: partial for a dict or list, total for a Map."""
    span = scope.span(node)
    match collection.type:
        case ir.Map(key_type, value) | ir.Partial(key_type, value):
            return ir.At(collection, lower(key, scope, key_type), value, span)
        case ir.Seq(item):
            return ir.At(collection, as_int(key, scope), item, span)
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


def _operator(node: ast.expr, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    from .operators import operator

    return operator(node, scope, expected)


def _call(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    from .calls import call

    return call(node, scope, expected)


def _comprehension(
    node: ast.SetComp | ast.ListComp | ast.DictComp, scope: Scope, expected: ir.Type | None
) -> ir.Expr:
    from .domains import comprehension

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
    ast.BoolOp: _operator,
    ast.UnaryOp: _operator,
    ast.BinOp: _operator,
    ast.Compare: _operator,
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
