"""Random programs: generated code against the reference, shrunk by Hypothesis and kept."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from agreement import Agreement
from fuzzing import accepted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from random_ir import KEPT, compared, shrunk
from random_models import Generator

from checker.passes.bind import bind

STATES = 25


def differences_of(source: str, file: Path) -> list[str]:
    """What is answered differently about the model, if the front end can make anything of it."""
    found = accepted(source, file)
    return [] if found is None else compared(bind(found[0].model), STATES) or []


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_random_programs_are_answered_as_by_the_reference(draw: random.Random) -> None:
    source = Generator(draw).model()
    name = hashlib.sha256(source.encode()).hexdigest()[:12]
    file = Path(__file__).parent / f"_random_{name}.py"
    try:
        found = differences_of(source, file)
        if found:
            # Hypothesis shrinks and comes here last with its smallest example.
            (KEPT / "found.txt").write_text(shrunk(source, file, STATES))
        assert not found, found[0]
    finally:
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("kept", sorted(KEPT.glob("*.txt")), ids=lambda path: path.stem)
def test_programs_that_were_once_answered_differently_are_not_any_more(
    kept: Path, tmp_path: Path
) -> None:
    assert differences_of(kept.read_text(), tmp_path / "model.py") == []


def test_a_difference_is_shrunk_to_a_few_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Planted: every step of a choice is answered differently.
    compare = Agreement.compare_steps

    def wrong(self: Agreement, states: object, packed: object) -> None:
        if "_with_" in self.generated.source:
            self.differences.append("planted")

    monkeypatch.setattr(Agreement, "compare_steps", wrong)
    for seed in range(50):
        source = Generator(random.Random(seed)).model()
        if differences_of(source, tmp_path / "model.py"):
            break
    else:
        raise NoSuchExample("no random model chooses")
    small = shrunk(source, tmp_path / "small.py", STATES)
    assert differences_of(small, tmp_path / "again.py") == ["planted"]
    assert len(small.replace("pass", "").split()) < len(source.split()) * 3 // 4
    monkeypatch.setattr(Agreement, "compare_steps", compare)
    assert differences_of(small, tmp_path / "again.py") == []
