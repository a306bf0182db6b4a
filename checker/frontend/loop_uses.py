"""What the body of a `for` reads and writes, and the two rules about it.

Owns the static half of S5. A root is `self.field` or the name of a local. `entry` means the entry
at the loop's own variable: no two turns have the same one (of a bag, two that do are the same turn
twice), so no turn sees what another does there.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from .. import ir
from ..source import Span
from . import diagnostics as d
from .domains import Domain
from .scope import Scope, Unassigned
from .world import Mistake

__all__ = ["Uses", "refuse_changing_domain", "refuse_order"]


@dataclass
class Uses:
    """`written` maps a root to the ways it is written; `read` holds the plain readings.

    `own` is the variable that differs in every turn; None if the loop has none, or changes it.
    """

    own: str | None
    scope: Scope
    written: dict[str, set[str]] = field(default_factory=dict)
    read: dict[str, ast.AST] = field(default_factory=dict)
    locals_made: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)  # by an inner `for` or `case`: lost afterwards

    @staticmethod
    def of(node: ast.For, domain: Domain, scope: Scope) -> Uses:
        hidden = Scope(**{**vars(scope), "names": dict(scope.names)})
        for name in domain.bound:
            hidden.names.pop(name, None)
        own = next(
            (
                name
                for name, bound in domain.bound.items()
                if isinstance(bound, ir.Bound) and isinstance(domain.expr.type, ir.Set | ir.Bag)
            ),
            None,
        )
        assigned = {
            n.id
            for statement in node.body
            for n in ast.walk(statement)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        uses = Uses(None if own in assigned else own, hidden)
        for statement in node.body:
            uses.statement(statement)
        # What is rebound is no carried value; `case` patterns are met only after the statements
        # before.
        uses.locals_made -= uses.rebound
        return uses

    def changed_in_place(self) -> set[str]:
        return {root for root, ways in self.written.items() if ways != {"="}}

    # ── Statements ──

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign([target], value):
                self.expression(value)
                self.target(target, "=")
            case ast.AnnAssign(target, _, value) if value is not None:
                self.expression(value)
                self.target(target, "=")
            case ast.AugAssign(target, op, value):
                self.expression(value)
                self.target(target, self._augmented(target, op))
            case ast.Delete(targets):
                for target in targets:
                    self.target(target, "del")
            case ast.Expr(ast.Call(ast.Attribute(holder, method), arguments)) if self.root(holder):
                for argument in arguments:
                    self.expression(argument)
                self.target(holder, method)
            case ast.For(target, source, inner):
                self.expression(source)
                self.rebound |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
                for statement in inner:
                    self.statement(statement)
            case _:
                self.parts(node)

    def parts(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.statement(child)
            elif isinstance(child, ast.match_case | ast.pattern):
                if isinstance(child, ast.MatchAs) and child.name is not None:
                    self.rebound.add(child.name)
                self.parts(child)
            else:
                self.expression(child)

    def _augmented(self, target: ast.expr, op: ast.operator) -> str:
        # `+=` of numbers commutes, that of lists does not.
        numbers = isinstance(self.type_of(target), ir.Int)
        return "+=" if numbers and isinstance(op, ast.Add | ast.Sub) else "op="

    def type_of(self, target: ast.expr) -> ir.Type | None:
        match target:
            case ast.Attribute(ast.Name("self"), name):
                return self.scope.world.fields.get(name)
            case ast.Name(name):
                value = self.scope.names.get(name)
                return None if value is None or isinstance(value, Unassigned) else value.type
            case ast.Subscript(inner, _):
                outer = self.type_of(inner)
                if isinstance(outer, ir.Map | ir.Partial):
                    return outer.value
                return outer.item if isinstance(outer, ir.Seq) else None
        return None

    # ── Places ──

    def is_outer(self, name: str) -> bool:
        """Is it a local that had a value before the loop?"""
        value = self.scope.names.get(name)
        return value is not None and not isinstance(value, Unassigned)

    def root(self, node: ast.AST) -> str | None:
        return self.path(node)[0]

    def path(self, node: ast.AST) -> tuple[str | None, list[ast.expr]]:
        """The field or local that a path begins with, and the keys behind it."""
        match node:
            case ast.Attribute(ast.Name("self"), name):
                return f"self.{name}", []
            case ast.Name(name):
                return name, []
            case ast.Subscript(inner, key):
                root, keys = self.path(inner)
                return root, [*keys, key]
        return None, []

    def is_own_entry(self, keys: list[ast.expr]) -> bool:
        return any(isinstance(k, ast.Name) and k.id == self.own for k in keys)

    def target(self, node: ast.expr, how: str) -> None:
        root, keys = self.path(node)
        if root is None:
            return
        for key in keys:
            self.expression(key)
        if not root.startswith("self."):
            if not self.is_outer(root) and how == "=" and not keys:
                self.locals_made.add(root)
            if not self.is_outer(root):
                return
        entry = "entry gone" if how == "del" else "entry"
        self.written.setdefault(root, set()).add(entry if self.is_own_entry(keys) else how)

    def expression(self, node: ast.AST) -> None:
        match node:
            case ast.Call(ast.Attribute(holder, "pop" | "popitem"), _) if self.root(holder):
                self.target(holder, "pop")
            case ast.Call(ast.Attribute(ast.Name("self"))):  # a helper may read any field
                for name in self.scope.world.fields:
                    self.read.setdefault(f"self.{name}", node)
            case ast.Subscript() | ast.Attribute() | ast.Name():
                root, keys = self.path(node)
                if root is not None and not self.is_own_entry(keys):
                    self.read.setdefault(root, node)
                for key in keys:
                    self.expression(key)
                if root is not None:
                    return
            case ast.Compare(ast.Name(left), [ast.In() | ast.NotIn()], [container]):
                root, keys = self.path(container)
                if root is not None and not keys and left == self.own:
                    return  # is there an entry at the loop's variable?
        for child in ast.iter_child_nodes(node):
            self.expression(child)


# ── The rules ────────────────────────────────────────────────────────────────────────────────────


def refuse_changing_domain(node: ast.For, domain: Domain, uses: Uses, scope: Scope) -> None:
    for part in ast.walk(node.iter):
        root, _ = uses.path(part)
        if root is None or root not in uses.written:
            continue
        # Python allows other values under the keys of a dict, and shows them to no later turn.
        is_range = isinstance(domain.expr, ir.Range)
        if uses.written[root] != {"entry"} and not is_range:
            raise Mistake(d.LoopChangesDomain(scope.span(node.iter), root))


_COMMUTATIVE = ({"add"}, {"discard"}, {"+="})


def refuse_order(node: ast.For, uses: Uses, scope: Scope) -> None:
    target = ast.unparse(node.target)
    for root, ways in uses.written.items():
        if not ways <= {"entry", "entry gone"} and ways not in _COMMUTATIVE:
            raise Mistake(d.LoopDependsOnOrder(_span(node, scope), root, target))
        if root in uses.read:
            raise Mistake(d.LoopReadsWritten(scope.span(uses.read[root]), root, target))


def _span(node: ast.For, scope: Scope) -> Span:
    whole, last = scope.span(node), scope.span(node.iter)
    return Span(whole.file, whole.line, whole.column, last.end_line, last.end_column)
