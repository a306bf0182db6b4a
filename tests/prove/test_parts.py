"""Parts of states as a lemma: what they contain, and that no reachable state falls outside."""

from __future__ import annotations

import random

import pytest

from checker.backends.python import Program
from checker.backends.smt.system import System
from checker.prove.bounded import Budget
from checker.prove.candidates import stages
from checker.prove.induction import Induction, last_steps
from checker.prove.outcome import ProofOutcome, Said
from checker.prove.parts import Part, diagram, widen
from checker.prove.proof import prove
from checker.prove.strengthen import reachable, strengthen
from checker.run import Request, prepare


def program_of(name: str, **scopes: int) -> Program:
    return Program(prepare(Request(name, scopes=scopes)).model)


def part_of(program: Program, ids: int = 1) -> Part:
    params = next(s.params for s in stages(program.model) if len(s.params) == ids)
    part = Part.of(program, params, reachable(program, 20_000))
    assert part is not None
    return part


def widened(part: Part, program: Program) -> None:
    budget = Budget()
    system = System(program.model)
    assert widen(program, [part], Induction(system, budget, last_steps(system))) == ""


@pytest.mark.parametrize("seed", range(20))
def test_a_diagram_holds_its_rows_and_no_others(seed: int) -> None:
    width = 7
    rng = random.Random(seed)
    rows = {rng.randrange(1 << width) for _ in range(rng.randrange(1, 60))}
    nodes, root = diagram(rows, width)

    def is_in(row: int) -> bool:
        at = root
        while at > 1:
            place, yes, no = nodes[at - 2]
            at = yes if row >> (width - 1 - place) & 1 else no
        return at == 1

    assert {row for row in range(1 << width) if is_in(row)} == rows


@pytest.mark.parametrize(
    "name, small, large",
    [
        ("two_phase_commit", {"Participant": 2}, {"Participant": 4}),
        ("outbox", {"OrderId": 1}, {"OrderId": 2}),
        ("dedup", {"MessageId": 1, "Worker": 1}, {"MessageId": 2, "Worker": 2}),
    ],
)
def test_widening_reaches_every_part_of_the_larger_scope(
    name: str, small: dict[str, int], large: dict[str, int]
) -> None:
    part, program = part_of(program_of(name, **small)), program_of(name, **large)
    widened(part, program)
    states = reachable(program, 20_000)
    outside = [s for s in states for args in part.args if part.row(s, args) not in part.rows]
    assert outside == []


def test_parts_that_are_missing_are_found_again() -> None:
    program = program_of("two_phase_commit", Participant=3)
    part = part_of(program)
    whole = set(part.rows)
    start = {part.row(s, args) for s in program.initial_states() for args in part.args}
    part.rows = start
    widened(part, program)
    assert part.rows >= whole


def test_a_proof_from_parts_alone() -> None:
    program = program_of("dedup", MessageId=5, Worker=3)
    part = part_of(program_of("dedup"))
    widened(part, program)
    without = prove(program, depth=1, k=1)
    outcome = prove(program, depth=1, k=1, parts=[part])
    assert said_of(without, "at_most_one_effect") is Said.UNKNOWN
    assert said_of(outcome, "at_most_one_effect") is Said.PROVED


def said_of(outcome: ProofOutcome, name: str) -> Said:
    return next(p.said for p in outcome.proofs if p.name == name)


@pytest.mark.slow  # four minutes of Z3
def test_every_invariant_of_ten_sagas_is_proved() -> None:
    outcome = strengthen(
        program_of("saga", OrderId=10), program_of("saga"), depth=1, k=1, budget=Budget()
    )
    asked = [p for p in outcome.proofs if p.kind not in ("witness", "liveness")]
    assert {p.said for p in asked} == {Said.PROVED}
    assert outcome.strengthening is not None
    assert [part.sorts for part in outcome.strengthening.parts] == [("OrderId",)]


def test_parts_prove_nothing_of_a_broken_variant() -> None:
    model = prepare(Request("outbox", variant="no_deduplication")).model
    program = Program(model)
    part = part_of(program)
    widened(part, program)
    outcome = prove(program, depth=5, k=1, parts=[part])
    assert said_of(outcome, "no_order_ships_twice") is Said.FAILS
