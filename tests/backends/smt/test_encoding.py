"""The encoding says of every state what the reference says: steps, failures, properties."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from checker import ir
from checker.backends.python import Program
from checker.backends.smt import numbers, values
from checker.backends.smt.numbers import Number, Unsupported
from checker.backends.smt.solver import Solver, conj, neg
from checker.backends.smt.system import System
from checker.backends.smt.values import Look
from checker.backends.smt.variables import Layout, fits, leaves
from checker.manifest import built_in
from checker.run import Request, prepare

sys.path.insert(0, str(Path(__file__).parent))

from smt_agreement import (
    folded,
    random_model,
    reachable,
    sample,
    solved,
    without_liveness,
)

ROOT = Path(__file__).parents[3]

RUNS = [
    (name, variant) for name, runs in built_in().models.items() for variant in ("", *runs.variants)
]


@pytest.mark.parametrize(("name", "variant"), RUNS)
def test_every_model_of_the_catalogue_steps_as_the_reference_steps(name: str, variant: str) -> None:
    model = without_liveness(prepare(Request(name, variant=variant)).model)
    program, system = Program(model), System(model)
    states = sample(reachable(program, 200), 12, 1)
    assert [p for s in states for p in folded(program, system, s)] == []
    assert [p for s in states[:4] for p in solved(program, system, s)] == []


@pytest.mark.parametrize("seed", range(400, 412))
def test_a_random_model_steps_as_the_reference_steps(seed: int, tmp_path: Path) -> None:
    model = random_model(seed, tmp_path)
    if model is None:
        pytest.skip("nothing is left of this model")
    program = Program(model)
    try:
        system = System(model)
        states = sample(reachable(program, 60), 6, seed)
        assert [p for s in states for p in folded(program, system, s)] == []
        assert [p for s in states[:2] for p in solved(program, system, s)] == []
    except Unsupported:
        pytest.skip("outside the encoding, and said so")


def test_only_one_module_imports_z3() -> None:
    importing = [
        path.relative_to(ROOT).as_posix()
        for folder in ("checker", "models", "traces")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^\s*(import|from) z3\b", path.read_text(), re.M)
    ]
    assert importing == ["checker/backends/smt/solver.py"]


@pytest.mark.parametrize("op", ["+", "-", "*", "//", "%"])
def test_numbers_never_overflow(op: str) -> None:
    solver = Solver()
    layout = Layout(())
    a, b = layout.number("a", -9, 9), layout.number("b", -4, 12)
    solver.add(*layout.facts)
    right = numbers.constant(4) if op in ("//", "%") else b
    result = numbers.arith(op, a, right)
    look = Look(solver.bit, solver.number)
    python = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
    python |= {"//": int.__floordiv__, "%": int.__mod__}
    for x in range(-9, 10):
        y = x * 5 % 17 - 4
        known = conj(numbers.equal(a, numbers.constant(x)), numbers.equal(b, numbers.constant(y)))
        assert solver.check(known) == "sat"
        assert values.read(result, look) == python[op](x, 4 if op in ("//", "%") else y)


def test_a_number_too_wide_for_the_other_engines_is_refused() -> None:
    wide = Number(0, 2**40, numbers.fresh("w", 0, 2**40).term)
    with pytest.raises(Unsupported, match="bits"):
        numbers.arith("*", wide, wide)


def test_what_does_not_fit_its_type_is_not_stored_in_silence() -> None:
    sizes = (("W", 2),)
    three = values.constant(frozenset({(0, 3)}), ir.Bag(ir.Sort("W")), sizes)
    assert fits(three, ir.Bag(ir.Sort("W"), 3), sizes) is True
    assert fits(three, ir.Bag(ir.Sort("W"), 2), sizes) is False
    assert fits(numbers.constant(4), ir.Int(0, 3), sizes) is False


def test_a_value_and_its_variables_have_the_same_places() -> None:
    sizes = (("W", 3),)
    type_ = ir.Partial(ir.Sort("W"), ir.Option(ir.Sort("W")))
    layout = Layout(sizes)
    free = layout.fresh(type_, "f")
    known = values.constant(frozenset({(0, None), (2, 1)}), type_, sizes)
    assert len(layout.terms) == len(leaves(known, type_, sizes))
    solver = Solver()
    solver.add(*layout.facts, neg(values.equal(free, known)))
    assert solver.check() == "sat"
    assert values.read(free, Look(solver.bit, solver.number)) != frozenset({(0, None), (2, 1)})


def test_ids_are_interchangeable_but_for_fresh_ones_and_lists_made_from_sets() -> None:
    model = prepare(Request("two_phase_commit")).model
    assert System(model).is_symmetric
    sort = ir.Sort("Participant")
    votes = ir.Read("votes", ir.Set(sort))
    fresh = ir.Fresh(sort, votes, sort)
    listed = ir.Build("p", votes, None, ir.Bound("p", sort), ir.Seq(sort))
    named = ir.Has(votes, ir.Lit(0, sort))
    for expr in (ir.Has(votes, fresh), ir.Cmp("==", listed, listed), named):
        prop = ir.Prop(ir.PropKind.INVARIANT, "asked", (), expr)
        assert not System(replace(model, props=(prop,))).is_symmetric
