"""`checker lab run`: from the command line's values to a run of a lab, its log and a summary."""

from __future__ import annotations

import sys
from pathlib import Path

from checker.errors import ExitCode, UsageError

from .event import printable
from .lab import CORRECT, LABS, LabError

__all__ = ["run"]


def run(
    *,
    lab: str,
    out: str | None,
    seed: int | None,
    variant: str | None,
    orders: int | None,
    faults: str | None,
    broker: str | None,
    max_seconds: float | None,
    quiet: bool,
) -> ExitCode:
    """Raises: UsageError, also if a package of the lab is missing."""
    if lab not in LABS:
        raise UsageError(f"there is no lab {lab!r}", help=f"there is: {', '.join(LABS)}")
    if out is None:
        raise UsageError("where should the log go?", help="give --out FILE.jsonl")

    def tell(text: str) -> None:
        if not quiet:
            sys.stderr.write(f"{printable(text)}\n")

    try:
        done = LABS[lab].run(
            seed=1 if seed is None else seed,
            out=Path(out),
            variant=variant or CORRECT,
            orders=orders,
            faults=faults or "",
            broker=broker or "",
            seconds_max=120.0 if max_seconds is None else max_seconds,
            progress=tell,
        )
    except LabError as problem:
        raise UsageError(str(problem)) from None
    counts = ", ".join(f"{count} {name}" for name, count in done.tally.items())
    sys.stdout.write(
        f"{printable(str(done.out))}: {done.events} lines in {done.seconds:.1f} s\n"
        f"{counts}, {done.kills} kills (seed {done.seed}, {done.variant}, {done.faults})\n"
        f"{_struck(done.struck)}\n\n"
        f"next: checker replay {LABS[lab].model} {printable(str(done.out))} --ended\n"
    )
    return ExitCode.OK


NAMES_MAX = 5


def _struck(names: tuple[str, ...]) -> str:
    if not names:
        return "in the stores nothing is lost or doubled"
    shown = ", ".join(map(printable, names[:NAMES_MAX]))
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return f"in the stores something is lost or doubled: {shown}{more}"
