"""Strengthening finds what a person would write, proves it, and prints it to be pasted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import checker.models as catalogue
from checker.backends.python import Program
from checker.prove.bounded import Budget
from checker.prove.outcome import ProofOutcome, Said
from checker.prove.proof import prove
from checker.prove.strengthen import strengthen
from checker.run import Request, prepare


def strengthened(name: str, small: dict[str, int], large: dict[str, int]) -> ProofOutcome:
    little = Program(prepare(Request(name, scopes=small)).model)
    big = Program(prepare(Request(name, scopes=large)).model)
    return strengthen(big, little, depth=1, k=1, budget=Budget())


@pytest.fixture(scope="module")
def two_phase() -> ProofOutcome:
    return strengthened("two_phase_commit", {"Participant": 3}, {"Participant": 50})


def test_agreement_of_fifty_participants_is_proved_with_what_three_show(
    two_phase: ProofOutcome,
) -> None:
    proof = next(p for p in two_phase.proofs if p.name == "nobody_commits_while_another_aborts")
    assert (proof.said, proof.how) == (Said.PROVED, "inductive")
    assert two_phase.strengthening is not None
    assert two_phase.strengthening.states == 288
    assert 1 <= len(two_phase.strengthening.lemmas) <= 15
    assert all(p.said is Said.PROVED for p in two_phase.proofs if p.kind == "lemma")


def test_the_printed_methods_complete_the_proof_when_they_are_pasted(
    two_phase: ProofOutcome, tmp_path: Path
) -> None:
    source = (Path(catalogue.__file__).parent / "two_phase_commit.py").read_text()
    assert two_phase.strengthening is not None
    for lemma in two_phase.strengthening.lemmas:
        assert lemma.can_be_pasted
        source += (
            "\n" + "\n".join(f"    {line}".rstrip() for line in lemma.text.splitlines()) + "\n"
        )
    pasted = tmp_path / "pasted.py"
    pasted.write_text(source)
    assert max(map(len, source.splitlines())) <= 100
    model = prepare(Request(str(pasted), scopes={"Participant": 12})).model
    outcome = prove(Program(model), k=1, depth=1)
    kinds = ("invariant", "at-rest", "step-error")
    assert {p.said for p in outcome.proofs if p.kind in kinds} == {Said.PROVED}


def test_without_strengthening_it_is_unknown() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 12})).model
    outcome = prove(Program(model), k=1, depth=1)
    proof = next(p for p in outcome.proofs if p.kind == "invariant")
    assert proof.said is Said.UNKNOWN and proof.cti is not None


def test_capacities_of_the_outbox_are_proved_from_the_number_of_faults() -> None:
    outcome = strengthened("outbox", {"OrderId": 2}, {"OrderId": 2})
    assert outcome.exit_code() == 0
    assert outcome.strengthening is not None
    counting = [x for x in outcome.strengthening.lemmas if not x.can_be_pasted]
    assert counting and all("_used" in lemma.text for lemma in counting)


def test_a_broken_variant_is_not_strengthened_into_a_proof() -> None:
    little = Program(prepare(Request("outbox", variant="no_deduplication")).model)
    outcome = strengthen(little, little, depth=5, k=1, budget=Budget())
    twice = next(p for p in outcome.proofs if p.name == "no_order_ships_twice")
    assert twice.said is Said.FAILS
    assert twice.found is not None and twice.found.steps == 5


def test_each_lemma_says_where_it_held_and_what_needs_it(two_phase: ProofOutcome) -> None:
    assert two_phase.strengthening is not None
    for lemma in two_phase.strengthening.lemmas:
        assert lemma.reason.startswith("True in all 288 states for Participant=3; needed for ")
        assert re.match(r"@invariant\ndef \w+\(", lemma.text)
