"""`checker verify`: run what a manifest names, and compare.

Owns the table of expected and actual. What counts as a difference is for `manifest` to say.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import manifest
from ..catalogue import closest
from ..errors import ExitCode, UsageError
from ..explore.outcome import Outcome
from ..report.terminal import Page, hang, page_for, printable
from ..run import Request, prepare

__all__ = ["Verified", "run", "verified"]


@dataclass(frozen=True)
class Verified:
    """One run of the manifest, done."""

    model: manifest.ModelRuns
    run: manifest.Run
    outcome: Outcome
    differences: tuple[str, ...]


def run(*, models: Sequence[str], manifest: str | None, slow: bool, json: bool) -> ExitCode:
    known = _manifest(manifest)
    page, done = page_for(sys.stdout), []
    for one in verified(known, models, slow=slow):
        done.append(one)
        if not json:
            # Line by line: the last models of a manifest may take their time.
            sys.stdout.write("\n".join(_row(one, page)) + "\n")
            sys.stdout.flush()
    if json:
        _print_json(done)
    different = sum(bool(one.differences) for one in done)
    code = ExitCode.FAILS if different else ExitCode.OK
    if not json:
        said = f"{different} of {len(done)} runs differ" if different else "all as expected"
        skipped = "" if slow else _skipped(known, models)
        sys.stdout.write(f"\n{len(done)} runs, {said}{skipped}\n")
    return code


def _manifest(path: str | None) -> manifest.Manifest:
    return manifest.load(Path(path)) if path else manifest.built_in()


def verified(
    known: manifest.Manifest, models: Sequence[str] = (), *, slow: bool = False
) -> Iterator[Verified]:
    """Each run of the models; of all, if none is named. Raises: UsageError, before the first."""
    for name in models:
        if name not in known.models:
            raise UsageError(
                f"{name!r} is not in {known.path.name}",
                help=f"it has {', '.join(known.models)}{closest(name, known.models)}",
            )
    chosen = [m for name, m in known.models.items() if not models or name in models]
    for model in chosen:
        for one in model.runs:
            if slow or not one.slow:
                outcome = _explored(model, one)
                found = tuple(manifest.differences(one, outcome))
                yield Verified(model, one, outcome, found)


def _explored(model: manifest.ModelRuns, one: manifest.Run) -> Outcome:
    from ..backends.python import Program
    from ..explore.search import explore

    constants = model.variants[one.variant].constants if one.variant else {}
    constants = {**constants, **one.constants}
    keep = not one.reductions
    request = Request(model.target, "", constants, one.scopes, keep_dead_locals=keep)
    prepared = prepare(request)
    return explore(Program(prepared.model))


def _skipped(known: manifest.Manifest, models: Sequence[str]) -> str:
    chosen = [m for name, m in known.models.items() if not models or name in models]
    count = sum(one.slow for model in chosen for one in model.runs)
    return f"; {count} slow left out, --slow runs them" if count else ""


# ── Printing ─────────────────────────────────────────────────────────────────────────────────────


def _name(model: manifest.ModelRuns, run: manifest.Run) -> str:
    sizes = " ".join(f"{name}={size}" for name, size in run.scopes.items())
    values = " ".join(f"{name}={value}" for name, value in run.constants.items())
    kept = "" if run.reductions else "--keep-dead-locals"
    return " ".join(part for part in (model.name, run.variant, sizes, values, kept) if part)


def _row(one: Verified, page: Page) -> list[str]:
    outcome = one.outcome
    word, style = ("DIFFERS", "bad") if one.differences else ("ok", "good")
    answer, count = outcome.verdict.value.lower(), f"{outcome.distinct:,}"
    prefix = f"{word:<7}  {answer:<7}  {count:>9} states  {outcome.seconds:>6.2f} s   "
    first, *rest = hang(prefix, [_name(one.model, one.run)], page, inset=0)
    lines = [page.paint(style, word) + first[len(word) :], *rest]
    for difference in one.differences:
        lines += hang("           ", [printable(difference)], page)
    return lines


def _print_json(done: Sequence[Verified]) -> None:
    runs = [
        {
            "model": one.model.name,
            "variant": one.run.variant or None,
            "scopes": dict(one.run.scopes),
            "constants": dict(one.run.constants),
            "reductions": one.run.reductions,
            "distinct": one.outcome.distinct,
            "generated": one.outcome.generated,
            "depth": one.outcome.depth,
            "seconds": round(one.outcome.seconds, 6),
            "properties": {
                p.name: {"verdict": p.verdict.value, "steps": p.steps}
                for p in one.outcome.properties
            },
            "exit_code": int(one.outcome.exit_code()),
            "differences": list(one.differences),
        }
        for one in done
    ]
    shown = {"schema": "crashproof/verify/1", "runs": runs}
    sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
