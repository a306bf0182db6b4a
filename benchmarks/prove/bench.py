"""What proof costs: strengthening at a small scope, proof at a large one, broken variants.

    python benchmarks/prove/bench.py

Every number is wall time of one process that does nothing else; the processor's time is printed
beside it, because the machine may be shared. benchmarks/prove/README.md keeps what it printed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from checker.backends.python import Program
from checker.backends.smt.solver import solver_version
from checker.manifest import built_in
from checker.passes.capacities import with_capacities
from checker.prove.bounded import Budget
from checker.prove.outcome import ProofOutcome, Said
from checker.prove.proof import prove
from checker.prove.strengthen import strengthen
from checker.run import Request, prepare

# The capacities are what ten ids of each sort can need; the proof shows that they do not need more.
LARGE: list[tuple[str, dict[str, int], dict[str, int]]] = [
    ("two_phase_commit", {"Participant": 10}, {}),
    ("two_phase_commit", {"Participant": 50}, {}),
    ("two_phase_commit", {"Participant": 100}, {}),
    ("outbox", {"OrderId": 10}, {"queue": 30, "shipped": 10}),
    ("dedup", {"MessageId": 10, "Worker": 10}, {"effects": 10}),
    ("saga", {"OrderId": 10}, {}),
]
BROKEN = ("outbox", "dedup", "saga", "two_phase_commit", "outbox_handler", "outbox_staged")


def program_of(
    name: str, scopes: Mapping[str, int], capacities: Mapping[str, int], variant: str = ""
) -> Program:
    model = prepare(Request(name, variant=variant, scopes=scopes)).model
    return Program(with_capacities(model, capacities))


def main() -> None:
    print(f"Z3 {solver_version()}\n")
    print("proof at a large scope, with what strengthening found at the declared one")
    for name, scopes, capacities in LARGE:
        large = program_of(name, scopes, capacities)
        little = program_of(name, {}, capacities)
        began, worked = time.perf_counter(), time.process_time()
        found = strengthen(large, little, depth=1, k=1)
        whole, cpu = time.perf_counter() - began, time.process_time() - worked
        sizes = " ".join(f"{n}={s}" for n, s in scopes.items())
        if found.strengthening is not None and found.strengthening.parts:
            # Parts are no methods that a model could hold, so there is no proof without the search.
            print(
                f"  {name:18} {sizes:24} {said(found):40} {'':32}"
                f"with the search {whole:5.2f} s ({cpu:5.2f} cpu)"
            )
            continue
        lemmas = [lemma.prop for lemma in found.strengthening.lemmas] if found.strengthening else []
        began, worked = time.perf_counter(), time.process_time()
        again = prove(large, depth=1, k=1, lemmas=lemmas)
        alone, alone_cpu = time.perf_counter() - began, time.process_time() - worked
        print(
            f"  {name:18} {sizes:24} {said(again):40} "
            f"proof {alone:5.2f} s ({alone_cpu:5.2f} cpu)   "
            f"with the search {whole:5.2f} s ({cpu:5.2f} cpu)"
        )
    print("\nbroken variants, refuted at the declared scope")
    for name in BROKEN:
        for variant in built_in().models[name].variants:
            began = time.perf_counter()
            outcome = prove(program_of(name, {}, {}, variant), depth=12, k=1, budget=Budget(60))
            failed = [
                f"{p.name} after {p.found.steps} steps"
                for p in outcome.proofs
                if p.said is Said.FAILS and p.found is not None
            ]
            seconds = time.perf_counter() - began
            print(f"  {name:18} {variant:26} {', '.join(failed) or 'nothing':58} {seconds:5.2f} s")


def said(outcome: ProofOutcome) -> str:
    goals = [p for p in outcome.proofs if p.kind in ("invariant", "at-rest", "step-error")]
    proved = sum(p.said is Said.PROVED for p in goals)
    lemmas = sum(p.kind == "lemma" for p in outcome.proofs)
    return f"{proved} of {len(goals)} proved with {lemmas} lemmas"


if __name__ == "__main__":
    main()
