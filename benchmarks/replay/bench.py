"""How fast is a long log held against its model, and in how much memory?

    python benchmarks/replay/bench.py [--events N] [--orders N] [--open N] [--repeat N] [--keep LOG]

`--keep` leaves the log there, and takes it from there the next time.

Generates the log of an outbox service (generate.py), correct but for three planted violations, and
holds it against the shipped mapping with `checker replay`, in a process of its own, as a user
would, with and without the shipped monitors. Prints events per second from the start of that
process to its end, its memory and that of its helper, and checks that exactly the planted
violations are found, each with its line. Exits with 1 if not.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import generate

CHECKER = [sys.executable, "-c", "from checker.cli import main; main()"]
HIDDEN_MIN = 3  # what the shipped mapping allows


def held(
    log: Path, hidden: int, jobs: int, watched: bool
) -> tuple[dict[str, object], float, float, int]:
    """The report, the seconds, those of the processors, and the most bytes of one process."""
    options = ["--json", "--max-hidden", str(hidden), "--jobs", str(jobs)]
    options += [] if watched else ["--no-monitors"]
    began = time.monotonic()
    done = subprocess.Popen(
        [*CHECKER, "replay", "outbox", str(log), *options], stdout=subprocess.PIPE
    )
    assert done.stdout is not None
    text = done.stdout.read()
    _, _, usage = os.wait4(done.pid, 0)
    seconds = time.monotonic() - began
    return json.loads(text), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = told.keep or Path(folder) / "outbox.jsonl"
        made = _made(log, told) if told.keep else _generated(log, told)
        hidden = max(HIDDEN_MIN, math.ceil(told.events / told.orders) - 4)
        lines, planted = int(str(made["lines"])), made["planted"]
        assert isinstance(planted, dict)
        wanted = {each["order"]: each["line"] for each in planted.values()}
        size = log.stat().st_size
        print(f"{lines:,} events of {told.orders:,} orders, {size / 1e6:,.0f} MB, K={hidden}")
        right = True
        for turn in range(told.repeat):
            for jobs, watched in ((1, False), (2, False), (1, True), (2, True)):
                report, seconds, busy, most = held(log, hidden, jobs, watched)
                found = rejected(report)
                right = right and found == wanted
                how = f"{jobs} process{'es' * (jobs > 1)}{', monitors' * watched}"
                print(
                    f"{turn + 1}: {how}: {seconds:.2f} s "
                    f"({busy:.2f} s of processor), "
                    f"{lines / seconds / 1e6:.2f} M events/s, {most / 2**20:,.0f} MiB; "
                    f"{'the 3 planted violations, none else' if found == wanted else found}"
                )
    return 0 if right else 1


def _generated(log: Path, told: argparse.Namespace) -> dict[str, object]:
    return generate(log, events=told.events, orders=told.orders, open_orders=told.open)


def _made(log: Path, told: argparse.Namespace) -> dict[str, object]:
    """The log of an earlier run, if there is one; what was planted stands beside it."""
    beside = log.with_suffix(".json")
    if not (log.exists() and beside.exists()):
        beside.write_text(json.dumps(_generated(log, told)))
    found = json.loads(beside.read_text())
    assert isinstance(found, dict)
    return found


def rejected(report: dict[str, object]) -> dict[str, int]:
    """The rejected orders with the line that nothing explains."""
    slices = report["slices"]
    assert isinstance(slices, list)
    return {
        each["keys"][0]: each["diagnosis"]["candidates"][0]["line"]
        for each in slices
        if each["verdict"] != "ACCEPTED"
    }


if __name__ == "__main__":
    sys.exit(main())
