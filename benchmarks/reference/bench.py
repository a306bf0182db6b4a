"""Times two-phase commit on the reference engine, on a hand-written search and on musil, in turn.

    python -m venv v && v/bin/pip install . musil && v/bin/python benchmarks/reference/bench.py

Needs Python 3.12 or newer, for musil. Every run is a process of its own and times the search alone,
without start-up. The three must agree on the number of states, or nothing is reported.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

OURS = """
import json, sys, time
from checker.api import explore
outcome = explore("two_phase_commit", scopes={"Participant": int(sys.argv[1])}, symmetry=False)
print(json.dumps({"distinct": outcome.distinct, "seconds": outcome.seconds}))
"""

SIDES = {
    "crashproof, reference engine": ["-I", "-c", OURS],  # -I: not the folders of the checkout
    "musil": [str(HERE / "with_musil.py")],
    "plain Python by hand, tuples": [str(HERE / "by_hand.py")],
}


def run(arguments: list[str], count: int) -> dict[str, float]:
    """One process: the numbers that it prints."""
    command = [sys.executable, *arguments, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    results: dict[str, list[dict[str, float]]] = {name: [] for name in SIDES}
    for _ in range(options.rounds):
        for name, arguments in SIDES.items():
            results[name].append(run(arguments, options.participants))
    counts = {int(r["distinct"]) for runs in results.values() for r in runs}
    if len(counts) != 1:
        raise SystemExit(f"the sides disagree on the number of states: {counts}")
    size = f"{options.participants} participants, {counts.pop():,} distinct states"
    print(f"two-phase commit, {size}")
    machine = f"Python {platform.python_version()}, {platform.machine()}"
    print(f"{machine}, median of {options.rounds} rounds, in turn\n")
    print(f"{'':32} {'seconds':>8} {'min':>7} {'max':>7} {'states/s':>10}")
    for name, runs in results.items():
        seconds = [r["seconds"] for r in runs]
        median = statistics.median(seconds)
        rate = runs[0]["distinct"] / median
        print(f"{name:32} {median:8.2f} {min(seconds):7.2f} {max(seconds):7.2f} {rate:10,.0f}")


if __name__ == "__main__":
    main()
