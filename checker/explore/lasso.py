"""Fair loops: building a short one inside a fair component, and checking one from the outside.

Owns what makes a loop fair, twice on purpose: `fair_loop` builds from the recorded graph, and
`validate_lasso` runs the program again and believes nothing that was recorded. Every lasso passes
through the second before it is shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .. import ir
from ..backends.python import Args, Program
from ..errors import InternalError
from ..states import State
from .outcome import Step, Trace
from .replay import assert_real, edge
from .state_graph import StateGraph, UnitKey, unit_key

__all__ = ["fair_loop", "step_of_unit", "validate_lasso"]

# An edge of the graph: source, target, unit or -1.
Move = tuple[int, int, int]


@dataclass
class _Needs:
    """What a loop still lacks. `goals` are states of which it must visit one, if given."""

    graph: StateGraph
    goals: Collection[int] | None
    somewhere: int = 0
    everywhere: int = -1
    taken: int = 0
    reached: bool = False

    def visit(self, node: int) -> None:
        self.somewhere |= self.graph.enabled[node]
        self.everywhere &= self.graph.enabled[node]
        self.reached = self.reached or self.goals is None or node in self.goals

    @property
    def weak(self) -> int:
        return self.graph.weak & self.everywhere & ~self.taken

    @property
    def strong(self) -> int:
        return self.graph.strong & self.somewhere & ~self.taken

    def met(self) -> bool:
        return self.reached and not self.weak and not self.strong

    def helps(self, move: Move) -> bool:
        """Does the move give something that is lacking?"""
        _, target, unit = move
        if unit >= 0 and (1 << unit) & (self.weak | self.strong):
            return True
        if self.weak & ~self.graph.enabled[target]:
            return True
        return not self.reached and self.goals is not None and target in self.goals


def fair_loop(
    graph: StateGraph, component: Collection[int], start: int, goals: Collection[int] | None
) -> list[Move]:
    """A short fair loop in a fair component from a state back to it; empty for standing still.

    It goes to the nearest thing that is lacking until nothing is, and back. Not always the shortest
    of all, which is a travelling salesman's problem.
    """
    needs = _Needs(graph, goals)
    needs.visit(start)
    moves: list[Move] = []
    here = start
    while here != start or not needs.met():
        wanted: Callable[[Move], bool] = (
            (lambda move: move[1] == start) if needs.met() else needs.helps
        )
        path = _path(graph, component, here, wanted)
        for move in path:
            needs.visit(move[1])
            needs.taken |= 1 << move[2] if move[2] >= 0 else 0
        moves += path
        here = moves[-1][1]
    return moves


def _path(
    graph: StateGraph, component: Collection[int], here: int, wanted: Callable[[Move], bool]
) -> list[Move]:
    """The shortest path inside the component that ends with a wanted move."""
    came: dict[int, Move | None] = {here: None}
    queue = deque([here])
    while queue:
        node = queue.popleft()
        for target, unit in graph.edges(node):
            if target not in component:
                continue
            move = (node, target, unit)
            if wanted(move):
                path = [move]
                before = came[node]
                while before is not None:
                    path.append(before)
                    before = came[before[0]]
                return path[::-1]
            if target not in came:
                came[target] = move
                queue.append(target)
    raise InternalError("a fair component lacks what its loop needs")


def step_of_unit(program: Program, before: State, after: State, key: UnitKey | None) -> Step:
    """A step between two states that takes the unit; any step, if none is asked for."""
    if key is None:
        return edge(program, before, after)
    for compiled in program.rules:
        for args in compiled.args:
            if unit_key(compiled.rule, args) != key:
                continue
            for picks, end in compiled.step(before, args):
                if end == after:
                    return Step(compiled.rule.name, args, picks, after)
    raise InternalError(f"the unit {key[0]} has no step between two states of a loop")


# ── From the outside ─────────────────────────────────────────────────────────────────────────────


def validate_lasso(program: Program, trace: Trace, prop: ir.Prop, args: Args) -> None:
    """Runs the lasso again. Raises: InternalError, unless it is fair and breaks the property."""
    assert_real(program, trace)
    if trace.loop is None:
        raise InternalError("a counterexample of a liveness property has no loop")
    states = trace.states()
    turn = states[trace.loop :]
    unfair = _unfair_units(program, turn, trace.steps[trace.loop :])
    if unfair:
        raise InternalError(f"the loop is not fair to {', '.join(unfair)}")
    if not _breaks(program, prop, args, states, trace.loop):
        raise InternalError(f"the lasso does not break {prop.name}")


def _unfair_units(program: Program, turn: Sequence[State], steps: Sequence[Step]) -> list[str]:
    """The units that this turn of the loop wrongs."""
    by_name = {r.rule.name: r.rule for r in program.rules}
    taken = {unit_key(by_name[s.rule], s.args) for s in steps}
    enabled = [_enabled_units(program, state) for state in turn]
    wronged = []
    for key, strong in _all_units(program).items():
        if key in taken:
            continue
        times = sum(key in there for there in enabled)
        if (strong and times) or times == len(enabled):
            wronged.append(key[0])
    return wronged


def _all_units(program: Program) -> dict[UnitKey, bool]:
    """Every unit, and whether it is strong."""
    found: dict[UnitKey, bool] = {}
    for compiled in program.rules:
        for args in compiled.args:
            key = unit_key(compiled.rule, args)
            if key is not None and compiled.rule.unit is not None:
                found[key] = compiled.rule.unit.strong
    return found


def _enabled_units(program: Program, state: State) -> set[UnitKey | None]:
    return {
        unit_key(compiled.rule, args)
        for compiled in program.rules
        for args in compiled.args
        if compiled.step(state, args)
    }


def _breaks(
    program: Program, prop: ir.Prop, args: Args, states: Sequence[State], loop: int
) -> bool:
    left = [program.holds(prop.name)(state, args) for state in states]
    match prop.kind:
        case ir.PropKind.EVENTUALLY:
            return not any(left)
        case ir.PropKind.ALWAYS_EVENTUALLY:
            return not any(left[loop:])
        case ir.PropKind.EVENTUALLY_ALWAYS:
            return not all(left[loop:])
    right = [program.consequent(prop.name)(state, args) for state in states]
    # After some state with the left side the right side never comes, and never in the loop at all.
    return not any(right[loop:]) and any(
        left[place] and not any(right[place:]) for place in range(len(states))
    )
