"""One explanation of what can be explained of a slice, step by step, for a picture of it.

Owns the choice: of the explanations of the longest part, one that stands before the line which
comes nearest, with as few hidden faults as the search needed. Between two of its steps an arrow
says that the model could not do the second before the first. Lines that were no step here, such as
the start of a relay that had nothing to forget, are left out. Other explanations may order the
lines of different nodes in another way, and say so on the page that shows this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from checker import ir
from checker.states import State, Value

from .event import Event
from .validate import Answer, Limits, Logged, Node, Plan, Shape
from .worlds import LostStep, Rule, Worlds

__all__ = ["Beat", "Story", "story"]

NODES_MAX = 20_000  # explanations looked through for one
BEATS_MAX = 200  # steps whose causes are looked for


@dataclass(frozen=True)
class Beat:
    """One step. Without an `event`, and a `node`, nobody logged it.

    `causes` are the numbers of earlier steps without which the model could not do this one.
    """

    node: str | None
    text: str
    event: Event | None
    causes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Story:
    """The steps, and the lines that are left, each node's in its order."""

    beats: tuple[Beat, ...]
    left: tuple[Event, ...]


@dataclass(frozen=True)
class _Came:
    """How an explanation was reached: by a line (chain, position), a lost step, or a hidden one."""

    before: Node
    line: tuple[int, int] | None
    lost: LostStep | None = None


Ways = dict[Node, tuple[int, _Came | None]]  # with the number of hidden faults
Shown = Callable[[Value, ir.Type], str]


def story(
    shape: Shape,
    answer: Answer,
    worlds: Worlds,
    target: Node,
    events: list[dict[int, Event]],
    shown: Shown,
) -> Story:
    """A way to `target`; without steps if it would take too long to find one."""
    used = shape if answer.budget.lost else shape.without_lost()
    world = worlds.of(shape.bound, answer.budget.background, answer.budget.widened)
    plan = Plan(used, answer.budget, world, Limits(NODES_MAX, float("inf")), joined=False)
    left = tuple(
        event
        for chain, position in zip(events, target.cut, strict=True)
        for at, event in chain.items()
        if at >= position
    )
    came = _way(plan, target)
    states = [each.before.state for each in came] + [target.state]
    found: list[tuple[Beat, Rule | None, int]] = []  # with its number among all
    for number, (each, (before, after)) in enumerate(zip(came, pairwise(states), strict=True)):
        if each.line is None:
            move = next(world.named(before, after, each.lost), None)
            found.append((Beat(None, _call(plan, move, shown), None), move, number))
            continue
        chain, position = each.line
        logged, event = used.chains[chain][position], events[chain][position]
        assert isinstance(logged, Logged)
        move = _logged(plan, logged, before, after)
        if move is not None or not world.observation.by_event[logged.step.event].entry.if_enabled:
            found.append((Beat(event.node, event.name, event), move, number))
    places = {number: place for place, (_, _, number) in enumerate(found)}
    beats: list[Beat] = []
    for beat, move, number in found:
        cause = _cause(plan, states, number, move) if len(beats) < BEATS_MAX else None
        beats.append(replace(beat, causes=(places[cause],) if cause in places else ()))
    return Story(tuple(beats), left)


def _way(plan: Plan, target: Node) -> list[_Came]:
    """The steps from an initial state to `target`; none if there are too many explanations."""
    world, most = plan.world, plan.budget.faults
    start = (0,) * len(plan.chains)
    layer: Ways = {Node(start, s, world.owed_at_first(s)): (0, None) for s in world.initial()}
    known: Ways = {}
    for _ in range(plan.shape.lines() + 1):
        _close(plan, layer, target, most)
        known |= layer
        if target in known:
            break
        if len(known) > NODES_MAX:
            return []
        following: Ways = {}
        for node, (faults, _) in layer.items():
            for chain, position in plan.ready(node.cut):
                if position >= target.cut[chain]:
                    continue
                for after in plan.consume(node, only=chain):
                    if faults < following.get(after, (faults + 1, None))[0]:
                        following[after] = faults, _Came(node, (chain, position))
        layer = following
    found: list[_Came] = []
    came = known.get(target, (0, None))[1]
    while came is not None:
        found.append(came)
        came = known[came.before][1]
    return found[::-1]


def _close(plan: Plan, layer: Ways, target: Node, most: int) -> None:
    waiting = list(layer)
    while waiting and len(layer) <= NODES_MAX:
        node = waiting.pop()
        faults = layer[node][0]
        after: list[tuple[int, Node, _Came]] = [
            (faults + cost, Node(node.cut, state, plan.world.opened(node.open, state), node.lost),
             _Came(node, None))
            for cost, state in plan.world.hidden(node.state)
        ]  # fmt: skip
        for lost in plan.lose(node):
            if all(a <= b for a, b in zip(lost.cut, target.cut, strict=True)):
                after.append((faults, lost, _Came(node, None, plan.lost_step(node, lost))))
        for used, each, came in after:
            if used <= most and used < layer.get(each, (used + 1, None))[0]:
                layer[each] = used, came
                waiting.append(each)


def _call(plan: Plan, move: Rule | None, shown: Shown) -> str:
    if move is None:
        return "a step"
    name, args = move
    params = plan.world.rules[name].rule.params
    values = (shown(value, param.type) for value, param in zip(args, params, strict=True))
    return f"{name}({', '.join(values)})"


# ── What makes a step possible ───────────────────────────────────────────────────────────────────


def _logged(plan: Plan, logged: Logged, before: State, after: State) -> Rule | None:
    """The step that a line is, here."""
    if before == after:
        return None  # it was none
    for step in (logged.step, *logged.others):
        name = plan.world.observation.by_event[step.event].rule.name
        for args in plan.world.instances(name, step.args):
            if any(each == after for _, each in plan.world.rules[name].step(before, args)):
                return name, args
    return None


def _cause(plan: Plan, states: list[State], number: int, move: Rule | None) -> int | None:
    """The last earlier step before which this one was not possible."""
    if move is None:
        return None
    for at in range(number - 1, -1, -1):
        if not _possible(plan, states[at], move):
            return at
    return None


def _possible(plan: Plan, state: State, move: Rule) -> bool:
    name, args = move
    afters: Iterator[object] = (after for _, after in plan.world.rules[name].step(state, args))
    return any(isinstance(after, tuple) for after in afters)
