"""Why a property is false in a state: the innermost false part, for which values, and what it read.

Owns the walk from a false property down to the part that makes it so. It is told in the user's own
text; values are printed by `states.show`. An undefined property is blamed on the evaluation that
failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from .. import ir
from ..backends.failure import Failure
from ..backends.python import Args, Program, Undefined
from ..errors import InternalError
from ..ir.walk import children
from ..passes.wording import wording
from ..source import source_text
from ..states import State, Value, in_order, show, sort_sizes, universe
from .outcome import Blame

__all__ = ["blame", "blame_failure"]

_READINGS_MAX = 12  # more would not be read


def blame(program: Program, prop: ir.Prop, state: State, args: Args) -> tuple[Blame, ...]:
    """The parts of the property that are false in the state; of a `LeadsTo`, of its right side.

    Empty if the property is true there.
    """
    expr = prop.consequent if prop.consequent is not None else prop.expr
    scope = _Scope(program, state, prop.params, args)
    try:
        if prop.consequent is not None:
            scope.value(prop.expr)  # both sides have to be defined
        return () if scope.value(expr) else scope.why(expr, wanted=True)
    except Undefined as undefined:
        return blame_failure(undefined.failure, scope.bindings())


def blame_failure(
    failure: Failure, bindings: tuple[tuple[str, str], ...] = ()
) -> tuple[Blame, ...]:
    """A step error or an undefined evaluation, blamed on the place where it happened."""
    text = source_text(failure.span) or failure.subject or failure.kind
    return (Blame(text, failure.span, bindings, (("why", failure.message),)),)


@dataclass(frozen=True)
class _Scope:
    """A state with values for the parameters and for the names bound on the way down."""

    program: Program
    state: State
    params: tuple[ir.Param, ...]
    args: Args
    bound: tuple[tuple[str, ir.Type, Value], ...] = ()

    def value(self, expr: ir.Expr) -> Value:
        names = [name for name, _, _ in self.bound]
        run = self.program.compile_expr(expr, self.params, names)
        return run(self.state, (*self.args, *(value for _, _, value in self.bound)))

    def with_name(self, name: str, type_: ir.Type, value: Value) -> _Scope:
        kept = tuple(each for each in self.bound if each[0] != name)
        return replace(self, bound=(*kept, (name, type_, value)))

    def bindings(self) -> tuple[tuple[str, str], ...]:
        named = [(p.name, p.type, v) for p, v in zip(self.params, self.args, strict=True)]
        return tuple((name, show(value, type_)) for name, type_, value in (*named, *self.bound))

    # ── Down to the part ──

    def why(self, expr: ir.Expr, *, wanted: bool) -> tuple[Blame, ...]:
        """Why the expression is not `wanted`, which it is known not to be."""
        match expr:
            case ir.Not(body):
                return self.why(body, wanted=not wanted)
            case ir.And(parts) if wanted:
                return self.why(self._first(parts, False), wanted=True)
            case ir.And(parts) if not wanted:
                # They are true together, so each has its share.
                return tuple(b for part in parts for b in self.why(part, wanted=False))
            case ir.Or(parts) if not wanted:
                return self.why(self._first(parts, True), wanted=False)
            case ir.Ite(test, then, orelse):
                return self.why(then if self.value(test) else orelse, wanted=wanted)
            case ir.LetIn(name, value, body):
                inner = self.with_name(name, value.type, self.value(value))
                return inner.why(body, wanted=wanted)
            case ir.All(name, domain) if wanted:
                return self._element(name, domain, expr, False).why(expr.body, wanted=True)
            case ir.Any(name, domain) if not wanted:
                return self._element(name, domain, expr, True).why(expr.body, wanted=False)
        return (self._leaf(expr, wanted=wanted),)

    def _first(self, parts: tuple[ir.Expr, ...], value: bool) -> ir.Expr:
        return next(part for part in parts if self.value(part) is value)

    def _element(self, name: str, domain: ir.Expr, expr: ir.All | ir.Any, value: bool) -> _Scope:
        """The scope with the first element for which the body has the value."""
        for type_, element in self._elements(domain):
            inner = self.with_name(name, type_, element)
            if expr.filter is not None and not inner.value(expr.filter):
                continue
            if inner.value(expr.body) is value:
                return inner
        raise InternalError("no element decides the quantifier")

    def _elements(self, domain: ir.Expr) -> Iterator[tuple[ir.Type, Value]]:
        match domain.type:
            case ir.Set(item) | ir.Bag(item) | ir.Seq(item) | ir.Partial(item):
                pass
            case _:
                raise InternalError(f"a quantifier over {domain.type}")
        if isinstance(domain, ir.Universe):
            found = list(universe(item, sort_sizes(self.program.model)))
        else:
            collected = ir.Build("each", domain, None, ir.Bound("each", item), ir.Set(item))
            value = self.value(collected)
            found = in_order(cast("frozenset[Value]", value))
        for element in found:
            yield item, element

    # ── What it read ──

    def _leaf(self, expr: ir.Expr, *, wanted: bool) -> Blame:
        readings: dict[str, str] = {}
        for part in _readings(expr):
            try:
                readings.setdefault(wording(part), show(self.value(part), part.type))
            except Undefined:
                continue  # it was skipped, as Python skips it
        shown = tuple(readings.items())[:_READINGS_MAX]
        # What has to be false and is true is told as the `not` that is false.
        text = wording(expr) if wanted else f"not ({wording(expr)})"
        return Blame(text, expr.span, self.bindings(), shown)


def _readings(expr: ir.Expr) -> Iterator[ir.Expr]:
    """The values that decide the expression, closed under the names around it."""
    match expr:
        case ir.Lit() | ir.Arg() | ir.Bound() | ir.Universe() | ir.Const():
            return
        case ir.Not() | ir.And() | ir.Or() | ir.Cmp() | ir.Widen() | ir.Is() | ir.Ite() | ir.Has():
            for child in children(expr):
                yield from _readings(child)
        case ir.LetIn(_, value):
            yield from _readings(value)
        case ir.All(_, domain) | ir.Any(_, domain):
            yield from _readings(domain)
        case ir.Arith():
            yield expr
            for child in children(expr):
                yield from _readings(child)
        case _:
            yield expr
