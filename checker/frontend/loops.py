"""`for` in a step: one turn for each element, carried values, and no dependence on order.

Owns S5. Over a list or a range the turns follow each other and may build on one another. Over
anything else no turn may read what another writes: a field is written at the entries of the loop
variable, or by one kind of commutative update (`loop_uses.py`). Bounds and capacities of a loop
without order are checked after it.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from .. import ir
from ..errors import InternalError
from . import diagnostics as d
from .aliases import changed_in_place, note_local
from .body import Body
from .bounds import item_of, known, top
from .domains import Domain, domain_of
from .loop_uses import Uses, refuse_changing_domain, refuse_order
from .scope import Unassigned, fresh_name, no_value
from .stored import limits
from .world import Mistake

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
    uses = Uses.of(node, domain, scope)
    refuse_changing_domain(node, domain, uses, scope)
    if not domain.ordered:
        refuse_order(node, uses, scope)
    for root in uses.changed_in_place():  # the first turn's change is seen by the second
        changed_in_place(root, node.lineno, body)
    scope.names.update(dict.fromkeys(uses.rebound, Unassigned()))
    inner = _begin_turn(domain, uses, body)
    for name, element in domain.bound.items():
        note_local(name, node.iter, element.type, inner)
    names = _carry(node, uses, body, inner)
    run(node.body, inner)
    _refuse_unseen_write(uses, names, inner)
    carried = tuple(
        ir.Carried(name.name, name.type, _value(root, body, node), _value(root, inner, node))
        for root, name in names.items()
    )
    items = tuple(inner.items)
    body.items.append(ir.Each(domain.name, domain.expr, items, carried, body.path, span))
    for root, carrier in names.items():
        _set(root, carrier, body)
        if root.startswith("self."):
            body.written.setdefault(root.removeprefix("self."), span.line)
            if not domain.ordered and not body.deferred:
                _check_after(root.removeprefix("self."), body, node)
    for name in uses.locals_made | set(domain.bound):
        scope.names[name] = Unassigned()


def _begin_turn(domain: Domain, uses: Uses, body: Body) -> Body:
    inner = replace(
        body,
        scope=body.scope.fork(),
        items=[],
        path=None,
        in_loop=True,
        written={},
        deferred=body.deferred or not domain.ordered,
        owned=set(body.owned),
        aliases=dict(body.aliases),
    )
    inner.scope.names.update(domain.bound)
    inner.scope.bounds[domain.name] = item_of(known(domain.expr, body.scope.bounds))
    return inner


def _carry(node: ast.For, uses: Uses, body: Body, inner: Body) -> dict[str, ir.Bound]:
    """Names for what the loop writes, as each turn finds it."""
    scope, names = body.scope, dict[str, ir.Bound]()
    for root in uses.written:
        field = root.removeprefix("self.")
        if root.startswith("self.") and field not in scope.world.fields:
            continue  # refused where it is written
        if root in uses.rebound:
            continue
        before = _value(root, body, node)
        name = names[root] = ir.Bound(fresh_name(scope, field), before.type, before.span)
        # In a loop with order a field keeps its bounds in every turn; of anything else nothing is
        # known.
        in_bounds = root.startswith("self.") and not inner.deferred
        scope.bounds[name.name] = scope.world.fields[field] if in_bounds else top(before.type)
        _set(root, name, inner)
    return names


def _refuse_unseen_write(uses: Uses, names: dict[str, ir.Bound], inner: Body) -> None:
    # A write that was overlooked would be lost without a word; this makes it a bug that shows.
    for field in inner.written:
        if f"self.{field}" not in names:
            raise InternalError(f"a loop writes {field}, which was not seen beforehand")


def _value(root: str, body: Body, node: ast.For) -> ir.Expr:
    if root.startswith("self."):
        return body.scope.fields[root.removeprefix("self.")]
    value = body.scope.names[root]
    unset = body.unset.get(root)
    if unset is not None and value is unset.read:
        value = Unassigned()  # a loop without turns would read it
    if isinstance(value, Unassigned):
        raise Mistake(no_value(value, body.scope.span(node.target), root))
    return value


def _set(root: str, value: ir.Expr, body: Body) -> None:
    if root.startswith("self."):
        body.scope.fields[root.removeprefix("self.")] = value
    else:
        body.scope.names[root] = value


def _check_after(field: str, body: Body, node: ast.For) -> None:
    value, span = body.scope.fields[field], body.scope.span(node)
    for cond, kind in limits(value, body.scope.world.fields[field], body.scope):
        body.check(cond, kind, field, span)
