"""PROVED, FAILS and their lengths never contradict the explorer: catalogue and random models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from checker.manifest import built_in
from checker.run import Request, prepare

sys.path.insert(0, str(Path(__file__).parent))

from contradictions import compared, random_model

# Every model and variant at the small scopes of the manifest; larger ones are for the benchmarks.
RUNS = [
    (name, run.variant, tuple(run.scopes.items()))
    for name, runs in built_in().models.items()
    for run in runs.runs
    if not run.slow and (run.distinct or 0) <= 3000
]


@pytest.mark.parametrize(("name", "variant", "scopes"), RUNS)
def test_explorer_and_prover_agree_up_to_eight_steps(
    name: str, variant: str, scopes: tuple[tuple[str, int], ...]
) -> None:
    model = prepare(Request(name, variant=variant, scopes=dict(scopes))).model
    found = compared(model, timeout_s=20, seconds_max=30)
    assert found is not None
    problems, proved, _ = found
    assert problems == []
    assert proved.depth >= 8 or proved.limits or not proved.proofs


@pytest.mark.parametrize("seed", range(50))
def test_explorer_and_prover_agree_on_a_random_model(seed: int, tmp_path: Path) -> None:
    model = random_model(seed, tmp_path)
    if model is None:
        pytest.skip("nothing is left of this model")
    found = compared(model, states_max=1500, seconds_max=10)
    assert found is None or found[0] == []
