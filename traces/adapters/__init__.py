"""Formats of logs: one module each, none of which knows a model.

Owns the names of the formats. A user's own is `module:Class`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from checker.errors import UsageError

from ..event import printable
from .base import Adapter, Record, Unreadable, flat, held, json_object

__all__ = [
    "FORMATS", "OWN", "Adapter", "Record", "Unreadable", "adapter_of", "flat", "held",
    "json_object",
]  # fmt: skip

OWN = "jsonl"
"""Our own format, which needs no adapter."""

FORMATS: Mapping[str, str] = {
    "logfmt": "logfmt:Logfmt",
    "otlp": "otlp:Otlp",
    "kcat": "kcat:Kcat",
    "pgoutput": "pgoutput:Pgoutput",
    "wal2json": "wal2json:Wal2json",
    "debezium": "debezium:Debezium",
}


def adapter_of(name: str, options: Mapping[str, str]) -> Adapter | None:
    """The adapter of a format; None for our own.

    Raises: UsageError, if there is no such format, module or class, or no such option.
    """
    if name == OWN:
        if options:
            raise UsageError(f"the log format {OWN} has no options")
        return None
    if name in FORMATS:
        module, _, kind = FORMATS[name].partition(":")
        found = getattr(importlib.import_module(f".{module}", __name__), kind)
    elif ":" in name:
        found = _of_user(name)
    else:
        known = ", ".join((OWN, *FORMATS))
        raise UsageError(
            f"there is no log format {printable(name)!r}", help=f"{known}, or module:Class"
        )
    adapter = found(dict(options))
    assert isinstance(adapter, Adapter)
    return adapter


def _of_user(name: str) -> type[Adapter]:
    module, _, kind = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"cannot load the log format {printable(name)}: {printable(str(error))}",
            help="module:Class, where `import module` works in the present folder",
        ) from None
    if not isinstance(found, type) or not issubclass(found, Adapter):
        raise UsageError(
            f"{printable(name)} is no log format",
            help="derive the class from checker.traces.adapters.Adapter",
        )
    return found
