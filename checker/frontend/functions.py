"""Functions that compute: `@pure` helpers, inlined where they are called, and properties.

Owns bodies made of assignments to locals, `if`, `match` and `return`. They become one expression.
"""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .. import ir, model
from ..source import Span
from . import diagnostics as d
from .expressions import coerce, constant_object, declared_type, lower, lower_bool
from .generics import Given, free_parameters, match_hint, type_arguments
from .patterns import match_cases
from .scope import Scope, Unassigned, fresh_name, is_atomic
from .types import annotation, shown, unify
from .world import Mistake

__all__ = ["inline", "liveness_of", "option_span", "parameters_of", "read_helper", "returned"]

Finish = Callable[[ast.expr, Scope], ir.Expr]


def inline(
    function: Callable[..., Any],
    node: ast.Call,
    scope: Scope,
    *,
    receiver: ir.Expr | None = None,
    of_model: bool = False,
) -> ir.Expr:
    """The call of a `@pure` function, as the expression it returns.

    `receiver`: the record whose method it is; `of_model`: it is a method of the model itself.
    """
    span = scope.span(node)
    inner = inspect.unwrap(function)
    if inner in scope.calling:
        raise Mistake(d.Recursion(span, inner.__name__))
    tree, file = scope.world.function_node(inner, span)
    lets: list[tuple[str, ir.Expr]] = []
    given: dict[Any, ir.Type] = {}
    names: dict[str, ir.Expr | Unassigned] = {}
    if receiver is not None:
        assert isinstance(receiver.type, ir.Record)
        given = type_arguments(scope.world.classes[receiver.type.name], receiver.type)
        names["self"] = _named("self", receiver, lets, scope)
    hints = _hints(inner, span)
    place = replace(
        scope,
        file=file,
        globals=inner.__globals__,
        place="pure",
        names=names,
        calling=(*scope.calling, inner),
        fields=scope.fields if of_model else {},
        given=given,
    )
    for name, (value, at) in _given_arguments(tree, node, scope, place).items():
        lowered = lower(value, at, _known_type(hints.get(name), given, scope, span))
        match_hint(hints.get(name), lowered.type, given)
        names[name] = _named(name, lowered, lets, scope)
    result = _known_type(hints.get("return"), given, scope, span)
    body = returned(tree.body, place, lambda value, at: lower(value, at, result), tree)
    for bound, held in reversed(lets):
        body = ir.LetIn(bound, held, body, body.type, span)
    return body


def _known_type(hint: Any, given: Given, scope: Scope, span: Span) -> ir.Type | None:
    """The type of an annotation; None if there is none, or a parameter in it is not known yet."""
    if hint is None or free_parameters(hint, given):
        return None
    return annotation(hint, scope.world, span, given)


def _named(wanted: str, value: ir.Expr, lets: list[tuple[str, ir.Expr]], scope: Scope) -> ir.Expr:
    if is_atomic(value):
        return value
    bound = fresh_name(scope, wanted)
    lets.append((bound, value))
    return ir.Bound(bound, value.type, value.span)


def _given_arguments(
    tree: ast.FunctionDef, node: ast.Call, scope: Scope, place: Scope
) -> dict[str, tuple[ast.expr, Scope]]:
    """What stands for each parameter, and where its names mean something; `self` left out."""
    arguments = tree.args
    wanted = [a.arg for a in arguments.args if a.arg != "self"]
    named = [*wanted, *(a.arg for a in arguments.kwonlyargs)]
    defaults = dict(zip(reversed(wanted), reversed(arguments.defaults), strict=False))
    defaults |= {
        a.arg: v for a, v in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if v
    }
    positional = dict(zip(wanted, node.args, strict=False))
    keywords = {k.arg: k.value for k in node.keywords if k.arg is not None}
    found = defaults | positional | keywords
    starred = any(isinstance(a, ast.Starred) for a in node.args)
    if (
        set(found) != set(named)
        or len(node.args) > len(wanted)
        or len(keywords) < len(node.keywords)
        or positional.keys() & keywords.keys()
        or starred
    ):
        raise Mistake(d.WrongArguments(scope.span(node), tree.name, len(named)))
    own = positional | keywords
    return {name: (found[name], scope if name in own else place) for name in named}


def read_helper(function: Callable[..., Any], tree: ast.FunctionDef, scope: Scope) -> None:
    """Find the mistakes of a `@pure` method, also if nothing calls it."""
    scope.place = "pure"
    for name, type_, arg in parameters_of(function, tree, scope):
        scope.names[name] = ir.Arg(name, type_, scope.span(arg))
    scope.fields.update({n: ir.Read(n, t) for n, t in scope.world.fields.items()})
    scope.calling = (function,)
    span = scope.span(tree)
    result = _known_type(_hints(function, span).get("return"), {}, scope, span)
    returned(tree.body, scope, lambda value, at: lower(value, at, result), tree)


def _hints(function: Callable[..., Any], span: Span) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise Mistake(d.BadAnnotation(span, function.__name__, str(error))) from None


def returned(
    statements: list[ast.stmt], scope: Scope, finish: Finish, owner: ast.FunctionDef
) -> ir.Expr:
    """The expression that the statements return; `finish` reads what stands behind `return`."""
    if not statements:
        raise Mistake(d.MissingReturn(scope.span(owner), owner.name))
    first, rest = statements[0], statements[1:]
    match first:
        case ast.Return(value) if value is not None:
            return finish(value, scope)
        case ast.Expr(ast.Constant(str())) | ast.Pass():
            return returned(rest, scope, finish, owner)
        case ast.Assign([ast.Name(name)], value):
            return _let(name, lower(value, scope), rest, scope, finish, owner)
        case ast.AnnAssign(ast.Name(name), hint, ast.expr() as value):
            type_ = declared_type(hint, scope)
            return _let(name, lower(value, scope, type_), rest, scope, finish, owner)
        case ast.If(test, body, orelse):
            cond = lower_bool(test, scope)
            then = returned([*body, *rest], scope.fork(), finish, owner)
            other = returned([*orelse, *rest], scope.fork(), finish, owner)
            return _either_way(cond, then, other, first, scope)
        case ast.Match():
            return _matched(first, rest, scope, finish, owner)
    raise Mistake(
        d.StatementOutside(
            scope.span(first),
            f"`{ast.unparse(first).splitlines()[0]}` in a function that only computes",
            "use locals, `if`, `match` and `return`; a property and a helper change nothing",
        )
    )


def _let(
    name: str,
    value: ir.Expr,
    rest: list[ast.stmt],
    scope: Scope,
    finish: Finish,
    owner: ast.FunctionDef,
) -> ir.Expr:
    if is_atomic(value):
        return returned(rest, scope.inner(**{name: value}), finish, owner)
    bound = fresh_name(scope, name)
    inner = scope.inner(**{name: ir.Bound(bound, value.type, value.span)})
    body = returned(rest, inner, finish, owner)
    return ir.LetIn(bound, value, body, body.type, value.span)


def _either_way(
    cond: ir.Expr, then: ir.Expr, other: ir.Expr, node: ast.stmt, scope: Scope
) -> ir.Expr:
    common = unify(then.type, other.type)
    if common is None:
        raise Mistake(d.BranchesDiffer(scope.span(node), shown(then.type), shown(other.type)))
    sides = coerce(then, common, node, scope), coerce(other, common, node, scope)
    return ir.Ite(cond, *sides, common, cond.span)


def _matched(
    node: ast.Match, rest: list[ast.stmt], scope: Scope, finish: Finish, owner: ast.FunctionDef
) -> ir.Expr:
    value, scope = lower(node.subject, scope), scope.fork()
    subject = value
    if not is_atomic(value):
        subject = ir.Bound(fresh_name(scope, "subject"), value.type, value.span)
    cases = match_cases(subject, node, scope)

    def build(index: int) -> ir.Expr:
        if index == len(cases):
            return returned(rest, scope.fork(), finish, owner)
        test, names, statements = cases[index]
        then = returned([*statements, *rest], scope.inner(**names), finish, owner)
        if test is None:
            return then
        # Python may have bound the captures of a case that did not match in the end.
        scope.names.update(dict.fromkeys(names, Unassigned()))
        return _either_way(test, then, build(index + 1), node, scope)

    body = build(0)
    if subject is value:
        return body
    assert isinstance(subject, ir.Bound)
    return ir.LetIn(subject.name, value, body, body.type, value.span)


def option_span(tree: ast.FunctionDef, option: str, scope: Scope) -> Span:
    """Where a decorator gives the option; the method, if it does not."""
    for decorator in tree.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else []:
            if keyword.arg == option:
                return scope.span(keyword.value)
    return scope.span(tree)


def parameters_of(
    function: Callable[..., Any], tree: ast.FunctionDef, scope: Scope
) -> list[tuple[str, ir.Type, ast.arg]]:
    """The parameters of a method behind `self`, with their types."""
    arguments = tree.args
    odd = [
        *arguments.kwonlyargs,
        *arguments.posonlyargs,
        *filter(None, [arguments.vararg, arguments.kwarg]),
    ]
    if odd or arguments.defaults or not arguments.args or arguments.args[0].arg != "self":
        raise Mistake(d.ParametersOutside(scope.span(odd[0] if odd else tree), tree.name))
    missing = next((a for a in arguments.args[1:] if a.annotation is None), None)
    if missing is not None:
        raise Mistake(d.ParameterUntyped(scope.span(missing), missing.arg))
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise Mistake(d.BadAnnotation(scope.span(tree), tree.name, str(error))) from None
    return [
        (a.arg, annotation(hints[a.arg], scope.world, scope.span(a)), a) for a in arguments.args[1:]
    ]


_TEMPORAL = {
    model.LeadsTo: ir.PropKind.LEADS_TO,
    model.Eventually: ir.PropKind.EVENTUALLY,
    model.AlwaysEventually: ir.PropKind.ALWAYS_EVENTUALLY,
    model.EventuallyAlways: ir.PropKind.EVENTUALLY_ALWAYS,
}


def liveness_of(tree: ast.FunctionDef, scope: Scope) -> tuple[ir.PropKind, ir.Expr, ir.Expr | None]:
    """The kind of a liveness property and its one or two conditions."""
    call: ast.Call | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            call = node.value
    returns = [n for n in ast.walk(tree) if isinstance(n, ast.Return)]
    kind = _TEMPORAL.get(constant_object(call.func, scope)) if call is not None else None
    if call is None or kind is None or len(returns) != 1:
        raise Mistake(d.LivenessReturn(scope.span(returns[-1] if returns else tree), tree.name))
    count = 2 if kind is ir.PropKind.LEADS_TO else 1
    if len(call.args) != count or call.keywords:
        raise Mistake(d.WrongArguments(scope.span(call), ast.unparse(call.func), count))

    def side(index: int) -> ir.Expr:
        def finish(value: ast.expr, at: Scope) -> ir.Expr:
            assert isinstance(value, ast.Call)
            return lower_bool(value.args[index], at)

        return returned(tree.body, replace(scope, used=set(scope.used)), finish, tree)

    return kind, side(0), side(1) if count == 2 else None
