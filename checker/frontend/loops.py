"""`for` in a step: one turn for each element, carried values, and the rule that order must not matter.

Owns S5. Over a list or a range the turns follow each other and may build on one another. Over anything else
no turn may read what another writes: a field is written at the entries of the loop variable, or by one kind
of commutative update. Bounds and capacities of a loop without order are checked after it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .. import ir
from ..errors import InternalError
from . import diagnostics as d
from .calls import domain_of
from .scope import Unassigned, fresh_name
from .stored import limits
from .world import Mistake

if TYPE_CHECKING:
    from .statements import Body

__all__ = ["loop"]


def loop(node: ast.For, body: Body) -> None:
    """`for target in collection:` as a statement of a step."""
    from .statements import run

    scope, span = body.scope, body.scope.span(node)
    if node.orelse:
        raise Mistake(
            d.StatementOutside(span, "`for` ... `else`", "write the second part after the loop")
        )
    domain = domain_of(node.target, node.iter, scope)
    uses = _Uses.of(node, set(domain.bound), scope.names)
    _refuse_changing_domain(node, uses, body)
    if not domain.ordered:
        _refuse_order(node, uses, body)
    written = [name for name in uses.written if name in scope.fields or name in scope.names]
    inner = replace(body, scope=scope.fork(), items=[], path=None, in_loop=True, written={})
    inner.deferred = body.deferred or not domain.ordered
    inner.scope.names.update(domain.bound)
    names: dict[str, ir.Bound] = {}
    for name in written:
        before = _value(name, body)
        names[name] = ir.Bound(fresh_name(scope, name), before.type, span)
        _set(name, names[name], inner)
    run(node.body, inner)
    _refuse_unseen_write(written, body, inner)
    carried = tuple(
        ir.Carried(names[n].name, names[n].type, _value(n, body), _value(n, inner)) for n in written
    )
    body.items.append(
        ir.Each(domain.name, domain.expr, tuple(inner.items), carried, body.path, span)
    )
    for name in written:
        _set(name, names[name], body)
        if name in scope.fields:
            body.written.setdefault(name, span.line)
            if not domain.ordered and not body.deferred:
                _check_after(name, body, node)
    for name in uses.locals_made | set(domain.bound):
        scope.names[name] = Unassigned()


def _refuse_unseen_write(written: list[str], body: Body, inner: Body) -> None:
    # A write that `_Uses` overlooked would be lost without a word; this makes it a bug that shows.
    for name, after in inner.scope.fields.items():
        if name not in written and after is not body.scope.fields[name]:
            raise InternalError(f"a loop writes {name}, which was not seen beforehand")


def _value(name: str, body: Body) -> ir.Expr:
    value = body.scope.fields.get(name) or body.scope.names[name]
    if isinstance(value, Unassigned):
        raise Mistake(None)
    return value


def _set(name: str, value: ir.Expr, body: Body) -> None:
    if name in body.scope.fields:
        body.scope.fields[name] = value
    else:
        body.scope.names[name] = value


def _check_after(name: str, body: Body, node: ast.For) -> None:
    declared = body.scope.world.fields[name]
    value = body.scope.fields[name]
    loose = (
        ir.Bound(value.name, _loose(value.type), value.span)
        if isinstance(value, ir.Bound)
        else value
    )
    for cond, kind, _ in limits(loose, declared, body.scope):
        body.check(cond, kind, name, body.scope.span(node))


def _loose(type_: ir.Type) -> ir.Type:
    """The type without bounds: after a loop nothing is known of them."""
    match type_:
        case ir.Int():
            return ir.INT
        case ir.Bag(item):
            return ir.Bag(_loose(item), 2**31)
        case ir.Seq(item):
            return ir.Seq(_loose(item), 2**31)
        case ir.Set(item):
            return ir.Set(_loose(item))
        case ir.Option(item):
            return ir.Option(_loose(item))
        case ir.Partial(key, value):
            return ir.Partial(key, _loose(value))
        case ir.Map(key, value):
            return ir.Map(key, _loose(value))
    return type_


# ── What a loop reads and writes ─────────────────────────────────────────────────────────────────


@dataclass
class _Uses:
    """`written` maps a field or outer local to the ways it is written; `read` holds the plain readings."""

    loop_names: set[str]
    outer: set[str]
    written: dict[str, set[str]] = field(default_factory=dict)
    read: dict[str, ast.AST] = field(default_factory=dict)
    locals_made: set[str] = field(default_factory=set)

    @staticmethod
    def of(node: ast.For, loop_names: set[str], names: dict[str, ir.Expr | Unassigned]) -> _Uses:
        outer = {n for n, v in names.items() if not isinstance(v, Unassigned)} - loop_names
        uses = _Uses(loop_names, outer)
        for statement in node.body:
            uses.statement(statement)
        return uses

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign([target], value):
                self.target(target, "=")
                self.expression(value)
            case ast.AnnAssign(target, _, value) if value is not None:
                self.target(target, "=")
                self.expression(value)
            case ast.AugAssign(target, op, value):
                additive = isinstance(op, ast.Add | ast.Sub)
                self.target(target, "+=" if additive else "op=")
                self.expression(value)
            case ast.Delete(targets):
                for target in targets:
                    self.target(target, "del")
            case ast.Expr(ast.Call(ast.Attribute(holder, method), arguments)) if _root_of(holder):
                self.target(holder, method)
                for argument in arguments:
                    self.expression(argument)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.stmt):
                        self.statement(child)
                    elif isinstance(child, ast.match_case):
                        for inner in child.body:
                            self.statement(inner)
                        self.expression(child)
                    else:
                        self.expression(child)

    def target(self, node: ast.expr, how: str) -> None:
        name, keys = _path_of(node)
        if name is None:
            return
        is_local = isinstance(_innermost(node), ast.Name)
        if is_local and name not in self.outer and how == "=" and not keys:
            self.locals_made.add(name)
            return
        if is_local and name in self.locals_made:
            return
        at_entry = any(isinstance(k, ast.Name) and k.id in self.loop_names for k in keys)
        entry = "entry gone" if how == "del" else "entry"
        self.written.setdefault(name, set()).add(entry if at_entry else how)
        for key in keys:
            self.expression(key)

    def expression(self, node: ast.AST) -> None:
        match node:
            case ast.Call(ast.Attribute(holder, "pop"), _) if _root_of(holder):
                self.target(holder, "pop")
            case ast.Subscript() | ast.Attribute() | ast.Name():
                name, keys = _path_of(node)
                own_entry = any(isinstance(k, ast.Name) and k.id in self.loop_names for k in keys)
                if name is not None and not own_entry:
                    self.read.setdefault(name, node)
                for key in keys:
                    self.expression(key)
                if name is not None:
                    return
            case ast.Compare(ast.Name(left), [ast.In() | ast.NotIn()], [container]):
                name, keys = _path_of(container)
                if name is not None and not keys and left in self.loop_names:
                    return  # is there an entry at the loop variable?
        for child in ast.iter_child_nodes(node):
            self.expression(child)


def _innermost(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def _path_of(node: ast.AST) -> tuple[str | None, list[ast.expr]]:
    """The field or local that a path begins with, and the keys behind it."""
    match node:
        case ast.Attribute(ast.Name("self"), name) | ast.Name(name):
            return name, []
        case ast.Subscript(inner, key):
            root, keys = _path_of(inner)
            return root, [*keys, key]
    return None, []


def _root_of(node: ast.expr) -> bool:
    return _path_of(node)[0] is not None


def _refuse_changing_domain(node: ast.For, uses: _Uses, body: Body) -> None:
    for part in ast.walk(node.iter):
        name, _ = _path_of(part)
        if name in uses.written and uses.written[name] != {"entry"}:
            raise Mistake(d.LoopChangesDomain(body.scope.span(node.iter), str(name)))


_COMMUTATIVE = ("add", "discard", "+=")


def _refuse_order(node: ast.For, uses: _Uses, body: Body) -> None:
    for name, ways in uses.written.items():
        if name not in body.scope.fields and name not in uses.outer:
            continue
        span = body.scope.span(uses.read.get(name, node.target))
        if not ways <= {"entry", "entry gone"} and not (
            len(ways) == 1 and ways <= set(_COMMUTATIVE)
        ):
            raise Mistake(
                d.LoopDependsOnOrder(body.scope.span(node), name, ast.unparse(node.target))
            )
        if name in uses.read:
            raise Mistake(d.LoopReadsWritten(span, name, ast.unparse(node.target)))
