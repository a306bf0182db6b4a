"""Paths: what they cover, how few they are, and what they say they do not cover."""

from __future__ import annotations

from typing import Any

import pytest
from ledgers import Ledger, ShipsTwice
from mirror import mirror

from checker.errors import UsageError
from checker.models.outbox import Outbox
from checker.testing import Disagreement, paths


@pytest.mark.parametrize("path", paths(Outbox, cover="guards"))
def test_a_correct_system_follows_every_path(path: Any) -> None:
    path.run(Ledger)


def test_a_path_finds_the_bug_that_lies_on_it() -> None:
    by_name = {p.name: p for p in paths(Outbox, cover="guards").paths()}
    path = by_name["consume[self.deduplicate and order in self.applied]"]
    with pytest.raises(Disagreement, match="no_order_ships_twice is false"):
        path.run(ShipsTwice)


@pytest.mark.parametrize("cover", ["actions", "guards", "states"])
def test_paths_cover_what_they_claim(cover: Any) -> None:
    found = paths("dedup", cover=cover, constants={"commit": "KEY_FIRST"})
    covered = {text for path in found.paths() for text in path.covers}
    if cover == "states":
        assert len(covered) == 123 - 1  # all of the manifest's states but the first
    else:
        assert {"send", "begin", "finish", "drop", "crash", "expire"} <= covered
    assert not found.unforced


def test_few_paths_are_enough_for_the_actions_and_their_ids_can_be_read() -> None:
    found = paths("two_phase_commit")
    assert [p.id for p in found] == ["choose_to_abort", "receive_abort", "receive_commit"]
    assert repr(found.paths()[0]) == "choose_to_abort(participant0)"


@pytest.mark.parametrize("model", ["outbox", "dedup", "two_phase_commit", "message_handler"])
def test_every_path_of_a_model_can_be_walked(model: str) -> None:
    system = mirror(model)
    found = paths(model, cover="guards", adapter=system)
    assert not [line for line in found.unforced if "be sure of" in line]
    for path in found.paths():
        path.run(system)


def test_what_the_system_decides_is_listed_and_not_covered() -> None:
    unforced = paths("outbox_handler", cover="guards").unforced
    assert "process_and_commit: the system chooses answer" in unforced
    assert "send: no state that a test can be sure of allows it" in unforced
    assert "process_and_commit[answer=failure]: depends on what the system chooses" in unforced


def test_what_the_model_never_allows_is_told_from_what_cannot_be_forced() -> None:
    unforced = paths("dual_write", adapter=mirror("dual_write")).unforced
    assert "send_first: no reachable state of the model allows it" in unforced


def test_faults_without_a_method_are_listed() -> None:
    quiet = type("Quiet", (Ledger,), {"crash_relay": None})
    found = paths(Outbox, adapter=quiet)
    assert found.unforced == ("crash_relay: the adapter has no method for it",)
    assert "crash_relay" not in [p.id for p in found]


def test_a_way_of_covering_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="none of 'actions', 'guards', 'states'"):
        paths(Outbox, cover="lines")  # type: ignore[arg-type]
