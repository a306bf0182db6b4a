"""What names mean at one place of a body: parameters, locals, the fields as the step sees them now.

Owns symbolic values: a field or local is an expression over the state before the step.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .. import ir
from ..errors import Diagnostic
from ..source import Span
from . import diagnostics as d
from .world import World, span_of

__all__ = ["Scope", "Unassigned", "fresh_name", "is_atomic", "no_value"]

Place = Literal["step", "property", "pure", "fact"]

PLACES: dict[Place, str] = {
    "step": "the middle of an expression",
    "property": "a property",
    "pure": "a helper",
    "fact": "a fact",
}


@dataclass(frozen=True)
class Unassigned:
    """A local without a value here: assigned on one branch only, in a loop, or by a mistake.

    `reported` is true for the last, whose mistake is known already. `changed` names what the local
    shared with, and the line that changed it.
    """

    reported: bool = False
    changed: tuple[str, int] | None = None


def no_value(value: Unassigned, span: Span, name: str) -> Diagnostic | None:
    """Why the local cannot be read here; None if that has been said."""
    if value.changed is not None:
        return d.SharedChanged(span, name, *value.changed)
    return None if value.reported else d.MaybeUnassigned(span, name)


@dataclass
class Scope:
    """`names` and `fields` change as the statements are read; `used` keeps bound names unique.

    `bounds` holds what is known of the bounds of those names (`bounds.py`), `given` what the type
    parameters of a helper or a record's method stand for.
    """

    world: World
    file: str
    globals: Mapping[str, Any]
    place: Place
    owner: str
    names: dict[str, ir.Expr | Unassigned] = field(default_factory=dict)
    fields: dict[str, ir.Expr] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    bounds: dict[str, ir.Type] = field(default_factory=dict)
    calling: tuple[Callable[..., Any], ...] = ()
    given: Mapping[Any, ir.Type] = field(default_factory=dict)

    def span(self, node: ast.AST) -> Span:
        return span_of(node, self.file)

    def inner(self, **bound: ir.Expr) -> Scope:
        """The same place with more names: the inside of a comprehension."""
        return replace(self, names={**self.names, **bound})

    def fork(self) -> Scope:
        """The same place with names and fields of its own: one branch of an `if`."""
        return replace(self, names=dict(self.names), fields=dict(self.fields))


def fresh_name(scope: Scope, wanted: str) -> str:
    """A name that nothing else in this rule has: the wanted one, or with a number behind it."""
    name, number = wanted, 1
    world = scope.world
    while name in scope.used or name in world.fields or name in world.taken:
        name, number = f"{wanted}_{number}", number + 1
    scope.used.add(name)
    return name


def is_atomic(expr: ir.Expr) -> bool:
    """Costs nothing to repeat, and is always defined."""
    return isinstance(expr, ir.Lit | ir.Const | ir.Read | ir.Arg | ir.Bound)
