"""From the statements of a step to IR items and simultaneous updates.

Owns the statement part of the language. The body is read once, from top to bottom; every field and
local is an expression over the state before the step, so that in the end each field has one new
value. What runs only on some branch carries its path condition.
"""

from __future__ import annotations

import ast

from .. import ir, model
from . import diagnostics as d
from .aliases import makes_new, note_local
from .body import Body
from .branches import branch
from .calls import MUTATORS
from .choices import choose_statement, hoist_either
from .expressions import NONE, coerce, constant_object, declared_type, lower, lower_bool
from .mutators import delete, mutate, popped
from .operators import combine
from .patterns import match_cases
from .places import load, place_of, refuse_shared, write
from .restarts import end_statement
from .scope import Unassigned
from .types import is_mutable
from .world import Mistake

__all__ = ["run"]


def run(statements: list[ast.stmt], body: Body) -> None:
    """Read the statements; mistakes are recorded and the reading goes on with the next one."""
    for statement in statements:
        try:
            _statement(statement, body)
        except Mistake as mistake:
            body.scope.world.report(mistake)
            _poison(statement, body)


def _poison(statement: ast.stmt, body: Body) -> None:
    # A local whose assignment was refused must not bring a second message where it is used.
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            body.scope.names[node.id] = Unassigned(reported=True)


def _statement(node: ast.stmt, body: Body) -> None:
    match node:
        case ast.Expr(ast.Constant(str())) | ast.Pass():
            return
        case ast.Expr(ast.Call() as call):
            _call(call, body)
        case ast.Assign([target], value):
            _assign(target, value, node, body)
        case ast.AnnAssign(ast.Name() as target, _, value) if value is not None:
            _annotated(target, value, node, body)
        case ast.AugAssign():
            _augmented(node, body)
        case ast.Delete([ast.Subscript() as target]):
            delete(target, body)
        case ast.If():
            _if(node, body)
        case ast.Match():
            _match(node, body)
        case ast.For():
            from .loops import loop

            loop(node, body)
        case ast.Assert():
            cond = lower_bool(node.test, body.scope)
            body.check(cond, ir.CheckKind.ASSERT, ast.unparse(node.test), body.scope.span(node))
        case _:
            what, instead = _REFUSED.get(
                type(node), (f"`{ast.unparse(node)}`", "use the statements of the language")
            )
            raise Mistake(d.StatementOutside(body.scope.span(node), what, instead))


_REFUSED: dict[type, tuple[str, str]] = {
    ast.While: ("a `while` loop", "make each turn a step of its own: an action with a `when`"),
    ast.Try: ("`try`", "test with `in` or `is not None` before the operation"),
    ast.With: ("`with`", "a step is atomic: write its effects one after the other"),
    ast.Raise: (
        "`raise`",
        "use `assert` for what must not happen, `when` for what cannot happen now",
    ),
    ast.Return: ("`return` in a step", "put the rest of the step under `if` ... `else`"),
    ast.Break: ("`break`", "filter what the loop ranges over"),
    ast.Continue: ("`continue`", "put the rest of the turn under `if`"),
    ast.Import: ("an `import` in a step", "import at the top of the file"),
    ast.ImportFrom: ("an `import` in a step", "import at the top of the file"),
    ast.FunctionDef: ("a function in a step", "write a `@pure` function at the top of the file"),
    ast.ClassDef: ("a class in a step", "declare it at the top of the file"),
    ast.Global: ("`global`", "all state is in the model's fields"),
    ast.Nonlocal: ("`nonlocal`", "all state is in the model's fields"),
    ast.Assign: ("an assignment to several targets", "assign them one after the other"),
    ast.Delete: (
        "`del` of this",
        "`del self.field[key]` removes an entry; assign an empty value to clear",
    ),
    ast.AsyncFor: ("`async for`", "a step is atomic; use `for`"),
    ast.AsyncWith: ("`async with`", "a step is atomic"),
    ast.AnnAssign: ("a declaration without a value", "give the local a value"),
    ast.Expr: ("an expression without effect", "remove it, or assign it"),
}


# ── Calls as statements ──────────────────────────────────────────────────────────────────────────


def _call(node: ast.Call, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    function = constant_object(node.func, scope)
    if function is model.when:
        _when(node, body)
        return
    if end_statement(node, body):
        return
    if function in (model.choose, model.either):
        raise Mistake(d.ChoiceNotAssigned(span, ast.unparse(node.func)))
    if isinstance(node.func, ast.Attribute) and function is NONE:
        _refuse_unused(node, node.func, body)
    if isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        mutate(node, node.func, body)
        return
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "self":
        role = model.role_of(scope.world.methods.get(node.func.attr))
        if role is not None and role.kind != "pure":
            raise Mistake(d.CallOfStep(span, node.func.attr, role.kind))
    lower(node, scope)  # an unknown function is the better message
    raise Mistake(d.StatementOutside(span, *_REFUSED[ast.Expr]))


def _refuse_unused(node: ast.Call, func: ast.Attribute, body: Body) -> None:
    """`self.queue.send(order)` as a statement: the new queue would be lost."""
    try:
        record = lower(func.value, body.scope)
    except Mistake:
        return  # what is wrong with it is said where it is read again
    if isinstance(record.type, ir.Record):
        lower(node, body.scope)
        texts = record.type.name, ast.unparse(func.value), ast.unparse(node)
        raise Mistake(d.ResultUnused(body.scope.span(node), func.attr, *texts))


def _when(node: ast.Call, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    if len(node.args) != 1 or node.keywords:
        raise Mistake(d.WrongArguments(span, "when", 1))
    if body.in_loop:
        raise Mistake(d.GuardInLoop(span))
    if body.written:
        name, line = next(iter(body.written.items()))
        raise Mistake(d.GuardAfterWrite(span, name, line, scope.owner))
    cond = lower_bool(node.args[0], scope)
    # `when(a and b)` is two guards, so that a report can name the false one.
    for part in cond.parts if isinstance(cond, ir.And) else (cond,):
        body.items.append(ir.Guard(part, body.path, part.span))


# ── Assignments ──────────────────────────────────────────────────────────────────────────────────


def _assign(target: ast.expr, value: ast.expr, node: ast.stmt, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    if isinstance(value, ast.Call) and constant_object(value.func, scope) is model.choose:
        choose_statement(target, value, body)
        return
    if isinstance(target, ast.Name):
        _new_local(target, body)
        value = hoist_either(value, body, target)
        given = popped(value, body)
        new = given or lower(value, scope, body.local_types.get(target.id))
        _set_local(target.id, value, given, new, body)
        return
    value = hoist_either(value, body, target)
    given = popped(value, body)
    place = place_of(target, body)
    new = coerce(given, place.type, value, scope) if given else lower(value, scope, place.type)
    if given is None:
        refuse_shared(place, value, new.type, body)
    write(place, new, body, span)


def _new_local(target: ast.Name, body: Body) -> None:
    if isinstance(body.scope.names.get(target.id), ir.Arg):
        raise Mistake(d.ParameterWritten(body.scope.span(target), target.id))


def _set_local(name: str, value: ast.expr, given: ir.Expr | None, new: ir.Expr, body: Body) -> None:
    if given is None:
        note_local(name, value, new.type, body)
    else:  # what was popped belongs to nobody else
        body.owned.add(name)
        body.aliases.pop(name, None)
    body.local_types.setdefault(name, new.type)
    body.scope.names[name] = value_now = body.bind(name, new)
    if body.memory is not None:
        body.memory.note(name, value_now, body.scope)


def _annotated(target: ast.Name, value: ast.expr, node: ast.AnnAssign, body: Body) -> None:
    scope = body.scope
    type_ = declared_type(node.annotation, scope)
    _new_local(target, body)
    body.local_types[target.id] = type_
    if isinstance(value, ast.Call) and constant_object(value.func, scope) is model.choose:
        choose_statement(target, value, body)
        return
    value = hoist_either(value, body, target)
    given = popped(value, body)
    new = coerce(given or lower(value, scope, type_), type_, value, scope)
    _set_local(target.id, value, given, new, body)


def _augmented(node: ast.AugAssign, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    place = place_of(node.target, body)
    if not place.is_field and isinstance(scope.names.get(place.root), ir.Arg):
        raise Mistake(d.ParameterWritten(span, place.root))
    new = combine(load(place, body), node.op, node.value, scope, node)
    if new is None:
        raise Mistake(d.OperatorOutside(span, ast.unparse(node)))
    # Python changes a list or set in place here, under all its names.
    mutable = is_mutable(place.type)
    if mutable and not makes_new(node.value, place.type, body) and _shares_elements(place.type):
        raise Mistake(d.SharedCollection(span, ast.unparse(node.value), place.shown))
    write(place, new, body, span, in_place=mutable)


def _shares_elements(type_: ir.Type) -> bool:
    match type_:
        case ir.Seq(item) | ir.Partial(_, item):
            return is_mutable(item)
    return False


# ── Branches ─────────────────────────────────────────────────────────────────────────────────────


def _if(node: ast.If, body: Body) -> None:
    test = lower_bool(hoist_either(node.test, body, None), body.scope)
    branch(test, lambda side: run(node.body, side), lambda side: run(node.orelse, side), body)


def _match(node: ast.Match, body: Body) -> None:
    value = hoist_either(node.subject, body, None)
    subject = body.bind("subject", lower(value, body.scope))
    cases = match_cases(subject, node, body.scope)

    def rest(index: int, side: Body) -> None:
        if index == len(cases):
            return
        test, names, statements = cases[index]

        def matched(inner: Body) -> None:
            for name, captured in names.items():
                note_local(name, value, captured.type, inner)
            inner.scope.names.update(names)
            run(statements, inner)

        def otherwise(other: Body) -> None:
            # Python may have bound the captures of a case that did not match in the end.
            other.scope.names.update(dict.fromkeys(names, Unassigned()))
            rest(index + 1, other)

        if test is None:
            matched(side)
        else:
            branch(test, matched, otherwise, side)

    rest(0, body)
    for name in {name for _, names, _ in cases for name in names}:
        body.scope.names[name] = Unassigned()
