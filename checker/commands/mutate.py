"""`checker mutate`: change a model a little, many times, and see which properties notice."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence

from ..errors import ExitCode
from ..mutation.survey import survey
from ..report.mutation_text import mutation_object, render_mutation
from ..report.terminal import page_for
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
    only: Sequence[str],
    all: bool,
    max_seconds: float | None,
    json: bool,
    quiet: bool,
) -> ExitCode:
    settings.positive(max_seconds=max_seconds)
    request = settings.request_of(model, variant, set, scope, no_fault)
    watched = sys.stderr.isatty() and not quiet

    def progress(number: int, whole: int) -> None:
        if watched:
            sys.stderr.write(f"\r\x1b[K  mutant {number + 1} of {whole}")
            sys.stderr.flush()

    try:
        found = survey(request, kinds=tuple(only), seconds_max=max_seconds, on_progress=progress)
    finally:
        if watched:
            sys.stderr.write("\r\x1b[K")
    if json:
        sys.stdout.write(json_module.dumps(mutation_object(found), indent=2) + "\n")
    else:
        sys.stdout.write(render_mutation(found, page_for(sys.stdout), all_mutants=all))
    return found.exit_code()
