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
from ..errors import InternalError
from . import tla_layout as t
from .tla_defined import FALSE, TRUE, both, broken, defined, either, implies, negated
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

__all__ = ["Failing", "action", "failing", "guarded", "start"]

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


def guarded(expr: ir.Expr) -> ir.Expr:
    """True where the expression is defined and true; defined everywhere."""
    if isinstance(expr, ir.And):
        found: ir.Expr = TRUE
        for part in reversed(expr.parts):
            found = both([guarded(part), found])
        return found
    return both([defined(expr), expr])


def _passes(item: ir.Guard | ir.Check) -> ir.Expr:
    """The body goes on behind the item."""
    if item.path is None:
        return guarded(item.cond)
    return both([defined(item.path), implies(item.path, guarded(item.cond))])


def _given(item: ir.Let | ir.Choose | ir.Each, exprs: Sequence[ir.Expr]) -> ir.Expr:
    """The item's own expressions have values, or it is skipped."""
    inside = both(map(defined, exprs))
    if item.path is None:
        return inside
    return both([defined(item.path), implies(item.path, inside)])


def _broken_item(item: ir.Item, exprs: Sequence[ir.Expr], how: Failing) -> ir.Expr:
    cut = how == "cut"
    inside = either(
        both([*map(defined, exprs[:place]), broken(expr, cut=cut)])
        for place, expr in enumerate(exprs)
    )
    if isinstance(item, ir.Check) and item.kind.is_cut == cut:
        inside = either([inside, both([defined(item.cond), negated(item.cond)])])
    if item.path is None:
        return inside
    return either([broken(item.path, cut=cut), both([defined(item.path), item.path, inside])])


# ── Actions ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Step:
    """`prime` is put behind the names of variables that get a value."""

    rule: ir.Rule
    model: ir.Model
    e: Expressions
    prime: str
    flip: bool

    def conjuncts(self, items: Sequence[ir.Item]) -> list[Code]:
        """Names are evaluated where they are used, so one LET in front holds all of them."""
        lead: list[Code] = []
        names: list[tuple[str, Code]] = []
        body: list[Code] = []
        for place, item in enumerate(items):
            here = body if names else lead
            match item:
                case ir.Guard() | ir.Check():
                    here += self.protected(_passes(item))
                case ir.Let(name, value):
                    here += self.protected(_given(item, [value]))
                    code = self.e.code(value)
                    names.append((self.e.scope.push(name), code))
                case ir.Each():
                    here += self.protected(_given(item, loop_exprs(item)))
                    made = Loop.of(item, self.e)
                    if made.code is not None:
                        names.append((made.name, made.code))
                        body += [made.done(item, self.e)] if made.stops else []
                case ir.Choose(_, domain):
                    here += self.protected(_given(item, [domain]))
                    head = choice(item, self.e)
                    rest = conjunction(self.conjuncts(items[place + 1 :]))
                    here.append(t.opening(head, rest))
                    return [*lead, *_named(names, body)]
        (body if names else lead).extend(self.effects())
        return [*lead, *_named(names, body)]

    def protected(self, given: ir.Expr) -> list[Code]:
        return [] if given == TRUE else [condition(given, self.e)]

    def effects(self) -> list[Code]:
        """The new values; what may be undefined in them is asked before any of them is made."""
        updates = {u.var: u.value for u in self.rule.updates}
        codes = self.protected(both(map(defined, updates.values())))
        unchanged = []
        for var in self.model.vars:
            name = self.e.scope.names[var.name]
            if var.name in updates:
                codes.append(equation(name + self.prime, self.e.code(updates[var.name])))
            elif self.prime:
                unchanged.append(name)
            else:
                codes.append(equation(name, self.e.code(var.init)))
        if self.flip:
            value = "~flip" if self.prime else "FALSE"
            codes.append(binary(atom("flip" + self.prime), "=", Code(value), t.COMPARED))
        if len(unchanged) == 1:
            codes.append(Code(f"UNCHANGED {unchanged[0]}", t.COMPARED))
        elif unchanged:
            names = call("<<", [atom(n) for n in unchanged], ">>")
            codes.append(prefixed("UNCHANGED ", names).at(t.COMPARED))
        return codes


def _named(names: Sequence[tuple[str, Code]], body: Sequence[Code]) -> list[Code]:
    """The body under the names that it uses."""
    if not names:
        return list(body)
    code = conjunction(body)
    for name, value in reversed(names):
        used = re.search(rf"\b{name}\b", code.flat) is not None
        code = let(name, value, code) if used else code
    return list(code.parts) if code.bullet == "/\\" else [code]


def action(rule: ir.Rule, model: ir.Model, e: Expressions, *, flip: bool) -> Code:
    """The body of the action; its parameters are bound in the scope."""
    return conjunction(_Step(rule, model, e, "'", flip).conjuncts(rule.body))


def start(model: ir.Model, rule: ir.Rule | None, e: Expressions, *, flip: bool) -> Code:
    """`Init`: the defaults, or what the initial rule, which reads the defaults, makes of them."""
    if rule is None:
        empty = ir.Rule(ir.Kind.ACTION, "", (), (), (), None, None, None, ir.Origin(""))
        return conjunction(_Step(empty, model, e, "", flip).effects())
    body = conjunction(_Step(rule, model, e, "", flip).conjuncts(rule.body))
    for param in reversed(rule.params):
        values = e.values_of(param.type)
        assert values is not None
        body = t.opening(f"\\E {e.scope.bound[param.name]} \\in {values.flat} :", body)
    return body


def choice(item: ir.Choose, e: Expressions) -> str:
    """`\\E x \\in domain :`; a choice on a branch not taken has one value, which nothing reads."""
    domain = e.domain(item.domain)
    if item.path is not None:
        domain = ite(e.code(item.path), domain, atom("{None}"))
    name = e.scope.push(item.name)
    return f"\\E {name} \\in {t.inside(domain, t.COMPARED).flat} :"


# ── Loops ────────────────────────────────────────────────────────────────────────────────────────


def loop_exprs(item: ir.Each) -> list[ir.Expr]:
    return [*(c.init for c in item.carried), item.domain]


@dataclass(frozen=True)
class Loop:
    """A loop as a value: what it carries at its end, and in `end` how it ended, if it can stop.

    `name` is what the value is called; the names that the loop carries stand for its parts.
    """

    name: str
    code: Code | None
    stops: bool

    def ended(self, item: ir.Each, how: str, e: Expressions) -> Code:
        """The loop was reached, and ended so."""
        found = binary(atom(f"{self.name}.end"), "=", atom(f'"{how}"'), t.COMPARED)
        return found if item.path is None else conjunction([e.code(item.path), found])

    def done(self, item: ir.Each, e: Expressions) -> Code:
        """The body goes on behind the loop."""
        found = binary(atom(f"{self.name}.end"), "=", atom('"done"'), t.COMPARED)
        return found if item.path is None else t.implication(e.code(item.path), found)

    @staticmethod
    def of(item: ir.Each, e: Expressions) -> Loop:
        stops = _stops(item)
        if not item.carried and not stops:
            return Loop("", None, False)
        single = len(item.carried) == 1 and not stops
        before = dict(e.scope.bound)
        inits = [e.code(c.init) for c in item.carried]
        base = inits[0] if single else _outcome(item, inits, "done" if stops else "")
        domain_type = item.domain.type
        with e.scope.binding("so_far", item.name) as (so_far, element):
            for carried in item.carried:
                part = so_far if single else f"{so_far}.{_part(carried.name)}"
                e.scope.bound = {**e.scope.bound, carried.name: part}
            turn = _turn(item, item.items, so_far, single, stops, e)
            if stops:
                test = binary(atom(f"{so_far}.end"), "#", atom('"done"'), t.COMPARED)
                turn = ite(test, atom(so_far), turn)
            step = t.opening(f"LAMBDA {so_far}, {element} :", turn)
        e.scope.bound = before
        code = _folded(item.domain, domain_type, step, base, e)
        name = e.scope.push(item.carried[0].name if single else "loop")
        if not single:
            for carried in item.carried:
                part = f"{name}.{_part(carried.name)}"
                e.scope.bound = {**e.scope.bound, carried.name: part}
        return Loop(name, code, stops)


def _part(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name) + "_"


def _folded(domain: ir.Expr, type_: ir.Type, step: Code, base: Code, e: Expressions) -> Code:
    match domain, type_:
        case ir.Range(), _:
            helper, over = "FoldSeq", e.code(domain)
        case _, ir.Seq():
            helper, over = "FoldSeq", e.code(domain)
        case ir.Universe(ir.Set(ir.Sort())), _:
            helper, over = "FoldSet", e.code(domain)
        case ir.Universe(), _:
            helper, over = "FoldSeq", e._ordered(domain)
        case _, ir.Bag():
            helper, over = "FoldBag", e.code(domain)
            e.helpers.add("FoldSet")
        case _:
            helper, over = "FoldSet", e.domain(domain)
    e.helpers.add(helper)
    return call(f"{helper}(", [step, base, over])


def _outcome(item: ir.Each, values: Sequence[Code], end: str) -> Code:
    parts = [
        prefixed(f"{_part(c.name)} |-> ", v) for c, v in zip(item.carried, values, strict=True)
    ]
    if end:
        parts.append(atom(f'end |-> "{end}"'))
    return call("[", parts, "]")


def _stops(item: ir.Each) -> bool:
    """Can a turn block or fail?"""
    for inner in item.items:
        if isinstance(inner, ir.Guard | ir.Check):
            return True
        exprs = [inner.value] if isinstance(inner, ir.Let) else []
        exprs += loop_exprs(inner) if isinstance(inner, ir.Each) else []
        exprs += [inner.path] if inner.path is not None else []
        if not all(defined(x) == TRUE for x in exprs):
            return True
        if isinstance(inner, ir.Each) and _stops(inner):
            return True
    return not all(defined(c.next) == TRUE for c in item.carried)


def _turn(
    loop: ir.Each, items: Sequence[ir.Item], so_far: str, single: bool, stops: bool, e: Expressions
) -> Code:
    """The value after one turn of the loop."""
    if not items:
        exprs = [c.next for c in loop.carried]
        codes = [e.code(x) for x in exprs]
        last = codes[0] if single else _outcome(loop, codes, "done" if stops else "")
        return _checked(exprs, None, so_far, last, e)
    item, rest = items[0], items[1:]
    match item:
        case ir.Guard() | ir.Check():
            goes_on = _turn(loop, rest, so_far, single, stops, e)
            passes = implies(item.path, item.cond)
            if isinstance(item, ir.Guard):
                end = "blocked"
            else:
                end = "cut" if item.kind.is_cut else "error"
            inner = ite(e.code(passes), goes_on, stopped(so_far, end))
            return _checked([item.cond], item.path, so_far, inner, e)
        case ir.Let(name, value):
            code = e.code(value)
            with e.scope.binding(name) as (inner_name,):
                goes_on = _turn(loop, rest, so_far, single, stops, e)
            return _checked([value], item.path, so_far, let(inner_name, code, goes_on), e)
        case ir.Each():
            return _turn_of_loop(loop, item, rest, so_far, single, stops, e)
    raise InternalError("a choice inside a loop")


def _turn_of_loop(
    loop: ir.Each,
    item: ir.Each,
    rest: Sequence[ir.Item],
    so_far: str,
    single: bool,
    stops: bool,
    e: Expressions,
) -> Code:
    before = dict(e.scope.bound)
    made = Loop.of(item, e)
    goes_on = _turn(loop, rest, so_far, single, stops, e)
    e.scope.bound = before
    if made.stops:
        ended = binary(atom(f"{made.name}.end"), "#", atom('"done"'), t.COMPARED)
        if item.path is not None:
            ended = conjunction([e.code(item.path), ended])
        passed_on = call("[", [atom(f"{so_far} EXCEPT !.end = {made.name}.end")], "]")
        goes_on = ite(ended, passed_on, goes_on)
    code = goes_on if made.code is None else let(made.name, made.code, goes_on)
    return _checked(loop_exprs(item), item.path, so_far, code, e)


def stopped(so_far: str, end: str) -> Code:
    return call("[", [atom(f'{so_far} EXCEPT !.end = "{end}"')], "]")


def _checked(
    exprs: Sequence[ir.Expr],
    path: ir.Expr | None,
    so_far: str,
    code: Code,
    e: Expressions,
) -> Code:
    """The code, after what it is made of is known to have a value."""
    for how in ("cut", "error"):
        inside = either(
            both([*map(defined, exprs[:n]), broken(x, cut=how == "cut")])
            for n, x in enumerate(exprs)
        )
        if path is not None:
            own = broken(path, cut=how == "cut")
            inside = either([own, both([defined(path), path, inside])])
        if inside != FALSE:
            code = ite(e.code(inside), stopped(so_far, how), code)
    return code


# ── Failures ─────────────────────────────────────────────────────────────────────────────────────


def failing(rule: ir.Rule, e: Expressions, how: Failing) -> Code | None:
    """The states in which the rule with its parameters fails; None, if there are none."""
    return _failing(rule, rule.body, e, how)


def _failing(rule: ir.Rule, items: Sequence[ir.Item], e: Expressions, how: Failing) -> Code | None:
    names: list[tuple[str, Code]] = []
    steps: list[_Part] = []
    last: Code | None = None
    for place, item in enumerate(items):
        exprs = _exprs(item)
        own = _broken_item(item, exprs, how)
        if isinstance(item, ir.Guard | ir.Check):
            steps.append(_Part.of(own, _passes(item), e))
        else:
            steps.append(_Part.of(own, _given(item, exprs), e))
        if isinstance(item, ir.Choose):
            before = e.scope.bound
            head = choice(item, e)
            after = _failing(rule, items[place + 1 :], e, how)
            e.scope.bound = before
            last = after and t.opening(head, after)
            break
        if isinstance(item, ir.Let):
            code = e.code(item.value)
            names.append((e.scope.push(item.name), code))
        if isinstance(item, ir.Each):
            made = Loop.of(item, e)
            if made.code is not None:
                names.append((made.name, made.code))
            if made.stops:
                steps.append(_Part(made.ended(item, how, e), made.done(item, e)))
    else:
        values = [u.value for u in rule.updates]
        end = either(
            both([*map(defined, values[:n]), broken(v, cut=how == "cut")])
            for n, v in enumerate(values)
        )
        last = None if end == FALSE else e.code(end)
    found = _first_of(steps, last)
    return found and conjunction(_named(names, [found]))


def _exprs(item: ir.Item) -> list[ir.Expr]:
    match item:
        case ir.Guard(cond) | ir.Check(cond):
            return [cond]
        case ir.Let(_, value):
            return [value]
        case ir.Choose(_, domain):
            return [domain]
        case ir.Each():
            return loop_exprs(item)


@dataclass(frozen=True)
class _Part:
    """Where one item fails, and where the body goes on behind it; None: nowhere, everywhere."""

    fails: Code | None
    passes: Code | None

    @staticmethod
    def of(fails: ir.Expr, passes: ir.Expr, e: Expressions) -> _Part:
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
