"""Two-phase commit with and without symmetry, on both engines, in turn.

    python benchmarks/symmetry/bench.py --participants 5 6 7 --rounds 3

Every run is a process of its own; times are of the search, without start-up and compilation. With
symmetry the sizes of the orbits have to sum to the counts of the full search where one was made,
and the two engines have to find the same orbits, or nothing is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

RUN = """
import json, sys
from checker.backends.native.compile import compiled
from checker.backends.native.emit import generate
from checker.backends.python import Program
from checker.explore.native.search import explore_native
from checker.explore.search import explore
from checker.explore.symmetry import symmetry_of
from checker.run import Request, prepare
engine, symmetry, count = sys.argv[1], sys.argv[2] == "orbits", int(sys.argv[3])
model = prepare(Request("two_phase_commit", scopes={"Participant": count})).model
if engine == "native":
    used = symmetry_of(model)[0] if symmetry else None
    code = compiled(generate(model, sorts=used.sorts if used else ()))
    outcome = explore_native(Program(model), code, symmetry=symmetry)
else:
    outcome = explore(Program(model), symmetry=symmetry)
assert outcome.verdict.value == "HOLDS", outcome.verdict
reduction = outcome.reduction
print(json.dumps({
    "visited": outcome.distinct, "generated": outcome.generated, "seconds": outcome.seconds,
    "states": reduction.states if reduction else outcome.distinct,
    "steps": reduction.generated if reduction else outcome.generated,
}))
"""

Numbers = dict[str, float]
SIDES = (("reference", "full"), ("reference", "orbits"), ("native", "full"), ("native", "orbits"))


def measured(engine: str, side: str, count: int) -> Numbers:
    command = [sys.executable, "-c", RUN, engine, side, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: Numbers = json.loads(done.stdout.splitlines()[-1])
    return found


def agreed(found: dict[tuple[str, str], list[Numbers]]) -> Numbers:
    """The numbers of a run with symmetry. Raises: SystemExit, if two sides differ."""
    every = [one for runs in found.values() for one in runs]
    full = {(one["states"], one["steps"]) for one in every}
    reduced = {
        (one["visited"], one["generated"])
        for (_, side), runs in found.items()
        for one in runs
        if side == "orbits"
    }
    if len(full) != 1 or len(reduced) != 1:
        raise SystemExit(f"the sides disagree: {full}, {reduced}")
    return found["native", "orbits"][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, nargs="+", default=[5, 6, 7])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reference-full-max", type=int, default=7)
    parser.add_argument("--full-max", type=int, default=9)
    options = parser.parse_args()
    load = " ".join(f"{n:.1f}" for n in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load at the start {load}")
    names = "".join(f"{engine + ' ' + side:>18}" for engine, side in SIDES)
    print(f"{'n':>3} {'states':>14} {'generated':>16} {'orbits':>8} {'generated':>10}{names}")
    for count in options.participants:
        most = {("reference", "full"): options.reference_full_max}
        sides = [s for s in SIDES if count <= most.get(s, options.full_max) or s[1] == "orbits"]
        found: dict[tuple[str, str], list[Numbers]] = {side: [] for side in sides}
        for side in sides:
            if side[0] == "native":
                measured(*side, count)  # compiles
        for _ in range(options.rounds):
            for side in sides:
                found[side].append(measured(*side, count))
        told = agreed(found)
        times = "".join(
            f"{statistics.median(one['seconds'] for one in found[side]):>16.2f} s"
            if side in found
            else f"{'-':>18}"
            for side in SIDES
        )
        print(
            f"{count:>3} {told['states']:>14,} {told['steps']:>16,} {told['visited']:>8,}"
            f" {told['generated']:>10,}{times}",
            flush=True,
        )


if __name__ == "__main__":
    main()
