"""The search against behaviours that were made, and against an enumeration too simple to fail."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.passes.bind import bind
from checker.states import State
from checker.traces.replay import Replay, Verdict
from checker.traces.validate import MANY, Answer, Budget, Limits, Logged, Node, Shape, search
from checker.traces.worlds import ANY_NUMBER, LostStep, Step, Worlds

from .conftest import Held, outbox_observation
from .outbox_walks import SERVICE, walk

OBSERVATION = outbox_observation()


# ── Behaviours of the model are accepted ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(60))
def test_the_log_of_a_behaviour_is_accepted(held: Held, seed: int) -> None:
    text = walk(OBSERVATION, seed)
    if text:
        found: Replay = held.text(text)
        assert {each.verdict for each in found.slices} == {Verdict.ACCEPTED}, text


# ── A simple enumeration agrees ──────────────────────────────────────────────────────────────────


def enumerated(shape: Shape, background: int, faults_max: int) -> bool:
    """Is there an explanation?

    Depth first, one step at a time, over everything that may happen next.
    """
    model = bind(OBSERVATION.model, scopes={"OrderId": 1 + background})
    program = Program(model)
    rules = {rule.rule.name: rule for rule in program.rules}
    names = [var.name for var in model.vars]

    def after(name: str, state: State, atom: int | None) -> list[State]:
        args = () if atom is None else (atom,)
        return [end for _, end in rules[name].step(state, args) if not isinstance(end, Failure)]

    def fits(step: Step, before: State, end: State) -> bool:
        if step.event != "consume":
            return True
        count = dict(end[names.index("shipped")]).get(0, 0)  # type: ignore[call-overload]
        seen = 0 in before[names.index("applied")]  # type: ignore[operator]
        return step.facts == (count, "duplicate" if seen else "shipped")

    def following(
        at: tuple[int, ...], state: State, used: int
    ) -> Iterator[tuple[tuple[int, ...], State, int]]:
        for other in range(1, 1 + background):
            for name in SERVICE:
                yield from ((at, end, used) for end in after(name, state, other))
        for atom in range(1 + background):
            if used < faults_max:
                yield from ((at, end, used + 1) for end in after("redeliver", state, atom))
        for number, chain in enumerate(shape.chains):
            if at[number] == len(chain):
                continue
            item = chain[at[number]]
            moved = (*at[:number], at[number] + 1, *at[number + 1 :])
            if isinstance(item, LostStep):
                yield moved, state, used
                for name in item.rules:
                    yield from ((moved, end, used) for end in after(name, state, 0))
            elif item.step.event == "started":
                ends = after("crash_relay", state, None)
                yield from ((moved, end, used) for end in ends or [state])
            else:
                ends = after(item.step.event, state, 0)
                yield from ((moved, e, used) for e in ends if fits(item.step, state, e))

    start = ((0,) * len(shape.chains), program.initial_states()[0], 0)
    seen, waiting = {start}, [start]
    while waiting:
        at, state, used = waiting.pop()
        if all(p == len(chain) for p, chain in zip(at, shape.chains, strict=True)):
            return True
        for node in following(at, state, used):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return False


def random_shape(seed: int) -> Shape:
    """A few lines of one order in any order, most of them no behaviour."""
    choice = random.Random(seed)

    def line(name: str) -> Logged:
        facts = (
            (choice.randint(1, 2), choice.choice(["shipped", "duplicate"]))
            if name == "consume"
            else ()
        )
        return Logged(Step(name, () if name == "started" else (0,), facts), True)

    relay = [
        choice.choice(["publish", "mark_sent", "started"]) for _ in range(choice.randint(0, 3))
    ]
    chains = [
        [line("place_order") for _ in range(choice.randint(0, 1))],
        [line(name) for name in sorted(relay, key=lambda _: choice.random())],
        [line("consume") for _ in range(choice.randint(0, 2))],
    ]
    rules = [("place_order",), ("publish", "mark_sent"), ("consume",)]
    full = []
    for chain, own in zip(chains, rules, strict=True):
        items: list[Logged | LostStep] = list(chain)
        if choice.random() < 0.4:
            items.insert(choice.randint(0, len(items)), LostStep(own))
        if items:
            full.append(tuple(items))
    return Shape((("OrderId", 1),), tuple(full))


@pytest.mark.parametrize("seed", range(150))
def test_the_search_agrees_with_an_enumeration(seed: int) -> None:
    shape, worlds, limits = random_shape(seed), Worlds(OBSERVATION), Limits(10**6, float("inf"))
    for faults in (0, 1):
        answer = search(shape, Budget(1, faults, MANY), worlds, limits)
        assert not answer.limit
        assert answer.accepted == enumerated(shape, 1, faults), shape
        one = search(shape, Budget(1, faults, 1), worlds, limits)
        assert answer.accepted or not one.accepted
        unknown = search(shape, Budget(ANY_NUMBER, faults, MANY, 8), worlds, limits)
        if answer.accepted:
            assert unknown.accepted, "a rejection for every number of background ids was wrong"
            assert unknown.detail or unknown.faults <= answer.faults, "it says how many are needed"


@pytest.mark.parametrize("seed", range(0, 150, 10))
def test_what_an_unknown_background_rejects_two_ids_reject(seed: int) -> None:
    shape, worlds, limits = random_shape(seed), Worlds(OBSERVATION), Limits(10**6, float("inf"))
    if not search(shape, Budget(ANY_NUMBER, 1, MANY, 8), worlds, limits).accepted:
        assert not enumerated(shape, 2, 1)


@pytest.mark.parametrize("most", [1, 40])
def test_tables_that_are_emptied_again_and_again_change_no_answer(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(10**6, float("inf"))
    shapes = [random_shape(seed) for seed in range(40)]

    def answers() -> list[tuple[Answer, set[Node]]]:
        worlds = Worlds(OBSERVATION)
        found = [search(each, Budget(1, 1, MANY), worlds, limits) for each in shapes]
        return [(replace(each, stuck=()), {*each.stuck}) for each in found]

    kept = answers()
    monkeypatch.setattr("checker.traces.worlds.REMEMBERED_MAX", most)
    assert answers() == kept
    assert len({each.accepted for each, _ in kept}) == 2
