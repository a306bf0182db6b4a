"""From a rule to a TLA+ action, and to the conditions under which the step fails.

Owns the order of a body in TLA+: guards, checks and definedness are enabling conditions, each in
front of what it protects; then come the new values. A step that fails is disabled here, and a
predicate of its own says when: `...fails` for step errors, `...is_cut` for cuts.

TLC makes one successor for each true side of a disjunction in an action, and evaluates all of
them. A condition of a rule is no choice, so it is printed in forms that TLC takes as a value: IF,
and sets that are not empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .. import ir
from ..ir.walk import free_names
from ..passes.known import opposite
from . import tla_layout as t
from .tla_defined import FALSE, TRUE, both, implies
from .tla_expressions import Expressions
from .tla_layout import (
    Code,
    atom,
    binary,
    call,
    conjunction,
    disjunction,
    equation,
    ite,
    let,
    prefixed,
)
from .tla_loops import Loop
from .tla_steps import Branch, End, Step, Steps

__all__ = ["Failing", "action", "failing", "start"]

Failing = Literal["error", "cut"]


# ── Conditions ───────────────────────────────────────────────────────────────────────────────────


def condition(expr: ir.Expr, e: Expressions) -> Code:
    """A condition as a conjunct of an action: never a disjunction that TLC would split."""
    match expr:
        case ir.And(parts):
            return conjunction([condition(p, e) for p in parts])
        case ir.Or((ir.Not(test), then)):
            return t.implication(e.code(test), condition(then, e))  # TLC splits the right side
        case ir.Or(parts):
            code = condition(parts[-1], e)
            for part in reversed(parts[:-1]):
                code = ite(e.code(part), atom("TRUE"), code)
            return code
        case ir.Any(name, domain, test, body):
            some = ir.Any(name, domain, both([test or TRUE, body]), TRUE)
            return binary(e.selected(some), "#", atom("{}"), t.COMPARED)
        case ir.All(name, domain, test, body):
            # TLC goes into the body of a \\A as it does into a conjunction.
            every = e.domain(domain)
            with e.scope.binding(name) as (inner,):
                held = condition(implies(test, body), e)
                return t.opening(f"\\A {inner} \\in {t.inside(every, t.COMPARED).flat} :", held)
        case ir.Ite(test, then, orelse):
            return ite(e.code(test), condition(then, e), condition(orelse, e))
        case ir.LetIn(name, value, body):
            given = e.code(value)
            with e.scope.binding(name) as (inner,):
                return let(inner, given, condition(body, e))
    return e.code(expr)


# ── Actions ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Action:
    """`prime` is put behind the names of variables that get a value."""

    model: ir.Model
    e: Expressions
    prime: str
    flip: bool

    def conjuncts(self, body: Steps, vars: frozenset[str]) -> list[Code]:
        """Names are evaluated where they are used, so one LET in front holds all of them.

        `vars` are the variables whose new values stand here.
        """
        lead: list[Code] = []
        names: list[tuple[str, Code]] = []
        rest: list[Code] = []
        for place, step in enumerate(body.steps):
            here = rest if names else lead
            here += self.asked(step.passes)
            match step.item:
                case ir.Let(name, value):
                    code = self.e.code(value)
                    names.append((self.e.scope.push(name), code))
                case ir.Each() as item:
                    made = Loop.of(item, self.e)
                    if made.code is not None:
                        names.append((made.name, made.code))
                        rest += [made.done(item, self.e)] if made.stops else []
                case ir.Choose() as item:
                    head = choice(item, self.e)
                    after = Steps(body.steps[place + 1 :], body.end)
                    here.append(t.opening(head, conjunction(self.conjuncts(after, vars))))
                    return [*lead, *_named(names, rest)]
        (rest if names else lead).extend(self.ending(body.end, vars))
        return [*lead, *_named(names, rest)]

    def asked(self, given: ir.Expr) -> list[Code]:
        return [] if given == TRUE else [condition(given, self.e)]

    def ending(self, end: End | Branch, vars: frozenset[str]) -> list[Code]:
        if isinstance(end, End):
            return [*self.asked(end.passes), *self.values(end.updates, vars)]
        common = {
            name: value for name, value in _common(end).items() if self.can_say(value, name, vars)
        }
        here = frozenset(common) | (vars - _written(end))
        sides = []
        for side in (end.then, end.orelse):
            before = self.e.scope.bound
            sides.append(conjunction(self.conjuncts(side, vars - here)))
            self.e.scope.bound = before
        code = ite(self.e.code(end.test), *sides)
        return [code, *self.values(common, here)] if here else [code]

    def can_say(self, value: ir.Expr, name: str, vars: frozenset[str]) -> bool:
        return name in vars and free_names(value) <= set(self.e.scope.bound)

    def values(self, updates: dict[str, ir.Expr], vars: frozenset[str]) -> list[Code]:
        """The new values; all that may be undefined in them has been asked."""
        codes, unchanged = [], []
        for var in self.model.vars:
            name = self.e.scope.names[var.name]
            if var.name not in vars:
                continue
            if var.name in updates:
                codes.append(equation(name + self.prime, self.e.code(updates[var.name])))
            elif self.prime:
                unchanged.append(name)
            else:
                codes.append(equation(name, self.e.code(var.init)))
        if len(unchanged) == 1:
            codes.append(Code(f"UNCHANGED {unchanged[0]}", t.COMPARED))
        elif unchanged:
            names = call("<<", [atom(n) for n in unchanged], ">>")
            codes.append(prefixed("UNCHANGED ", names).at(t.COMPARED))
        return codes

    def whole(self, body: Steps) -> Code:
        codes = self.conjuncts(body, frozenset(var.name for var in self.model.vars))
        if self.flip:
            value = "~flip" if self.prime else "FALSE"
            codes.append(binary(atom("flip" + self.prime), "=", Code(value), t.COMPARED))
        return conjunction(codes)


def _ends(branch: Branch) -> list[End]:
    found = []
    for side in (branch.then, branch.orelse):
        found += [side.end] if isinstance(side.end, End) else _ends(side.end)
    return found


def _written(branch: Branch) -> set[str]:
    return {name for end in _ends(branch) for name in end.updates}


def _common(branch: Branch) -> dict[str, ir.Expr]:
    """The new values that are the same on every side."""
    first, *others = _ends(branch)
    return {
        name: value
        for name, value in first.updates.items()
        if all(end.updates.get(name) == value for end in others)
    }


def _named(names: Sequence[tuple[str, Code]], body: Sequence[Code]) -> list[Code]:
    """The body under the names that it uses."""
    if not names:
        return list(body)
    code = conjunction(body)
    for name, value in reversed(names):
        used = re.search(rf"\b{name}\b", code.flat) is not None
        code = let(name, value, code) if used else code
    return list(code.parts) if code.bullet == "/\\" else [code]


def action(body: Steps, model: ir.Model, e: Expressions, *, flip: bool) -> Code:
    """The body of the action; its parameters are bound in the scope."""
    return _Action(model, e, "'", flip).whole(body)


def start(
    model: ir.Model, rule: ir.Rule | None, body: Steps, e: Expressions, *, flip: bool
) -> Code:
    """`Init`: the defaults, or what the initial rule, which reads the defaults, makes of them."""
    code = _Action(model, e, "", flip).whole(body)
    for param in reversed(rule.params if rule is not None else ()):
        values = e.values_of(param.type)
        assert values is not None
        code = t.opening(f"\\E {e.scope.bound[param.name]} \\in {values.flat} :", code)
    return code


def choice(item: ir.Choose, e: Expressions) -> Code:
    """`\\E x \\in domain :`; a choice on a branch not taken has one value, which nothing reads."""
    domain = e.domain(item.domain)
    if item.path is not None:
        domain = ite(e.code(item.path), domain, atom("{None}"))
    name = e.scope.push(item.name)
    return t.ranging(f"\\E {name} \\in ", domain)


# ── Failures ─────────────────────────────────────────────────────────────────────────────────────


def failing(body: Steps, e: Expressions, how: Failing) -> Code | None:
    """The states in which the step fails; None, if there are none."""
    names: list[tuple[str, Code]] = []
    parts: list[_Part] = []
    last: Code | None = None
    for place, step in enumerate(body.steps):
        parts.append(_Part.of(step, e, how))
        match step.item:
            case ir.Choose() as item:
                before = e.scope.bound
                head = choice(item, e)
                after = failing(Steps(body.steps[place + 1 :], body.end), e, how)
                e.scope.bound = before
                last = after and t.opening(head, after)
                break
            case ir.Let(name, value):
                code = e.code(value)
                names.append((e.scope.push(name), code))
            case ir.Each() as item:
                made = Loop.of(item, e)
                if made.code is not None:
                    names.append((made.name, made.code))
                if made.stops:
                    parts.append(_Part(made.ended(item, how, e), made.done(item, e)))
    else:
        last = _failing_end(body.end, e, how)
    found = _first_of(parts, last)
    return found and conjunction(_named(names, [found]))


def _failing_end(end: End | Branch, e: Expressions, how: Failing) -> Code | None:
    if isinstance(end, End):
        fails = end.cut if how == "cut" else end.error
        return None if fails == FALSE else e.code(fails)
    sides: list[Code | None] = []
    for side in (end.then, end.orelse):
        before = e.scope.bound
        sides.append(failing(side, e, how))
        e.scope.bound = before
    match sides:
        case None, None:
            return None
        case then, None:
            return then and conjunction([e.code(end.test), then])
        case None, orelse:
            return orelse and conjunction([e.code(ir.Not(end.test)), orelse])
    return ite(e.code(end.test), *(side or atom("FALSE") for side in sides))


@dataclass(frozen=True)
class _Part:
    """Where one item fails, and where the body goes on behind it; None: nowhere, everywhere."""

    fails: Code | None
    passes: Code | None

    @staticmethod
    def of(step: Step, e: Expressions, how: Failing) -> _Part:
        fails, passes = (step.cut if how == "cut" else step.error), step.passes
        if opposite(fails) == passes:
            passes = TRUE  # behind a failure that is not there, it is said already
        return _Part(
            None if fails == FALSE else e.code(fails), None if passes == TRUE else e.code(passes)
        )


_NESTED_MAX = 2  # more failures in a row than this are written as a chain of IFs


def _first_of(steps: Sequence[_Part], last: Code | None) -> Code | None:
    """One of the items fails, and all before it let the step pass."""
    chain = sum(part.fails is not None for part in steps) > _NESTED_MAX
    after = last
    for part in reversed(steps):
        if after is not None and part.passes is not None:
            if chain:
                after = ite(t.negation(part.passes), atom("FALSE"), after)
            else:
                after = conjunction([part.passes, after])
        if part.fails is not None and after is not None:
            if chain:
                after = ite(part.fails, atom("TRUE"), after)
            else:
                after = disjunction([part.fails, after])
        elif part.fails is not None:
            after = part.fails
    return after
