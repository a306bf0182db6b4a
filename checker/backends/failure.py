"""Why a step that is enabled has no successor.

Owns the one shape in which a step error or a cut travels, from the engine that meets it to every
output.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..source import Span

__all__ = ["Failure"]


@dataclass(frozen=True)
class Failure:
    """A cut limits the run, anything else is a step error.

    `message` is one sentence with values ("`self.busy[worker]`: no entry for worker0"); `subject`
    names the capacity, limit or sort of a cut; `kind` is the value of an `ir.CheckKind`, or
    undefined, or fresh.
    """

    is_cut: bool
    message: str
    subject: str
    span: Span
    kind: str = "undefined"
