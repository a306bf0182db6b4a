"""Many seeds of each lab and variant: what went wrong in the stores, and what the logs told.

    python benchmarks/lab/table.py FOLDER [--labs outbox,dedup] [--variants correct] [--seeds 20]
                                   [--brokers nats,redis] [--jobs 3] [--minutes 30] [--only table]

Each run leaves three files in FOLDER: its log, `.run.json` with what the stores showed, and
`.told.json` with what replay and diagnosis said of the log. What is there is not made again, so the
script may be stopped at any time and started anew; without its `.told.json` a log is judged again.
It prints the table from all that is there, and ends with 1 if a row contradicts a claim: a correct
form whose log is not accepted, an id that the stores show an error for and its log does not, or a
true variant that is not among the minimal ones.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from checker.errors import ExitCode
from checker.traces.diagnose import Form, diagnose
from checker.traces.diagnose_command import forms_of
from checker.traces.lab import CORRECT, LABS, LabError
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import Observation
from checker.traces.replay import Replay, Settings, Verdict
from checker.traces.stream import stream_replay


@dataclass(frozen=True, order=True)
class Case:
    """One run that is asked for."""

    lab: str
    broker: str
    variant: str
    seed: int

    def file(self, folder: Path, ending: str) -> Path:
        return folder / f"{self.lab}-{self.broker}-{self.variant}-{self.seed:02}{ending}"


@dataclass(frozen=True)
class Ran:
    """What the run did. `struck` are the ids for which the stores show an error."""

    faults: str
    lines: int
    kills: int
    struck: list[str]
    tally: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Told:
    """What was said of its log. `found` are the slices that are rejected, or not finished at the
    end; `minimal` the least variants that explain the log, None for the model as it is written."""

    slices: int
    found: list[str]
    undecided: int
    exit_code: int
    minimal: list[str | None]
    seconds: float


@dataclass(frozen=True)
class Row:
    case: Case
    ran: Ran
    told: Told

    @property
    def truth(self) -> str | None:
        return LABS[self.case.lab].variants[self.case.variant].model_variant or None

    def is_named(self) -> bool:
        return self.truth in self.told.minimal

    def mistakes(self) -> Iterator[str]:
        """What in this row contradicts a claim."""
        told = self.told
        # Two deaths can leave a message without any line of its effect; it is then pending (3).
        if self.case.variant == CORRECT and (told.exit_code == 1 or self.ran.struck):
            yield f"a correct form: exit {told.exit_code}, struck {self.ran.struck}"
        if missed := set(self.ran.struck) - set(told.found):
            yield f"not found: {', '.join(sorted(missed))}"
        # A log in which nothing shows is one of the correct form too, which is then the least.
        if told.minimal != [None] and not self.is_named():
            yield f"minimal are {told.minimal}"
        if told.found and told.minimal == [None] and told.exit_code == 1:
            yield "found, and yet correct is minimal"


# --- one run, and what is said of it ---


def run(case: Case, folder: Path) -> None:
    """Raises: LabError."""
    log = case.file(folder, ".jsonl")
    log.unlink(missing_ok=True)
    done = LABS[case.lab].run(
        seed=case.seed, out=log, variant=case.variant, broker=case.broker, seconds_max=240
    )
    ran = Ran(
        faults=done.faults,
        lines=done.events,
        kills=done.kills,
        struck=list(done.struck),
        tally=dict(done.tally),
        seconds=round(done.seconds, 1),
    )
    case.file(folder, ".run.json").write_text(json.dumps(asdict(ran)) + "\n")


@functools.cache
def forms(model: str) -> list[Form]:
    path = shipped(model)
    assert path is not None
    return forms_of(model, load_mapping(path))


def judge(case: Case, folder: Path) -> None:
    """What `checker replay --ended` and `checker diagnose --ended` say, but for the reasons."""
    log, every = str(case.file(folder, ".jsonl")), forms(LABS[case.lab].model)
    began = time.monotonic()

    def hold(observation: Observation) -> Replay:
        return stream_replay([log], observation, Settings(ended=True, explains=False))

    written = hold(every[0][3])
    minimal: list[str | None] = [None]  # of what the model as written explains
    if written.exit_code() is not ExitCode.OK:
        found = diagnose(every, lambda form, _: written if form is every[0][3] else hold(form))
        minimal = [found.candidates[position].variant or None for position in found.minimal]
    told = Told(
        slices=written.number(),
        found=[
            key
            for part in written.slices
            if part.verdict is Verdict.REJECTED or part.pending
            for key in part.keys
        ],
        undecided=written.count(Verdict.UNKNOWN),
        exit_code=written.exit_code().value,
        minimal=minimal,
        seconds=round(time.monotonic() - began, 1),
    )
    case.file(folder, ".told.json").write_text(json.dumps(asdict(told)) + "\n")


def make(case: Case, folder: Path, only: str, end: float) -> None:
    """Whatever of the case is missing."""
    if not case.file(folder, ".run.json").exists() and time.time() < end:
        run(case, folder)
    if only == "runs" or time.time() > end or not case.file(folder, ".run.json").exists():
        return
    if not case.file(folder, ".told.json").exists():
        judge(case, folder)


# --- all that is there ---


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    first, _, last = asked.seeds.rpartition("-")
    for seed in range(int(first or 1), int(last) + 1):
        for lab in asked.labs.split(","):
            brokers = asked.brokers.split(",") if asked.brokers else LABS[lab].brokers[:1]
            for broker in (each for each in brokers if each in LABS[lab].brokers):
                for variant, form in LABS[lab].variants.items():
                    wanted = not asked.variants or variant in asked.variants.split(",")
                    if wanted and form.broker in ("", broker):
                        yield Case(lab, broker, variant, seed)


def row_of(case: Case, folder: Path) -> Row | None:
    """None if it is not there in full."""
    files = [case.file(folder, ending) for ending in (".run.json", ".told.json")]
    if not all(file.exists() for file in files):
        return None
    ran, told = (json.loads(file.read_text()) for file in files)
    return Row(case, Ran(**ran), Told(**told))


def rows_in(folder: Path) -> list[Row]:
    every = (
        Case(lab.name, broker, variant, int(file.name.removesuffix(".told.json")[-2:]))
        for lab in LABS.values()
        for broker in lab.brokers
        for variant in lab.variants
        for file in sorted(folder.glob(f"{lab.name}-{broker}-{variant}-??.told.json"))
    )
    return [row for row in (row_of(case, folder) for case in every) if row]


def table(rows: list[Row]) -> str:
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.case.lab, row.case.broker, row.case.variant].append(row)
    lines = [
        "| lab | broker | variant | seeds | kills | struck | found | logs accepted | rejected or "
        "not finished | true variant minimal |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (lab, broker, variant), own in groups.items():
        shown = [row for row in own if row.told.exit_code]
        true = sum(row.is_named() for row in shown)
        struck = sum(len(row.ran.struck) for row in own)
        found = sum(len(set(row.ran.struck) & set(row.told.found)) for row in own)
        lines.append(
            f"| `{lab}` | {broker} | `{variant}` | {len(own)} | "
            f"{sum(row.ran.kills for row in own)} | {struck} | {found} | "
            f"{len(own) - len(shown)} | {len(shown)} | "
            + (f"{true} of {len(shown)} |" if shown else "– |")
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labs", default=",".join(LABS))
    parser.add_argument("--variants", default="")
    parser.add_argument("--brokers", default="", help="by default the first of each lab")
    parser.add_argument("--seeds", default="20", help="how many, or from-to")
    parser.add_argument("--jobs", type=int, default=2, help="at a time; a run mostly waits")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin nothing after that")
    parser.add_argument("--only", choices=("runs", "table"), default="")
    asked = parser.parse_args()
    asked.folder.mkdir(exist_ok=True)
    if asked.only != "table":
        end = time.time() + 60 * asked.minutes
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(asked.jobs, mp_context=spawn) as pool:
            begun = {
                pool.submit(make, case, asked.folder, asked.only, end): case
                for case in cases(asked)
            }
            for done in as_completed(begun):
                try:
                    done.result()
                except LabError as problem:  # said below: the row is not there
                    print(f"NO RUN {begun[done]}: {problem}", flush=True)
                row = row_of(begun[done], asked.folder)
                for wrong in row.mistakes() if row else ():
                    print(f"WRONG {begun[done]}: {wrong}", flush=True)
    rows = rows_in(asked.folder)
    print(table(rows))
    mistakes = [(row.case, wrong) for row in rows for wrong in row.mistakes()]
    for case, wrong in mistakes:
        print(f"WRONG {case}: {wrong}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
