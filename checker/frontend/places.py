"""Where a statement writes: a field, an entry of one, or an own local; what is checked there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .. import ir
from ..source import Span
from . import diagnostics as d
from .aliases import changed_in_place, makes_new
from .body import Body
from .expressions import at
from .scope import Unassigned, no_value
from .stored import keeps, limits
from .types import is_mutable, shown
from .world import Mistake

__all__ = ["Place", "check_limits", "load", "place_of", "refuse_shared", "store", "write"]


@dataclass(frozen=True)
class Place:
    """A field or own local, and the keys into it."""

    root: str
    is_field: bool
    keys: tuple[ast.expr, ...]
    type: ir.Type
    span: Span
    container: ir.Type | None = None  # what directly holds the written entry

    @property
    def shown(self) -> str:
        return self.source + "".join(f"[{ast.unparse(k)}]" for k in self.keys)

    @property
    def source(self) -> str:
        return f"self.{self.root}" if self.is_field else self.root


def place_of(node: ast.expr, body: Body) -> Place:
    """What a target names: `self.field`, `self.field[key]...`, or an own local."""
    scope, span = body.scope, body.scope.span(node)
    match node:
        case ast.Attribute(ast.Name("self"), name):
            if name in scope.world.constants:
                raise Mistake(d.ConstantWritten(span, name))
            if name not in scope.world.fields:
                known = name in scope.world.refused
                raise Mistake(None if known else _no_field(name, body, span))
            return Place(name, True, (), scope.world.fields[name], span)
        case ast.Name(name):
            value = scope.names.get(name)
            if value is None:
                raise Mistake(d.UnknownName(span, name))
            if isinstance(value, Unassigned):
                raise Mistake(no_value(value, span, name))
            return Place(name, False, (), value.type, span)
        case ast.Subscript(inner, key) if not isinstance(key, ast.Slice):
            return _entry(place_of(inner, body), key, span)
        case ast.Attribute():
            raise Mistake(d.RecordFieldWritten(span, ast.unparse(node)))
    raise Mistake(d.TargetOutside(span))


def _no_field(name: str, body: Body, span: Span) -> d.CounterRead | d.UnknownField:
    if name.endswith("_used"):
        return d.CounterRead(span, name)
    return d.UnknownField(span, name, ", ".join(body.scope.world.fields) or "no field")


def _entry(outer: Place, key: ast.expr, span: Span) -> Place:
    value = entry_type(outer.type)
    if value is None:
        raise Mistake(d.NotIndexable(span, shown(outer.type)))
    return Place(outer.root, outer.is_field, (*outer.keys, key), value, span, outer.type)


def entry_type(type_: ir.Type) -> ir.Type | None:
    """What `x[key]` of a value of the type is; None if it has no entries."""
    match type_:
        case ir.Map(_, value) | ir.Partial(_, value) | ir.Seq(value):
            return value
    return None


def _root(place: Place, body: Body) -> ir.Expr:
    if place.is_field:
        return body.scope.fields[place.root]
    value = body.scope.names[place.root]
    assert not isinstance(value, Unassigned)
    return value


def load(place: Place, body: Body) -> ir.Expr:
    """The present value at a place."""
    value = _root(place, body)
    for key in place.keys:
        value = at(value, key, key, body.scope)
    return value


def store(place: Place, value: ir.Expr, body: Body, span: Span, *, in_place: bool = True) -> None:
    """Write a value that needs no check itself; not `in_place` if Python binds the name anew."""
    keys: list[tuple[ir.Expr, ir.Type]] = []

    def put(root: ir.Expr, rest: tuple[ast.expr, ...], declared: ir.Type) -> ir.Expr:
        if not rest:
            return value
        entry = at(root, rest[0], rest[0], body.scope)
        assert isinstance(entry, ir.At)
        if isinstance(declared, ir.Partial):
            keys.append((entry.key, declared.key))
        inner = put(entry, rest[1:], entry_type(declared) or entry.type)
        return ir.Put(root, entry.key, inner, root.type, span)

    if in_place and not place.is_field and place.root not in body.owned:
        raise Mistake(d.MutatesCopy(span, place.root))
    root = _root(place, body)
    # The declared type, because that of a computed value knows no bounds.
    whole = body.scope.world.fields[place.root] if place.is_field else root.type
    new = body.bind(place.root, put(root, place.keys, whole))
    if place.is_field and not body.deferred:
        for key, declared in keys:
            check_limits(key, declared, place.root, body, span)
    if in_place:
        changed_in_place(place.source, span.line, body)
    if place.is_field:
        body.scope.fields[place.root] = new
        body.written.setdefault(place.root, span.line)
    else:
        body.scope.names[place.root] = new


def check_limits(
    value: ir.Expr, declared: ir.Type, subject: str, body: Body, span: Span
) -> ir.Expr:
    """The value, after checks that it may be stored where the declared type is."""
    if keeps(value, declared, body.scope):
        return value
    value = body.bind(subject, value)
    for cond, kind in limits(value, declared, body.scope):
        body.check(cond, kind, subject, span)
    return value


def write(place: Place, value: ir.Expr, body: Body, span: Span, *, in_place: bool = False) -> None:
    """Write a value, then check the bounds of what was stored: a missing entry is met first."""
    in_place = in_place or bool(place.keys)
    checked = place.is_field and not body.deferred
    if checked and not keeps(value, place.type, body.scope):
        value = body.bind(place.root, value)
    if checked and not place.keys:
        check_limits(value, place.type, place.root, body, span)
    store(place, value, body, span, in_place=in_place)
    if checked and place.keys:
        check_limits(value, place.type, place.root, body, span)


def refuse_shared(place: Place, value: ast.expr, type_: ir.Type, body: Body) -> None:
    """Python would have two names for one collection: fields copy, dict and list do not."""
    held_by_python = isinstance(place.container, ir.Partial | ir.Seq | ir.Set | ir.Bag)
    shares = held_by_python or (place.container is not None and not place.is_field)
    if shares and is_mutable(type_) and not makes_new(value, type_, body):
        raise Mistake(d.SharedCollection(body.scope.span(value), ast.unparse(value), place.shown))
