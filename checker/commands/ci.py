"""What `checker explore` writes for others: tests for pytest, JUnit, GitHub's annotations.

Owns `--emit-test`, `--junit` and `--github`. Files are refused before the search, and written after
the last run of a sweep.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..explore.outcome import Outcome
from ..run import Prepared
from ..source import shown_path
from . import settings

__all__ = ["Files"]

Runs = Sequence[tuple[Prepared, Outcome]]


@dataclass(frozen=True)
class Files:
    """The flags as they were given."""

    emit_test: str | None
    junit: str | None
    github: bool

    def refuse(self, *, force: bool, json: bool) -> None:
        """Raises: UsageError, for what cannot be written."""
        if self.github and json:
            raise UsageError("--github and --json both want standard output")
        named = [Path(name) for name in (self.emit_test, self.junit) if name]
        settings.writable(named, force=force)
        if self.emit_test and not self.emit_test.endswith(".py"):
            raise UsageError(
                f"--emit-test writes Python, and {self.emit_test} does not end in .py",
                help="pytest collects files whose names begin with test_",
            )

    def write(self, runs: Runs, *, quiet: bool) -> None:
        """Raises: UsageError, if a file cannot be written after all."""
        if self.emit_test:
            self._tests(runs, Path(self.emit_test), quiet=quiet)
        if self.junit:
            from ..report.junit import junit

            _written(Path(self.junit), junit((_name(p, o), o) for p, o in runs))
        if self.github:
            for prepared, outcome in runs:
                _github(prepared, outcome)

    def _tests(self, runs: Runs, file: Path, *, quiet: bool) -> None:
        from ..testing.emitted import tests_of

        text = tests_of(runs)
        if not text:
            if not quiet:
                sys.stderr.write(f"no property failed, so {file} was not written\n")
            return
        _written(file, text)
        if not quiet:
            sys.stderr.write(f"wrote {shown_path(str(file))}\n")


def _github(prepared: Prepared, outcome: Outcome) -> None:
    from ..report.github import SUMMARY_VARIABLE, summary, workflow_commands

    for line in workflow_commands(outcome):
        sys.stdout.write(line + "\n")
    path = os.environ.get(SUMMARY_VARIABLE)
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(summary(outcome, _name(prepared, outcome)) + "\n")
        except OSError as problem:
            raise UsageError(f"cannot write {path}: {problem.strerror}") from problem


def _name(prepared: Prepared, outcome: Outcome) -> str:
    variant = prepared.request.variant
    return outcome.model.name + (f" ({variant})" if variant else "")


def _written(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot write {file}: {problem.strerror}") from problem
