"""What the explorer and a proof attempt say of one model, held against each other.

Owns what would be a contradiction. UNKNOWN contradicts nothing; PROVED contradicts a violation, and
a violation contradicts HOLDS. A violation that the explorer finds within the depth of the bounded
search has to be found there too, with the same number of steps.

    python tests/prove/contradictions.py --models 1000 --seed 0
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from checker import ir
from checker.backends.python import Program
from checker.errors import UsageError
from checker.explore.limits import Limits
from checker.explore.outcome import Outcome, PropertyResult, Verdict
from checker.explore.search import explore
from checker.prove.bounded import Budget
from checker.prove.outcome import Proof, ProofOutcome, Said
from checker.prove.proof import prove

sys.path.insert(0, str(Path(__file__).parents[1] / "backends" / "smt"))

from smt_agreement import random_model

__all__ = ["asked_at_rest", "compared", "contradictions", "random_model"]


def compared(
    model: ir.Model,
    *,
    depth: int = 8,
    k: int = 2,
    states_max: int = 3000,
    timeout_s: float = 5.0,
    seconds_max: float | None = None,
) -> tuple[list[str], ProofOutcome, Outcome] | None:
    """The contradictions about one bound model, and both outcomes; None, if both find no start."""
    program = Program(model)
    budget = Budget(timeout_s=timeout_s, seconds_max=seconds_max)
    try:
        explored = explore(program, limits=Limits(states_max))
    except UsageError:  # no first state
        try:
            unsure = prove(program, depth=depth, k=k, budget=budget)
        except UsageError:
            return None
        wrong = [f"{p.name}: {p.said.value} without a state" for p in unsure.proofs if _says(p)]
        if wrong:
            raise AssertionError(wrong[0]) from None
        return None
    proved = prove(program, depth=depth, k=k, budget=budget)
    return contradictions(explored, proved), proved, explored


def _says(proof: Proof) -> bool:
    return proof.said not in (Said.UNKNOWN, Said.NOT_ATTEMPTED)


def contradictions(explored: Outcome, proved: ProofOutcome) -> list[str]:
    known = {result.name: result for result in explored.properties}
    found: list[str] = []
    for proof in proved.proofs:
        if proof.name in known:
            wrong = _property(proof, known[proof.name], explored, proved)
        else:
            wrong = _cut(proof, explored, proved)
        if wrong:
            found.append(f"{proof.name}: {wrong}")
    return found


def _property(proof: Proof, result: PropertyResult, explored: Outcome, proved: ProofOutcome) -> str:
    failed = result.verdict is Verdict.FAILS and result.trace is not None
    seen = result.kind == "witness" and result.verdict is Verdict.HOLDS
    never = result.kind == "witness" and result.verdict is Verdict.FAILS and result.trace is None
    match proof.said:
        case Said.PROVED if failed or _is_cut(explored):
            return f"PROVED ({proof.how}), and the explorer says {result.verdict.value}"
        case Said.UNREACHABLE if seen:
            return "proved unreachable, and seen"
        case Said.SEEN if never:
            return "seen, and the explorer exhausted all states without it"
        case Said.FAILS if not failed and explored.complete:
            return "FAILS, and the explorer finds nothing"
        case Said.FAILS if failed and proof.found is not None and proof.found.steps != result.steps:
            return f"fails after {proof.found.steps} steps, not {result.steps}"
    decided = failed and result.kind != "liveness" and (result.steps or 0) <= proved.depth
    if decided and proof.said is not Said.FAILS and not proof.reason.startswith("the encoding"):
        return f"{proof.said.value} within {proved.depth} steps, and fails after {result.steps}"
    return ""


def _cut(proof: Proof, explored: Outcome, proved: ProofOutcome) -> str:
    kind = proof.kind
    reached = any(
        limit.name == kind and _subject(proof) in limit.detail for limit in explored.limits
    )
    if proof.said is Said.PROVED and reached:
        return f"PROVED ({proof.how}), and the explorer runs into it"
    if proof.span is not None and proof.said is Said.UNKNOWN and explored.complete:
        return f"reached ({proof.reason}), and the explorer never does"
    return ""


def _is_cut(explored: Outcome) -> bool:
    return any(limit.name in ("capacity", "limit", "fresh") for limit in explored.limits)


def _subject(proof: Proof) -> str:
    return proof.name.partition(" of ")[2]


def asked_at_rest(model: ir.Model) -> ir.Model:
    """The invariants as properties of states at rest, which the generator does not make."""
    rest, invariant = ir.PropKind.AT_REST, ir.PropKind.INVARIANT
    return replace(
        model,
        props=tuple(replace(p, kind=rest) if p.kind is invariant else p for p in model.props),
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-rest", action="store_true", help="ask the invariants at rest only")
    given = parser.parse_args()
    words: Counter[str] = Counter()
    failed = used = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.seed, given.seed + given.models):
            model = random_model(number, Path(folder))
            if model is None:
                continue
            model = asked_at_rest(model) if given.at_rest else model
            used += 1
            try:
                found = compared(model, seconds_max=20)
                wrong, proved = (found[0], found[1]) if found is not None else ([], None)
            except Exception as problem:
                wrong, proved = [f"{type(problem).__name__}: {problem}"], None
            if proved is not None:
                words.update(f"{p.said.value}/{p.kind}" for p in proved.proofs)
            if wrong:
                failed += 1
                say(f"seed {number}: {wrong[0][:500]}")
    say(f"{used} models, {failed} with contradictions; {dict(words)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
