"""Models with processes: an algorithm says the same whether its steps are actions or labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import manifest
from checker.api import explore
from checker.explore.outcome import Outcome, Verdict

DEDUP = manifest.built_in().models["dedup"]
AS_PROCESSES = str(Path(__file__).parent / "dedup_processes.py")


def results(outcome: Outcome) -> dict[str, tuple[Verdict, int | None]]:
    return {p.name: (p.verdict, p.steps) for p in outcome.properties}


@pytest.mark.parametrize("variant", ["", *DEDUP.variants])
def test_dedup_as_processes_is_dedup(variant: str) -> None:
    constants = DEDUP.variants[variant].constants if variant else {}
    actions = explore("dedup", constants=constants)
    processes = explore(AS_PROCESSES, constants=constants)
    assert results(processes) == results(actions)
    # A busy worker with its message is the label and the local of its process.
    assert processes.distinct == actions.distinct
    assert processes.generated == actions.generated
    assert processes.depth == actions.depth


@pytest.mark.parametrize("variant", ["", *DEDUP.variants])
def test_resetting_dead_locals_changes_no_verdict(variant: str) -> None:
    constants = DEDUP.variants[variant].constants if variant else {}
    reset = explore(AS_PROCESSES, constants=constants)
    kept = explore(AS_PROCESSES, constants=constants, keep_dead_locals=True)
    assert results(reset) == results(kept)
    assert reset.distinct < kept.distinct


# MaxQueue, MaxRetry of exactly_once.tla, and what TLC prints for it: distinct, generated.
PUBLISHED = [(1, 0, 64, 95), (1, 1, 252, 419), (1, 2, 612, 1045), (2, 0, 1960, 3369)]


@pytest.mark.parametrize(("messages", "retries", "distinct", "generated"), PUBLISHED)
def test_the_outbox_handler_has_the_published_states(
    messages: int, retries: int, distinct: int, generated: int
) -> None:
    outcome = explore(
        "outbox_handler",
        scopes={"MessageId": messages},
        constants={"retries": retries},
        keep_dead_locals=True,
    )
    assert (outcome.distinct, outcome.generated) == (distinct, generated)
    assert outcome.verdict is Verdict.HOLDS


# MessageCount, DupCount of exactly_once_none_atomic.tla, and what TLC prints for it.
STAGED = [(1, 1, 52, 77), (1, 2, 778, 1285), (2, 1, 890, 1473)]


@pytest.mark.parametrize(("messages", "copies", "distinct", "generated"), STAGED)
def test_the_staged_outbox_has_the_published_states(
    messages: int, copies: int, distinct: int, generated: int
) -> None:
    outcome = explore(
        "outbox_staged",
        scopes={"MessageId": messages},
        constants={"copies": copies},
        keep_dead_locals=True,
    )
    assert (outcome.distinct, outcome.generated) == (distinct, generated)
    assert outcome.verdict is Verdict.HOLDS


def test_staging_under_the_message_fails_after_the_published_number_of_steps() -> None:
    outcome = explore("outbox_staged", variant="staged_under_the_message", stop_at_first=True)
    # TLC prints 21 states, the initial one included.
    assert results(outcome)["state_and_output_agree"] == (Verdict.FAILS, 20)
