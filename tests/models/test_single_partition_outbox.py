"""Two variants of the single-partition outbox whose graphs take minutes: their first failure."""

from __future__ import annotations

import pytest

from checker.api import explore
from checker.explore.outcome import Verdict

# Neither of them needs a fault. The complete explorations are slow runs of the manifest.
FIRST = [
    ("staged_under_the_message", "no_message_is_applied_twice", 18),
    ("first_write_unconditional", "what_is_said_is_so", 13),
]


@pytest.mark.parametrize(("variant", "name", "steps"), FIRST)
def test_two_workers_with_two_messages_break_it_without_any_fault(
    variant: str, name: str, steps: int
) -> None:
    outcome = explore(
        "single_partition_outbox",
        variant=variant,
        scopes={"MessageId": 2},
        no_faults=["crash", "commit_unanswered"],
        stop_at_first=True,
    )
    failed = {p.name: p.steps for p in outcome.properties if p.verdict is Verdict.FAILS}
    assert failed == {name: steps}
