"""Everything that is claimed about the speed of exploring, in one table; both sides in one run.

    python benchmarks/explore/bench.py                  all rows; an hour and more on two cores
    python benchmarks/explore/bench.py --only tlc,spin  some rows
    python benchmarks/explore/bench.py --participants 7 --rounds 1 --only tlc,spin,threads

Every run is a process of its own; sides take turns, and medians are printed. A row that cannot be
measured says why and does not stop the others. All sides have to agree on the number of states, or
the row is no result. Rows: threads, tlc, spin, handler, ten, eleven, start, compile.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sides import Numbers, Task, ours, tlc
from spin import SEARCHES, spin

GIB = 1 << 30


@dataclass
class Bench:
    """What was measured so far; runs are shared between rows."""

    participants: int
    rounds: int
    results: dict[tuple[str, str], list[Numbers]] = field(default_factory=dict)

    @property
    def two_phase_commit(self) -> Task:
        return Task("two_phase_commit", {"Participant": self.participants})

    def measure(self, task: Task, sides: Mapping[str, Callable[[], Numbers]]) -> None:
        """Every side that was not measured yet, in turns. Raises: RuntimeError."""
        todo = {name: run for name, run in sides.items() if (task.text, name) not in self.results}
        rounds: dict[str, list[Numbers]] = {name: [] for name in todo}
        for _ in range(self.rounds):
            for name, run in todo.items():
                rounds[name].append(run())
        for name, runs in rounds.items():
            self.results[task.text, name] = runs
        counts = {int(r["distinct"]) for name in sides for r in self.results[task.text, name]}
        if len(counts) != 1:
            raise RuntimeError(f"the sides disagree on the number of states: {sorted(counts)}")

    def median(self, task: Task, side: str, what: str = "seconds") -> float:
        return statistics.median(run[what] for run in self.results[task.text, side])

    def rate(self, task: Task, side: str) -> str:
        distinct = self.results[task.text, side][0]["distinct"]
        seconds = self.median(task, side)
        return f"{side} {seconds:.2f} s ({distinct / seconds:,.0f} distinct/s)"

    def compared(self, task: Task, side: str, peer: str) -> str:
        ratio = self.median(task, peer) / self.median(task, side)
        return f"{ratio:.1f} x   {self.rate(task, side)}; {self.rate(task, peer)}"


def _ours(threads: int, task: Task, **more: object) -> dict[str, Callable[[], Numbers]]:
    name = f"native, {threads} thread{'s' * (threads > 1)}"
    return {name: lambda: ours(threads, **more)(task)}  # type: ignore[arg-type]


def threads_row(bench: Bench) -> str:
    return "\n         ".join(_threads(bench, more) for more in (0, 1))


def _threads(bench: Bench, more: int) -> str:
    """With so many participants more. Runs that another row has made would not be paired."""
    own = Bench(bench.participants + more, bench.rounds)
    task = own.two_phase_commit
    own.measure(task, {**_ours(1, task), **_ours(2, task)})
    one, two = (own.results[task.text, f"native, {n}"] for n in ("1 thread", "2 threads"))
    pairs = [a["seconds"] / b["seconds"] for a, b in zip(one, two, strict=True)]
    shown = "; ".join(own.rate(task, f"native, {n}") for n in ("1 thread", "2 threads"))
    ratios = f"{statistics.median(pairs):.2f} x ({min(pairs):.2f} to {max(pairs):.2f})"
    return f"{ratios}   {int(one[0]['distinct']):,} distinct: {shown}"


def tlc_row(bench: Bench) -> str:
    task, peer = bench.two_phase_commit, tlc()
    bench.measure(task, {**_ours(2, task), "TLC, 2 workers": lambda: peer(task)})
    return bench.compared(task, "native, 2 threads", "TLC, 2 workers")


def spin_row(bench: Bench) -> str:
    task = bench.two_phase_commit
    peers = {name: spin(name) for name in SEARCHES}
    sides = {n: lambda run=run: run(bench.participants) for n, run in peers.items()}
    bench.measure(task, {**_ours(2, task), **sides})
    best = min(peers, key=lambda name: bench.median(task, name))
    others = "; ".join(bench.rate(task, name) for name in peers if name != best)
    return f"{bench.compared(task, 'native, 2 threads', best)}; {others}"


def handler_row(bench: Bench) -> str:
    task = Task("outbox_handler", {"MessageId": 3}, {"retries": "1"}, reductions=False)
    peer = tlc()
    bench.measure(task, {**_ours(2, task), "TLC, 2 workers": lambda: peer(task)})
    return bench.compared(task, "native, 2 threads", "TLC, 2 workers")


def ten_row(bench: Bench) -> str:
    task = Task("two_phase_commit", {"Participant": 10})
    runs = []
    for _ in range(bench.rounds):
        with tempfile.TemporaryDirectory() as cache:
            runs.append(ours(2, cache=cache)(task))
    wall = statistics.median(run["wall"] for run in runs)
    used = max(run["bytes"] / run["distinct"] for run in runs)
    search = statistics.median(run["seconds"] for run in runs)
    return (
        f"{wall:.1f} s wall, cold cache ({search:.1f} s of search), {used:.1f} bytes a state   "
        f"{int(runs[0]['distinct']):,} distinct"
    )


def eleven_row(bench: Bench) -> str:
    run = ours(2, bytes_max=20 * GIB)(Task("two_phase_commit", {"Participant": 11}))
    distinct, seconds = run["distinct"], run["seconds"]
    billion_s, billion = 1e9 / distinct * seconds, 1e9 / distinct * run["bytes"] / GIB
    return (
        f"{run['wall']:.0f} s wall, {run['bytes'] / GIB:.1f} GiB "
        f"({run['bytes'] / distinct:.1f} bytes a state)   {int(distinct):,} distinct, once; "
        f"10^9 states would take {billion_s:.0f} s and {billion:.0f} GiB"
    )


def start_row(bench: Bench) -> str:
    checker = [sys.executable, "-c", "from checker.cli import main; main()"]
    command = [*checker, "explore", "outbox", "--quiet"]
    subprocess.run(command, capture_output=True, check=True)
    walls = []
    for _ in range(max(5, bench.rounds)):
        began = time.monotonic()
        subprocess.run(command, capture_output=True, check=True)
        walls.append(time.monotonic() - began)
    return f"{statistics.median(walls):.2f} s   fastest {min(walls):.2f} s"


_FIRST = """
import sys, time
from checker.backends.native.compile import compiled
from checker.backends.native.emit import generate
from checker.run import Request, prepare
model = prepare(Request(sys.argv[1])).model
began = time.monotonic()
compiled(generate(model))
print(time.monotonic() - began)
"""


def compile_row(bench: Bench) -> str:
    from checker.manifest import built_in

    took = {}
    for name in built_in().models:
        walls = []
        for _ in range(bench.rounds):
            with tempfile.TemporaryDirectory() as cache:
                done = subprocess.run(
                    [sys.executable, "-c", _FIRST, name],
                    env={**os.environ, "CRASHPROOF_CACHE": cache},
                    capture_output=True,
                    text=True,
                )
            if done.returncode:
                walls = []
                break
            walls.append(float(done.stdout))
        took[name] = statistics.median(walls) if walls else None
    known = {name: wall for name, wall in took.items() if wall is not None}
    slowest = max(known, key=lambda name: known[name])
    listed = ", ".join(f"{n} {w:.1f}" if w else f"{n} not held" for n, w in took.items())
    return f"{known[slowest]:.1f} s at most ({slowest})   {listed}"


ROWS: dict[str, tuple[str, str, Callable[[Bench], str]]] = {
    "threads": ("two threads against one, two-phase commit", ">= 1.6 x", threads_row),
    "tlc": ("two-phase commit against TLC, 2 workers", ">= 100 x", tlc_row),
    "spin": ("two-phase commit against Spin's best search", ">= 5 x", spin_row),
    "handler": ("outbox_handler, 3 messages, against TLC", ">= 50 x", handler_row),
    "ten": ("two-phase commit, 10 participants", "<= 40 s, <= 24 bytes", ten_row),
    "eleven": ("two-phase commit, 11 participants", "in 20 GiB", eleven_row),
    "start": ("checker explore outbox, warm cache", "<= 0.6 s", start_row),
    "compile": ("first compilation of each model", "<= 5 s", compile_row),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows, separated by commas")
    given = parser.parse_args()
    chosen = given.only.split(",") if given.only else list(ROWS)
    for name in chosen:
        if name not in ROWS:
            parser.error(f"there is no row {name!r}; there are {', '.join(ROWS)}")
    began = time.monotonic()
    load = " ".join(f"{n:.1f}" for n in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}")
    print(f"{given.participants} participants where nothing else is said")
    print(f"medians of {given.rounds}\n")
    bench = Bench(given.participants, given.rounds)
    # Compiles, and fills the caches of the machine.
    ours(1)(Task("two_phase_commit", {"Participant": given.participants}))
    for name in chosen:
        title, wanted, row = ROWS[name]
        row_began = time.monotonic()
        try:
            said = row(bench)
        except Exception as problem:
            said = f"not measured: {type(problem).__name__}: {problem}"
        took = time.monotonic() - row_began
        print(
            f"{name:8} {title}\n         wanted {wanted}\n         {said}\n         [{took:.0f} s]"
        )
        sys.stdout.flush()
    load = " ".join(f"{n:.1f}" for n in os.getloadavg())
    print(f"\n{time.monotonic() - began:.0f} s in all, load at the end {load}")


if __name__ == "__main__":
    main()
