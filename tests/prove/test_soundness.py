"""PROVED, FAILS and their lengths never contradict the explorer: catalogue and random models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from checker.manifest import built_in
from checker.prove.outcome import Said
from checker.run import Request, prepare

sys.path.insert(0, str(Path(__file__).parent))

from contradictions import asked_at_rest, compared, random_model

# A model of so many states has rules that take the solver most of a minute at eight steps.
_QUICK_STATES_MAX = 300


def _runs() -> list[Any]:
    """Every model and variant at its smallest scope in the manifest; what is larger is slow."""
    found = []
    for name, runs in built_in().models.items():
        seen: set[str] = set()
        for run in sorted(runs.runs, key=lambda run: run.distinct or 0):
            if run.slow or (run.distinct or 0) > 10_000:
                continue
            is_small = run.variant not in seen or (run.distinct or 0) <= 400
            is_small = is_small and (run.distinct or 0) <= _QUICK_STATES_MAX
            seen.add(run.variant)
            request = Request(name, variant=run.variant, constants=run.constants, scopes=run.scopes)
            about = f"{name}-{run.variant}-{run.distinct}"
            marks = [] if is_small else [pytest.mark.slow]
            found.append(pytest.param(request, id=about, marks=marks))
    return found


@pytest.mark.parametrize("request_", _runs())
def test_explorer_and_prover_agree_up_to_eight_steps(request_: Request) -> None:
    found = compared(prepare(request_).model, states_max=12_000, timeout_s=20, seconds_max=40)
    assert found is not None
    problems, proved, explored = found
    assert problems == []
    # A model that stops has no longer runs to ask about; nor is anything left when all is said.
    unsaid = [p.name for p in proved.proofs if p.said is Said.UNKNOWN]
    assert proved.depth >= min(8, explored.depth) or proved.limits or not unsaid


@pytest.mark.parametrize("seed", range(50))
def test_explorer_and_prover_agree_on_a_random_model(seed: int, tmp_path: Path) -> None:
    model = random_model(seed, tmp_path)
    if model is None:
        pytest.skip("nothing is left of this model")
    # The generator makes no properties of states at rest, so every fifth model has nothing else.
    model = asked_at_rest(model) if seed % 5 == 0 else model
    found = compared(model, states_max=1500, seconds_max=10)
    assert found is None or found[0] == []
