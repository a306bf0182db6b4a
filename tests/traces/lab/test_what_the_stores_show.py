"""Of every lab and variant: what its stores show, its log tells, and the diagnosis names."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.traces.lab import LABS

from .runs import found, held_against, minimal_of, run, unfinished


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize(
    ("lab", "variant"), [(lab.name, variant) for lab in LABS.values() for variant in lab.variants]
)
def test_what_the_stores_show_the_log_tells(
    lab: str, variant: str, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(lab, tmp_path / "log.jsonl", variant, seed=seed)
    held = held_against(LABS[lab].model, done.out)
    assert set(done.struck) <= found(held) | unfinished(held)
    if variant == "correct":
        assert not done.struck
        assert not found(held)
    elif found(held):
        truth = LABS[lab].variants[variant].model_variant
        assert truth in minimal_of(done.out, LABS[lab].model, capsys)
