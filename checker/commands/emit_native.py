"""`checker emit layout` and `checker emit native`: how the native engine holds and runs a model.

Owns nothing but the printing; exits with 2 for a model that the native engine cannot hold.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..backends.native.emit import generate
from ..backends.native.layout import layout_text
from ..backends.native.shapes import Unsupported
from ..errors import ExitCode, UsageError
from ..run import prepare
from . import settings
from .settings import Pairs

__all__ = ["layout", "native"]


def layout(
    *, model: str, variant: str | None, set: Pairs, scope: Pairs, no_fault: Sequence[str]
) -> ExitCode:
    """Bits of each variable and of all."""
    bound = prepare(settings.request_of(model, variant, set, scope, no_fault)).model
    try:
        sys.stdout.write(layout_text(bound))
    except Unsupported as problem:
        raise _refused(bound.name, problem) from None
    return ExitCode.OK


def native(
    *, model: str, variant: str | None, set: Pairs, scope: Pairs, no_fault: Sequence[str]
) -> ExitCode:
    """The generated Python source."""
    bound = prepare(settings.request_of(model, variant, set, scope, no_fault)).model
    try:
        sys.stdout.write(generate(bound).source)
    except Unsupported as problem:
        raise _refused(bound.name, problem) from None
    return ExitCode.OK


def _refused(name: str, problem: Unsupported) -> UsageError:
    return UsageError(
        f"the native engine cannot hold {name}: {problem}",
        help="the reference engine explores it: --engine reference",
    )
