"""Machines that are made from a model: what they find, what they say, and how they are used."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, reproduce_failure, settings
from hypothesis.database import InMemoryExampleDatabase
from ledgers import Ledger, LosesOnCrash, Raises, RefusesSecond, ShipsTwice
from mirror import mirror

from checker.errors import UsageError
from checker.models.outbox import OrderId, Outbox
from checker.testing import Disagreement, NeverTaken, run, state_machine

QUICK = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
THOROUGH = settings(QUICK, max_examples=200)


def failure_of(adapter: type, **options: Any) -> Disagreement:
    with pytest.raises(Disagreement) as caught:
        run(state_machine(Outbox, adapter, **options), settings=THOROUGH)
    return caught.value


def labels(failed: Disagreement) -> list[str]:
    return [call.label for call in failed.calls]


# ── What is found ────────────────────────────────────────────────────────────────────────────────


def test_a_correct_system_passes() -> None:
    run(state_machine(Outbox, Ledger, min_visits=5), settings=THOROUGH)


def test_an_invariant_is_asked_of_what_the_system_shows() -> None:
    failed = failure_of(ShipsTwice)
    assert (failed.failing.kind, failed.failing.name) == ("invariant", "no_order_ships_twice")
    # As short as the shortest counterexample that `checker explore` finds: 5 steps.
    assert len(failed.calls) == 5
    assert "self.shipped.count(o) = 2" in str(failed)


def test_a_difference_that_no_invariant_names_is_found() -> None:
    failed = failure_of(LosesOnCrash)
    assert labels(failed) == ["place_order(order0)", "publish(order0)"]
    assert failed.failing.kind == "observe"
    assert "outbox is {}" in str(failed)


def test_an_exception_of_the_system_is_a_failure_with_its_cause() -> None:
    failed = failure_of(Raises)
    assert failed.failing.kind == "raised"
    assert isinstance(failed.__cause__, KeyError)
    assert len(failed.calls) == 5


def test_a_refusal_of_what_the_model_allows_is_a_failure() -> None:
    failed = failure_of(RefusesSecond)
    assert labels(failed)[-1] == "redeliver(order0)"
    assert "refuses redeliver(order0)" in str(failed)


def test_a_failure_at_the_start_needs_no_step() -> None:
    class Leftover(Ledger):
        def __init__(self) -> None:
            super().__init__()
            self.shipped.append(OrderId(1))

    failed = failure_of(Leftover)
    assert failed.calls == ()
    assert "after the start" in str(failed)


def test_a_broken_model_is_told_from_a_broken_system() -> None:
    failed = failure_of(
        mirror("outbox", observes=False, constants={"deduplicate": False}),
        constants={"deduplicate": False},
    )
    assert failed.failing.kind == "model"
    assert failed.failing.name == "no_order_ships_twice"


# ── Choices of the system ────────────────────────────────────────────────────────────────────────


CHOICES = '''
"""A consumer that takes any message, and a charge that may time out."""

from checker import Bag, Id, Model, action, choose, either, invariant, unlucky, when


class MessageId(Id, scope=2):
    """A message."""


class Charging(Model):
    sent: set[MessageId] = set()
    queue: set[MessageId] = set()
    holding: MessageId | None = None
    charged: Bag[MessageId] = Bag()

    @action
    def send(self, message: MessageId) -> None:
        when(message not in self.sent)
        self.sent.add(message)
        self.queue.add(message)

    @action
    def receive(self) -> None:
        when(self.holding is None)
        message = choose(self.queue)
        self.holding = message
        self.queue.remove(message)

    @action
    def charge(self, message: MessageId) -> None:
        when(self.holding == message)
        answer = either("ok", unlucky("timeout", at_most=1))
        if answer == "ok":
            self.charged.add(message)
        else:
            self.queue.add(message)
        self.holding = None

    @invariant
    def nothing_is_charged_twice(self) -> bool:
        return all(self.charged.count(m) <= 1 for m in MessageId)
'''


@pytest.fixture(scope="module")
def charging(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("models") / "charging.py"
    file.write_text(CHOICES)
    return str(file)


class Queue:
    """It decides itself which message it hands out: the last one."""

    timeouts = ("ok",)

    def __init__(self) -> None:
        self.queue: list[Any] = []
        self.holding: Any = None
        self.charged: list[Any] = []

    def send(self, message: Any) -> None:
        self.queue.append(message)

    def receive(self) -> None:
        self.holding = self.queue.pop()

    def charge(self, message: Any) -> None:
        assert message == self.holding
        self.charged.append(message)
        self.holding = None

    def observe(self) -> Mapping[str, object]:
        return {"holding": self.holding, "charged": self.charged}


def test_the_choices_of_a_step_are_the_systems_and_what_it_shows_prunes_them(
    charging: str,
) -> None:
    visits = run(state_machine(charging, Queue), settings=QUICK)
    assert visits.counts["charge"] > 20


def test_an_answer_prunes_as_an_observation_does(charging: str) -> None:
    class Answering(Queue):
        observe = None  # type: ignore[assignment]

        def receive(self) -> object:  # type: ignore[override]
            super().receive()
            return self.holding

        def charge(self, message: Any) -> str:  # type: ignore[override]
            super().charge(message)
            return "ok"

    visits = run(state_machine(charging, Answering), settings=QUICK)
    assert visits.counts["charge"] > 20


def test_an_answer_that_the_model_does_not_allow_is_a_failure(charging: str) -> None:
    class Forgetful(Queue):
        def receive(self) -> object:  # type: ignore[override]
            self.holding = self.queue[-1]  # it stays in the queue
            return self.holding

    with pytest.raises(Disagreement) as caught:
        run(state_machine(charging, Forgetful), settings=THOROUGH)
    assert caught.value.failing.kind == "answer"
    assert "receive() answered MessageId" in str(caught.value)


def test_a_choice_that_the_method_takes_is_the_tests(charging: str) -> None:
    told: list[str] = []

    class Driven(Queue):
        def charge(self, message: Any, answer: str) -> None:  # type: ignore[override]
            told.append(answer)
            if answer == "ok":
                self.charged.append(message)
            else:
                self.queue.append(message)
            self.holding = None

    run(state_machine(charging, Driven), settings=QUICK)
    assert {"ok", "timeout"} == set(told)


def test_an_unlucky_answer_of_the_system_is_followed(charging: str) -> None:
    class Unlucky(Queue):
        failures = 0

        def charge(self, message: Any) -> str:  # type: ignore[override]
            self.holding = None
            if not self.failures:
                self.failures += 1
                self.queue.append(message)
                return "timeout"
            self.charged.append(message)
            return "ok"

    run(state_machine(charging, Unlucky), settings=QUICK)


@pytest.mark.filterwarnings("ignore::checker.testing.NeverTaken")
@pytest.mark.parametrize("model", ["dedup", "outbox_handler", "idempotency_keys"])
def test_a_mirror_agrees_with_its_model_whatever_it_chooses(model: str) -> None:
    few = settings(QUICK, max_examples=5)
    run(state_machine(model, mirror(model, driven=False, seed=3)), settings=few)


def test_hidden_steps_may_have_happened_or_not() -> None:
    class Eager(Ledger):
        """The broker delivers by itself, some time after it has two events."""

        consume = None  # type: ignore[assignment]

        def publish(self, order: OrderId) -> None:
            super().publish(order)
            if len(self.queue) > 1:
                for each in list(self.queue):
                    Ledger.consume(self, each)

        def redeliver(self, order: OrderId) -> None:
            if order not in self.queue:
                from checker.model import NotEnabled

                raise NotEnabled
            super().redeliver(order)

    run(state_machine(Outbox, Eager, hidden=("consume",), refuses=("redeliver",)), settings=QUICK)


# ── Hypothesis ───────────────────────────────────────────────────────────────────────────────────


def test_a_test_case_takes_settings_as_hypothesis_users_expect() -> None:
    case = state_machine(Outbox, Ledger, name="Settled").TestCase
    case.settings = settings(QUICK, max_examples=7)
    case().runTest()
    machine = settings(QUICK, max_examples=5)(state_machine(Outbox, Ledger))
    assert machine.TestCase.settings.max_examples == 5


def test_the_example_database_replays_a_failure_first() -> None:
    database = InMemoryExampleDatabase()
    remembering = settings(THOROUGH, database=database)
    machine = state_machine(Outbox, ShipsTwice)
    with pytest.raises(Disagreement):
        run(machine, settings=remembering)
    assert database.data
    only = settings(remembering, phases=[Phase.reuse])
    with pytest.raises(Disagreement):
        run(machine, settings=only)


def test_reproduce_failure_repeats_the_run() -> None:
    blob = settings(THOROUGH, print_blob=True)
    with pytest.raises(Disagreement) as caught:
        run(state_machine(Outbox, ShipsTwice), settings=blob)
    (note,) = caught.value.__notes__
    found = re.search(r"@reproduce_failure\('(.+?)', (b'.+?')\)", note)
    assert found is not None, note
    repeated = reproduce_failure(found[1], eval(found[2]))(state_machine(Outbox, ShipsTwice))
    with pytest.raises(Disagreement) as again:
        run(repeated, settings=settings(THOROUGH, phases=[Phase.generate]))
    assert again.value.failing.name == "no_order_ships_twice"


def test_the_printed_program_fails_in_the_same_way(tmp_path: Path) -> None:
    text = str(failure_of(ShipsTwice))
    lines = text.partition("as a test of its own:")[2].splitlines()
    program = "\n".join(line.removeprefix("    ") for line in lines)
    scope: dict[str, Any] = {}
    exec(program, scope)
    with pytest.raises(AssertionError, match="no_order_ships_twice is false"):
        scope["test_no_order_ships_twice_again"]()


def test_the_printed_program_of_a_difference_fails_too() -> None:
    text = str(failure_of(LosesOnCrash))
    lines = text.partition("as a test of its own:")[2].splitlines()
    scope: dict[str, Any] = {}
    exec("\n".join(line.removeprefix("    ") for line in lines), scope)
    with pytest.raises(AssertionError, match="the system shows"):
        scope["test_publish_again"]()


# ── Adapters ─────────────────────────────────────────────────────────────────────────────────────


class AsyncLedger(Ledger):
    """The same, awaited; its lock belongs to one event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0
        self.loops: set[int] = set()

    async def consume(self, order: OrderId) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.loops.add(id(asyncio.get_running_loop()))
        assert len(self.loops) == 1
        Ledger.consume(self, order)

    async def observe(self) -> Mapping[str, object]:  # type: ignore[override]
        return Ledger.observe(self)

    async def aclose(self) -> None:
        self.closed += 1


def test_methods_may_be_async() -> None:
    visits = run(state_machine(Outbox, AsyncLedger), settings=QUICK)
    assert visits.counts["consume"]


def test_async_methods_run_inside_a_running_loop() -> None:
    async def test() -> int:
        return run(state_machine(Outbox, AsyncLedger), settings=QUICK).counts["consume"]

    assert asyncio.run(test())


def test_a_fixture_with_reset_is_used_by_all_runs() -> None:
    class Kept(Ledger):
        resets = 0

        def reset(self) -> None:
            type(self).resets += 1
            Ledger.__init__(self)

    visits = run(state_machine(Outbox), adapter=Kept(), settings=QUICK)
    assert Kept.resets >= visits.runs > 1


def test_a_fixture_without_reset_is_refused() -> None:
    with pytest.raises(UsageError, match="no `reset\\(\\)`"):
        run(state_machine(Outbox), adapter=Ledger(), settings=QUICK)


def test_a_projection_of_ones_own_is_compared() -> None:
    class Counting(Ledger):
        def observe(self) -> Any:
            return len(self.shipped)

    class Wrong(ShipsTwice):
        observe = Counting.observe

    def count(state: Any) -> int:
        return len(state.shipped)

    run(state_machine(Outbox, Counting, project=count), settings=QUICK)
    assert failure_of(Wrong, project=count).failing.allowed == ({"projection": "1"},)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"publish": None}, "no method for the action publish"),
        ({"publish": lambda self: None}, r"takes \(\), but the step has \(order\)"),
        ({"consume": lambda self, order, luck: None}, r"takes \(order, luck\)"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused_before_it_runs(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        state_machine(Outbox, type("Unfit", (Ledger,), change))
    assert caught.value.help


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ({"ships": []}, "no field of Outbox"),
        ({"shipped": ["order7"]}, "up to 'order1'"),
        ({"shipped": 3}, "not a bag"),
        ([1], "no dict"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_the_adapter(shown: Any, message: str) -> None:
    class Shows(Ledger):
        def observe(self) -> Any:
            return shown

    with pytest.raises(UsageError, match=message):
        run(state_machine(Outbox, Shows), settings=QUICK)


# ── Statistics ───────────────────────────────────────────────────────────────────────────────────


def test_visits_are_counted_and_what_was_never_taken_is_named() -> None:
    machine = state_machine(Outbox, Ledger)
    one_step = settings(QUICK, max_examples=3, stateful_step_count=1)
    with pytest.warns(NeverTaken, match="never took .*consume"):
        visits = run(machine, settings=one_step)
    assert any(line.endswith("never taken") for line in visits.lines())


def test_min_visits_fails_a_test_that_did_not_reach_far_enough() -> None:
    machine = state_machine(Outbox, Ledger, min_visits=10_000)
    with pytest.raises(AssertionError, match="taken less than 10000 times"):
        run(machine, settings=QUICK)


def test_a_fault_without_a_method_is_named_and_never_taken() -> None:
    quiet = type("Quiet", (Ledger,), {"crash_relay": None})
    visits = run(state_machine(Outbox, quiet), settings=QUICK)
    assert visits.missing == ("crash_relay",)
    assert any("not exercised" in line for line in visits.lines())


@pytest.mark.parametrize("model", ["outbox", "dedup", "two_phase_commit"])
def test_every_action_is_taken_often(model: str) -> None:
    machine = state_machine(model, mirror(model, observes=False))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        visits = run(machine, settings=settings(QUICK, max_examples=200, derandomize=True))
    # The benchmark asks for 10 visits in 1,000 runs.
    assert not visits.never(2), visits.lines()
