"""Where the next step of a test should go: towards what random steps would seldom reach.

Owns the map of the model's states that a test can reach, and the choice of a step. A run first
follows a shortest way to a step that is drawn from all steps of the map, each action as likely as
any other; from there on it is drawn towards actions that it has not taken yet. Everything is a
function of the model and of the numbers drawn in this run, so a run can be repeated from them.

Hypothesis draws small numbers far more often than large ones, and the same ones again and again. So
a number is scrambled together with its place in the run; of the 24 bits that this gives the lower
16 choose among the steps, the upper 8 where to go.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate

from ..states import State
from .belief import Belief, Harness
from .subject import Call

__all__ = ["NUMBERS", "Atlas", "Course"]

STATES_MAX = 20_000  # of the map; a larger model is steered by its first states
NUMBERS = 1 << 24
_LOW = (1 << 16) - 1

# Of 16 draws, 15 stay on the way that was planned: of eight steps that lead to a rare action, all
# are taken by half of the runs that want it. The sixteenth looks to the side.
_ASIDE = 16
_ON_THE_WAY = (_ASIDE - 1) * (_LOW + 1) // _ASIDE

# How likely a step is that takes the wanted action, comes nearer to it, keeps its distance, or not.
_TAKES, _NEARER, _KEEPS, _ELSE = 12, 8, 2, 1

_WORD = (1 << 64) - 1


@dataclass
class Atlas:
    """The states that a test can reach by driving the model, breadth first.

    `parents[n]` is the state before n and the call between them (None: a hidden step).
    `taken[name]` lists the states that allow the action, with the call.
    """

    harness: Harness
    numbers: dict[State, int] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    parents: list[tuple[int, Call | None]] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    taken: dict[str, list[tuple[int, Call]]] = field(default_factory=dict)
    is_complete: bool = True
    _distances: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for state in self.harness.program.initial_states():
            self._add(state, -1, None)
        for number, state in enumerate(self.states):
            for call, outcomes in self.harness.edges(state).items():
                self.taken.setdefault(call.name, []).append((number, call))
                for _, end in outcomes:
                    self._edge(number, call, end)
            for end in self.harness.hidden_steps(state):
                self._edge(number, None, end)
        # In the order of the source, whatever was found first.
        names = [rule.rule.name for rule in self.harness.program.rules]
        self.taken = {name: self.taken[name] for name in names if name in self.taken}

    def _add(self, state: State, parent: int, call: Call | None) -> int:
        known = self.numbers.get(state)
        if known is not None:
            return known
        if len(self.states) >= STATES_MAX:
            self.is_complete = False
            return -1
        number = self.numbers[state] = len(self.states)
        self.states.append(state)
        self.parents.append((parent, call))
        self.depths.append(self.depths[parent] + (call is not None) if parent >= 0 else 0)
        self.before.append([])
        return number

    def _edge(self, number: int, call: Call | None, end: State) -> None:
        target = self._add(end, number, call)
        if target >= 0:
            self.before[target].append(number)

    @property
    def actions(self) -> list[str]:
        """The actions and faults that the map takes somewhere, in the order of the source."""
        return list(self.taken)

    def longest(self) -> int | None:
        """The most calls that a run can make before nothing is left to do; None: no such number."""
        if not self.is_complete:
            return None
        targets: list[list[tuple[int, int]]] = []
        open_edges = [0] * len(self.states)
        for state in self.states:
            ends = {self.numbers[end]: 0 for end in self.harness.hidden_steps(state)}
            for outcomes in self.harness.edges(state).values():
                ends.update(dict.fromkeys((self.numbers[end] for _, end in outcomes), 1))
            targets.append(list(ends.items()))
            for target in ends:
                open_edges[target] += 1
        ready = [number for number, count in enumerate(open_edges) if not count]
        lengths = [0] * len(self.states)
        for number in ready:
            for target, cost in targets[number]:
                lengths[target] = max(lengths[target], lengths[number] + cost)
                open_edges[target] -= 1
                if not open_edges[target]:
                    ready.append(target)
        # A state that never became ready is on a cycle, or behind one.
        return max(lengths) if len(ready) == len(self.states) else None

    def way_to(self, number: int) -> list[Call]:
        """The calls of a shortest way from an initial state; hidden steps are left out."""
        calls: list[Call] = []
        while number >= 0:
            number, call = self.parents[number]
            if call is not None:
                calls.append(call)
        return calls[::-1]

    def distances(self, name: str) -> list[int]:
        """For each state, how many steps it is away from one that allows the action; else -1."""
        known = self._distances.get(name)
        if known is not None:
            return known
        distances = [-1] * len(self.states)
        queue: deque[int] = deque()
        for number, _ in self.taken.get(name, ()):
            if distances[number] < 0:
                distances[number] = 0
                queue.append(number)
        while queue:
            number = queue.popleft()
            for earlier in self.before[number]:
                if distances[earlier] < 0:
                    distances[earlier] = distances[number] + 1
                    queue.append(earlier)
        self._distances[name] = distances
        return distances

    def away(self, states: tuple[State, ...], name: str) -> int:
        """The least distance of the states from the action; large, if none is known."""
        distances = self.distances(name)
        known = [distances[self.numbers[s]] for s in states if s in self.numbers]
        return min((d for d in known if d >= 0), default=len(self.states))


@dataclass
class Course:
    """Where one run is going."""

    atlas: Atlas
    plan: list[Call] | None = None
    place: int = 0
    draws: int = 0
    goal: str = ""
    taken: set[str] = field(default_factory=set)

    def choose(self, belief: Belief, number: int) -> Call:
        """One of the steps that the model allows now; there has to be one."""
        self.draws += 1
        if self.plan is None:
            self.plan = self._planned(_scrambled(number, 0))
        number = _scrambled(number, self.draws)
        low, high = number & _LOW, number >> 16
        planned = self.plan[self.place] if self.place < len(self.plan) else None
        if planned is not None:
            self.place += 1
            if low < _ON_THE_WAY and planned in belief.menu:
                return self._take(planned)
            self.place = len(self.plan)
            low = (low - _ON_THE_WAY) * _ASIDE if low >= _ON_THE_WAY else low
        if not self.goal or self.goal in self.taken:
            self.goal = self._next_goal(high)
        weights = belief.weights.get(self.goal)
        if weights is None:
            weights = belief.weights[self.goal] = self._weights(belief, self.goal)
        point = low * weights[-1] >> 16
        return self._take(belief.menu[bisect_right(weights, point)])

    def _take(self, call: Call) -> Call:
        self.taken.add(call.name)
        return call

    def _planned(self, number: int) -> list[Call]:
        """A shortest way to one of the map's steps, and that step."""
        actions = self.atlas.actions
        if not actions:
            return []
        steps = self.atlas.taken[actions[(number >> 16) * len(actions) >> 8]]
        source, call = steps[(number & _LOW) * len(steps) >> 16]
        return [*self.atlas.way_to(source), call]

    def _next_goal(self, high: int) -> str:
        actions = self.atlas.actions
        new = [name for name in actions if name not in self.taken]
        if not new:
            self.taken.clear()
            new = actions
        return new[high * len(new) >> 8] if new else ""

    def _weights(self, belief: Belief, goal: str) -> list[int]:
        """Cumulative, one for each step of the menu."""
        if not goal:
            return list(range(1, len(belief.menu) + 1))
        now = self.atlas.away(belief.states, goal)
        harness = self.atlas.harness

        def weight(call: Call) -> int:
            if call.name == goal:
                return _TAKES
            after = harness.after(belief, call)
            if after is belief:
                return _ELSE  # nothing changes, so nothing comes nearer
            then = self.atlas.away(after.states, goal)
            return _NEARER if then < now else _KEEPS if then == now else _ELSE

        return list(accumulate(weight(call) for call in belief.menu))


def _scrambled(number: int, place: int) -> int:
    """24 bits in which every bit of the number and of its place counts.

    Source: the constants are those of splitmix64 (G. Steele, D. Lea, C. Flood, 2014).
    """
    mixed = (number + place * NUMBERS + 1) * 0x9E3779B97F4A7C15 & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    return (mixed ^ mixed >> 27) >> 40 & NUMBERS - 1
