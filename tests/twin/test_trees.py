"""The trees that the printer follows do what the rules do, without TLC: states, errors and cuts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from checker.passes.bind import bind
from checker.passes.labels import processes, set_locals
from checker.run import Request, prepare

sys.path.insert(0, str(Path(__file__).parent))

from flat_steps import differences, fuzzing

SMALL = {
    "outbox": {},
    "dedup": {},
    "two_phase_commit": {},
    "outbox_handler": {"MessageId": 1},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_tree_does_what_its_rule_does(name: str) -> None:
    model = prepare(Request(name, scopes=SMALL[name])).model
    states, found = differences(model)
    assert states > 50
    assert found == []


def test_trees_of_random_models_do_what_their_rules_do(tmp_path: Path) -> None:
    states, fuzz = 0, fuzzing()
    for seed in range(3, 43):  # the only state of model 2 takes half a minute
        found = fuzz.accepted(fuzz.source_of(seed), tmp_path / f"model_{seed}.py")
        if found is not None:
            count, wrong = differences(bind(found[0].model))
            states += count
            assert wrong == [], f"seed {seed}"
    assert states > 200


def test_the_locals_that_are_set_at_a_label() -> None:
    model = prepare(Request("outbox_handler")).model
    (process,) = processes(model)
    assert process.labels[:3] == ("main_loop", "lock", "load")
    found = {label: names for (_, label), names in set_locals(model).items()}
    assert found["lock"] == frozenset()
    assert found["load"] == {"handler_delivery"}
    assert found["send"] == {"handler_delivery", "handler_outbox"}
