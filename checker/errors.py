"""What can be wrong, in two families: the user's side (a model, a log, a call) and ours (a bug).

Owns the exit codes and the base of every message. The messages about models stand in
`frontend/diagnostics.py`, one dataclass each. A message says what is wrong, where, why it is not
allowed, and what to write instead.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import ClassVar

from .source import Span, excerpt

__all__ = [
    "CrashproofError",
    "Diagnostic",
    "ExitCode",
    "InternalError",
    "ModelRefused",
    "UsageError",
]


class ExitCode(IntEnum):
    """How the command ends. Where several apply, the first of this order wins: 70 130 2 1 3 4 0."""

    OK = 0
    FAILS = 1
    USAGE = 2
    UNKNOWN = 3
    VACUOUS = 4
    INTERNAL = 70
    INTERRUPTED = 130

    @staticmethod
    def worst(codes: list[ExitCode]) -> ExitCode:
        """The code of several runs together.

        >>> ExitCode.worst([ExitCode.OK, ExitCode.UNKNOWN, ExitCode.FAILS]).value
        1
        """
        return min(codes, key=_PRECEDENCE.index, default=ExitCode.OK)


_PRECEDENCE = [
    ExitCode.INTERNAL,
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.FAILS,
    ExitCode.UNKNOWN,
    ExitCode.VACUOUS,
    ExitCode.OK,
]


class CrashproofError(Exception):
    """Base of all errors that this package raises on purpose."""


class UsageError(CrashproofError):
    """The call, a file or a configuration is wrong; says what to do about it."""

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"error: {self.message}" + (f"\n help: {self.help}" if self.help else "")


class InternalError(CrashproofError):
    """A promise of our own code was broken: always a bug of crashproof, never of the user."""


@dataclass(frozen=True)
class Diagnostic:
    """One mistake in a model. Subclasses give slug, title, label and help as templates of their
    fields.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]

    span: Span

    def _fill(self, template: str) -> str:
        return template.format(**{f.name: getattr(self, f.name) for f in fields(self)})

    def __str__(self) -> str:
        head = f"{self.span}: error[{self.slug}]: {self._fill(self.title)}"
        shown = excerpt(self.span, self._fill(self.label))
        return "\n".join(part for part in (head, shown, f" help: {self._fill(self.help)}") if part)


class ModelRefused(CrashproofError):
    """The model is outside the language; holds every mistake that one run found."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__(f"{len(diagnostics)} mistakes")
        ordered = sorted(
            set(diagnostics), key=lambda d: (d.span.file, d.span.line, d.span.column, d.slug)
        )
        self.diagnostics = ordered

    def __str__(self) -> str:
        count = len(self.diagnostics)
        tail = f"{count} mistake{'s' * (count != 1)}; the model was not run"
        return "\n\n".join([*map(str, self.diagnostics), tail])
