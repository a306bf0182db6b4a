"""Mutants: what is changed, who notices, and what is told of the survivors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.mutation.changes import mutants_of
from checker.mutation.survey import Status, Survey, survey
from checker.run import Request

CONSUMER = '''
"""A consumer that charges and takes the message away in one step."""

from checker import Bag, Id, Model, Steps, at_rest, choose, fault, invariant, process, restart


class MessageId(Id, scope=1):
    """A message."""


class Consumer(Model):
    queue: set[MessageId] = set()
    charged: Bag[MessageId] = Bag()
    confirmed: set[MessageId] = set()

    @process(fair="weak")
    def send(self, message: MessageId) -> Steps:
        yield "submit"
        self.queue.add(message)

    @process(fair="weak")
    def consumer(self) -> Steps:
        while True:
            yield "charge"
            message = choose(self.queue)
            self.charged.add(message)
            self.queue.discard(message)
            yield "confirm"
            if message not in self.confirmed:
                self.confirmed.add(message)

    @fault(at_most=1)
    def crash(self) -> None:
        restart(self.consumer)

    @invariant
    def nothing_is_charged_twice(self) -> bool:
        return all(self.charged.count(m) <= 1 for m in MessageId)

    @at_rest
    def everything_is_charged(self) -> bool:
        return all(m in self.charged for m in MessageId)
'''


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    file = tmp_path_factory.mktemp("models") / "consumer.py"
    file.write_text(CONSUMER)
    return survey(Request(str(file)))


def told(found: Survey, status: Status) -> dict[str, tuple[str, ...]]:
    return {f"{j.mutant.method}: {j.mutant.what}": j.by for j in found.having(status)}


def test_a_dropped_write_that_no_property_sees_is_named_with_its_line() -> None:
    found = survey(Request("outbox"), kinds=("dropped",))
    survivors = {(j.mutant.what, j.mutant.line) for j in found.having(Status.SURVIVES)}
    assert ("`self.queue.remove(order)` is missing", 65) in survivors
    noticed = told(found, Status.NOTICED)
    assert noticed["mark_sent: `self.outbox.remove(order)` is missing"] == ("every_order_ships",)


def test_a_weakened_guard_is_noticed_by_the_property_that_needs_it() -> None:
    found = survey(Request("two_phase_commit", constants={}), kinds=("weakened",))
    noticed = told(found, Status.NOTICED)
    guard = "`not self.wait_for_all_votes or all((p in self.votes for p in Participant))`"
    whole = f"decide_commit: `when({guard[1:-1]})` is missing"
    assert "nobody_commits_while_another_aborts" in noticed[whole]


def test_a_write_moved_over_a_label_is_another_algorithm(consumer: Survey) -> None:
    moved = "consumer: `self.queue.discard(message)` comes after the label 'confirm'"
    assert told(consumer, Status.NOTICED)[moved] == ("nothing_is_charged_twice",)


def test_two_writes_of_one_step_have_no_order_to_be_seen() -> None:
    found = survey(Request("outbox"), kinds=("swapped",))
    assert len(found.judged) == len(found.having(Status.SAME)) == 4


def test_an_ignored_condition_changes_what_a_step_does(consumer: Survey) -> None:
    """The message is confirmed once in any case, and of what is confirmed nothing is said."""
    same, survivors = told(consumer, Status.SAME), told(consumer, Status.SURVIVES)
    assert "consumer: `message not in self.confirmed` is taken for true" in same
    assert "consumer: `message not in self.confirmed` is taken for false" in survivors


def test_what_the_front_end_refuses_is_no_mutant(consumer: Survey) -> None:
    refused = told(consumer, Status.REFUSED)
    assert "send: `self.queue.add(message)` comes before the label 'submit'" in refused


def test_every_change_is_in_the_source_of_its_mutant() -> None:
    sources = [m.source for m in mutants_of(CONSUMER, "Consumer")]
    assert len(set(sources)) == len(sources)


def test_a_model_that_was_not_explored_has_no_mutants() -> None:
    with pytest.raises(UsageError, match="was not explored to its end"):
        survey(Request("dedup", scopes={"MessageId": 9}), seconds_max=0.3)


def test_a_mutant_that_only_leaves_out_behaviour_is_told_from_one_that_adds_some() -> None:
    found = survey(Request("outbox"), kinds=("dropped",))
    less = {j.mutant.what: j.is_part for j in found.having(Status.SURVIVES)}
    assert less["`self.queue.add(order)` is missing"]  # nothing is ever redelivered
    assert not less["`self.queue.remove(order)` is missing"]  # the event stays for ever


def test_a_mutant_that_changes_the_fields_as_the_model_does_is_told_apart(consumer: Survey) -> None:
    """A crash that strikes when there is nothing to forget is one more that is counted."""
    found = survey(Request("outbox"), kinds=("weakened", "dropped"))
    same = {j.mutant.what for j in found.having(Status.SURVIVES) if j.same_fields}
    assert same == {"`when(self.unmarked is not None)` is missing"}
    of_fields = {j.mutant.what: j.same_fields for j in consumer.having(Status.SURVIVES)}
    assert not of_fields["`message not in self.confirmed` is taken for false"]


def test_the_command_lists_survivors_and_says_so_with_its_exit_code(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from checker.cli import main; main()", "mutate", *arguments],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    done = run("outbox", "--only", "dropped")
    assert done.returncode == 1, done.stderr
    assert "no property sees that `self.queue.remove(order)` is missing in consume" in done.stdout
    done = run("outbox", "--only", "ignored", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert [m["status"] for m in found["mutants"]] == ["noticed", "noticed"]
