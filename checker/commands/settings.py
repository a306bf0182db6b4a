"""What the flags that several commands share mean: settings of the model, limits, files to write.

Owns the messages for values that are not of the right form; whether a name exists is for the model
to say.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..run import Prepared, Request, constant_texts
from ..source import shown_path

if TYPE_CHECKING:
    from ..explore.limits import Limits
    from ..report.itf import Origin

__all__ = [
    "again",
    "bytes_of",
    "limits_of",
    "numbered",
    "origin_of",
    "positive",
    "request_of",
    "sizes_of",
    "sweep_of",
    "trace_files",
    "writable",
]

Pairs = Sequence[tuple[str, str]]


def request_of(
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    *,
    keep_dead_locals: bool = False,
) -> Request:
    """The request that the flags make. Raises: UsageError."""
    scopes = sizes_of("--scope", scope)
    constants = dict(_once("--set", set))
    off = tuple(dict.fromkeys(no_fault))
    return Request(model, variant or "", constants, scopes, off, keep_dead_locals)


def positive(**given: float | None) -> None:
    """Raises: UsageError, for a flag whose number leaves nothing to do."""
    for name, value in given.items():
        if value is not None and not value > 0:
            raise UsageError(f"--{name.replace('_', '-')} has to be more than 0")


def _once(flag: str, pairs: Pairs) -> Pairs:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{flag} {name} is given twice")
    return pairs


def _whole(what: str, text: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
        raise UsageError(f"{what} has to be a whole number of at least {least}, not {text!r}")
    return int(text)


def sizes_of(flag: str, pairs: Pairs) -> dict[str, int]:
    """The scopes of a flag that gives some."""
    return {name: _whole(f"{flag} {name}", size, 1) for name, size in _once(flag, pairs)}


def sweep_of(sweep: Pairs) -> list[dict[str, int]]:
    """The scopes of each run of `--sweep Sort=1..3`.

    >>> sweep_of([("OrderId", "1..2")])
    [{'OrderId': 1}, {'OrderId': 2}]
    """
    ranges: dict[str, range] = {}
    for name, text in _once("--sweep", sweep):
        low, dots, high = text.partition("..")
        first = _whole(f"--sweep {name}", low, 1)
        last = _whole(f"--sweep {name}", high, 1) if dots else first
        if last < first:
            raise UsageError(
                f"--sweep {name}={text} is empty", help=f"write {name}={last}..{first}"
            )
        ranges[name] = range(first, last + 1)
    return [dict(zip(ranges, sizes, strict=True)) for sizes in itertools.product(*ranges.values())]


def limits_of(
    max_states: int | None = None, max_seconds: float | None = None, max_memory: str | None = None
) -> Limits:
    """Raises: UsageError, for a limit that leaves nothing."""
    from ..explore.limits import Limits  # commands on logs search nothing

    for flag, value in (("--max-states", max_states), ("--max-seconds", max_seconds)):
        if value is not None and not value > 0:
            raise UsageError(f"{flag} has to be more than 0")
    return Limits(max_states, max_seconds, None if max_memory is None else bytes_of(max_memory))


_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def bytes_of(text: str) -> int:
    """The bytes of `2G`, `500M`, `1000000`, or of `75%` of the machine's memory.

    >>> bytes_of("2G"), bytes_of("1.5 KiB")
    (2147483648, 1536)
    """
    match = re.fullmatch(
        r"(\d+(?:\.\d+)?)\s*(?:(%)|([kmgt]?)(?:i?b)?)", text.strip(), re.IGNORECASE
    )
    if match is None or not float(match[1]):
        raise UsageError(
            f"--max-memory cannot be {text!r}", help="write 2G, 500M, a number of bytes, or 75%"
        )
    number = float(match[1])
    if match[2]:
        return int(_machine_bytes() * number / 100)
    return int(number * _UNITS[match[3].lower()])


def _machine_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        raise UsageError(
            "this system does not say how much memory it has", help="give --max-memory in bytes"
        ) from None


def again(command: str, request: Request, more: Sequence[str] = ()) -> str:
    """The command that runs the same again, ready to be pasted into a shell."""
    words = ["checker", command, str(request.target)]
    words += ["--variant", request.variant] if request.variant else []
    words += [w for n, v in request.constants.items() for w in ("--set", f"{n}={v}")]
    words += [w for n, v in request.scopes.items() for w in ("--scope", f"{n}={v}")]
    words += [w for name in request.no_faults for w in ("--no-fault", name)]
    words += ["--keep-dead-locals"] if request.keep_dead_locals else []
    return shlex.join([*words, *more])


def origin_of(prepared: Prepared) -> Origin:
    """What a trace's file says of the run."""
    from ..report.itf import Origin

    request = prepared.request
    return Origin(
        model=str(request.target),
        variant=request.variant,
        constants=constant_texts(prepared.model),
        scopes={sort.name: sort.size for sort in prepared.model.sorts},
        no_faults=request.no_faults,
        keep_dead_locals=request.keep_dead_locals,
    )


# ── Files ────────────────────────────────────────────────────────────────────────────────────────


def trace_files(out: Path, names: Sequence[str]) -> dict[str, Path]:
    """Where each property's trace goes: one is the file itself, several have their names in it.

    >>> {k: str(v) for k, v in trace_files(Path("t.itf.json"), ["safe", "live"]).items()}
    {'safe': 't.safe.itf.json', 'live': 't.live.itf.json'}
    """
    if len(names) <= 1:
        return dict.fromkeys(names, out)
    return {name: _named(out, name) for name in names}


def numbered(out: Path, scopes: Mapping[str, int]) -> Path:
    """The file of one run of a sweep: `t.OrderId=2.itf.json`."""
    return _named(out, ",".join(f"{name}={size}" for name, size in scopes.items()))


def _named(out: Path, name: str) -> Path:
    suffix = ".itf.json" if out.name.endswith(".itf.json") else out.suffix
    return out.with_name(f"{out.name.removesuffix(suffix)}.{name}{suffix}")


def writable(paths: Sequence[Path], *, force: bool) -> None:
    """Is there room for the files? Asked before a search, so that an hour is not lost to a typo.

    Raises: UsageError.
    """
    for path in paths:
        shown = shown_path(str(path))
        if path.is_dir():
            raise UsageError(f"{shown} is a folder")
        if path.exists() and not force:
            raise UsageError(f"{shown} exists already", help="--force replaces it")
        if not path.parent.is_dir():
            raise UsageError(f"cannot write {shown}: there is no folder {path.parent}")
        place = path if path.exists() else path.parent
        if not os.access(place, os.W_OK):
            raise UsageError(f"cannot write {shown}: no permission")
