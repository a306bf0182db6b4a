"""Which monitors watch a log: those that a built-in model brings, and the user's.

Owns the loading of monitors from files and modules. A name is that of the variable that holds the
monitor, or of its class.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from checker.errors import UsageError

from . import shipped_monitors
from .event import printable
from .monitors import Monitor

__all__ = ["chosen"]


def chosen(named: Sequence[str], model: str | None) -> dict[str, Monitor]:
    """The monitors by name; those of the model first.

    Raises: UsageError.
    """
    found = dict(shipped_monitors.BY_MODEL.get(model or "", {}))
    for what in named:
        for name, monitor in _loaded(what).items():
            if name in found:
                raise UsageError(f"two monitors are called {name}", help="rename one of them")
            found[name] = monitor
    return found


def _loaded(what: str) -> dict[str, Monitor]:
    path, _, name = what.rpartition(":") if ":" in what else (what, "", "")
    is_file = path.endswith(".py")
    if not is_file and not name:
        raise UsageError(
            f"--monitor {printable(what)} names no monitor",
            help="write FILE.py, FILE.py:NAME or MODULE:NAME",
        )
    module = _file(Path(path)) if is_file else _module(path)
    known = dict(_monitors(module))
    if name and name not in known:
        there = ", ".join(known) or "none"
        raise UsageError(
            f"{printable(path)} has no monitor {printable(name)}", help=f"it has: {there}"
        )
    if not known:
        raise UsageError(
            f"{printable(path)} has no monitor",
            help="a subclass of checker.traces.monitors.Monitor, or one of the usual ones "
            "(docs/reference/monitors.md)",
        )
    return {name: known[name]} if name else known


def _file(path: Path) -> ModuleType:
    name = f"checker_monitors_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"cannot read the monitors {printable(str(path))}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(_failed(str(path), error)) from None
    return module


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise UsageError(_failed(name, error)) from None


def _failed(what: str, error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).name == Path(what).name]
    where = f", line {own[-1].lineno}" if own else ""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, SyntaxError):
        where, message = f", line {error.lineno}", error.msg
    return f"cannot load {printable(what)}{where}: {kind}: {printable(message)}"


def _monitors(module: ModuleType) -> Iterator[tuple[str, Monitor]]:
    for name, value in vars(module).items():
        if isinstance(value, Monitor):
            yield name, value
        elif (
            inspect.isclass(value)
            and issubclass(value, Monitor)
            and value.__module__ == module.__name__
        ):
            try:
                yield name, value()
            except TypeError:
                continue  # one that is made by a call, with arguments
