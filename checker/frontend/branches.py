"""Two ways through a body, and what fields and locals are after them.

Owns path conditions and merging: each side is read under its condition, then every name has one
value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .. import ir
from .body import Body
from .expressions import conjunction, negation
from .scope import Unassigned
from .types import unify

__all__ = ["branch"]


def branch(
    test: ir.Expr, then: Callable[[Body], None], orelse: Callable[[Body], None], body: Body
) -> None:
    """Both sides under their path conditions, then one value for each field and local."""
    test = body.bind("test", test)
    sides = []
    for cond, read in ((test, then), (negation(test), orelse)):
        side = replace(
            body,
            scope=body.scope.fork(),
            path=conjunction(body.path, cond),
            written=dict(body.written),
            owned=set(body.owned),
            aliases=dict(body.aliases),
            unset=dict(body.unset),
        )
        read(side)
        sides.append(side)
    for side in sides:
        for name, line in side.written.items():
            body.written.setdefault(name, line)
    body.owned = sides[0].owned & sides[1].owned
    nothing = frozenset[str]()
    body.aliases = {
        name: sides[0].aliases.get(name, nothing) | sides[1].aliases.get(name, nothing)
        for name in {**sides[0].aliases, **sides[1].aliases}
    }
    _merge(test, sides, body)


def _merge(test: ir.Expr, sides: Sequence[Body], body: Body) -> None:
    scope, (then, orelse) = body.scope, [side.scope for side in sides]
    # `unlucky` may have added a counter on one side only; on the other it is as it was.
    for name in {**then.fields, **orelse.fields}:
        a, b = then.fields.get(name), orelse.fields.get(name)
        known = a or b
        assert known is not None
        before = scope.fields.get(name) or ir.Read(name, known.type, known.span)
        a, b = a or before, b or before
        if a != b:
            scope.fields[name] = body.bind(name, ir.Ite(test, a, b, a.type, a.span))
        else:
            scope.fields[name] = a
    for name in {**then.names, **orelse.names}:
        memory = body.memory
        lacking = memory.merged(test, sides, name, body) if memory is not None else None
        scope.names[name] = lacking or _merged_local(
            test, then.names.get(name), orelse.names.get(name), name, body
        )


Local = ir.Expr | Unassigned | None


def _merged_local(test: ir.Expr, a: Local, b: Local, name: str, body: Body) -> ir.Expr | Unassigned:
    for value in (a, b):
        if isinstance(value, Unassigned) and (value.reported or value.changed):
            return value
    if a is None or b is None or isinstance(a, Unassigned) or isinstance(b, Unassigned):
        return Unassigned()
    if a is b:
        return a
    common = unify(a.type, b.type)
    if common is None:
        return Unassigned()
    sides = [_widen(value, common) for value in (a, b)]
    return body.bind(name, ir.Ite(test, sides[0], sides[1], common, a.span))


def _widen(value: ir.Expr, type_: ir.Type) -> ir.Expr:
    if isinstance(type_, ir.Option) and not isinstance(value.type, ir.Option):
        return ir.Widen(_widen(value, type_.item), type_, value.span)
    if isinstance(type_, ir.Union) and isinstance(value.type, ir.Record):
        return ir.Widen(value, type_, value.span)
    return value
