"""The semantics of logs (L1-L5) on models made for one question each."""

from __future__ import annotations

import random

import pytest

from checker.frontend import load
from checker.passes.bind import bind
from checker.report.terminal import Page
from checker.traces.locality import is_product
from checker.traces.replay import Replay, Verdict
from checker.traces.report import replay_text

from .conftest import Held, outbox_observation

HEAD = """
from enum import Enum
from typing import Annotated, Final
from checker import Bag, Bounds, Id, LeadsTo, Map, Model, action, fault, liveness, when

class Key(Id, scope=2):
    "A key."

class Worker(Id, scope=2):
    "A worker."
"""

MAPPING = """
format = "crashproof/mapping/1"
model = "M"
{top}
[ends]
stopped = {{ clean = true }}
[services.node]
{events}
"""


def verdict(found: Replay) -> Verdict:
    (each,) = found.slices
    return each.verdict


def mapping(*events: str, top: str = "") -> str:
    tables = [f'[events.{e}]\nservice = "node"\nlogged = "after"' for e in events]
    return MAPPING.format(top=top, events="\n".join(tables))


# ── Hidden steps ─────────────────────────────────────────────────────────────────────────────────

HIDDEN_FIRST = (
    HEAD
    + '''
class M(Model):
    """`b` needs `h`, and `a` makes `h` impossible."""
    closed: bool = False
    helped: bool = False

    @action
    def a(self) -> None:
        self.closed = True

    @action
    def h(self) -> None:
        when(not self.closed)
        self.helped = True

    @action
    def b(self) -> None:
        when(self.helped)
        self.helped = False
'''
)


def test_a_hidden_step_may_come_before_a_line_that_could_come_at_once(held: Held) -> None:
    # Pitfall 20: hidden steps taken only where no line fits: `a` comes first, and `b` is rejected.
    observation = held.model(HIDDEN_FIRST, mapping("a", "b", top='hidden = ["h"]'))
    assert verdict(held.text("node-1: a, b, stopped", observation)) is Verdict.ACCEPTED
    assert verdict(held.text("node-1: a, b, b, stopped", observation)) is Verdict.REJECTED


# ── Ids ──────────────────────────────────────────────────────────────────────────────────────────

WORKERS = (
    HEAD
    + '''
class M(Model):
    """A worker registers once, silently or not; the first of all has to be silent."""
    known: set[Worker] = set()

    @action
    def enrol(self, worker: Worker) -> None:
        when(worker not in self.known)
        self.known.add(worker)

    @action
    def work(self, worker: Worker) -> None:
        when(worker not in self.known and any(w in self.known for w in Worker))
        self.known.add(worker)
'''
)

WORKERS_MAPPING = mapping("work", top='hidden = ["enrol"]').replace(
    "[events.work]", '[events.work]\nparams = { worker = "worker" }'
)


def test_an_id_that_only_hidden_steps_use_does_not_take_the_place_of_a_logged_one(
    held: Held,
) -> None:
    # Pitfall 18: binding the first logged id to index 0, after a hidden step has used it, rejects.
    observation = held.model(WORKERS, WORKERS_MAPPING)
    assert verdict(held.text("node-1: work worker=x, stopped", observation)) is Verdict.ACCEPTED


def test_a_slice_has_as_many_ids_as_it_names_and_a_spare(held: Held) -> None:
    # Pitfall 18: three workers against the model's scope of two.
    observation = held.model(WORKERS, WORKERS_MAPPING)
    lines = ", ".join(f"work worker={name}" for name in "abcde")
    assert verdict(held.text(f"node-1: {lines}, stopped", observation)) is Verdict.ACCEPTED
    again = f"node-1: {lines}, work worker=a, stopped"
    assert verdict(held.text(again, observation)) is Verdict.REJECTED


# ── Slices ───────────────────────────────────────────────────────────────────────────────────────

PRODUCT = (
    HEAD
    + '''
class M(Model):
    """Each key on its own."""
    opened: set[Key] = set()
    sent: Bag[Key] = Bag()
    state: Map[Key, bool] = Map(False)

    @action
    def begin(self, key: Key) -> None:
        when(key not in self.opened)
        self.opened.add(key)

    @action
    def send(self, key: Key) -> None:
        when(key in self.opened and self.sent.count(key) < 2)
        if not self.state[key]:
            self.sent.add(key)
        self.state[key] = True
'''
)

PRODUCT_MAPPING = mapping("begin", "send", top='slice = "Key"').replace(
    'logged = "after"', 'logged = "after"\nparams = { key = "key" }'
)


def test_slices_of_a_product_model_are_exact_and_speak_for_the_log(held: Held) -> None:
    observation = held.model(PRODUCT, PRODUCT_MAPPING)
    found = held.text("node-1: begin key=a, begin key=b, send key=a, stopped", observation)
    assert found.exact
    assert {each.budget.background for each in found.slices} == {0}
    assert found.log_accepted
    assert "The log is ACCEPTED" in replay_text(found, Page())


def test_one_lost_step_cannot_explain_two_slices(held: Held) -> None:
    # Each slice is explained by the one step that the silent node may have lost; both are not.
    observation = held.model(PRODUCT, PRODUCT_MAPPING)
    found = held.text("node-1: begin key=c; node-2: send key=a, send key=b, stopped", observation)
    assert [each.verdict for each in found.slices] == [Verdict.ACCEPTED] * 3
    assert found.exact
    assert not found.log_accepted


ORDERED = (
    HEAD
    + '''
class M(Model):
    """Each key is opened, then closed."""
    opened: set[Key] = set()
    closed: set[Key] = set()

    @action
    def open(self, key: Key) -> None:
        when(key not in self.opened)
        self.opened.add(key)

    @action
    def close(self, key: Key) -> None:
        when(key in self.opened and key not in self.closed)
        self.closed.add(key)
'''
)

ORDERED_MAPPING = mapping("open", "close", top='slice = "Key"').replace(
    'logged = "after"', 'logged = "with"\nparams = { key = "key" }'
)


def test_slices_whose_orders_do_not_go_together_do_not_speak_for_the_log(held: Held) -> None:
    # What holds of a log of each key and of their product need not hold of the log: an order of
    # each node alone is not compositional (sequential consistency; Herlihy and Wing, 1990).
    observation = held.model(ORDERED, ORDERED_MAPPING)
    text = "node-1: close key=a, open key=b, stopped; node-2: close key=b, open key=a, stopped"
    found = held.text(text, observation)
    assert found.exact
    assert [each.verdict for each in found.slices] == [Verdict.ACCEPTED] * 2
    assert not found.log_accepted
    assert "those of two slices may not agree" in replay_text(found, Page())
    whole = held.model(ORDERED, ORDERED_MAPPING.replace('slice = "Key"', ""))
    assert verdict(held.text(text, whole)) is Verdict.REJECTED
    one = held.text("node-1: open key=b, open key=a, close key=b, stopped", observation)
    assert one.log_accepted


def test_a_fact_about_other_keys_makes_slices_inexact(held: Held) -> None:
    # Of `b` alone one key is open, and the line says two.
    text = ORDERED_MAPPING + '\n[events.open.facts]\nall = "len(self.opened)"\n'
    found = held.text("node-1: open key=a all=1, open key=b all=2", held.model(ORDERED, text))
    assert not found.exact
    assert [each.verdict for each in found.slices] == [Verdict.ACCEPTED] * 2


@pytest.mark.parametrize(
    "prop",
    [
        "    @invariant\n    def few(self) -> bool:\n        return len(self.opened) <= 1\n",
        "    @liveness\n    def one_for_all(self) -> LeadsTo:\n"
        "        return LeadsTo(len(self.opened) > 0, len(self.closed) > 0)\n",
    ],
)
def test_a_property_of_several_keys_makes_slices_inexact(held: Held, prop: str) -> None:
    # Two keys are open, which breaks the invariant; neither slice can know.
    source = ORDERED.replace("fault,", "fault, invariant,") + "\n" + prop
    found = held.text("node-1: open key=a, open key=b", held.model(source, ORDERED_MAPPING))
    assert not found.exact
    assert not found.log_accepted


CHOOSING = (
    HEAD.replace("action,", "action, choose,")
    + '''
class M(Model):
    """A key is offered workers, and takes one of those that it was offered."""
    offers: Map[Key, set[Worker]] = Map(set())
    taken: dict[Key, Worker] = {}

    @action
    def offer(self, key: Key, worker: Worker) -> None:
        self.offers[key].add(worker)

    @action
    def take(self, key: Key) -> None:
        when(key not in self.taken and len(self.offers[key]) > 0)
        worker = choose(self.offers[key])
        self.taken[key] = worker

    @action
    def use(self, key: Key, worker: Worker) -> None:
        when(key in self.taken and self.taken[key] == worker)
        del self.taken[key]
'''
)


def test_slices_of_rules_that_choose_from_their_own_entry_are_those_of_the_whole(
    held: Held,
) -> None:
    # Each slice's verdict is that of its lines as a log without slices, and the log is accepted if
    # and only if all slices are. In one order, so that the slices go together.
    text = mapping("offer", "take", "use", top='order = "file"\nslice = "Key"')
    text = text.replace('logged = "after"', 'logged = "with"\nparams = { key = "key" }')
    for name in ("offer", "use"):
        head, _, rest = text.partition(f"[events.{name}]")
        rest = rest.replace('key = "key"', 'key = "key", worker = "worker"', 1)
        text = f"{head}[events.{name}]{rest}"
    sliced = held.model(CHOOSING, text)
    assert is_product(sliced.model, "Key")
    whole = held.model(CHOOSING, text.replace('slice = "Key"', ""))
    seen = set()
    for seed in range(16):
        lines = choosing_lines(random.Random(seed))
        found = held.text("node-1: " + ", ".join(lines), sliced)
        assert found.exact
        for each in found.slices:
            own = [line for line in lines if f"key={each.keys[0]}" in line]
            assert verdict(held.text("node-1: " + ", ".join(own), whole)) is each.verdict, lines
        accepted = verdict(held.text("node-1: " + ", ".join(lines), whole)) is Verdict.ACCEPTED
        assert accepted == found.log_accepted, lines
        seen.add(accepted)
    assert seen == {True, False}


def choosing_lines(draw: random.Random) -> list[str]:
    """Lines that are often a behaviour: what is used was mostly offered."""
    lines: list[str] = []
    for _ in range(3):
        key = draw.choice("ab")
        offered = draw.sample("xy", draw.randint(1, 2))
        used = draw.choice(["x", "y", *offered])
        lines += [f"offer key={key} worker={worker}" for worker in offered]
        lines += [f"take key={key}", f"use key={key} worker={used}"]
    return lines


def test_the_outbox_is_no_product(held: Held) -> None:
    assert not is_product(outbox_observation().model, "OrderId")


@pytest.mark.parametrize(
    "body",
    [
        "when(len(self.opened) < 3)\n        self.opened.add(key)",
        "when(all(k not in self.opened for k in Key))\n        self.opened.add(key)",
        "self.sent.update(self.opened)",
        "self.opened = {k for k in Key}",
    ],
)
def test_a_rule_that_looks_at_other_keys_makes_slices_inexact(held: Held, body: str) -> None:
    # Pitfall 8: a limit on all keys, for one, is meaningless in a slice.
    source = PRODUCT.replace("when(key not in self.opened)\n        self.opened.add(key)", body, 1)
    assert body in source
    path = held.folder / "hand_made.py"
    path.write_text(source)
    assert not is_product(bind(load(str(path)).model), "Key")


PAIR = (
    HEAD
    + '''
class M(Model):
    """A key is copied from another."""
    known: set[Key] = set()

    @action
    def begin(self, key: Key) -> None:
        self.known.add(key)

    @action
    def copy(self, source: Key, target: Key) -> None:
        when(source in self.known and target not in self.known)
        self.known.add(target)
'''
)


def test_a_line_with_two_ids_joins_their_slices(held: Held) -> None:
    text = mapping("begin", "copy", top='slice = "Key"')
    text = text.replace("[events.begin]", '[events.begin]\nparams = { key = "key" }')
    text = text.replace(
        "[events.copy]", '[events.copy]\nparams = { source = "from", target = "to" }'
    )
    observation = held.model(PAIR, text)
    found = held.text("node-1: begin key=a, begin key=z, copy from=a to=b, stopped", observation)
    assert {frozenset(each.keys) for each in found.slices} == {frozenset("ab"), frozenset("z")}
    assert found.count(Verdict.ACCEPTED) == 2
    broken = held.text("node-1: begin key=z, copy from=a to=b, stopped", observation)
    assert {each.keys[0]: each.verdict.value for each in broken.slices}["z"] == "ACCEPTED"
    assert broken.count(Verdict.REJECTED) == 1


# ── Luck ─────────────────────────────────────────────────────────────────────────────────────────

LUCK = (
    HEAD.replace("action,", "action, either, unlucky,")
    + '''
class M(Model):
    """A call may be lost, once."""
    calls: Annotated[int, Bounds(0, 8)] = 0
    done: Annotated[int, Bounds(0, 8)] = 0

    @action
    def call(self) -> None:
        when(self.calls < 8)
        self.calls += 1
        answer = either("ok", unlucky("lost", at_most=1))
        if answer == "ok":
            self.done += 1

    @action
    def count(self) -> None:
        when(True)
'''
)

COUNTED = mapping("call", "count").replace(
    "[events.count]", '[events.count]\nfacts.done = "self.done"\nfacts.calls = "self.calls"'
)


def luck_said(held: Held, text: str, lines: str) -> tuple[Verdict, str]:
    found = held.text(f"node-1: {lines}, stopped", held.model(LUCK, text))
    assert found.slices[0].faults == 0
    said = replay_text(found, Page()).splitlines()
    return verdict(found), "\n".join(line for line in said if line.startswith("not in k"))


def test_an_unlucky_answer_of_a_logged_rule_is_free_and_the_report_says_so(held: Held) -> None:
    # Three calls were lost, the model allows one: no line says which, and k stays 0.
    said = luck_said(held, COUNTED, "call, call, call, count done=0 calls=3")
    assert said == (Verdict.ACCEPTED, "not in k: call_lost, which any line of call may be")


def test_a_fact_that_tells_the_answer_rejects_what_luck_would_explain(held: Held) -> None:
    told = COUNTED.replace("[events.call]", '[events.call]\nfacts.done = "self.done"')
    lost = "call done=1, call done=1"
    assert luck_said(held, told, f"{lost}, count done=1 calls=2")[0] is Verdict.ACCEPTED
    assert luck_said(held, told, f"{lost}, count done=2 calls=2")[0] is Verdict.REJECTED


def test_an_unlucky_answer_of_a_hidden_rule_keeps_its_budget_and_the_report_says_so(
    held: Held,
) -> None:
    text = COUNTED.replace('[events.call]\nservice = "node"\nlogged = "after"\n', "")
    text = text.replace('model = "M"', 'model = "M"\nhidden = ["call"]')
    budget = "not in k: call_lost, at most 1 in a slice"
    one = luck_said(held, text, "count done=2 calls=3")
    assert one == (Verdict.ACCEPTED, budget)
    assert luck_said(held, text, "count done=1 calls=3") == (Verdict.REJECTED, budget)


# ── When a line is written ───────────────────────────────────────────────────────────────────────

STEP = (
    HEAD
    + '''
class M(Model):
    """A step that can be done once, and a check that it was not done."""
    done: bool = False

    @action
    def work(self) -> None:
        when(not self.done)
        self.done = True

    @action
    def find_undone(self) -> None:
        when(not self.done)

    @action
    def find_done(self) -> None:
        when(self.done)
'''
)


@pytest.mark.parametrize(
    ("logged", "crashed_undone", "silent_done"),
    [
        ("after", "REJECTED", "ACCEPTED"),
        ("before", "ACCEPTED", "REJECTED"),
        ("with", "REJECTED", "REJECTED"),
    ],
)
def test_what_a_crash_leaves_open_depends_on_when_the_line_is_written(
    held: Held, logged: str, crashed_undone: str, silent_done: str
) -> None:
    # Pitfall 14: before the effect, the last line may be of a step that never was; after it, a step
    # may have no line; in the same transaction, neither.
    checks = "\n".join(
        f'[events.{name}]\nservice = "other"\nlogged = "with"'
        for name in ("find_undone", "find_done")
    )
    text = mapping("work", top='starts = ["started"]').replace('"after"', f'"{logged}"')
    observation = held.model(STEP, f"{text}\n[services.other]\n{checks}\n")
    once = "node-1: work; other-1: find_done, find_undone, stopped"
    assert verdict(held.text(once, observation)) is Verdict.REJECTED
    twice = "node-1: work; node-2: work, stopped"
    assert verdict(held.text(twice, observation)).value == crashed_undone
    silent = "node-1: started; other-1: find_done, stopped"
    assert verdict(held.text(silent, observation)).value == silent_done


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────

GROWING = (
    HEAD
    + '''
class M(Model):
    """A queue that silently grows without end."""
    queue: Bag[Key] = Bag()
    done: bool = False

    @action
    def grow(self, key: Key) -> None:
        self.queue.add(key)

    @action
    def work(self) -> None:
        when(self.done)
        self.done = True
'''
)


def test_a_search_that_a_capacity_cut_is_unknown_and_never_rejected(held: Held) -> None:
    observation = held.model(GROWING, mapping("work", top='hidden = ["grow"]'))
    found = held.text("node-1: work, stopped", observation)
    assert verdict(found) is Verdict.UNKNOWN
    assert found.slices[0].reason.startswith("capacity")
    assert found.exit_code() == 3


# ── What a step leaves open ──────────────────────────────────────────────────────────────────────

REPLY = (
    HEAD
    + '''
class M(Model):
    """A request is owed a reply, and can be asked again."""
    waiting: bool = False

    @action
    def ask(self) -> None:
        self.waiting = True

    @action(fair="weak")
    def answer(self) -> None:
        when(self.waiting)
        self.waiting = False

    @liveness
    def every_request_is_answered(self) -> LeadsTo:
        return LeadsTo(self.waiting, not self.waiting)
'''
)


def test_an_obligation_is_open_again_after_it_was_met(held: Held) -> None:
    observation = held.model(REPLY, mapping("ask", "answer"))
    assert held.text("node-1: ask, answer, stopped", observation, ended=True).exit_code() == 0
    again = held.text("node-1: ask, answer, ask, stopped", observation, ended=True)
    assert again.slices[0].is_overdue
    assert again.exit_code() == 1


def test_a_hidden_answer_may_have_come(held: Held) -> None:
    observation = held.model(REPLY, mapping("ask", top='hidden = ["answer"]'))
    found = held.text("node-1: ask, stopped", observation, ended=True)
    (pending,) = found.slices[0].pending
    assert not pending.in_all
    assert found.exit_code() == 3
