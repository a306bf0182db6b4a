"""The index of claims names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_test_in_the_index_of_claims_exists() -> None:
    named = set(re.findall(r"\btest_\w+\b(?!\.py)", (TESTS / "CLAIMS.md").read_text()))
    defined = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    assert len(named) > 50
    assert named <= defined, sorted(named - defined)
