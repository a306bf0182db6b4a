"""The workshop's ladder has the states that TLC counts, at every stage and at larger scopes."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.api import explore
from checker.explore.outcome import Verdict

COMPACT = str(Path(__file__).parent / "message_handler_compact.py")

# MaxFailures, NoMessages of MessageHandler.tla, as it is published: send, then update.
STARTS = [(0, 1, 12), (1, 1, 44), (2, 1, 140), (0, 2, 82), (1, 2, 2318), (0, 3, 722)]


@pytest.mark.parametrize(("failures", "messages", "distinct"), STARTS)
def test_the_first_stage_has_the_published_states(
    failures: int, messages: int, distinct: int
) -> None:
    outcome = explore(
        "message_handler",
        variant="send_first",
        scopes={"MessageId": messages},
        constants={"failures_max": str(failures)},
        keep_dead_locals=True,
    )
    assert outcome.distinct == distinct


# The same of MessageHandler_final.tla, with one counter of failures for all messages.
FINALS = [(0, 1, 25), (1, 1, 54), (2, 1, 94), (3, 1, 145), (0, 2, 138), (1, 2, 470), (0, 3, 743)]


@pytest.mark.parametrize(("failures", "messages", "distinct"), [*FINALS, (1, 3, 3644)])
def test_the_compact_last_stage_has_the_published_states(
    failures: int, messages: int, distinct: int
) -> None:
    outcome = explore(
        COMPACT,
        scopes={"MessageId": messages},
        constants={"failures_max": str(failures)},
        keep_dead_locals=True,
    )
    assert outcome.distinct == distinct
    assert outcome.verdict is Verdict.HOLDS


def test_the_compact_last_stage_has_the_published_depth() -> None:
    outcome = explore(COMPACT, keep_dead_locals=True)
    # TLC counts the states of the longest shortest way: 14.
    assert (outcome.distinct, outcome.generated, outcome.depth) == (54, 60, 13)
