"""`checker lab run`: from the command line's values to a run of a lab, its log and a summary."""

from __future__ import annotations

import sys
from pathlib import Path

from checker.errors import ExitCode, UsageError

from .event import printable
from .lab import LABS, LabError

__all__ = ["run"]


def run(
    *,
    lab: str,
    out: str | None,
    seed: int | None,
    variant: str | None,
    orders: int | None,
    kills: int | None,
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
            variant=variant or "correct",
            orders=100 if orders is None else orders,
            kills=8 if kills is None else kills,
            seconds_max=120.0 if max_seconds is None else max_seconds,
            progress=tell,
        )
    except LabError as problem:
        raise UsageError(str(problem)) from None
    sys.stdout.write(
        f"{printable(str(done.out))}: {done.events} lines in {done.seconds:.1f} s\n"
        f"{done.placed} orders placed, {done.shipped_rows} shipments, "
        f"{done.duplicates_delivered} duplicates delivered, {done.kills} kills "
        f"(seed {done.seed}, {done.variant})\n\n"
        f"next: checker replay {lab} {printable(str(done.out))} --ended\n"
    )
    return ExitCode.OK
