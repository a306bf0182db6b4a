"""Failing runs as files that `checker show` displays, and where the next ones go.

Owns the folder that pytest's `--model-traces` names, and the machines' statistics until pytest has
printed them. The trace is the model's account of the run: the same steps, with the states that the
model allows; what the system showed at its end is written beside it.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from ..errors import UsageError
from ..frontend.load import BUILT_IN
from ..report import itf
from ..run import constant_texts
from ..source import shown_path
from .drive import Disagreement
from .subject import Subject
from .visits import Visits

__all__ = ["document", "folder", "remembered", "save", "taken", "use_folder"]

_folder: Path | None = None
_finished: list[Visits] = []


def use_folder(path: Path | None) -> None:
    """Where traces go unless a machine has an `out` of its own."""
    global _folder
    _folder = path


def folder() -> Path | None:
    return _folder


def remembered(visits: Visits) -> None:
    """Keep the statistics of a machine that has run."""
    if visits not in _finished:
        _finished.append(visits)


def taken() -> list[Visits]:
    """The statistics of the machines that have run since this was last asked."""
    found = list(_finished)
    _finished.clear()
    return found


def document(failed: Disagreement, subject: Subject) -> itf.Json:
    """The run as an ITF object."""
    request = subject.prepared.request
    failing = failed.failing
    target = request.target if isinstance(request.target, str) else _target(subject)
    origin = itf.Origin(
        model=target,
        variant=request.variant,
        constants=constant_texts(subject.model),
        scopes={sort.name: sort.size for sort in subject.model.sorts},
        no_faults=request.no_faults,
    )
    whole = itf.document(failed.trace, origin)
    meta = whole["#meta"]
    meta["description"] = failing.what
    meta["system"] = {"kind": failing.kind, "says": failing.what, "shows": failing.seen}
    meta["calls"] = [call.label for call in failed.calls]
    return whole


def _target(subject: Subject) -> str:
    """The class as `checker show` finds it again: the catalogue's by name, others by their file."""
    module = subject.cls.__module__
    if module.startswith(f"{BUILT_IN}."):
        return module.removeprefix(f"{BUILT_IN}.")
    file = inspect.getsourcefile(subject.cls) or ""
    return f"{shown_path(file)}:{subject.cls.__name__}"


def save(failed: Disagreement, subject: Subject, into: Path) -> str:
    """Write the trace; the file's path, as a shell takes it.

    Raises: UsageError, if it cannot be written.
    """
    name = re.sub(r"\W+", "_", failed.failing.name or "start")
    file = into / f"{subject.model.name}.{name}.itf.json"
    try:
        into.mkdir(parents=True, exist_ok=True)
        file.write_text(itf.dumps(document(failed, subject)), encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot write {file}: {problem.strerror}") from problem
    return shown_path(str(file))
