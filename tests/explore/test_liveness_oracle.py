"""Liveness on random small graphs, against a naive oracle that shares no code with the engine.

The oracle tries every set of states as the set that a loop visits. A loop that visits exactly this
set and takes every edge inside it is the fairest one for it, so it decides whether one is fair.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from dataclasses import dataclass

import pytest
from by_hand import at, graph, lit, program, prop, rule

from checker import ir
from checker.explore.outcome import Verdict
from checker.explore.search import explore

LIVE = [k for k in ir.PropKind if k.is_liveness]


@dataclass(frozen=True)
class Case:
    """`edges` are (source, target, unit); `cuts` are (source, unit) without a successor."""

    size: int
    edges: tuple[tuple[int, int, int], ...]
    cuts: tuple[tuple[int, int], ...]
    strong: tuple[bool, ...]
    left: frozenset[int]
    right: frozenset[int]


def _random_case(seed: int) -> Case:
    rng = random.Random(seed)
    size, units = rng.randint(1, 6), rng.randint(0, 3)
    edges = {
        (rng.randrange(size), rng.randrange(size), rng.randrange(-1, units))
        for _ in range(rng.randint(0, 3 * size))
    }
    cuts = set()
    if units and rng.random() < 0.3:
        cuts = {(rng.randrange(size), rng.randrange(units)) for _ in range(rng.randint(1, 2))}
    return Case(
        size,
        tuple(sorted(edges)),
        tuple(sorted(cuts)),
        tuple(rng.random() < 0.5 for _ in range(units)),
        frozenset(n for n in range(size) if rng.random() < 0.5),
        frozenset(n for n in range(size) if rng.random() < 0.4),
    )


def _model(case: Case, kind: ir.PropKind) -> ir.Model:
    def fairness(unit: int) -> dict[str, str | None]:
        if unit < 0:
            return {}
        return {"fair": "strong" if case.strong[unit] else "weak", "unit": f"unit{unit}"}

    rules = [
        rule(f"edge{n}", [ir.Guard(at(a))], {"at": lit(b)}, **fairness(unit))
        for n, (a, b, unit) in enumerate(case.edges)
    ]
    too_much = ir.Check(lit(False), ir.CheckKind.CAPACITY, "queue")
    rules += [
        rule(f"cut{n}", [ir.Guard(at(a)), too_much], **fairness(unit))
        for n, (a, unit) in enumerate(case.cuts)
    ]
    right = at(*case.right) if kind is ir.PropKind.LEADS_TO else None
    return graph(rules, [prop(kind, at(*case.left), right, name="live")])


# ── The oracle ───────────────────────────────────────────────────────────────────────────────────


def _reach(case: Case, starts: set[int], inside: set[int]) -> dict[int, int]:
    """Distances from the starts within a set of states."""
    found = {n: 0 for n in starts if n in inside}
    queue = deque(found)
    while queue:
        node = queue.popleft()
        for a, b, _ in case.edges:
            if a == node and b in inside and b not in found:
                found[b] = found[node] + 1
                queue.append(b)
    return found


def _is_fair_loop(case: Case, visited: set[int]) -> bool:
    if any(set(_reach(case, {n}, visited)) != visited for n in visited):
        return False
    taken = {unit for a, b, unit in case.edges if a in visited and b in visited}
    for unit, strong in enumerate(case.strong):
        enabled = {a for a, _, u in case.edges if u == unit}
        enabled |= {a for a, u in case.cuts if u == unit}
        there = [n in enabled for n in visited]
        if unit not in taken and (any(there) if strong else all(there)):
            return False
    return True


def _shortest_stem(case: Case, kind: ir.PropKind) -> int | None:
    """The length of the shortest stem of a counterexample; None if there is none."""
    every = set(range(case.size))
    lengths = []
    for count in range(1, case.size + 1):
        for chosen in itertools.combinations(range(case.size), count):
            visited = set(chosen)
            if _is_fair_loop(case, visited):
                lengths += _stems(case, kind, visited, every)
    return min(lengths, default=None)


def _stems(case: Case, kind: ir.PropKind, visited: set[int], every: set[int]) -> list[int]:
    free = [d for n, d in _reach(case, {0}, every).items() if n in visited]
    no_left = every - case.left
    match kind:
        case ir.PropKind.EVENTUALLY:
            bound = _reach(case, {0}, no_left) if visited <= no_left else {}
            return [d for n, d in bound.items() if n in visited]
        case ir.PropKind.ALWAYS_EVENTUALLY:
            return free if visited <= no_left else []
        case ir.PropKind.EVENTUALLY_ALWAYS:
            return free if visited & no_left else []
    waiting = every - case.right
    if not visited <= waiting:
        return []
    lengths = list(free) if visited & case.left else []
    for trigger, before in _reach(case, {0}, every).items():
        if trigger in case.left and trigger in waiting:
            after = _reach(case, {trigger}, waiting)
            lengths += [before + d for n, d in after.items() if n in visited]
    return lengths


# ── The comparison ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", LIVE, ids=lambda kind: kind.value)
@pytest.mark.parametrize("block", range(5))
def test_the_engine_agrees_with_the_oracle(kind: ir.PropKind, block: int) -> None:
    seen = {True: 0, False: 0}
    for seed in range(1000 * block, 1000 * block + 80):
        case = _random_case(seed)
        outcome = explore(program(_model(case, kind)))
        result = outcome.properties[0]
        expected = _shortest_stem(case, kind)
        fails = result.verdict is Verdict.FAILS
        assert fails == (expected is not None), f"seed {seed}: {case}"
        assert result.steps == expected, f"seed {seed}: {case}"
        # A reachable cut forbids HOLDS, and nothing else does.
        assert fails or (result.verdict is Verdict.HOLDS) == outcome.complete, f"seed {seed}"
        seen[fails] += 1
    assert min(seen.values()) >= 5, f"the cases are one-sided: {seen}"


def test_the_oracle_itself_knows_the_streett_example() -> None:
    # s0 <-> s1, s1 -> s1, and a strong unit enabled in s0 only, leaving to s2.
    case = Case(
        3,
        ((0, 1, -1), (1, 0, -1), (1, 1, -1), (0, 2, 0)),
        (),
        (True,),
        frozenset({2}),
        frozenset(),
    )
    assert _shortest_stem(case, ir.PropKind.EVENTUALLY) == 1
