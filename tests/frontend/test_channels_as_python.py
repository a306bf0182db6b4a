"""Channels and stores run as Python do what the engines say, in steps and in processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.backends.python import Program
from checker.frontend import load
from checker.passes.bind import bind

from .driven import Driven
from .second_reference import SecondReference, reachable, sample

FOLDER = Path(__file__).parents[1] / "substrate"
MODELS = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem[:4] not in ("conf", "test"))

STATES_COMPARED = 20
RUNS, STEPS = 3, 10


@pytest.mark.parametrize("name", MODELS)
def test_python_does_what_the_engines_say(name: str) -> None:
    loaded = load(str(FOLDER / f"{name}.py"))
    model = bind(loaded.model)
    if any(rule.origin.label is not None for rule in model.rules):
        driven = Driven(loaded, model, False)
        with driven.running():
            assert sum(driven.compare_run(seed, STEPS) for seed in range(RUNS)) > 0
        assert driven.differences == []
        return
    program = Program(model)
    reference = SecondReference(loaded, model, program)
    with reference.running():
        reference.compare_initial()
        for state in sample(reachable(program, 500), STATES_COMPARED, 0):
            reference.compare_state(state)
    assert reference.differences == []
