"""Is a slice a behaviour of the model? The search for all explanations (L1, L2, L4).

Owns the search and nothing of logs or names: it works on a `Shape`, where ids are numbers. An
explanation so far is a cut (how far each chain is consumed), a state, the open obligations, and the
least number of hidden faults that led there. Cuts are visited in layers of equally many consumed
lines; before each line the set is closed under hidden and lost steps, all of them: taking hidden
steps only where no line fits would miss a hidden step that a line then disables. No symmetry is
applied to the set.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from checker.states import State

from .numbered import Numbered, Row
from .subsets import TooWide
from .worlds import Bound, LostStep, Step, World, Worlds

__all__ = [
    "MANY", "Answer", "Budget", "Limits", "Logged", "Node", "Plan", "Shape",
    "ShapeChain", "search", "stuck_lines",
]  # fmt: skip


class Logged(NamedTuple):
    """A line of a chain. `is_certain` is false for a line whose step a crash may have prevented."""

    step: Step
    is_certain: bool
    others: tuple[Step, ...] = ()  # it may also have been one of these
    needs: tuple[tuple[int, int], ...] = ()  # of a chain, how many lines came before this one


ShapeChain = tuple[Logged | LostStep, ...]


class Shape(NamedTuple):
    """All that a search depends on. Slices of one shape have one verdict."""

    bound: Bound
    chains: tuple[ShapeChain, ...]

    def logged(self) -> Iterator[Logged]:
        return (item for chain in self.chains for item in chain if isinstance(item, Logged))

    def lines(self) -> int:
        return sum(1 for _ in self.logged())

    def without_lost(self) -> Shape:
        """The same where every step was logged."""
        chains = [tuple(i for i in chain if isinstance(i, Logged)) for chain in self.chains]
        if not self.has_needs():  # which name chains by their places
            chains = [chain for chain in chains if chain]
        return Shape(self.bound, tuple(chains))

    def doubting(self, steps: Collection[Step]) -> Shape:
        """The same where no line of these steps need be explained."""

        def doubted(item: Logged | LostStep) -> Logged | LostStep:
            if not isinstance(item, Logged) or item.step not in steps:
                return item
            return item._replace(is_certain=False)

        return Shape(self.bound, tuple(tuple(map(doubted, chain)) for chain in self.chains))

    def has_needs(self) -> bool:
        return any(line.needs for line in self.logged())


MANY = 1 << 30


class Budget(NamedTuple):
    """What an explanation may assume: background ids, hidden faults, steps that were not logged.

    From `MANY` on, lost steps are not counted: each instance has at most one anyway.

    `widened`: how many times its declared capacity a collection may hold.
    """

    background: int
    faults: int
    lost: int
    widened: int = 1


@dataclass(frozen=True)
class Limits:
    """`width`: explanations at once. `deadline`: as `time.monotonic` counts."""

    width: int
    deadline: float


class Node(NamedTuple):
    """An explanation of a part of the slice. `open` are the open obligations, as bits.

    `lost` counts the steps that were not logged, where the budget limits them.
    """

    cut: tuple[int, ...]
    state: State
    open: int
    lost: int = 0


@dataclass(frozen=True)
class Answer:
    """What one search found.

    `limit` is what cut it ("" if nothing did): width, seconds or capacity, and `detail` says more.
    Without a limit, not accepted means rejected.
    `faults` is the least number of hidden faults of an explanation; `open_all` and `open_some` are
    the obligations open in all and in some explanations with that number, `open_ever` in all of any
    number. `stuck` are the explanations of the longest part that has one, empty if the slice was
    accepted.
    """

    accepted: bool
    budget: Budget
    limit: str = ""
    detail: str = ""
    faults: int = 0
    open_all: int = 0
    open_some: int = 0
    open_ever: int = 0
    at_rest_all: bool = False
    at_rest_some: bool = False
    explained: int = 0
    stuck: tuple[Node, ...] = ()
    width: int = 0


class _Cut(Exception):
    """A limit was hit: its name, and what it was."""

    def __init__(self, limit: str, detail: str) -> None:
        super().__init__(detail)
        self.limit = limit
        self.detail = detail


Layer = dict[Node, int]  # with the least number of hidden faults

Member = tuple[int, int, int]
"""An explanation at a cut: the number of its state, its open obligations, its lost steps."""

ByCut = dict[tuple[int, ...], dict[Member, int]]
"""A layer by cuts, so that what depends on the cut alone is looked for once."""


def search(
    shape: Shape, budget: Budget, worlds: Worlds, limits: Limits, *, determinised: bool = True
) -> Answer:
    """Look for all explanations within the budget. Never says rejected of a search that was cut.

    `determinised`: where the lines have one order, follow the tables of `subsets.py`; without,
    search for this slice alone. The answer is the same.
    """
    world = worlds.of(shape.bound, budget.background, budget.widened)
    plan = Plan(shape if budget.lost else shape.without_lost(), budget, world, limits)
    is_total = len(plan.chains) <= 1 and all(isinstance(i, Logged) for c in plan.chains for i in c)
    world.cuts.clear()
    try:
        answer = _followed(plan, worlds) if determinised and is_total else _run(plan)
    except _Cut as cut:
        answer = Answer(False, budget, limit=cut.limit, detail=cut.detail, width=plan.width)
    if world.cuts and not answer.limit:
        detail = "; ".join(sorted(world.cuts))
        if answer.accepted:  # what is open in *all* explanations is then not known
            answer = replace(answer, detail=detail, open_ever=0)
        else:
            answer = Answer(False, budget, limit="capacity", detail=detail, width=plan.width)
    return answer


def _run(plan: Plan) -> Answer:
    numbered = plan.world.numbered
    first = [(state, plan.world.owed_at_first(state)) for state in plan.world.initial()]
    if not first:  # the model has no initial state
        return Answer(False, plan.budget)
    start = (0,) * len(plan.chains)
    layer = plan.closed({start: {(numbered.number(s), owed, 0): 0 for s, owed in first}})
    total = plan.shape.lines()
    for consumed in range(total):
        if numbered.is_full:
            layer = _renumbered(layer, numbered)
        following = plan.consumed(layer)
        if not following:
            stuck = tuple(_nodes(layer, numbered))
            return Answer(False, plan.budget, explained=consumed, stuck=stuck, width=plan.width)
        layer = plan.closed(following)
    return _accepted(plan, _nodes(layer, numbered), total)


def _nodes(layer: ByCut, numbered: Numbered) -> Layer:
    return {
        Node(cut, numbered.states[number], owed, lost): faults
        for cut, members in layer.items()
        for (number, owed, lost), faults in members.items()
    }


def _renumbered(layer: ByCut, numbered: Numbered) -> ByCut:
    """The layer after the tables were emptied."""
    states = numbered.states
    numbered.forget()
    return {
        cut: {(numbered.number(states[m[0]]), m[1], m[2]): used for m, used in members.items()}
        for cut, members in layer.items()
    }


def _followed(plan: Plan, worlds: Worlds) -> Answer:
    """The same for lines in one order: one look-up for each line, once its like was seen."""
    table = worlds.subsets(plan.world, plan.budget.faults)
    lines = plan.chains[0] if plan.chains else ()
    most = plan.limits.width
    try:
        at = table.start(most)
        plan.width = len(table.members(at))
        if not plan.width:  # the model has no initial state
            return Answer(False, plan.budget)
        for consumed, line in enumerate(lines):
            assert isinstance(line, Logged)
            before = table.members(at)
            at = table.after(at, line, most)
            after = table.members(at)
            if not after:
                stuck = tuple(Node((consumed,), state, mask) for state, mask in before)
                return Answer(False, plan.budget, explained=consumed, stuck=stuck, width=plan.width)
            plan.width = max(plan.width, len(after))
            plan.tick()
    except TooWide:
        raise _Cut("width", f"more than {most} explanations at once") from None
    end = (len(lines),) if plan.chains else ()
    members = table.members(at).items()
    layer = {Node(end, state, mask): faults for (state, mask), faults in members}
    return _accepted(plan, layer, len(lines))


def _accepted(plan: Plan, layer: Layer, total: int) -> Answer:
    faults = min(layer.values())
    least = [node for node, used in layer.items() if used == faults]
    open_all = open_ever = -1
    open_some = 0
    for node in least:
        open_all &= node.open
        open_some |= node.open
    for node in layer:
        open_ever &= node.open
    moving = [plan.world.moves_on(state) for state in {node.state for node in least}]
    return Answer(
        True, plan.budget, faults=faults, explained=total, width=plan.width,
        open_all=open_all, open_some=open_some, open_ever=open_ever,
        at_rest_all=not any(moving), at_rest_some=not all(moving),
    )  # fmt: skip


class Plan:
    """One search: the chains, where each may go on, and the limits.

    `joined`: of cuts that differ in which of equal chains is how far, keep one.
    """

    def __init__(
        self, shape: Shape, budget: Budget, world: World, limits: Limits, *, joined: bool = True
    ) -> None:
        self.shape = shape
        self.chains = shape.chains
        self.budget = budget
        self.world = world
        self.limits = limits
        self.width = 0
        self._next = [_next_lines(chain) for chain in shape.chains]
        self._counts = [_counts(chain) for chain in shape.chains] if shape.has_needs() else []
        self._twins = _twins(shape.chains) if joined and not self._counts else []
        self._steps = 0

    def closed(self, layer: ByCut) -> ByCut:
        """The layer with everything that hidden and lost steps lead to."""
        hidden, budget = self.world.numbered.hidden, self.budget
        counts_lost = int(budget.lost < MANY)
        none = budget.faults + 1  # more than any explanation may have
        width = sum(map(len, layer.values()))
        waiting = [(cut, member) for cut, members in layer.items() for member in members]
        ways: dict[tuple[int, ...], list[tuple[tuple[int, ...], Row, int]]] = {}
        while waiting:
            cut, member = waiting.pop()
            number, owed, lost = member
            faults = layer[cut][member]
            self.tick()
            if width > self.limits.width:
                raise self._too_wide()
            if cut not in ways:
                losses = self._losses(cut) if budget.lost else ()
                ways[cut] = [(cut, hidden, 0)]
                ways[cut] += [(beyond, self._row(item), counts_lost) for beyond, item in losses]
            for beyond, row, more in ways[cut]:
                if lost + more > budget.lost:
                    break
                for after, begins, kept, cost in row[number]:
                    reached = after, (owed | begins) & kept, lost + more
                    members = layer.setdefault(beyond, {})
                    if faults + cost < (known := members.get(reached, none)):
                        width += known == none
                        members[reached] = faults + cost
                        waiting.append((beyond, reached))
        self.width = max(self.width, width)
        return layer

    def consumed(self, layer: ByCut) -> ByCut:
        """The explanations of one line more."""
        found: ByCut = {}
        for cut, members in layer.items():
            for chain, position in self.ready(cut):
                line = self._line(chain, position)
                rows = [self._row(step) for step in (line.step, *line.others)]
                beyond = self._moved(cut, chain, position + 1)
                following = found.get(beyond, {})
                for member, faults in members.items():
                    number, owed, lost = member
                    if not line.is_certain and faults < following.get(member, faults + 1):
                        following[member] = faults
                    for row in rows:
                        for after, begins, kept, _ in row[number]:
                            reached = after, (owed | begins) & kept, lost
                            if faults < following.get(reached, faults + 1):
                                following[reached] = faults
                if following:
                    found[beyond] = following
                self.tick(len(members))
        return found

    def consume(self, node: Node, *, only: int | None = None) -> Iterator[Node]:
        """The explanations with one line more; `only`: of this chain."""
        for chain, position in self.ready(node.cut):
            if only not in (None, chain):
                continue
            line = self._line(chain, position)
            cut = self._moved(node.cut, chain, position + 1)
            for step in (line.step, *line.others):
                for state in self.world.step(step, node.state):
                    yield Node(cut, state, self.world.opened(node.open, state), node.lost)
            if not line.is_certain:
                yield Node(cut, node.state, node.open, node.lost)

    def lose(self, node: Node) -> Iterator[Node]:
        """The explanations with one more step that was not logged."""
        lost = node.lost + 1 if self.budget.lost < MANY else 0
        if lost > self.budget.lost:
            return
        for cut, item in self._losses(node.cut):
            for state in self.world.step(item, node.state):
                yield Node(cut, state, self.world.opened(node.open, state), lost)

    def _losses(self, cut: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], LostStep]]:
        """The lost steps that may come next, and the cuts behind them."""
        for number, position in enumerate(cut):
            chain = self.chains[number]
            seen: set[LostStep] = set()
            while position < len(chain) and isinstance(item := chain[position], LostStep):
                position += 1
                if item in seen:  # taking the first of equal ones leaves more for later
                    continue
                seen.add(item)
                yield self._moved(cut, number, position), item

    def _row(self, step: Step | LostStep) -> Row:
        return self.world.numbered.row(step)

    def _line(self, chain: int, position: int) -> Logged:
        line = self.chains[chain][position]
        assert isinstance(line, Logged)
        return line

    def lost_step(self, node: Node, lost: Node) -> LostStep | None:
        """The one that leads from one to the other."""
        for chain, before, after in zip(self.chains, node.cut, lost.cut, strict=True):
            if before != after and isinstance(item := chain[after - 1], LostStep):
                return item
        return None

    def ready(self, cut: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        """The chains, and the positions in them, of the lines that may come next."""
        for chain, lines in enumerate(self._next):
            if (position := lines[cut[chain]]) is not None and (
                not self._counts or self._is_due(cut, self._line(chain, position))
            ):
                yield chain, position

    def _is_due(self, cut: tuple[int, ...], line: Logged) -> bool:
        """Have the lines come that came before this one?"""
        return all(self._counts[chain][cut[chain]] >= count for chain, count in line.needs)

    def _moved(self, cut: tuple[int, ...], chain: int, position: int) -> tuple[int, ...]:
        moved = [*cut[:chain], position, *cut[chain + 1 :]]
        # Equal chains are interchangeable: of the cuts that differ by which of them is how far, one
        # is kept.
        for twins in self._twins:
            if chain in twins:
                for twin, value in zip(
                    twins, sorted((moved[t] for t in twins), reverse=True), strict=True
                ):
                    moved[twin] = value
        return tuple(moved)

    def _too_wide(self) -> _Cut:
        return _Cut("width", f"more than {self.limits.width} explanations at once")

    def tick(self, steps: int = 1) -> None:
        """After so many pieces of work: is the time up?"""
        self._steps += steps
        if self._steps >= STEPS_UNTIMED:
            self._steps = 0
            if time.monotonic() > self.limits.deadline:
                raise _Cut("seconds", "the time was up")


STEPS_UNTIMED = 1024


def _next_lines(chain: ShapeChain) -> list[int | None]:
    """For each position of a chain, the next line at or behind it."""
    following: list[int | None] = [None]
    for position in range(len(chain) - 1, -1, -1):
        is_line = isinstance(chain[position], Logged)
        following.append(position if is_line else following[-1])
    return following[::-1]


def _counts(chain: ShapeChain) -> list[int]:
    """For each position of a chain, the number of lines before it."""
    found = [0]
    for item in chain:
        found.append(found[-1] + isinstance(item, Logged))
    return found


def _twins(chains: Sequence[ShapeChain]) -> list[tuple[int, ...]]:
    equal: dict[ShapeChain, list[int]] = {}
    for number, chain in enumerate(chains):
        equal.setdefault(chain, []).append(number)
    return [tuple(numbers) for numbers in equal.values() if len(numbers) > 1]


def stuck_lines(shape: Shape, answer: Answer, worlds: Worlds) -> Iterator[tuple[Node, int, int]]:
    """For a rejection: each surviving explanation with each line that might have come next.

    Chains and positions are those of `shape`, or of `shape.without_lost()` for such a budget.
    """
    used = shape if answer.budget.lost else shape.without_lost()
    world = worlds.of(shape.bound, answer.budget.background, answer.budget.widened)
    plan = Plan(used, answer.budget, world, Limits(0, 0.0))
    for node in answer.stuck:
        for chain, position in plan.ready(node.cut):
            yield node, chain, position
