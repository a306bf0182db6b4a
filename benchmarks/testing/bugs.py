"""How often a derived machine finds a planted bug, and how long the program is that it prints.

    python benchmarks/testing/bugs.py [outbox|dedup|idempotency_keys|saga] [--seeds 20]
    python benchmarks/testing/bugs.py saga --keep saga.jsonl

Each bug of the real systems in tests/testing/systems, with 20 seeds and at most 200 examples. The
printed program is compared with the shortest there is: where the bug is a variant of the model, the
shortest counterexample that the explorer finds for it; else the shortest run that fails, found by
trying all of them, breadth first, on the system and the model side by side.

Each seed's result goes to stderr as it comes. With `--keep` it also goes to a file, and a seed that
the file has is not run again: a table that takes long can be made in several goes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, seed, settings

from checker.explore.outcome import Verdict
from checker.testing import Disagreement, run, state_machine

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "testing" / "systems"))

import consumer_sql
import outbox_sql
import payments_http
import saga_log

SYSTEMS: dict[str, tuple[dict[str, type[Any]], tuple[str, ...]]] = {
    "outbox": ({bug.__name__: bug for bug in outbox_sql.BUGS}, ()),
    "dedup": ({bug.__name__: bug for bug in consumer_sql.BUGS}, ()),
    "idempotency_keys": (payments_http.BUGS, ("insert",)),
    "saga": (saga_log.BUGS, ("record",)),
}
# Of systems whose whole state a test can read, the shortest failing run is searched for.
SEARCHED = ("outbox", "dedup")

EXAMPLES = 200
PRIVATE = ("unmarked", "last", "hand")  # what an adapter remembers beside its database


def explored(model: str, variant: str) -> int | None:
    """The length of the explorer's shortest counterexample."""
    from checker.api import explore

    outcome = explore(model, variant=variant)
    found = [
        p.steps
        for p in outcome.properties
        if p.verdict is Verdict.FAILS and p.steps is not None and p.kind != "witness"
    ]
    return min(found, default=None)


def searched(machine: Any) -> int | None:
    """The length of the shortest run that fails, all runs tried."""
    setup = machine.setup
    level: list[tuple[Any, ...]] = [()]
    seen: set[Any] = set()
    while level:
        following: list[tuple[Any, ...]] = []
        for calls in level:
            drive = setup.started()
            try:
                for call in calls:
                    drive.take(call)
                key = (id(drive.belief), repr(_state(drive.caller.adapter)))
                if key not in seen:
                    seen.add(key)
                    following += [(*calls, call) for call in drive.belief.menu]
            except Disagreement:
                return len(calls)
            finally:
                drive.caller.close()
        level = following
    return None


def _state(adapter: Any) -> Any:
    database = adapter.database.connect()
    module = sys.modules[type(adapter).__module__]
    tables = [statement.split()[2] for statement in module.TABLES]
    rows = [sorted(database.run(f"SELECT * FROM {table}")) for table in tables]
    return rows, [repr(getattr(adapter, name, None)) for name in PRIVATE]


@dataclass(frozen=True)
class Result:
    """One seed. `runs` counts until the bug was found, `length` the printed steps; 0: not found."""

    model: str
    bug: str
    seed: int
    runs: int
    length: int
    seconds: float


class Kept:
    """The results so far, in a file of JSON lines if there is one."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        lines = file.read_text().splitlines() if file is not None and file.exists() else []
        self.results = [Result(**json.loads(line)) for line in lines]

    def of(self, model: str, bug: str, number: int) -> Result | None:
        wanted = (model, bug, number)
        return next((r for r in self.results if (r.model, r.bug, r.seed) == wanted), None)

    def add(self, result: Result) -> None:
        self.results.append(result)
        if self.file is not None:
            with self.file.open("a") as out:
                out.write(json.dumps(asdict(result)) + "\n")


def one_seed(model: str, name: str, number: int) -> Result:
    """Run the derived machine with this seed until the bug is found, or to the last example."""
    chosen = settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    bugs, skip = SYSTEMS[model]
    began = time.monotonic()
    machine = seed(number)(state_machine(model, bugs[name], skip=skip))
    runs = length = 0
    try:
        run(machine, settings=chosen)
    except Disagreement as failed:
        runs, length = machine.visits.runs, len(failed.calls)
    return Result(model, name, number, runs, length, round(time.monotonic() - began, 1))


def measured(model: str, name: str, seeds: int, kept: Kept) -> list[Result]:
    """All seeds of one bug."""
    results: list[Result] = []
    for number in range(seeds):
        result = kept.of(model, name, number)
        if result is None:
            result = one_seed(model, name, number)
            kept.add(result)
            told = f"run {result.runs}, {result.length} steps" if result.length else "not found"
            print(
                f"  {name} seed {number}: {told}, {result.seconds} s", file=sys.stderr, flush=True
            )
        results.append(result)
    return results


def row(model: str, name: str, results: list[Result]) -> str:
    """The line of the table."""
    found = [r for r in results if r.length]
    runs = [r.runs for r in found] or [0]
    low, high = (f([r.length for r in found] or [0]) for f in (min, max))
    bugs, skip = SYSTEMS[model]
    if model in SEARCHED:
        shortest = searched(state_machine(model, bugs[name], skip=skip))
    else:
        shortest = explored(model, name)
    return (
        f"{model:<17} {name:<26}  {len(found):>2}/{len(results)}"
        f"  {statistics.median(runs):>4.0f} ({max(runs):>3})"
        f"  {f'{low}' if low == high else f'{low}–{high}':>7}  {shortest!s:>8}"
        f"  {statistics.mean(r.seconds for r in results):>6.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--bug", action="append", help="only this one; repeatable")
    parser.add_argument("--keep", type=Path, help="results so far, JSON lines")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = Kept(arguments.keep)
    print(
        "model             bug                         found  runs (max)  program  shortest  s/seed"
    )
    for model in arguments.models or SYSTEMS:
        for name in SYSTEMS[model][0]:
            if arguments.bug and name not in arguments.bug:
                continue
            results = measured(model, name, arguments.seeds, kept)
            print(row(model, name, results), flush=True)


if __name__ == "__main__":
    main()
