"""`checker check`: the front end alone, over several files; for editors and pre-commit hooks."""

from __future__ import annotations

import sys

from ..errors import Diagnostic, ExitCode, ModelRefused, UsageError
from ..frontend import load

__all__ = ["run"]


def run(*, models: tuple[str, ...], quiet: bool) -> ExitCode:
    mistakes: list[Diagnostic] = []
    code = ExitCode.OK
    for target in models:
        try:
            loaded = load(target)
        except ModelRefused as refused:
            mistakes += refused.diagnostics
        except UsageError as wrong:
            # One file that cannot be read does not hide the mistakes of the others.
            sys.stderr.write(f"{wrong}\n")
            code = ExitCode.USAGE
        else:
            if not quiet:
                sys.stdout.write(f"{target}: {loaded.model.name} is a model\n")
    if mistakes:
        raise ModelRefused(mistakes)
    return code
