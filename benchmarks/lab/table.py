"""Many seeds of each lab and variant: what went wrong in the stores, and what the logs told.

    python benchmarks/lab/table.py RESULTS.jsonl [--labs outbox,dedup] [--seeds 20] [--minutes 30]

Each run is one line of RESULTS.jsonl, and a run that stands there already is not made again: so the
script may be stopped at any time and started anew. It prints the table from all that is there, and
ends with 1 if a row contradicts a claim: a correct form whose log is not accepted, an id that the
stores show an error for and its log does not, or a true variant that is not among the minimal ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checker.traces.lab import CORRECT, LABS

Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Row:
    """One run. `found` are the slices that are rejected, or not finished at the end."""

    lab: str
    broker: str
    variant: str
    seed: int
    faults: str
    lines: int
    kills: int
    slices: int
    struck: list[str]
    found: list[str]
    undecided: int
    exit_code: int
    minimal: list[str | None]
    seconds: float

    @property
    def truth(self) -> str | None:
        return LABS[self.lab].variants[self.variant].model_variant or None

    def mistakes(self) -> list[str]:
        """What in this row contradicts a claim."""
        wrong = []
        # Two deaths can leave a message without any line of its effect; it is then pending (3).
        if self.variant == CORRECT and (self.exit_code == 1 or self.struck):
            wrong.append(f"a correct form: exit {self.exit_code}, struck {self.struck}")
        if missed := set(self.struck) - set(self.found):
            wrong.append(f"not found: {', '.join(sorted(missed))}")
        # A log in which nothing shows is one of the correct form too, which is then the least.
        if self.minimal != [None] and self.truth not in self.minimal:
            wrong.append(f"minimal are {self.minimal}")
        if self.found and self.minimal == [None] and self.exit_code == 1:
            wrong.append("found, and yet correct is minimal")
        return wrong


def checker(*arguments: str) -> tuple[int, Any]:
    done = subprocess.run(
        [Path(sys.executable).with_name("checker"), *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"{arguments}: {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def is_found(part: dict[str, Any]) -> bool:
    return part["verdict"] == "REJECTED" or bool(part["overdue"])


def measure(lab: str, broker: str, variant: str, seed: int, keep: Path) -> Row:
    """One run and what is said of its log, which is kept in `keep` if that contradicts a claim."""
    with tempfile.TemporaryDirectory(prefix="lab-table-") as folder:
        log = Path(folder) / "log.jsonl"
        done = LABS[lab].run(seed=seed, out=log, variant=variant, broker=broker)
        model = LABS[lab].model
        code, told = checker("replay", model, str(log), "--ended")
        minimal: list[str | None] = [None]  # of what the model as written explains
        if code != 0:
            _, (diagnosis,) = checker("diagnose", str(log), model, "--ended")
            minimal = [form["variant"] for form in diagnosis["candidates"] if form["minimal"]]
        row = Row(
            lab=lab,
            broker=broker,
            variant=variant,
            seed=seed,
            faults=done.faults,
            lines=done.events,
            kills=done.kills,
            slices=sum(told["counts"].values()),
            struck=list(done.struck),
            found=[key for part in told["slices"] if is_found(part) for key in part["keys"]],
            undecided=told["counts"].get("UNKNOWN", 0),
            exit_code=code,
            minimal=minimal,
            seconds=round(done.seconds, 1),
        )
        if row.mistakes():
            shutil.copy(log, keep / f"{lab}-{broker}-{variant}-{seed}.jsonl")
        return row


def read(results: Path) -> dict[Key, Row]:
    if not results.exists():
        return {}
    rows = [Row(**json.loads(line)) for line in results.read_text().splitlines()]
    return {(row.lab, row.broker, row.variant, row.seed): row for row in rows}


def table(rows: list[Row]) -> str:
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.lab, row.broker, row.variant].append(row)
    lines = [
        "| lab | broker | variant | runs | kills | struck | found | logs accepted | rejected or "
        "unfinished | truth among the minimal |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (lab, broker, variant), own in groups.items():
        shown = [row for row in own if row.exit_code]
        true = sum(row.truth in row.minimal for row in shown)
        struck = sum(len(row.struck) for row in own)
        found = sum(len(set(row.struck) & set(row.found)) for row in own)
        lines.append(
            f"| {lab} | {broker} | `{variant}` | {len(own)} | {sum(row.kills for row in own)} | "
            f"{struck} | {found} | {len(own) - len(shown)} | {len(shown)} | "
            + (f"{true} of {len(shown)} |" if shown else "– |")
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--labs", default=",".join(LABS))
    parser.add_argument("--brokers", default="")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args()
    end = time.monotonic() + 60 * asked.minutes
    rows = read(asked.results)
    for seed in range(1, asked.seeds + 1):
        for lab in asked.labs.split(","):
            brokers = asked.brokers.split(",") if asked.brokers else LABS[lab].brokers[:1]
            for broker in (each for each in brokers if each in LABS[lab].brokers):
                for variant, form in LABS[lab].variants.items():
                    if form.broker not in ("", broker):
                        continue
                    key = (lab, broker, variant, seed)
                    if key in rows or time.monotonic() > end:
                        continue
                    row = rows[key] = measure(*key, asked.results.parent)
                    with asked.results.open("a") as out:
                        out.write(json.dumps(asdict(row)) + "\n")
                    for wrong in row.mistakes():
                        print(f"WRONG {key}: {wrong}", flush=True)
    ordered = sorted(rows.values(), key=lambda row: (row.lab, row.broker))
    print(table(ordered))
    mistakes = [(row, wrong) for row in ordered for wrong in row.mistakes()]
    for row, wrong in mistakes:
        print(f"WRONG {row.lab} {row.broker} {row.variant} seed {row.seed}: {wrong}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
