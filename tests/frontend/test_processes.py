"""Processes: the rules made of each label, and real generators that agree with them.

`pytest tests/frontend/test_processes.py --update-golden` writes tests/golden/processes/*.ir
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from checker.frontend import Loaded, load
from checker.ir_text import model_text
from checker.passes.bind import bind

from .driven import Driven
from .test_golden_mistakes import KINDS
from .test_golden_mistakes import NAMES as MISTAKES

FOLDER = Path(__file__).parents[1] / "golden" / "processes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
RUNS = 6
STEPS = 14


@cache
def loaded(name: str, keep: bool = False) -> Loaded:
    target = name if name == "outbox_handler" else str(FOLDER / f"{name}.py")
    return load(target, keep_dead_locals=keep)


@pytest.mark.parametrize("name", NAMES)
def test_the_ir_of_a_process_is_as_it_was_read(
    name: str, golden: Callable[[Path, str], None]
) -> None:
    golden(FOLDER / f"{name}.ir", model_text(loaded(name).model))


@pytest.mark.parametrize("keep", [False, True], ids=["reset", "kept"])
@pytest.mark.parametrize("name", [*NAMES, "outbox_handler"])
def test_the_generator_does_what_the_rules_say(name: str, keep: bool) -> None:
    found = loaded(name, keep)
    driven = Driven(found, bind(found.model), keep)
    with driven.running():
        compared = sum(driven.compare_run(seed, STEPS) for seed in range(RUNS))
    assert driven.differences == []
    assert compared > 20


@pytest.mark.parametrize(
    "slug", sorted(s for s, k in KINDS.items() if k.__module__.endswith(".processes"))
)
def test_every_mistake_in_a_process_has_a_golden_message(slug: str) -> None:
    assert slug in MISTAKES
