"""What the states of a model are made of: the share of each variable and of each rule.

Owns the measures, and the estimate for the next scope. Decides no property. A variable's share is
counted on all reachable states: how many would be left if it were struck out of each of them, which
is what a model without it would have at least, if nothing else changed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .. import ir
from ..backends.python import CompiledRule, Failure, Program
from ..states import State
from .limits import LimitReached, Limits, Progress, Watch
from .outcome import Limit

__all__ = ["Estimate", "Profile", "RuleShare", "VariableShare", "estimate", "profile", "timed"]

SAMPLE = 2000  # states on which the rules of a native run are timed
_STATES_ALONE = 30_000  # beyond this, another engine is asked, if there is one


@dataclass(frozen=True)
class VariableShare:
    """`values` are its different values in reachable states; `without` the different states that
    are left when it is struck out.
    """

    name: str
    values: int
    without: int

    @property
    def bits(self) -> float:
        """The information in one value, if all were equally likely."""
        return math.log2(self.values) if self.values else 0.0


@dataclass(frozen=True)
class RuleShare:
    """`seconds` is the time that the reference took for its steps from the timed states."""

    name: str
    kind: str
    fired: int
    new: int
    seconds: float


@dataclass(frozen=True)
class Profile:
    """One run. `timed` is how many states the rules' times are from."""

    model: ir.Model
    engine: str
    distinct: int
    generated: int
    depth: int
    seconds: float
    limits: tuple[Limit, ...]
    variables: tuple[VariableShare, ...]
    rules: tuple[RuleShare, ...]
    timed: int


@dataclass(frozen=True)
class Estimate:
    """How many states the next scope may have: between `low` and `high`, if growth goes on."""

    size: int
    low: int
    high: int


# ── One run ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Count:
    fired: int = 0
    new: int = 0
    seconds: float = 0.0


def profile(
    program: Program,
    *,
    limits: Limits,
    on_progress: Callable[[Progress], None] | None = None,
    larger: Callable[[], Profile | None] = lambda: None,
) -> Profile:
    """All states by the reference, breadth first. When there are many, `larger` is asked, and its
    answer is given, if it has one.
    """
    watch = Watch(limits, on_progress)
    level = dict.fromkeys(program.initial_states())
    states: dict[State, None] = dict(level)
    counts = [_Count() for _ in program.rules]
    initial = len(program.initial_states())
    depth, asked = 0, False
    reached: tuple[Limit, ...] = ()
    try:
        while level:
            if len(states) > _STATES_ALONE and not asked:
                asked = True
                other = larger()
                if other is not None:
                    return other
            level = _next_level(program, level, states, counts, limits, watch, depth)
            depth += bool(level)
    except LimitReached as limit:
        reached = (limit.limit,)
    found = list(states)
    return Profile(
        model=program.model,
        engine="reference",
        distinct=len(found),
        generated=initial + sum(count.fired for count in counts),
        depth=depth,
        seconds=watch.seconds,
        limits=reached,
        variables=_variables(program.model, found),
        rules=tuple(
            RuleShare(r.rule.name, r.rule.kind.value, c.fired, c.new, c.seconds)
            for r, c in zip(program.rules, counts, strict=True)
        ),
        timed=len(found),
    )


def _next_level(
    program: Program,
    level: dict[State, None],
    states: dict[State, None],
    counts: list[_Count],
    limits: Limits,
    watch: Watch,
    depth: int,
) -> dict[State, None]:
    following: dict[State, None] = {}
    for state in level:
        generated = sum(count.fired for count in counts)
        watch.look(depth, len(states), generated, len(level))
        for rule, count in zip(program.rules, counts, strict=True):
            began = time.perf_counter()
            ends = _ends(rule, state)
            count.seconds += time.perf_counter() - began
            for end in ends:
                count.fired += 1
                if end not in states:
                    if limits.states_max is not None and len(states) >= limits.states_max:
                        detail = f"stopped after {limits.states_max:,} states"
                        raise LimitReached(Limit("states", detail))
                    states[end] = following[end] = None
                    count.new += 1
    return following


def _ends(rule: CompiledRule, state: State) -> list[State]:
    steps = [end for args in rule.args for _, end in rule.step(state, args)]
    return [end for end in steps if not isinstance(end, Failure)]


def _variables(model: ir.Model, states: Sequence[State]) -> tuple[VariableShare, ...]:
    found = []
    for number, var in enumerate(model.vars):
        values = len({state[number] for state in states})
        without = len({(*state[:number], *state[number + 1 :]) for state in states})
        found.append(VariableShare(var.name, values, without))
    return tuple(found)


def timed(program: Program, states: Sequence[State]) -> list[float]:
    """Seconds that the reference takes for the steps of each rule from these states."""
    spent = []
    for rule in program.rules:
        began = time.perf_counter()
        for state in states:
            _ends(rule, state)
        spent.append(time.perf_counter() - began)
    return spent


# ── The next scope ───────────────────────────────────────────────────────────────────────────────


def estimate(counts: Sequence[tuple[int, int]]) -> Estimate | None:
    """From (size, states) of consecutive sizes: growth as the last time, and growth that changes as
    it changed before. None, for fewer than two.

    >>> estimate([(1, 10), (2, 40), (3, 200)])
    Estimate(size=4, low=1000, high=1250)
    """
    if len(counts) < 2 or not counts[-2][1]:
        return None
    (_, before), (size, last) = counts[-2:]
    ratio = last / before
    ratios = [ratio]
    if len(counts) > 2 and counts[-3][1]:
        ratios.append(ratio * ratio / (before / counts[-3][1]))
    found = sorted(round(last * r) for r in ratios)
    return Estimate(size + 1, found[0], found[-1])
