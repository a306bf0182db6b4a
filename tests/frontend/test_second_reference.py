"""Every model does in Python what its IR says: the one check that does not trust the front end.

Actions are called on a copy of each sampled state, generators are driven along a random run.
The golden models and random models are compared in `test_golden_models.py` and `test_fuzzing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from checker import manifest
from checker.backends.python import Program
from checker.run import Request, prepare

from .driven import Driven
from .second_reference import SecondReference, reachable, sample

STATES_EXPLORED = 4000
STATES_COMPARED = 120

STEPS_DRIVEN = 16

RUNS = [
    (name, variant)
    for name, runs in manifest.built_in().models.items()
    for variant in ("", *runs.variants)
]


def compared(name: str, variant: str, scopes: Mapping[str, int] | None = None) -> SecondReference:
    prepared = prepare(Request(name, variant=variant, scopes=scopes or {}))
    if any(rule.origin.label is not None for rule in prepared.model.rules):
        pytest.skip("its steps are parts of a generator, which no call runs alone")
    program = Program(prepared.model)
    reference = SecondReference(prepared.loaded, prepared.model, program)
    with reference.running():
        reference.compare_initial()
        for state in sample(reachable(program, STATES_EXPLORED), STATES_COMPARED, 0):
            reference.compare_state(state)
    return reference


@pytest.mark.parametrize(("name", "variant"), RUNS)
def test_every_step_and_property_is_what_the_method_does(name: str, variant: str) -> None:
    differences = compared(name, variant).differences
    assert not differences, differences[0]


@pytest.mark.parametrize(("name", "variant"), RUNS)
def test_every_generator_does_what_its_rules_say(name: str, variant: str) -> None:
    prepared = prepare(Request(name, variant=variant))
    if all(rule.origin.label is None for rule in prepared.model.rules):
        pytest.skip("it has no processes")
    driven = Driven(prepared.loaded, prepared.model, False)
    with driven.running():
        compared = driven.compare_run(0, STEPS_DRIVEN)
    assert not driven.differences, driven.differences[0]
    assert compared > 0


def test_other_scopes_change_both_alike() -> None:
    assert not compared("outbox", "", {"OrderId": 3}).differences
    assert not compared("dedup", "", {"MessageId": 1, "Worker": 3}).differences
