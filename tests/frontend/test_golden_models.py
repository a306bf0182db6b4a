"""Small models for every form of the language, with their IR; each of them really runs.

`pytest tests/frontend/test_golden_models.py --update-golden` writes tests/golden/models/*.ir
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest

from checker import ir
from checker.backends.python import Program
from checker.frontend import Loaded, load
from checker.ir_text import model_text
from checker.passes.bind import bind

from .second_reference import SecondReference, reachable, sample

FOLDER = Path(__file__).parents[1] / "golden" / "models"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))

STATES_EXPLORED = 3000
STATES_COMPARED = 25


@cache
def loaded(name: str) -> Loaded:
    return load(str(FOLDER / f"{name}.py"))


@pytest.mark.parametrize("name", NAMES)
def test_the_ir_of_a_model_is_as_it_was_read(
    name: str, golden: Callable[[Path, str], None]
) -> None:
    golden(FOLDER / f"{name}.ir", model_text(loaded(name).model))


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_model_runs_and_python_agrees_with_its_ir(name: str) -> None:
    model = bind(loaded(name).model)
    program = Program(model)
    states = reachable(program, STATES_EXPLORED)
    reference = SecondReference(loaded(name), model, program)
    with reference.running():
        reference.compare_initial()
        for state in sample(states, STATES_COMPARED, 0):
            reference.compare_state(state)
    assert not reference.differences, reference.differences[0]
    assert len(states) > 1


def test_no_golden_file_is_left_over() -> None:
    assert {p.stem for p in FOLDER.glob("*.ir")} == set(NAMES)


# ── Coverage ─────────────────────────────────────────────────────────────────────────────────────


def nodes(node: object) -> Iterator[object]:
    yield node
    if is_dataclass(node):
        for f in fields(node):
            value = getattr(node, f.name)
            for part in value if isinstance(value, tuple) else (value,):
                if is_dataclass(part):
                    yield from nodes(part)


def seen() -> set[type]:
    return {type(node) for name in NAMES for node in nodes(loaded(name).model)}


@pytest.mark.parametrize("union", ["Expr", "Item", "Type"])
def test_every_node_of_the_ir_occurs_in_a_golden_model(union: str) -> None:
    classes = set(typing.get_args(getattr(ir, union)))
    assert {c.__name__ for c in classes - seen()} == set()


def test_every_kind_of_check_and_property_occurs_in_a_golden_model() -> None:
    found = [node for name in NAMES for node in nodes(loaded(name).model)]
    assert {n.kind for n in found if isinstance(n, ir.Check)} == set(ir.CheckKind)
    assert {n.kind for n in found if isinstance(n, ir.Prop)} == set(ir.PropKind)
    assert {n.op for n in found if isinstance(n, ir.Arith)} == {"+", "-", "*", "//", "%"}
    assert {n.op for n in found if isinstance(n, ir.Fold)} == {"sum", "min", "max"}
