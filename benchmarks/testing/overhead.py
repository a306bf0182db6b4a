"""What a derived machine costs beside one that is written by hand, in steps per second.

    python benchmarks/testing/overhead.py [--rounds 7]

Both drive the same trivial outbox in memory with the same rules and compare the same two fields
after each step. The hand-written machine is what a user of Hypothesis would write: a rule for each
action with a precondition, and parameters drawn from what is possible. Steps that do something are
counted, in alternating rounds of the same process.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from checker.models.outbox import OrderId, Outbox
from checker.testing import run, state_machine

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "testing"))

from ledgers import Ledger

IDS = list(OrderId)
STEPS = Counter[str]()


class DerivedLedger(Ledger):
    """Counts what is done to it."""

    def place_order(self, order: OrderId) -> None:
        STEPS["derived"] += 1
        super().place_order(order)

    def publish(self, order: OrderId) -> None:
        STEPS["derived"] += 1
        super().publish(order)

    def mark_sent(self, order: OrderId) -> None:
        STEPS["derived"] += 1
        super().mark_sent(order)

    def consume(self, order: OrderId) -> None:
        STEPS["derived"] += 1
        super().consume(order)

    def crash_relay(self) -> None:
        STEPS["derived"] += 1
        super().crash_relay()

    def redeliver(self, order: OrderId) -> None:
        STEPS["derived"] += 1
        super().redeliver(order)


class ByHand(RuleBasedStateMachine):
    """The outbox as a user of Hypothesis would test it."""

    def __init__(self) -> None:
        super().__init__()
        self.system = Ledger()
        self.orders: set[OrderId] = set()
        self.outbox: set[OrderId] = set()
        self.unmarked: OrderId | None = None
        self.queue: list[OrderId] = []
        self.applied: set[OrderId] = set()
        self.shipped: list[OrderId] = []
        self.crashes = self.redeliveries = 0

    @precondition(lambda self: len(self.orders) < len(IDS))
    @rule(data=st.data())
    def place_order(self, data: Any) -> None:
        order = data.draw(st.sampled_from([o for o in IDS if o not in self.orders]))
        self.orders.add(order)
        self.outbox.add(order)
        self.system.place_order(order)
        STEPS["by hand"] += 1

    @precondition(lambda self: self.outbox and self.unmarked is None)
    @rule(data=st.data())
    def publish(self, data: Any) -> None:
        order = data.draw(st.sampled_from([o for o in IDS if o in self.outbox]))
        self.queue.append(order)
        self.unmarked = order
        self.system.publish(order)
        STEPS["by hand"] += 1

    @precondition(lambda self: self.unmarked is not None)
    @rule()
    def mark_sent(self) -> None:
        assert self.unmarked is not None
        order, self.unmarked = self.unmarked, None
        self.outbox.remove(order)
        self.system.mark_sent(order)
        STEPS["by hand"] += 1

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def consume(self, data: Any) -> None:
        order = data.draw(st.sampled_from([o for o in IDS if o in self.queue]))
        self.queue.remove(order)
        if order not in self.applied:
            self.shipped.append(order)
        self.applied.add(order)
        self.system.consume(order)
        STEPS["by hand"] += 1

    @precondition(lambda self: self.unmarked is not None and self.crashes < 1)
    @rule()
    def crash_relay(self) -> None:
        self.crashes += 1
        self.unmarked = None
        self.system.crash_relay()
        STEPS["by hand"] += 1

    @precondition(lambda self: self.queue and self.redeliveries < 1)
    @rule(data=st.data())
    def redeliver(self, data: Any) -> None:
        order = data.draw(st.sampled_from([o for o in IDS if o in self.queue]))
        self.redeliveries += 1
        self.queue.append(order)
        self.system.redeliver(order)
        STEPS["by hand"] += 1

    @precondition(
        lambda self: (
            len(self.orders) == len(IDS)
            and not self.outbox
            and self.unmarked is None
            and not self.queue
        )
    )
    @rule()
    def rest(self) -> None:
        """Without it, Hypothesis stops with an error where nothing is possible."""

    @invariant()
    def the_system_shows_the_same(self) -> None:
        shown = self.system.observe()
        assert set(shown["orders"]) == self.orders
        assert Counter(shown["shipped"]) == Counter(self.shipped)
        assert all(self.shipped.count(order) <= 1 for order in IDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--examples", type=int, default=300)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = settings(
        max_examples=arguments.examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    # The hand-written machine is not told how long a run can be; neither is its comparison fair
    # with rests, so both are given the longest run of the model.
    chosen = settings(chosen, stateful_step_count=15)
    rates: dict[str, list[float]] = {"by hand": [], "derived": []}
    for number in range(arguments.rounds):
        for name in rates:
            STEPS.clear()
            began = time.perf_counter()
            if name == "derived":
                run(seed(number)(state_machine(Outbox, DerivedLedger)), settings=chosen)
            else:
                run_state_machine_as_test(seed(number)(type("M", (ByHand,), {})), settings=chosen)
            rates[name].append(STEPS[name] / (time.perf_counter() - began))
    for name, found in rates.items():
        print(f"{name:<8}  {statistics.median(found):>7,.0f} steps/s   median of {len(found)}")
    ratios = [d / h for h, d in zip(rates["by hand"], rates["derived"], strict=True)]
    spread = f"({min(ratios):.2f}–{max(ratios):.2f})"
    print(f"derived / by hand   {statistics.median(ratios):.2f}   {spread}")


if __name__ == "__main__":
    main()
