"""What processes mean: each claim of Semantics 11-14 and 17, and the pitfalls behind them."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from checker import ir
from checker.api import explore
from checker.explore.outcome import Outcome, Verdict
from checker.frontend import load
from checker.passes.bind import bind

from .driven import Driven

HEADER = '''
from typing import Annotated, Final

from checker import *


class W(Id, scope=2):
    """A worker."""


class M(Id, scope=2):
    """A message."""


class Model_(Model):
'''

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    numbers = itertools.count()

    def written(body: str) -> str:
        path = tmp_path / f"model_{next(numbers)}.py"
        path.write_text(HEADER + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n")
        return str(path)

    return written


def verdict(outcome: Outcome, name: str) -> Verdict:
    return next(p.verdict for p in outcome.properties if p.name == name)


def agrees(target: str) -> None:
    """The real generators do what the rules say, along a few behaviours."""
    for keep in (False, True):
        loaded = load(target, keep_dead_locals=keep)
        driven = Driven(loaded, bind(loaded.model), keep)
        with driven.running():
            compared = sum(driven.compare_run(seed, 8) for seed in range(3))
        assert driven.differences == []
        assert compared > 0


# ── Fairness: S17, pitfalls 1, 2, 7 ──────────────────────────────────────────────────────────────


def test_all_labels_of_an_instance_share_one_unit(write: Write) -> None:
    target = write("""
        @process(fair="weak")
        def worker(self, me: W, other: M) -> Steps:
            while True:
                yield "first"
                yield "second"
    """)
    units = {r.unit for r in load(target).model.rules}
    assert units == {ir.Unit("worker", ("me", "other"), strong=False)}


def test_an_instance_enabled_at_changing_labels_is_enabled_all_the_time(write: Write) -> None:
    # Neither label stays enabled while the switch flips, but the instance does.
    target = write("""
        on: bool = False
        moved: bool = False

        @process(fair="weak")
        def worker(self) -> Steps:
            yield "start"
            while not self.moved:
                yield "wait"
                if self.on:
                    yield "while_on"
                self.moved = True

        @action
        def flip(self) -> None:
            self.on = not self.on

        @liveness
        def moves(self) -> Eventually:
            return Eventually(self.moved)
    """)
    assert verdict(explore(target), "moves") is Verdict.HOLDS


def test_a_blocked_instance_is_served_by_strong_fairness_only(write: Write) -> None:
    body = """
        on: bool = False
        moved: bool = False

        @process(fair="weak")
        def worker(self) -> Steps:
            yield "wait"
            when(self.on)
            self.moved = True

        @action(fair="weak")
        def flip(self) -> None:
            self.on = not self.on

        @liveness
        def moves(self) -> Eventually:
            return Eventually(self.moved)
    """
    assert verdict(explore(write(body)), "moves") is Verdict.FAILS
    strong = body.replace('@process(fair="weak")', '@process(fair="strong")')
    assert verdict(explore(write(strong)), "moves") is Verdict.HOLDS


@pytest.mark.parametrize(("answer", "wanted"), [
    ('"timeout"', Verdict.FAILS),
    ('unlucky("timeout", at_most=2)', Verdict.HOLDS),
])  # fmt: skip
def test_a_step_that_only_loops_back_is_a_step_taken(
    write: Write, answer: str, wanted: Verdict
) -> None:
    target = write(f"""
        delivered: bool = False

        @process(fair="weak")
        def sender(self) -> Steps:
            while True:
                yield "call"
                if either("ok", {answer}) == "timeout":
                    continue
                self.delivered = True
                return

        @liveness
        def arrives(self) -> Eventually:
            return Eventually(self.delivered)
    """)
    assert verdict(explore(target), "arrives") is wanted


# ── Restarts: S13, pitfalls 24, 25 ───────────────────────────────────────────────────────────────

RESTARTED = """
    @process
    def worker(self, me: W) -> Steps:
        yield "take"
        when(self.open)
        message = choose(M)
        yield "use"
        self.used.add(message)

    @action
    def close(self) -> None:
        self.open = False

    open: bool = True
    used: set[M] = set()
"""


def test_a_restart_brings_back_a_running_a_blocked_and_an_ended_instance(write: Write) -> None:
    target = write(
        RESTARTED
        + """
    @fault(at_most=2)
    def crash(self, me: W) -> None:
        restart(self.worker, me)

    @witness
    def works_again(self, me: W) -> bool:
        return at(self.worker, me, "done")
    """
    )
    agrees(target)
    outcome = explore(target)
    assert verdict(outcome, "works_again") is Verdict.HOLDS


def test_a_crash_that_changes_nothing_uses_up_its_budget(write: Write) -> None:
    target = write("""
        @process
        def worker(self, me: W) -> Steps:
            yield "take"

        @fault(at_most=3)
        def crash(self, me: W) -> None:
            restart(self.worker, me)
    """)
    # Two instances at "take" or "done", and 0 to 3 crashes.
    assert explore(target, symmetry=False).distinct == 4 * 4


def test_a_stopped_instance_has_ended_and_forgets(write: Write) -> None:
    target = write(
        RESTARTED
        + """
    @action
    def dismiss(self, me: W) -> None:
        stop(self.worker, me)

    @action
    def hire(self, me: W) -> None:
        when(at(self.worker, me, "done"))
        restart(self.worker, me)
    """
    )
    agrees(target)


def test_the_last_of_two_endings_of_one_step_counts(write: Write) -> None:
    target = write("""
        @process
        def worker(self, me: W) -> Steps:
            yield "take"
            yield "give"

        @action
        def both(self, a: W, b: W) -> None:
            stop(self.worker, a)
            if a != b:
                restart(self.worker, b)
            restart(self.worker, a)
    """)
    agrees(target)


def test_a_restart_of_itself_comes_after_what_the_step_writes(write: Write) -> None:
    target = write("""
        seen: set[W] = set()

        @process
        def worker(self, me: W) -> Steps:
            count: Annotated[int, Limit(0, 3)] = 0
            while True:
                yield "take"
                count += 1
                if me in self.seen:
                    restart(self.worker, me)
                yield "give"
                if count > 0:
                    self.seen.add(me)
    """)
    agrees(target)


def test_a_forgotten_volatile_field_would_hide_a_failure(write: Write) -> None:
    body = """
        marked: set[M] = set()
        unmarked: Annotated[M | None, volatile("relay")] = None
        published: Bag[M] = Bag()

        @process
        def relay(self) -> Steps:
            while True:
                yield "publish"
                message = choose(M)
                when(message not in self.marked and self.unmarked is None)
                self.published.add(message)
                self.unmarked = message
                yield "mark"
                when(self.unmarked is not None)
                self.marked.add(self.unmarked)
                self.unmarked = None

        @fault(at_most=1)
        def crash(self) -> None:
            restart(self.relay)

        @invariant
        def once(self, message: M) -> bool:
            return self.published.count(message) <= 1
    """
    target = write(body)
    agrees(target)
    assert verdict(explore(target), "once") is Verdict.FAILS
    durable = body.replace('Annotated[M | None, volatile("relay")]', "M | None")
    assert verdict(explore(write(durable)), "once") is Verdict.HOLDS


# ── Locals: S12, S14, pitfalls 10, 26 ────────────────────────────────────────────────────────────


def test_reading_a_local_without_a_value_is_a_step_error(write: Write) -> None:
    target = write("""
        some: set[M] = set()

        @process
        def worker(self) -> Steps:
            yield "take"
            if either(True, False):
                message = choose(M)
            yield "use"
            self.some.add(message)
    """)
    agrees(target)
    assert verdict(explore(target), "no_step_error") is Verdict.FAILS


def test_what_one_step_alone_uses_belongs_to_no_state(write: Write) -> None:
    target = write("""
        some: set[M] = set()

        @process
        def worker(self) -> Steps:
            yield "take"
            message = choose(M)
            self.some.add(message)
            yield "rest"
            self.some.clear()
    """)
    for keep in (False, True):
        names = [v.name for v in load(target, keep_dead_locals=keep).model.vars]
        assert names == ["some", "worker_at"]


@pytest.mark.parametrize("keep", [False, True])
def test_the_bounds_of_a_local_count_also_where_it_is_dead(write: Write, keep: bool) -> None:
    target = write("""
        total: Annotated[int, Bounds(0, 9)] = 0

        @process
        def worker(self) -> Steps:
            tries: Annotated[int, Bounds(0, 1)] = 0
            while True:
                yield "take"
                tries += 1
                self.total = tries
                yield "give"
                tries += 1
                yield "rest"
                tries = 0
    """)
    assert verdict(explore(target, keep_dead_locals=keep), "no_step_error") is Verdict.FAILS


def test_a_local_counted_up_in_a_loop_of_one_step_is_read_by_it(write: Write) -> None:
    target = write("""
        some: set[M] = set()
        full: bool = False

        @process
        def worker(self) -> Steps:
            count: Annotated[int, Limit(0, 4)] = 0
            yield "begin"
            while count < 4:
                yield "add"
                message = choose(M)
                self.some.add(message)
                for _each in self.some:
                    count += 1
            yield "rest"
            self.full = True
    """)
    agrees(target)


# ── Choices: S11, pitfall 27 ─────────────────────────────────────────────────────────────────────


def test_a_choice_on_a_way_not_taken_neither_blocks_nor_multiplies(write: Write) -> None:
    target = write("""
        open: bool = False
        none: set[M] = set()
        taken: M | None = None

        @process
        def worker(self) -> Steps:
            yield "look"
            if self.open:
                message = choose(self.none)
                self.taken = message
                return
            yield "open"
            self.open = True
    """)
    agrees(target)
    outcome = explore(target)
    assert (outcome.distinct, outcome.generated) == (3, 3)


def test_a_statement_that_two_labels_lead_to_has_one_budget(write: Write) -> None:
    target = write("""
        timeouts: Annotated[int, Bounds(0, 9)] = 0

        @process
        def worker(self) -> Steps:
            yield "begin"
            while True:
                if either("ok", unlucky("timeout", at_most=2)) == "timeout":
                    self.timeouts += 1
                yield "again"
    """)
    agrees(target)
    model = load(target).model
    assert [v.name for v in model.vars if v.is_counter] == ["begin_timeout_used"]
    # The beginning, and "again" after 0, 1 or 2 timeouts.
    assert explore(target).distinct == 1 + 3


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_named_after_its_label_unless_something_else_is(write: Write) -> None:
    target = write("""
        take: bool = False

        @process
        def one(self) -> Steps:
            yield "take"
            yield "send"
            yield "rest"

        @process
        def two(self) -> Steps:
            yield "send"
            yield "sleep"
    """)
    rules = load(target).model.rules
    assert [r.name for r in rules] == ["one_take", "one_send", "rest", "two_send", "sleep"]
    assert [(r.origin.method, r.origin.label) for r in rules][:2] == [
        ("one", "take"),
        ("one", "send"),
    ]


def test_processes_that_wait_are_at_rest(write: Write) -> None:
    target = write("""
        queue: set[M] = set()

        @process
        def worker(self, me: W) -> Steps:
            while True:
                yield "receive"
                message = choose(self.queue)
                self.queue.remove(message)

        @fault(at_most=1)
        def send(self, message: M) -> None:
            self.queue.add(message)

        @at_rest
        def nothing_waits(self) -> bool:
            return len(self.queue) == 0
    """)
    assert verdict(explore(target), "nothing_waits") is Verdict.HOLDS
