"""What survives `checker mutate` in the shipped models: the table in docs/reference/mutation.md.

    python benchmarks/testing/survivors.py [MODEL ...] [--max-seconds 10] [--list] [--write]

Prints a row for each model. `--list` also prints the survivors, `--write` puts the rows into the
page. With `--keep FOLDER` the mutants of one kind of change of one model are a file in that folder;
what is there is not run again, so that the table can be made in several goes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from checker.catalogue import entries
from checker.errors import UsageError
from checker.mutation.survey import survey
from checker.report.mutation_text import mutation_object
from checker.run import Request

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mutation.md"
SCOPES = {"outbox_staged": {"MessageId": 1}}  # with two, 63,216 states for each mutant
KINDS = ("dropped", "weakened", "swapped", "moved", "ignored")

Mutants = list[dict[str, Any]]  # as in the JSON of `checker mutate`


def mutants_of(model: str, max_seconds: float | None, keep: Path | None) -> Mutants:
    """All mutants of a model, kind by kind."""
    found: Mutants = []
    for kind in KINDS:
        file = keep / f"{model}-{kind}.json" if keep is not None else None
        if file is not None and file.exists():
            found += json.loads(file.read_text())
            continue
        request = Request(model, scopes=SCOPES.get(model, {}))
        told = survey(request, kinds=(kind,), seconds_max=max_seconds)
        mutants: Mutants = mutation_object(told)["mutants"]
        print(f"  {model} {kind}: {told.seconds:.0f} s", file=sys.stderr, flush=True)
        if file is not None:
            file.write_text(json.dumps(mutants))
        found += mutants
    return found


def row(model: str, mutants: Mutants) -> str:
    """The model's line in the table."""
    counts = Counter(mutant["status"] for mutant in mutants)
    survivors = [m for m in mutants if m["status"] == "survives"]
    same = sum(m["same_fields"] for m in survivors)
    less = sum(m["only_less"] and not m["same_fields"] for m in survivors)
    cells = [len(mutants) - counts["refused"], counts["noticed"], counts["same"], len(survivors)]
    return f"| {model} | {' | '.join(map(str, [*cells, less, same, counts['undecided']]))} |"


def rows_on(page: str) -> dict[str, str]:
    """The rows that the page has, by model."""
    return {name: line for line, name in re.findall(r"^(\| (\w+) (?:\| \d+ ){7}\|)$", page, re.M)}


def listed(mutants: Mutants) -> list[str]:
    """What survives, and what was not decided, a line each."""
    lines = []
    for m in mutants:
        if m["status"] in ("survives", "undecided"):
            kind = "same fields" if m["same_fields"] else "only less" if m["only_less"] else ""
            why = m["reason"] or kind
            lines.append(f"    {m['line']} {m['method']}: {m['change']}{why and f' ({why})'}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--max-seconds", type=float, default=10)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    page = PAGE.read_text()
    for model in arguments.models or [entry.name for entry in entries()]:
        mutants = mutants_of(model, arguments.max_seconds, arguments.keep)
        line = row(model, mutants)
        print(line, *(listed(mutants) if arguments.list else ()), sep="\n", flush=True)
        page = page.replace(rows_on(page).get(model, line), line)
    if arguments.write:
        PAGE.write_text(page)


if __name__ == "__main__":
    try:
        main()
    except UsageError as problem:
        sys.exit(str(problem))
