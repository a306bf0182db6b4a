"""`choose` and `either`: the environment's choices.

Owns where a choice may stand. `choose` blocks, so it stands before the first write, like `when`;
`either` never blocks and may follow writes. Neither stands in a loop or where it may be skipped
inside an expression.
"""

from __future__ import annotations

import ast
import copy
import enum
from typing import Any

from .. import ir, model
from . import diagnostics as d
from .aliases import note_local
from .body import Body
from .bounds import item_of, known
from .domains import domain_of
from .expressions import constant_object, lower
from .scope import PLACES, Scope, fresh_name
from .types import item_type, shown
from .world import Mistake

__all__ = ["choose_statement", "hoist_either"]


def choose_statement(target: ast.expr, call: ast.Call, body: Body) -> None:
    """`x = choose(xs)`: one step for each element of `xs` as it is then, none if it is empty."""
    scope, span = body.scope, body.scope.span(call)
    _may_choose(span, "choose", body)
    if not isinstance(target, ast.Name):
        raise Mistake(d.ChoiceNotAssigned(span, "choose"))
    if isinstance(scope.names.get(target.id), ir.Arg):
        raise Mistake(d.ParameterWritten(scope.span(target), target.id))
    if body.written:
        name, line = next(iter(body.written.items()))
        raise Mistake(d.ChoiceAfterWrite(span, name, line, scope.owner))
    if len(call.args) != 1 or call.keywords:
        raise Mistake(d.WrongArguments(span, "choose", 1))
    probe = ast.copy_location(ast.Name("option", ast.Store()), call)
    domain = domain_of(probe, call.args[0], scope)
    item = item_type(domain.expr.type)
    assert item is not None
    expr = domain.expr
    if not isinstance(expr.type, ir.Set):
        # Copies of one element are one choice.
        option = ir.Bound(domain.name, item, span)
        expr = ir.Build(domain.name, expr, None, option, ir.Set(item), span)
    if isinstance(domain.bound["option"], ir.At):
        raise Mistake(d.ChooseFromValues(span))
    name = fresh_name(scope, target.id)
    body.items.append(ir.Choose(name, expr, item, body.path, target.id, span=span))
    scope.bounds[name] = item_of(known(expr, scope.bounds))
    note_local(target.id, call.args[0], item, body)
    scope.names[target.id] = ir.Bound(name, item, span)
    body.local_types.setdefault(target.id, item)
    if body.memory is not None:
        body.memory.note(target.id, ir.Bound(name, item, span), scope)


def _may_choose(span: Any, what: str, body: Body) -> None:
    if body.scope.place != "step":
        raise Mistake(d.StatementAsExpression(span, what, PLACES[body.scope.place]))
    if body.in_loop:
        raise Mistake(d.ChoiceInLoop(span, what))


def hoist_either(value: ast.expr, body: Body, target: ast.expr | None) -> ast.expr:
    """The expression with its `either` replaced by the name that the choice is bound to."""
    found = [n for n in ast.walk(value) if _is_either(n, body.scope)]
    if not found:
        return value
    hidden = (ast.BoolOp, ast.IfExp, ast.GeneratorExp, ast.SetComp, ast.ListComp, ast.DictComp)
    for holder in ast.walk(value):
        if isinstance(holder, hidden) and any(_is_either(n, body.scope) for n in ast.walk(holder)):
            raise Mistake(d.EitherInside(body.scope.span(found[0])))
    # A copy, because the statement of a process is read once for each step that passes it.
    return _Hoist(body, target).visit(copy.deepcopy(value))  # type: ignore[no-any-return]


def _is_either(node: ast.AST, scope: Scope) -> bool:
    return isinstance(node, ast.Call) and constant_object(node.func, scope) is model.either


class _Hoist(ast.NodeTransformer):
    """Replaces each `either(...)` by a name, after adding its choice to the body."""

    def __init__(self, body: Body, target: ast.expr | None) -> None:
        self.body = body
        self.wanted = target.id if isinstance(target, ast.Name) else "answer"

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not _is_either(node, self.body.scope):
            return self.generic_visit(node)
        bound = _either(node, self.wanted, self.body)
        # A name that no source can contain, so that it hides none of the user's.
        hidden = f"either({bound.name})"
        self.body.scope.names[hidden] = bound
        return ast.copy_location(ast.Name(hidden, ast.Load()), node)


def _either(node: ast.Call, wanted: str, body: Body) -> ir.Bound:
    scope, span = body.scope, body.scope.span(node)
    _may_choose(span, "either", body)
    alternatives = [_alternative(argument, body) for argument in node.args]
    if (
        len(alternatives) < 2
        or node.keywords
        or all(budget is not None for _, budget in alternatives)
    ):
        raise Mistake(d.EitherTooFew(span))
    type_, values = _values([value for value, _ in alternatives], node, scope)
    domain: ir.Expr = ir.Lit(frozenset(), ir.Set(type_), span)
    unlucky = []
    name = fresh_name(scope, wanted)
    for value, (_, budget) in zip(values, alternatives, strict=True):
        more = ir.Insert(domain, value, ir.Set(type_), span)
        if budget is None:
            domain = more
            continue
        assert isinstance(value, ir.Lit)
        owner = scope.owner if body.owner_of is None else body.owner_of(node.lineno)
        counter = f"{owner}_{str(value.value).lower()}_used"
        place = (node.lineno, node.col_offset)
        if body.counter_places.setdefault(counter, place) != place:
            raise Mistake(d.UnluckyTwice(span, str(value.value)))
        body.counters[counter] = budget
        read = ir.Read(counter, ir.Int(0, budget), span)
        left = ir.Cmp("<", read, ir.Lit(budget, ir.INT, span), span=span)
        domain = ir.Ite(left, more, domain, ir.Set(type_), span)
        unlucky.append((value.value, counter))
        taken: ir.Expr = ir.Cmp("==", ir.Bound(name, type_, span), value, span=span)
        raised = ir.Arith("+", read, ir.Lit(1, ir.INT, span), span=span)
        taken = taken if body.path is None else ir.And((body.path, taken), span=span)
        scope.fields[counter] = ir.Ite(taken, raised, read, read.type, span)
    body.items.append(ir.Choose(name, domain, type_, body.path, wanted, tuple(unlucky), span=span))
    return ir.Bound(name, type_, span)


def _alternative(node: ast.expr, body: Body) -> tuple[ast.expr, int | None]:
    scope = body.scope
    if not (isinstance(node, ast.Call) and constant_object(node.func, scope) is model.unlucky):
        return node, None
    budget = next((k.value for k in node.keywords if k.arg == "at_most"), None)
    is_count = isinstance(budget, ast.Constant) and isinstance(budget.value, int)
    if len(node.args) != 1 or not is_count:
        raise Mistake(d.UnluckyBudget(scope.span(node)))
    assert isinstance(budget, ast.Constant) and isinstance(budget.value, int)
    return node.args[0], budget.value


def _values(nodes: list[ast.expr], call: ast.Call, scope: Scope) -> tuple[ir.Type, list[ir.Expr]]:
    texts = [
        n.value if isinstance(n, ast.Constant) and isinstance(n.value, str) else None for n in nodes
    ]
    if all(text is not None for text in texts):
        names = tuple(str(text) for text in texts)
        if len(set(names)) < len(names):
            raise Mistake(d.EitherTooFew(scope.span(call)))
        # Words of this one choice: an enum without a name in the file.
        type_: ir.Type = ir.Enum(f"either {' '.join(names)}", names)
        return type_, [ir.Lit(n, type_, scope.span(call)) for n in names]
    values = [lower(n, scope) for n in nodes]
    for value, node in zip(values, nodes, strict=True):
        literal = isinstance(value, ir.Lit) and isinstance(constant_object(node, scope), enum.Enum)
        if not (literal or isinstance(value.type, ir.Bool)) or value.type != values[0].type:
            raise Mistake(d.EitherOfOthers(scope.span(node), shown(value.type)))
    return values[0].type, values
