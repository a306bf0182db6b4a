"""How often a derived machine takes each action of the shipped models in 1,000 runs.

    python benchmarks/testing/reach.py [MODEL ...] [--runs 1000]

The system is a mirror of the model, so nothing but the harness and its steering is measured. Every
action that the model can take at all has to be taken at least 10 times.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

from hypothesis import HealthCheck, seed, settings

from checker.catalogue import entries
from checker.testing import run, state_machine

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "testing"))

from mirror import mirror


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--runs", type=int, default=1000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = settings(
        max_examples=arguments.runs, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    print("model              actions  least taken                    steps    map  seconds")
    for name in arguments.models or [entry.name for entry in entries()]:
        began = time.monotonic()
        machine = seed(0)(state_machine(name, mirror(name, observes=False)))
        visits = run(machine, settings=chosen)
        least = min(visits.possible, key=lambda action: visits.counts[action])
        states = len(machine.setup.atlas.states)
        mark = "" if machine.setup.atlas.is_complete else "+"
        print(
            f"{name:<18} {len(visits.possible):>7}  {least:<22} {visits.counts[least]:>6}"
            f"  {visits.steps:>8,}  {states:>5}{mark:<1} {time.monotonic() - began:>7.1f}",
            flush=True,
        )
        if visits.impossible:
            print(f"{'':<18} never possible: {', '.join(visits.impossible)}")


if __name__ == "__main__":
    main()
