"""`checker profile`: where a model's states come from, and how many more the next scope may have.

Owns the order of the runs; exits with 3 if a limit cut one of them.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import ExitCode, UsageError
from ..explore.limits import Limits
from ..explore.profile import Profile
from ..report.profile_report import growth_object, growth_text, profile_object, profile_text
from ..report.progress import ProgressLine
from ..report.terminal import page_for
from ..run import Request, prepare
from . import settings
from .settings import Pairs

__all__ = ["run"]


def run(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
    max_states: int | None,
    max_seconds: float | None,
    max_memory: str | None,
    engine: str,
    sweep: Pairs,
    json: bool,
    quiet: bool,
) -> ExitCode:
    request = settings.request_of(
        model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals
    )
    limits = settings.limits_of(max_states, max_seconds, max_memory)
    sizes = settings.sweep_of(sweep)
    if len(sweep) > 1:
        raise UsageError("--sweep takes one sort here: growth with two cannot be told apart")
    for name in sizes[0]:
        if name in request.scopes:
            raise UsageError(f"{name} is given by --scope and by --sweep")
    runs = []
    for one in sizes:
        runs.append(_profiled(request, one, limits, engine, quiet=quiet))
        if not json:
            between = "\n" if len(runs) > 1 else ""
            sys.stdout.write(between + profile_text(runs[-1], page_for(sys.stdout)))
    sort = next(iter(sizes[0]), None)
    if json:
        shown = profile_object(runs[0]) if sort is None else growth_object(sort, runs)
        sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    elif sort is not None:
        sys.stdout.write("\n" + growth_text(sort, runs, page_for(sys.stdout)))
    return ExitCode.UNKNOWN if any(run.limits for run in runs) else ExitCode.OK


def _profiled(
    request: Request, sizes: Mapping[str, int], limits: Limits, engine: str, *, quiet: bool
) -> Profile:
    from ..backends.python import Program
    from ..explore.profile import profile

    prepared = prepare(replace(request, scopes={**request.scopes, **sizes}))
    program, line = Program(prepared.model), ProgressLine(quiet=quiet)

    def natively() -> Profile | None:
        from ..explore.native.auto import threads_default
        from ..explore.native.profile import profile_native

        return profile_native(
            program, threads=threads_default(), limits=limits, on_progress=line.update
        )

    try:
        if engine == "native":
            found = natively()
            if found is None:
                raise UsageError(
                    f"the native engine cannot hold {prepared.model.name}", help="--engine auto"
                )
            return found
        larger = natively if engine == "auto" else lambda: None
        return profile(program, limits=limits, on_progress=line.update, larger=larger)
    finally:
        line.close()
