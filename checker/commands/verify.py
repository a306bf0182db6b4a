"""`checker verify`: run what a manifest names, and compare.

Owns the table of expected and actual. What counts as a difference is for `manifest` to say.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import manifest
from ..catalogue import closest
from ..errors import ExitCode, UsageError
from ..explore.outcome import Outcome
from ..report.terminal import Page, hang, page_for, printable
from ..run import Prepared, Request, prepare

__all__ = ["Verified", "run", "verified"]


@dataclass(frozen=True)
class Verified:
    """One run of the manifest, done."""

    model: manifest.ModelRuns
    run: manifest.Run
    outcome: Outcome
    differences: tuple[str, ...]
    orbits: int | None = None


def run(
    *, models: Sequence[str], manifest: str | None, slow: bool, record: bool, json: bool
) -> ExitCode:
    known = _manifest(manifest)
    page, done = page_for(sys.stdout), []
    for one in verified(known, models, slow=slow, orbits=record):
        done.append(one)
        if not json:
            # Line by line: the last models of a manifest may take their time.
            sys.stdout.write("\n".join(_row(one, page)) + "\n")
            sys.stdout.flush()
    if json:
        _print_json(done)
    different = sum(bool(one.differences) for one in done)
    code = ExitCode.FAILS if different else ExitCode.OK
    if record and not different:
        _record(known, done)
    if not json:
        said = f"{different} of {len(done)} runs differ" if different else "all as expected"
        skipped = "" if slow else _skipped(known, models)
        sys.stdout.write(f"\n{len(done)} runs, {said}{skipped}\n")
    return code


def _manifest(path: str | None) -> manifest.Manifest:
    return manifest.load(Path(path)) if path else manifest.built_in()


def verified(
    known: manifest.Manifest,
    models: Sequence[str] = (),
    *,
    slow: bool = False,
    orbits: bool = False,
) -> Iterator[Verified]:
    """Each run of the models; of all, if none is named. Rows that have a number of orbits are also
    searched with symmetry; with `orbits`, all rows.

    Raises: UsageError, before the first.
    """
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
                prepared = _prepared(model, one)
                outcome = _explored(prepared)
                found = manifest.differences(one, outcome)
                number = None
                if orbits or one.orbits is not None:
                    reduced = _orbits(prepared)
                    found += manifest.orbit_differences(one, outcome, reduced)
                    used = reduced.reduction is not None and reduced.reduction.sorts
                    number = reduced.distinct if used else None
                yield Verified(model, one, outcome, tuple(found), number)


def _prepared(model: manifest.ModelRuns, one: manifest.Run) -> Prepared:
    constants = model.variants[one.variant].constants if one.variant else {}
    constants = {**constants, **one.constants}
    keep = not one.reductions
    request = Request(model.target, "", constants, one.scopes, keep_dead_locals=keep)
    return prepare(request)


def _explored(prepared: Prepared) -> Outcome:
    from ..backends.python import Program
    from ..explore.native.auto import PATIENT_S, explore_with

    return explore_with("auto", Program(prepared.model), alone_s=PATIENT_S)


def _orbits(prepared: Prepared) -> Outcome:
    """Without liveness, which would need every state."""
    from ..backends.python import Program
    from ..explore.search import explore

    safety = tuple(p for p in prepared.model.props if not p.kind.is_liveness)
    return explore(Program(replace(prepared.model, props=safety)), symmetry=True)


def _record(known: manifest.Manifest, done: Sequence[Verified]) -> None:
    counts = {
        (one.model.name, number): one.orbits
        for one in done
        for number, run in enumerate(one.model.runs)
        if run is one.run and one.orbits is not None and run.orbits is None
    }
    text = known.path.read_text(encoding="utf-8")
    try:
        known.path.write_text(manifest.with_orbits(text, counts), encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot write {known.path}: {problem.strerror}") from problem


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
            "orbits": one.orbits,
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
