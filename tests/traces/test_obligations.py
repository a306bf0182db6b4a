"""What a state opens and discharges does not depend on which states were asked before it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from checker import ir
from checker.backends.failure import Failure
from checker.states import State
from checker.traces.locality import own_parameter
from checker.traces.obligations import Obligations
from checker.traces.observe import Observation
from checker.traces.worlds import Step, World

from .conftest import shipped_observation
from .random_logs import random_observation

SHIPPED = [
    ("outbox", {}),
    ("outbox", {"deduplicate": False}),
    ("dedup", {}),
    ("dedup", {"commit": "EFFECT_FIRST"}),
    ("saga", {}),
    ("idempotency_keys", {}),
]


def observed(name: str, constants: dict[str, object], *, is_sliced: bool) -> Observation:
    found = shipped_observation(name, constants)
    return found if is_sliced else replace(found, key=None)


def states_met(world: World, draw: random.Random, count: int) -> list[State]:
    """States of several walks, in an order that jumps between them."""
    found: list[State] = []
    starts = list(world.program.initial_states())
    while starts and len(found) < count:
        state = draw.choice(starts)
        for _ in range(draw.randrange(1, 30)):
            found.append(state)
            after = [
                after
                for rule in world.program.rules
                for args in rule.args
                for _, after in rule.step(state, args)
                if not isinstance(after, Failure) and after != state
            ]
            if not after:
                break
            state = draw.choice(after)
        draw.shuffle(found) if draw.random() < 0.2 else None
    return found


def check(observation: Observation, seed: int, ids: int, background: int) -> int:
    """Returns how many different answers there were."""
    bound = tuple((sort.name, ids) for sort in observation.model.sorts)
    world = World(observation, bound, background)
    answers = set()
    for state in states_met(world, random.Random(seed), 60):
        asked = world._owed.bits(state)
        fresh = Obligations(world.model, *world._asked_obligations(), world._asked_invariants())
        assert asked == fresh.bits(state)
        answers.add(asked)
    return len(answers)


@pytest.mark.parametrize(("name", "constants"), SHIPPED)
@pytest.mark.parametrize("is_sliced", [True, False])
def test_shipped_models(name: str, constants: dict[str, object], is_sliced: bool) -> None:
    observation = observed(name, constants, is_sliced=is_sliced)
    assert check(observation, 1, ids=2, background=1) > 1


def test_random_models(tmp_path: Path) -> None:
    several = 0
    for seed in range(16):
        observation = random_observation(seed, tmp_path)
        if observation is not None:
            several += check(observation, seed, ids=1, background=1) > 1
    assert several > 0


def test_properties_of_one_id_are_asked_for_it_alone() -> None:
    """Without that, each line of a log of thousands of ids costs a question for each of them."""
    world = World(observed("dedup", {}, is_sliced=False), (("MessageId", 4),), 0)
    params = (ir.Param("msg", ir.Sort("MessageId")),)
    for prop in world.model.props:
        if prop.params == params:
            assert own_parameter(world.model, prop.expr, params) == 0
    asked: list[tuple[object, ...]] = []
    for each in (*world._owed._begins, *world._owed._discharges, *world._owed._invariants):
        inner = each._asked.test
        counted = lambda s, a, inner=inner: (asked.append(a), inner(s, a))[1]  # noqa: E731
        each._asked = replace(each._asked, test=counted)
    (first,) = world.program.initial_states()
    world._owed.bits(first)
    assert len(asked) == 4 + 4 + 5  # an invariant also for an id that no line names
    asked.clear()
    (after,) = world.step(Step("send", (2,), ()), first)
    world._owed.bits(after)
    assert set(asked) == {(2,)}
