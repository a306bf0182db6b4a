"""How often a derived machine finds a planted bug, and how long the program is that it prints.

    python benchmarks/testing/bugs.py [outbox|dedup|idempotency_keys|saga] [--seeds 20]

Each bug of the real systems in tests/testing/systems, with 20 seeds and at most 200 examples. The
printed program is compared with the shortest there is: where the bug is a variant of the model, the
shortest counterexample that the explorer finds for it; else the shortest run that fails, found by
trying all of them, breadth first, on the system and the model side by side.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
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


def measured(model: str, bug: type[Any], skip: tuple[str, ...], seeds: int) -> dict[str, Any]:
    """All seeds of one bug."""
    chosen = settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    runs: list[int] = []
    lengths: list[int] = []
    began = time.monotonic()
    for number in range(seeds):
        machine = seed(number)(state_machine(model, bug, skip=skip))
        try:
            run(machine, settings=chosen)
        except Disagreement as failed:
            runs.append(machine.visits.runs)
            lengths.append(len(failed.calls))
    return {
        "found": len(lengths),
        "runs": statistics.median(runs) if runs else None,
        "most_runs": max(runs, default=None),
        "lengths": (min(lengths, default=None), max(lengths, default=None)),
        "seconds": (time.monotonic() - began) / seeds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        "model             bug                         found  runs (max)  program  shortest  s/seed"
    )
    for model in arguments.models or SYSTEMS:
        bugs, skip = SYSTEMS[model]
        for name, bug in bugs.items():
            if model in SEARCHED:
                shortest = searched(state_machine(model, bug, skip=skip))
            else:
                shortest = explored(model, name)
            got = measured(model, bug, skip, arguments.seeds)
            low, high = got["lengths"]
            program = f"{low}" if low == high else f"{low}–{high}"
            print(
                f"{model:<17} {name:<26}  {got['found']:>2}/{arguments.seeds}"
                f"  {got['runs'] or 0:>4.0f} ({got['most_runs'] or 0:>3})"
                f"  {program:>7}  {shortest!s:>8}  {got['seconds']:>6.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
