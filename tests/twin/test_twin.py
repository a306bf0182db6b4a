"""A twin that differs is found, at the nearest place; what TLA+ does otherwise is kept from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from checker.cli import main
from checker.run import Request, prepare
from checker.twin.tlc import Tools
from checker.twin.twin import Spec, Twin, compare, read_spec


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    output: str


@pytest.fixture
def checker(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs one command line in this process."""

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code, (out, err) = ended.value.code, capsys.readouterr()
        assert isinstance(code, int)
        return Ran(int(code), out, out + err)

    return run


ROOT = Path(__file__).parents[2]

HEADER = """
from enum import Enum
from typing import Annotated
from checker import (
    Bag, Bounds, Capacity, Id, Eventually, Model, action, at_rest, either, fault, invariant,
    liveness, when,
)

class W(Id, scope=2):
    pass

class Answer(Enum):
    OK = "ok"
    TIMEOUT = "timeout"
"""


def twin_of(body: str, folder: Path, tools: Tools) -> Twin:
    file = folder / "small.py"
    file.write_text(HEADER + body)
    prepared = prepare(Request(f"{file}:Small"))
    return compare(prepared.loaded.model, prepared.model, tools)


def verdicts(twin: Twin) -> dict[str, tuple[str, str]]:
    return {name: (mine.value, other) for name, _, mine, other in twin.verdicts}


# ── Semantics ────────────────────────────────────────────────────────────────────────────────────


def test_the_environment_need_not_choose_the_good_answer(tmp_path: Path, tools: Tools) -> None:
    # Pitfall 1: with one unit for each answer, TLC says that `delivered` is reached.
    body = """
class Small(Model):
    delivered: bool = False
    tried: bool = False

    @action(fair="weak")
    def call(self, answer: Answer) -> None:
        when(not self.delivered)
        if answer is Answer.OK:
            self.delivered = True
        self.tried = not self.tried

    @liveness
    def it_arrives(self) -> Eventually:
        return Eventually(self.delivered)
"""
    twin = twin_of(body, tmp_path, tools)
    assert twin.equal and not twin.flip
    assert verdicts(twin)["it_arrives"] == ("FAILS", "FAILS")
    assert "WF_vars(\\E answer \\in Answer : call(answer))" in twin.spec.text


def test_a_fair_step_that_changes_nothing_counts_as_taken(tmp_path: Path, tools: Tools) -> None:
    # Pitfall 2: without the bit, `WF_vars` forces the good answer.
    body = """
class Small(Model):
    delivered: bool = False

    @action(fair="weak")
    def call(self) -> None:
        when(not self.delivered)
        if either("ok", "timeout") == "ok":
            self.delivered = True

    @liveness
    def it_arrives(self) -> Eventually:
        return Eventually(self.delivered)
"""
    twin = twin_of(body, tmp_path, tools)
    assert twin.equal and twin.flip
    assert verdicts(twin)["it_arrives"] == ("FAILS", "FAILS")


def test_what_is_undefined_on_one_side_of_or_is_not_evaluated(tmp_path: Path, tools: Tools) -> None:
    # Pitfall 4: TLC goes into both sides of a disjunction in an action.
    body = """
class Small(Model):
    busy: dict[W, Annotated[int, Bounds(0, 2)]] = {}

    @action
    def take(self, w: W) -> None:
        when(w not in self.busy or self.busy[w] == 1)
        self.busy[w] = self.busy.get(w, 0) + 1

    @action
    def grow(self, w: W) -> None:
        self.busy[w] += 1
"""
    twin = twin_of(body, tmp_path, tools)
    assert twin.equal
    assert verdicts(twin)["no_step_error"] == ("FAILS", "FAILS")


def test_a_capacity_disables_the_step_and_shows(tmp_path: Path, tools: Tools) -> None:
    # Pitfall 11: with a CONSTRAINT, TLC would say that nothing but the limit is there.
    body = """
class Small(Model):
    queue: Annotated[Bag[W], Capacity(2)] = Bag()

    @action(fair="weak")
    def put(self, w: W) -> None:
        self.queue.add(w)

    @invariant
    def small(self) -> bool:
        return len(self.queue) <= 2

    @liveness
    def full(self) -> Eventually:
        return Eventually(len(self.queue) == 3)
"""
    twin = twin_of(body, tmp_path, tools)
    assert twin.equal and "CONSTRAINT" not in twin.spec.text + "".join(twin.spec.files.values())
    assert verdicts(twin)["small"] == ("UNKNOWN", "UNKNOWN")
    assert "\nCut ==" in twin.spec.text


def test_rest_is_what_no_action_can_leave(tmp_path: Path, tools: Tools) -> None:
    body = """
class Small(Model):
    done: set[W] = set()

    @action
    def work(self, w: W) -> None:
        self.done.add(w)

    @fault(at_most=1)
    def undo(self, w: W) -> None:
        when(w in self.done)
        self.done.remove(w)

    @at_rest
    def all_done(self, w: W) -> bool:
        return w in self.done

    @at_rest
    def none_done(self) -> bool:
        return len(self.done) == 0
"""
    twin = twin_of(body, tmp_path, tools)
    assert twin.equal
    assert verdicts(twin)["all_done"] == ("HOLDS", "HOLDS")
    assert verdicts(twin)["none_done"] == ("FAILS", "FAILS")


# ── Differences ──────────────────────────────────────────────────────────────────────────────────

MUTANTS = [
    (
        "outbox",
        "outbox/Outbox",
        "applied' = applied \\cup {order}",
        "applied' = applied",
        "consume",
    ),
    ("outbox", "outbox/Outbox", "/\\ outbox' = outbox \\ {order}", "/\\ outbox' = {}", "mark_sent"),
    ("dedup", "dedup/Dedup", "/\\ msg \\notin keys", "/\\ TRUE", "begin"),
    (
        "two_phase_commit",
        "two_phase_commit/TwoPhaseCommit",
        "votes' = votes \\cup {participant}",
        "votes' = Participant",
        "receive_vote",
    ),
]


@pytest.mark.parametrize(("model", "spec", "old", "new", "action"), MUTANTS)
def test_a_changed_guard_or_update_is_named(
    model: str, spec: str, old: str, new: str, action: str, tools: Tools
) -> None:
    prepared = prepare(Request(model))
    kept = read_spec(str(ROOT / "specs" / f"{spec}.tla"))
    text = kept.text.replace(old, new, 1)
    assert text != kept.text
    changed = Spec(kept.module, text, {f"{kept.module}.tla": text}, False)
    twin = compare(prepared.loaded.model, prepared.model, tools, changed)
    found = next(d for d in twin.differences if d.kind == "action")
    assert found.action == action
    assert found.state is not None and (found.model or found.spec)


def test_an_action_more_is_found_though_the_states_are_the_same(tools: Tools) -> None:
    # Pitfall 34: equal sets of states do not make a twin.
    prepared = prepare(Request("two_phase_commit"))
    kept = read_spec(str(ROOT / "specs/two_phase_commit/TwoPhaseCommit.tla"))
    more = "wait == decided /\\ UNCHANGED vars\n\nNext ==\n    \\/ wait\n"
    text = kept.text.replace("Next ==\n", more)
    changed = Spec(kept.module, text, {f"{kept.module}.tla": text}, False)
    twin = compare(prepared.loaded.model, prepared.model, tools, changed)
    assert next(d for d in twin.differences if d.kind == "action").action == "wait"


# ── The command ──────────────────────────────────────────────────────────────────────────────────


def test_beyond_the_limit_counts_and_verdicts_are_compared(
    checker: Callable[..., Ran], tools: Tools
) -> None:
    done = checker("twin", "two_phase_commit", "--max-states", "100", "--json")
    shown = json.loads(done.stdout)
    assert done.exit_code == 0 and shown["mode"] == "counts" and shown["equal"]
    assert shown["counts"]["states"] == {"model": 288, "twin": 288}


def test_a_module_that_does_not_parse_ends_with_2(
    checker: Callable[..., Ran], tmp_path: Path, tools: Tools
) -> None:
    spec = tmp_path / "Outbox.tla"
    text = (ROOT / "specs/outbox/Outbox.tla").read_text()
    spec.write_text(text.replace("orders' = orders", "orders' = odrers"))
    done = checker("twin", "outbox", str(spec))
    assert done.exit_code == 2
    assert "odrers" in done.output


def test_without_java_the_message_says_what_to_install(
    checker: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.twin.tlc._inside", lambda package, path: None)
    monkeypatch.setenv("TLA2TOOLS_JAR", __file__)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    done = checker("twin", "outbox")
    assert done.exit_code == 2
    assert "no Java" in done.output and "crashproof[tla]" in done.output


# ── Counterexamples of TLC ───────────────────────────────────────────────────────────────────────

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("form", ["tlc.txt", "by_hand.json"])
def test_a_counterexample_of_tlc_is_replayed(checker: Callable[..., Ran], form: str) -> None:
    file = SAMPLES / f"outbox_no_deduplication.{form}"
    done = checker("show", str(file), "outbox")
    assert done.exit_code == 0, done.output
    assert re.search(r"3\s+redeliver\(order0\)", done.output)
    assert "no_deduplication" in done.output


def test_a_lasso_of_tlc_is_checked_for_fairness(
    checker: Callable[..., Ran],
) -> None:
    file = SAMPLES / "dedup_key_first.tlc.txt"
    done = checker("show", str(file), "dedup")
    assert done.exit_code == 0, done.output
    assert "every_message_takes_effect fails after 8 steps" in done.output


def test_a_step_that_the_model_does_not_have_is_refused(
    checker: Callable[..., Ran], tmp_path: Path
) -> None:
    text = (SAMPLES / "outbox_no_deduplication.tlc.txt").read_text()
    file = tmp_path / "changed.txt"
    file.write_text(text.replace("<publish line", "<consume line"))
    done = checker("show", str(file), "outbox")
    assert done.exit_code == 2
    assert "consume does not lead from state 2 to state 3" in done.output
