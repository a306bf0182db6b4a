"""The table of survivors in docs/reference/mutation.md is that of the models as they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from checker.catalogue import entries

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "testing"))

from survivors import PAGE, mutants_of, row, rows_on  # noqa: E402


@pytest.mark.parametrize("model", ["two_phase_commit", "natural_idempotency"])
def test_the_row_of_a_model_is_what_mutate_finds_now(model: str) -> None:
    assert rows_on(PAGE.read_text())[model] == row(model, mutants_of(model, 60, None))


def test_every_shipped_model_has_a_row_and_a_word_on_what_survives() -> None:
    page = PAGE.read_text()
    assert set(rows_on(page)) == {entry.name for entry in entries()}
    unexplained = [e.name for e in entries() if f"\n- **{e.name}**" not in page]
    assert not unexplained
