"""Liveness: does every fair behaviour keep its promise? If not, the lasso that breaks it.

Owns what a counterexample of each temporal form is: a fair loop in which something never happens,
or happens again and again, and the shortest stem that leads there. Unexpanded states are on no
lasso. What is fair is owned by `components.py` and `lasso.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .. import ir
from ..backends.failure import Failure
from ..backends.python import Args, Program, Undefined
from . import setting
from .blame import blame
from .components import components, fair_components
from .lasso import Move, fair_loop, step_of_unit, validate_lasso
from .outcome import Blame, PropertyResult, Step, Trace, Verdict
from .replay import assert_real, edge
from .state_graph import StateGraph

__all__ = ["LivenessFinding", "check_liveness"]

_STARTS_MAX = 64  # loops tried for the shortest one, among equally short stems


@dataclass(frozen=True)
class LivenessFinding:
    """`triggered`: the left side of a `LeadsTo` is true somewhere. `result` is a failure, or
    None.
    """

    prop: ir.Prop
    triggered: bool
    result: PropertyResult | None


@dataclass(frozen=True)
class _Lasso:
    """A stem as states, and the moves of the loop from its last state."""

    args: Args
    stem: list[int]
    loop: list[Move]

    @property
    def size(self) -> tuple[int, int]:
        return len(self.stem), len(self.loop)


def check_liveness(
    program: Program,
    graph: StateGraph,
    trace_to: Callable[[int], Trace],
    pause: Callable[[], None],
) -> Iterator[LivenessFinding]:
    """Each liveness property on the expanded part of the graph.

    `trace_to` gives a shortest trace to a state; `pause` is called now and then and may raise.
    """
    live = [p for p in program.model.props if p.kind.is_liveness]
    blocks = list(components(graph, range(graph.expanded))) if live else []
    for prop in live:
        best: _Lasso | None = None
        triggered = prop.kind is not ir.PropKind.LEADS_TO
        undefined: PropertyResult | None = None
        for args in program.prop_args(prop):
            pause()
            sides = _sides(program, graph, prop, args)
            if isinstance(sides, _UndefinedAt):
                undefined = _undefined(program, prop, args, sides, trace_to(sides.node))
                break
            triggered = triggered or any(sides.left)
            found = _lasso(graph, blocks, prop, args, sides, pause)
            if found is not None and (best is None or found.size < best.size):
                best = found
        if undefined is not None:
            yield LivenessFinding(prop, True, undefined)
        elif best is not None:
            yield LivenessFinding(prop, triggered, _broken(program, graph, prop, best))
        else:
            yield LivenessFinding(prop, triggered, None)


# ── The sides of a property in every state ───────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Sides:
    """For each state: is the left side true, and (of a `LeadsTo`) the right one?"""

    left: bytearray
    right: bytearray


@dataclass(frozen=True)
class _UndefinedAt:
    node: int
    failure: Failure


def _sides(program: Program, graph: StateGraph, prop: ir.Prop, args: Args) -> _Sides | _UndefinedAt:
    left = program.holds(prop.name)
    right = program.consequent(prop.name) if prop.consequent is not None else None
    sides = _Sides(bytearray(len(graph.states)), bytearray(len(graph.states)))
    for node, state in enumerate(graph.states):
        try:
            sides.left[node] = left(state, args)
            if right is not None:
                sides.right[node] = right(state, args)
        except Undefined as undefined:
            return _UndefinedAt(node, undefined.failure)
    return sides


# ── Finding a lasso ──────────────────────────────────────────────────────────────────────────────


@dataclass
class _Target:
    """Where a stem may end. `free` are the loop states that any path may lead to, each with its
    fair component; `bound` those that only a path through `inside` may lead to, since some
    `trigger`.
    """

    free: dict[int, frozenset[int]] = field(default_factory=dict)
    bound: dict[int, frozenset[int]] = field(default_factory=dict)
    inside: Collection[int] = ()
    trigger: Collection[int] = ()
    goals: Collection[int] | None = None  # the loop visits one of these, if it is reached freely


def _target(
    graph: StateGraph,
    blocks: list[list[int]],
    prop: ir.Prop,
    sides: _Sides,
    pause: Callable[[], None],
) -> _Target:
    every = range(graph.expanded)
    never = sides.right if prop.kind is ir.PropKind.LEADS_TO else sides.left
    lacking = {node for node in every if not never[node]}
    target = _Target()
    match prop.kind:
        case ir.PropKind.EVENTUALLY:
            # The left side is false from the initial state on.
            target.inside = lacking
            target.trigger = {node for node in range(graph.roots) if node in lacking}
            for part in fair_components(graph, blocks, lacking, pause):
                target.bound.update(dict.fromkeys(part, part))
        case ir.PropKind.ALWAYS_EVENTUALLY:
            # The left side is false all through the loop.
            for part in fair_components(graph, blocks, lacking, pause):
                target.free.update(dict.fromkeys(part, part))
        case ir.PropKind.EVENTUALLY_ALWAYS:
            # The left side is false somewhere in the loop, and so again and again.
            target.goals = lacking
            for part in fair_components(graph, blocks, every, pause):
                if not part.isdisjoint(lacking):
                    target.free.update(dict.fromkeys(part, part))
        case _:
            # The right side is false since the left side was true, on the stem or in the loop.
            target.inside = lacking
            target.trigger = target.goals = {node for node in lacking if sides.left[node]}
            for part in fair_components(graph, blocks, lacking, pause):
                target.bound.update(dict.fromkeys(part, part))
                if not part.isdisjoint(target.goals):
                    target.free.update(dict.fromkeys(part, part))
    return target


def _lasso(
    graph: StateGraph,
    blocks: list[list[int]],
    prop: ir.Prop,
    args: Args,
    sides: _Sides,
    pause: Callable[[], None],
) -> _Lasso | None:
    target = _target(graph, blocks, prop, sides, pause)
    if not target.free and not target.bound:
        return None
    found = [
        _Lasso(args, stem, fair_loop(graph, component, stem[-1], goals))
        for stem, component, goals in _stems(graph, prop, target)
    ]
    return min(found, key=lambda lasso: lasso.size, default=None)


Stem = tuple[list[int], frozenset[int], Collection[int] | None]


def _stems(graph: StateGraph, prop: ir.Prop, target: _Target) -> list[Stem]:
    """The shortest stems, level by level; a place is a state and whether the path is bound already.

    Bound means: since a trigger the path has stayed inside. A place is encoded as 2 * state +
    bound.
    """
    begins_bound = prop.kind is ir.PropKind.EVENTUALLY
    came: dict[int, int] = {}
    level: list[int] = []

    def reach(node: int, bound: bool, before: int) -> None:
        place = 2 * node + bound
        if place not in came:
            came[place] = before
            level.append(place)
        if not bound and node in target.trigger:
            reach(node, True, before)

    for root in range(min(graph.roots, graph.expanded)):
        if not begins_bound:
            reach(root, False, -1)
        elif root in target.trigger:
            reach(root, True, -1)
    while level:
        ends = [p for p in level if (p // 2) in (target.bound if p % 2 else target.free)]
        if ends:
            return [_stem(place, came, target) for place in ends[:_STARTS_MAX]]
        places, level = level, []
        for place in places:
            node, bound = divmod(place, 2)
            for after in graph.successors(node):
                if after < graph.expanded and (not bound or after in target.inside):
                    reach(after, bool(bound), place)
    return []


def _stem(place: int, came: dict[int, int], target: _Target) -> Stem:
    node, bound = divmod(place, 2)
    component = (target.bound if bound else target.free)[node]
    path = [node]
    while came[place] >= 0:
        place = came[place]
        path.append(place // 2)
    return path[::-1], component, None if bound else target.goals


# ── Results ──────────────────────────────────────────────────────────────────────────────────────


def _broken(program: Program, graph: StateGraph, prop: ir.Prop, lasso: _Lasso) -> PropertyResult:
    states = [graph.states[node] for node in lasso.stem]
    steps: list[Step] = [edge(program, a, b) for a, b in pairwise(states)]
    keys = {number: key for key, number in graph.keys.items()}
    for source, target, unit in lasso.loop:
        before, after = graph.states[source], graph.states[target]
        steps.append(step_of_unit(program, before, after, keys.get(unit)))
    trace = Trace(program.model, states[0], tuple(steps), len(states) - 1)
    validate_lasso(program, trace, prop, lasso.args)
    note = ""
    if not graph.keys:
        note = "no action is fair, so a behaviour may stand still wherever it likes"
    return PropertyResult(
        name=prop.name,
        kind="liveness",
        verdict=Verdict.FAILS,
        args=setting.shown_args(prop.params, lasso.args),
        steps=len(states) - 1,
        trace=trace,
        blame=_blame(program, prop, trace, lasso.args),
        span=prop.span,
        note=note,
    )


def _blame(program: Program, prop: ir.Prop, trace: Trace, args: Args) -> tuple[Blame, ...]:
    """What is false in the loop."""
    assert trace.loop is not None
    for state in trace.states()[trace.loop :]:
        found = blame(program, prop, state, args)
        if found:
            return found
    return ()


def _undefined(
    program: Program, prop: ir.Prop, args: Args, at: _UndefinedAt, trace: Trace
) -> PropertyResult:
    assert_real(program, trace)
    return PropertyResult(
        name=prop.name,
        kind="liveness",
        verdict=Verdict.FAILS,
        args=setting.shown_args(prop.params, args),
        steps=len(trace.steps),
        trace=trace,
        blame=blame(program, prop, trace.states()[-1], args),
        span=prop.span,
        note=f"undefined: {at.failure.message}",
    )
