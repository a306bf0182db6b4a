"""A step while it is read: the items so far, the path to the present statement, what was written.

Owns the record only; `statements.py` and its neighbours fill it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import ir
from ..source import Span
from .bounds import known
from .scope import Scope, fresh_name, is_atomic

if TYPE_CHECKING:
    from .memory import Memory, Unset
    from .restarts import Ending

__all__ = ["Body"]


@dataclass
class Body:
    """`written` holds the line of the first write to each field.

    `aliases` says of each local that holds a collection where Python took it from: fields as
    `self.x`, other locals by name. Python would show a later change of those through the local, the
    IR would not.

    In a process `memory` knows its locals, `unset` those that may have no value here, and
    `owner_of` names the step that a line belongs to.
    """

    scope: Scope
    items: list[ir.Item] = field(default_factory=list)
    path: ir.Expr | None = None
    written: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)  # of `unlucky`, with their budgets
    owned: set[str] = field(default_factory=set)  # locals that hold a collection of their own
    aliases: dict[str, frozenset[str]] = field(default_factory=dict)
    local_types: dict[str, ir.Type] = field(default_factory=dict)
    in_loop: bool = False
    deferred: bool = False  # inside a loop without order: bounds are checked after it
    counter_places: dict[str, tuple[int, int]] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)
    memory: Memory | None = None
    unset: dict[str, Unset] = field(default_factory=dict)
    owner_of: Callable[[int], str] | None = None

    def bind(self, wanted: str, value: ir.Expr) -> ir.Expr:
        """Give a value a name, so that using it twice does not repeat it."""
        if is_atomic(value):
            return value
        name = fresh_name(self.scope, wanted)
        self.items.append(ir.Let(name, value, self.path, value.span))
        self.scope.bounds[name] = known(value, self.scope.bounds)
        return ir.Bound(name, value.type, value.span)

    def check(self, cond: ir.Expr, kind: ir.CheckKind, subject: str, span: Span) -> None:
        self.items.append(ir.Check(cond, kind, subject, self.path, span))
