"""`checker emit ir`: the model as the engines see it, with the run's constants and scopes in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import ExitCode
from ..ir_text import model_text
from ..run import prepare
from .settings import Pairs, request_of

__all__ = ["ir"]


def ir(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
) -> ExitCode:
    request = request_of(model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals)
    prepared = prepare(request)
    sys.stdout.write(model_text(prepared.model))
    return ExitCode.OK
