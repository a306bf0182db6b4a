"""Records: made, replaced, told apart, and asked through their `@pure` methods.

Owns what a frozen dataclass may be to a model. A record is a value: no method changes it, so
`self.queue.send(order)` is the queue after sending, and the step assigns it.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from .. import ir, model
from ..source import Span
from ..states import Value
from ..values import Bag, Id
from . import diagnostics as d
from .expressions import coerce, empty, lower, needs_type
from .generics import field_hints, free_parameters, match_hint, parameters_of_class
from .scope import Scope, fresh_name, is_atomic
from .types import annotation, record_type, shown
from .world import Mistake

__all__ = ["Unfit", "construct", "fits", "record_among", "record_method", "replaced"]


# ── Classes ──────────────────────────────────────────────────────────────────────────────────────


def record_among(cls: type, type_: ir.Type, scope: Scope, span: Span) -> ir.Type:
    """The record of a class; of a generic one, the record of this type that it stands behind."""
    if parameters_of_class(cls):
        inner = type_.item if isinstance(type_, ir.Option) else type_
        for record in inner.records if isinstance(inner, ir.Union) else (inner,):
            if isinstance(record, ir.Record) and scope.world.classes.get(record.name) is cls:
                return record
    return annotation(cls, scope.world, span)


# ── Making ───────────────────────────────────────────────────────────────────────────────────────


def construct(cls: type, node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    """`Sent(order)`: a record of the class, its type parameters told from where it is used."""
    span = scope.span(node)
    if issubclass(cls, Id):
        raise Mistake(d.IdLiteral(span, ast.unparse(node)))
    if not dataclasses.is_dataclass(cls):
        raise Mistake(d.CallOutside(span, ast.unparse(node.func)))
    arguments = _arguments(cls, node, scope)
    type_ = _record_of(cls, arguments, node, scope, expected)
    given = {name: lower(value, scope, type_.field(name)) for name, value in arguments.items()}
    for field in dataclasses.fields(cls):
        if field.name not in given:
            given[field.name] = _default(type_, field, span)
    return ir.Make(type_, tuple(given[name] for name, _ in type_.fields), type_, span)


def _arguments(cls: type, node: ast.Call, scope: Scope) -> dict[str, ast.expr]:
    """What is given for which field."""
    names = [f.name for f in dataclasses.fields(cls)]
    named = _keywords(node, cls.__name__, names, scope)
    positional = dict(zip(names, node.args, strict=False))
    starred = any(isinstance(a, ast.Starred) for a in node.args)
    if len(node.args) > len(names) or positional.keys() & named.keys() or starred:
        raise Mistake(d.WrongArguments(scope.span(node), cls.__name__, len(names)))
    return positional | named


def _keywords(
    node: ast.Call, record: str, names: Sequence[str], scope: Scope
) -> dict[str, ast.expr]:
    for keyword in node.keywords:
        if keyword.arg not in names:
            span, name = scope.span(keyword.value), keyword.arg or "**"
            raise Mistake(d.UnknownRecordField(span, record, name, ", ".join(names)))
    return {keyword.arg or "": keyword.value for keyword in node.keywords}


def _record_of(
    cls: type,
    arguments: Mapping[str, ast.expr],
    node: ast.Call,
    scope: Scope,
    expected: ir.Type | None,
) -> ir.Record:
    span, parameters = scope.span(node), parameters_of_class(cls)
    if not parameters:
        return record_type(cls, (), scope.world, span)
    inner = expected.item if isinstance(expected, ir.Option) else expected
    for record in inner.records if isinstance(inner, ir.Union) else (inner,):
        if isinstance(record, ir.Record) and scope.world.classes.get(record.name) is cls:
            return record
    found: dict[Any, ir.Type] = {}
    hints = field_hints(cls)
    for name, argument in arguments.items():
        if free_parameters(hints[name], found) and not needs_type(argument):
            match_hint(hints[name], lower(argument, scope).type, found)
    for parameter in parameters:
        if parameter not in found:
            raise Mistake(d.TypeParameterUnknown(span, parameter.__name__, cls.__name__))
    return record_type(cls, tuple(found[p] for p in parameters), scope.world, span)


def _default(record: ir.Record, field: dataclasses.Field[Any], span: Span) -> ir.Expr:
    name, value = f"{record.name}.{field.name}", field.default
    type_ = record.field(field.name)
    assert type_ is not None
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if value is dataclasses.MISSING:
        raise Mistake(d.MissingRecordField(span, record.name, field.name))
    if isinstance(value, Id):
        raise Mistake(d.IdLiteral(span, f"{name} = {value!r}"))
    try:
        return ir.Lit(fits(value, type_), type_, span)
    except Unfit as unfit:
        raise Mistake(d.DefaultOfOtherType(span, name, shown(type_), str(unfit))) from None


class Unfit(Exception):
    """The Python value is not of the type; says what it is instead."""


def fits(value: object, type_: ir.Type) -> Value:
    """A Python value that a file wrote as a default, in the engines' form. Raises: Unfit."""
    match type_, value:
        case ir.Bool(), bool():
            return value
        case ir.Int(), int() if not isinstance(value, bool):
            return value
        case ir.Enum(name), enum.Enum() if type(value).__name__ == name:
            return value.name
        case ir.Option(), None:
            return None
        case ir.Option(item), _:
            return fits(value, item)
        case ir.Record(name, fields), _ if type(value).__name__ == name:
            return (name, *(fits(getattr(value, f), t) for f, t in fields))
        case ir.Union(records), _:
            for record in records:
                if type(value).__name__ == record.name:
                    return fits(value, record)
        case (ir.Set(), set()) | (ir.Bag(), Bag()) | (ir.Seq(), list()) | (ir.Partial(), dict()):
            if len(value) == 0:  # type: ignore[arg-type]
                return empty(type_)
    raise Unfit(type(value).__name__)


def replaced(node: ast.Call, scope: Scope, expected: ir.Type | None) -> ir.Expr:
    """`replace(record, field=value)`."""
    span = scope.span(node)
    if len(node.args) != 1 or any(k.arg is None for k in node.keywords):
        raise Mistake(d.WrongArguments(span, "replace", 1))
    record = lower(node.args[0], scope)
    if isinstance(record.type, ir.Option):
        record = coerce(record, record.type.item, node.args[0], scope)
    if not isinstance(record.type, ir.Record):
        raise Mistake(d.TypeMismatch(span, "a record", shown(record.type)))
    named = _keywords(node, record.type.name, [f for f, _ in record.type.fields], scope)
    given = {name: lower(value, scope, record.type.field(name)) for name, value in named.items()}
    old = record
    if not is_atomic(record):
        old = ir.Bound(fresh_name(scope, "old"), record.type, record.span)
    values = tuple(given.get(f) or ir.Field(old, f, t, span) for f, t in record.type.fields)
    made = ir.Make(record.type, values, record.type, span)
    if isinstance(old, ir.Bound) and old is not record:
        return ir.LetIn(old.name, record, made, made.type, span)
    return made


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


def record_method(record: ir.Expr, node: ast.Call, name: str, scope: Scope) -> ir.Expr:
    """`self.queue.send(order)`: the value that the `@pure` method of the record returns."""
    from .functions import inline

    assert isinstance(record.type, ir.Record)
    span, cls = scope.span(node), scope.world.classes.get(record.type.name)
    method = None if cls is None else inspect.getattr_static(cls, name, None)
    if method is None or cls is None:
        known = [n for n in dir(cls) if _is_pure(inspect.getattr_static(cls, n))] if cls else []
        listed = ", ".join(known) or "none"
        raise Mistake(d.UnknownMethod(span, record.type.name, name, listed))
    if not _is_pure(method):
        raise Mistake(d.RecordMethodNotPure(span, record.type.name, name))
    return inline(method, node, scope, receiver=record)


def _is_pure(method: object) -> bool:
    role = model.role_of(method)
    return role is not None and role.kind == "pure"
