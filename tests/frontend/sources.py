"""Small models as text, for tests that are about one statement or expression."""

from __future__ import annotations

import itertools
import textwrap
from pathlib import Path

import pytest

from checker.backends.python import Program
from checker.errors import ModelRefused
from checker.frontend import Loaded, load
from checker.passes.bind import bind

from .second_reference import SecondReference, reachable

HEADER = """
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag, Bounds, Capacity, Id, LeadsTo, Limit, Map, Model, action, at_rest, choose, either, fault,
    fresh, initial, invariant, liveness, pure, unlucky, when, witness,
)


class W(Id, scope=2):
    pass


class E(Enum):
    A = "a"
    B = "b"


"""

FIELDS = """
s: set[W] = set()
t: set[W] = set()
bag: Bag[W] = Bag()
log: list[W] = []
owner: dict[W, W] = {}
box: dict[W, set[W]] = {}
age: Map[W, Annotated[int, Bounds(0, 3)]] = Map(0)
n: Annotated[int, Bounds(0, 3)] = 0
leader: W | None = None
flag: bool = False
"""

_numbers = itertools.count()


class Sources:
    """Writes models to files of one folder, and reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, body: str, *, fields: str = FIELDS, before: str = "") -> Loaded:
        text = textwrap.dedent(fields).strip() + "\n\n" + textwrap.dedent(body).strip()
        path = self.folder / f"source_{next(_numbers)}.py"
        whole = HEADER + textwrap.dedent(before) + "\n\nclass M(Model):\n"
        path.write_text(whole + textwrap.indent(text, "    ") + "\n")
        return load(str(path))

    def step(self, statements: str, **more: str) -> Loaded:
        """A model with one action of a worker `w`."""
        inner = textwrap.indent(textwrap.dedent(statements).strip(), "    ")
        return self.load(f"@action\ndef step(self, w: W) -> None:\n{inner}", **more)

    def refused(self, statements: str, **more: str) -> list[str]:
        """The slugs of what is wrong with the statements."""
        with pytest.raises(ModelRefused) as found:
            self.step(statements, **more)
        return [d.slug for d in found.value.diagnostics]

    def agreeing(self, loaded: Loaded, most: int = 40) -> Program:
        """The program, after comparing its states with Python."""
        model = bind(loaded.model)
        program = Program(model)
        reference = SecondReference(loaded, model, program)
        with reference.running():
            reference.compare_initial()
            for state in reachable(program, most):
                reference.compare_state(state)
        assert not reference.differences, reference.differences[0]
        return program


def ends(program: Program, rule: str = "step") -> set[str]:
    """How a rule ends in the first state: `next`, `step error`, `cut`; empty if it is disabled."""
    state, found = program.initial_states()[0], set()
    for args in program.rule(rule).args:
        for _, end in program.rule(rule).step(state, args):
            if isinstance(end, tuple):
                found.add("next")
            else:
                found.add("cut" if end.is_cut else "step error")
    return found
