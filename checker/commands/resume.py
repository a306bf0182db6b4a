"""`checker explore --checkpoint` and `checker resume`: a search that survives its process.

Owns what a checkpoint remembers of the command line, so that `resume` needs the file's name alone.
Limits of time and memory are of one process and are not remembered.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ExitCode, UsageError
from ..explore.limits import Limits
from ..explore.outcome import Outcome
from ..report.progress import ProgressLine
from ..run import Prepared, Request
from ..source import shown_path
from . import settings
from .ci import Files
from .explore import Output, all_runs

__all__ = ["Asked", "explore_to", "run"]


@dataclass(frozen=True)
class Asked:
    """What the counts, the verdicts and the traces of a search depend on."""

    request: Request
    threads: int | None
    stop_at_first: bool
    max_states: int | None
    symmetry: bool = False


def run(
    *,
    checkpoint: str,
    threads: int | None,
    max_states: int | None,
    max_seconds: float | None,
    max_memory: str | None,
    json: bool,
    out: str | None,
    force: bool,
    strict_vacuity: bool,
    quiet: bool,
) -> ExitCode:
    from ..explore.native.checkpoint import Checkpoint

    if threads is not None and threads < 1:
        raise UsageError("--threads has to be at least 1")
    limits = settings.limits_of(max_states, max_seconds, max_memory)
    output = Output("explore", json, Path(out) if out else None, force, strict_vacuity, quiet)
    opened = Checkpoint.open(Path(checkpoint))
    asked = _asked(opened.about)
    if not asked.symmetry:
        output = replace(output, again=("--no-symmetry",))
    asked = replace(
        asked, threads=threads or asked.threads, max_states=max_states or asked.max_states
    )
    return _explored(opened, asked, limits, output)


def explore_to(
    path: Path,
    asked: Asked,
    limits: Limits,
    output: Output,
    *,
    cross_check: int | None = None,
    files: Files | None = None,
) -> ExitCode:
    """Explore, with checkpoints in a new file. Raises: UsageError, before anything is searched."""
    from ..explore.native.auto import threads_default
    from ..explore.native.checkpoint import Checkpoint
    from ..run import prepare

    prepare(asked.request)  # a model that is refused leaves no file behind
    asked = replace(asked, threads=asked.threads or threads_default())
    made = Checkpoint.create(path, _about(asked))
    return _explored(made, asked, limits, output, cross_check=cross_check, files=files)


def _explored(
    checkpoint: Any,
    asked: Asked,
    limits: Limits,
    output: Output,
    *,
    cross_check: int | None = None,
    files: Files | None = None,
) -> ExitCode:
    from ..backends.python import Program
    from ..explore.native.auto import explore_with

    outcomes: list[Outcome] = []

    def search(prepared: Prepared, line: ProgressLine) -> Outcome:
        outcome = explore_with(
            "native",
            Program(prepared.model),
            threads=asked.threads,
            cross_check_every=cross_check,
            limits=replace(limits, states_max=asked.max_states),
            stop_at_first=asked.stop_at_first,
            off=prepared.request.no_faults,
            on_violation=line.violated,
            on_progress=line.update,
            checkpoint=checkpoint,
            symmetry=asked.symmetry,
        )
        outcomes.append(outcome)
        return outcome

    try:
        code = all_runs(asked.request, [{}], output, search, files)
    finally:
        checkpoint.close()
    if any(outcome.limits for outcome in outcomes) and not output.quiet:
        sys.stderr.write(f"checker resume {shown_path(str(checkpoint.path))} goes on from here\n")
    return code


# ── What is remembered ───────────────────────────────────────────────────────────────────────────


def _about(asked: Asked) -> dict[str, Any]:
    request = asked.request
    return {
        "target": _anywhere(str(request.target)),
        "variant": request.variant,
        "constants": {name: str(value) for name, value in request.constants.items()},
        "scopes": dict(request.scopes),
        "no_faults": list(request.no_faults),
        "keep_dead_locals": request.keep_dead_locals,
        "threads": asked.threads,
        "stop_at_first": asked.stop_at_first,
        "max_states": asked.max_states,
        "symmetry": asked.symmetry,
    }


def _asked(about: Mapping[str, Any]) -> Asked:
    request = Request(
        about["target"],
        about["variant"],
        about["constants"],
        about["scopes"],
        tuple(about["no_faults"]),
        about["keep_dead_locals"],
    )
    return Asked(
        request,
        about["threads"],
        about["stop_at_first"],
        about["max_states"],
        about.get("symmetry", False),  # a file of a version without it
    )


def _anywhere(target: str) -> str:
    """The target, so that it is found from another folder too."""
    file, colon, name = target.partition(":")
    if not file.endswith(".py"):
        return target
    return f"{Path(file).resolve()}{colon}{name}"
