"""`checker mapping new`: from the command line's values to a drafted mapping."""

from __future__ import annotations

import sys
from pathlib import Path

from checker.commands.settings import request_of
from checker.errors import ExitCode, UsageError
from checker.run import prepare

from .adapters import adapter_of
from .draft import draft
from .event import printable
from .inputs import expanded, log_stream, unreadable
from .likeness import look

__all__ = ["new"]


def new(*, model: str, log: str, format: str, out: str | None) -> ExitCode:
    """Returns 0, or raises UsageError: a file is never overwritten."""
    if out is not None and Path(out).exists():
        raise UsageError(f"{printable(out)} exists", help="name another file; nothing was written")
    (name,) = expanded([log])[:1]
    adapter = adapter_of(format, {})
    prepared = prepare(request_of(model, None, (), (), ()))
    try:
        with log_stream(name) as stream:
            seen = look(stream, adapter)
    except OSError as error:
        raise unreadable(name, error) from None
    except EOFError as error:
        raise UsageError(f"{printable(name)}: {error}") from None
    if not seen.records:
        raise UsageError(
            f"no line of {printable(name)} can be read as {printable(format)}",
            help="name the format of the log: --format NAME",
        )
    text = draft(prepared.loaded.model, seen, log=Path(name).name, log_format=format)
    if out is None:
        sys.stdout.write(text)
        return ExitCode.OK
    try:
        with Path(out).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {printable(out)}: {error.strerror}") from None
    mapped = sum(line.startswith("[events.") for line in text.splitlines())
    sys.stdout.write(
        f"{printable(out)}: {mapped} of {len(prepared.loaded.model.rules)} rules mapped. "
        f"Read it, then: checker replay {printable(model)} {printable(log)} "
        f"--mapping {printable(out)}\n"
    )
    return ExitCode.OK
