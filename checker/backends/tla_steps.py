"""A rule as a reader follows it: its tree, with what each place still has to ask.

Owns the conditions that TLA+ needs beside the values: where a guard or check lets the step pass,
where an expression has no value, where a capacity is left. What is known at a place (an earlier
guard, a local that is set at this label, a bound that the state keeps) is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .. import ir
from ..ir.walk import bound_by, free_names, item_children, map_item, walk
from ..passes.forks import Body, Fork, forked
from ..passes.known import Known, put
from .tla_defined import FALSE, TRUE, both, broken, defined, either, implies, negated
from .tla_tidy import tidied, tidy

__all__ = ["Branch", "End", "Step", "Steps", "guarded", "loop_exprs", "steps_of"]


@dataclass(frozen=True)
class Step:
    """The body goes on where `passes`; elsewhere it blocks, or ends in an `error` or a `cut`."""

    item: ir.Item
    passes: ir.Expr
    error: ir.Expr
    cut: ir.Expr

    @property
    def is_plain(self) -> bool:
        return (self.passes, self.error, self.cut) == (TRUE, FALSE, FALSE)


@dataclass(frozen=True)
class End:
    """The new values of the variables that get one."""

    updates: dict[str, ir.Expr]
    passes: ir.Expr
    error: ir.Expr
    cut: ir.Expr


@dataclass(frozen=True)
class Branch:
    test: ir.Expr
    then: Steps
    orelse: Steps


@dataclass(frozen=True)
class Steps:
    steps: tuple[Step, ...]
    end: End | Branch


def steps_of(rule: ir.Rule, known: Known) -> Steps:
    """The rule's tree; `known` holds before its body."""
    return _written_out(_followed(forked(tidied(rule)), known))


# ── What is asked ────────────────────────────────────────────────────────────────────────────────


def guarded(expr: ir.Expr) -> ir.Expr:
    """True where the expression is defined and true; defined everywhere."""
    if isinstance(expr, ir.And):
        found: ir.Expr = TRUE
        for part in reversed(expr.parts):
            found = both([guarded(part), found])
        return found
    return both([defined(expr), expr])


def _passes(item: ir.Item) -> ir.Expr:
    """The body goes on behind the item, or skips it."""
    if isinstance(item, ir.Guard | ir.Check):
        inside = guarded(item.cond)
    else:
        inside = both(map(defined, _exprs(item)))
    if item.path is None:
        return inside
    return both([defined(item.path), implies(item.path, inside)])


def _breaks(item: ir.Item, *, cut: bool) -> ir.Expr:
    exprs = _exprs(item)
    inside = either(_one_breaks(exprs, cut=cut))
    if isinstance(item, ir.Check) and item.kind.is_cut == cut:
        inside = either([inside, both([defined(item.cond), negated(item.cond)])])
    if item.path is None:
        return inside
    return either([broken(item.path, cut=cut), both([defined(item.path), item.path, inside])])


def _one_breaks(exprs: Sequence[ir.Expr], *, cut: bool) -> Iterator[ir.Expr]:
    for place, expr in enumerate(exprs):
        yield both([*map(defined, exprs[:place]), broken(expr, cut=cut)])


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


def loop_exprs(item: ir.Each) -> list[ir.Expr]:
    return [*(c.init for c in item.carried), item.domain]


# ── Following a body ─────────────────────────────────────────────────────────────────────────────


def _followed(body: Body, known: Known) -> Steps:
    steps: list[Step] = []
    for item in body.items:
        asked = (_passes(item), _breaks(item, cut=False), _breaks(item, cut=True))
        step = Step(item, *map(known.reduced, asked))
        known = _behind(item, known.learning(step.passes))
        if not (isinstance(item, ir.Guard | ir.Check) and step.is_plain):
            steps.append(step)
    if isinstance(body.end, Fork):
        test = body.end.test
        outcome = known.decides(test)
        if outcome is not None:
            only = _followed(body.end.then if outcome else body.end.orelse, known)
            return Steps((*steps, *only.steps), only.end)
        then = _followed(body.end.then, known.learning(test))
        orelse = _followed(body.end.orelse, known.learning(negated(test)))
        return Steps(tuple(steps), Branch(test, then, orelse))
    updates = _changing({u.var: tidy(u.value) for u in body.end.updates})
    values = list(updates.values())
    end = End(
        updates,
        known.reduced(both(map(defined, values))),
        known.reduced(either(_one_breaks(values, cut=False))),
        known.reduced(either(_one_breaks(values, cut=True))),
    )
    return Steps(tuple(steps), end)


def _behind(item: ir.Item, known: Known) -> Known:
    match item:
        case ir.Let(name, value, None):
            return known.naming(name, value)
        case ir.Choose(name, domain, path=None):
            return known.drawing(name, domain)
        case ir.Let(name) | ir.Choose(name):
            return known.without(name)
        case ir.Each():
            for carried in item.carried:
                known = known.without(carried.name)
    return known


def _changing(updates: dict[str, ir.Expr]) -> dict[str, ir.Expr]:
    return {var: value for var, value in updates.items() if not _keeps(var, value)}


def _keeps(var: str, value: ir.Expr) -> bool:
    match value:
        case ir.Read(name):
            return name == var
        case ir.Put(old, key, ir.At(other, same)) if isinstance(old.type, ir.Map):
            return old == other and key == same and _keeps(var, old)
    return False


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def _written_out(body: Steps) -> Steps:
    """Names that are used once, or are no shorter than their values, replaced by their values."""
    for place, step in enumerate(body.steps):
        item = step.item
        if not isinstance(item, ir.Let) or not step.is_plain or item.path is not None:
            continue
        rest = Steps(body.steps[place + 1 :], body.end)
        uses = sum(_uses(expr, item.name) for expr in _values(rest))
        short = _is_short(item.value)
        taken = free_names(item.value) | {item.name}
        if (uses <= 1 or short) and not any(
            bound_by(node) in taken for expr in _values(rest) for node in walk(expr)
        ):
            changed = _changed(rest, _putting(item))
            return _written_out(Steps((*body.steps[:place], *changed.steps), changed.end))
    if isinstance(body.end, Branch):
        end = body.end
        sides = _written_out(end.then), _written_out(end.orelse)
        return Steps(body.steps, Branch(end.test, *sides))
    return body


def _is_short(expr: ir.Expr) -> bool:
    if isinstance(expr, ir.Widen):
        return _is_short(expr.body)
    return isinstance(expr, ir.Lit | ir.Read | ir.Arg | ir.Bound | ir.Const)


def _uses(expr: ir.Expr, name: str) -> int:
    return sum(isinstance(node, ir.Bound) and node.name == name for node in walk(expr))


def _values(body: Steps) -> Iterator[ir.Expr]:
    """The expressions of the action; a guard's or check's is what it asks."""
    for step in body.steps:
        yield step.passes
        if not isinstance(step.item, ir.Guard | ir.Check):
            yield from item_children(step.item)
    if isinstance(body.end, End):
        yield body.end.passes
        yield from body.end.updates.values()
    else:
        yield body.end.test
        yield from _values(body.end.then)
        yield from _values(body.end.orelse)


def _changed(body: Steps, change: Callable[[ir.Expr], ir.Expr]) -> Steps:
    steps = tuple(
        Step(map_item(s.item, change), change(s.passes), change(s.error), change(s.cut))
        for s in body.steps
    )
    end = body.end
    if isinstance(end, Branch):
        sides = _changed(end.then, change), _changed(end.orelse, change)
        return Steps(steps, Branch(change(end.test), *sides))
    updates = _changing({var: change(value) for var, value in end.updates.items()})
    return Steps(
        steps,
        replace(
            end,
            updates=updates,
            passes=change(end.passes),
            error=change(end.error),
            cut=change(end.cut),
        ),
    )


def _putting(item: ir.Let) -> Callable[[ir.Expr], ir.Expr]:
    return lambda expr: tidy(put(expr, item.name, item.value))
