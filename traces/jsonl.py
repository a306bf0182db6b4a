"""Our own log format: one JSON object per line, `{"ts", "node", "seq", "event", …fields}`.

Owns the reading of files, the checks of a line, and the order of a node's lines. Knows no model:
which fields of which event are read comes in as `Wanted`. A line that cannot be used becomes a
`Defect` and never stops the rest. `ts` is checked and then forgotten: clocks of different machines
order nothing.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, cast

from checker.errors import UsageError

from .event import Defect, Event, FieldValue, Log, Place, printable

__all__ = ["LINE_BYTES_MAX", "Wanted", "read_logs"]

LINE_BYTES_MAX = 1 << 20  # a longer line is no event of a service, and would fill the memory
SEQ_MAX = 1 << 53  # what every JSON writer can count exactly
STDIN = "-"

Wanted = Mapping[str, tuple[str, ...]]
"""The known event names, and the fields to keep of each."""


@dataclass
class _Reading:
    """What has been read so far."""

    wanted: Wanted
    by_node: dict[str, list[Event]] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    lines: int = 0
    names: dict[str, str] = field(default_factory=dict)  # one copy of each node and id


def read_logs(files: Iterable[str], wanted: Wanted) -> Log:
    """Read all files as one log; a node's lines may stand in several of them.

    Raises: UsageError, if a file cannot be opened.
    """
    names = tuple(files)
    reading = _Reading(wanted)
    for name in names:
        before = reading.lines
        with _opened(name) as stream:
            _read(stream, name, reading)
        if reading.lines == before:
            reading.defects.append(Defect(Place(name, 1), "the file is empty", is_gap=True))
    by_node = {node: _in_order(events, reading) for node, events in reading.by_node.items()}
    return Log(names, by_node, tuple(sorted(reading.defects, key=lambda d: d.place)), reading.lines)


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream: IO[bytes] = (
            cast("IO[bytes]", gzip.open(name, "rb")) if name.endswith(".gz") else open(name, "rb")  # noqa: SIM115, PTH123
        )
    except OSError as error:
        raise UsageError(
            f"cannot read the log {printable(name)}: {error.strerror}",
            help="name one or more files of JSON lines, or - for standard input",
        ) from None
    with stream:
        yield stream


def _read(stream: IO[bytes], name: str, reading: _Reading) -> None:
    number = 0
    try:
        while raw := stream.readline(LINE_BYTES_MAX + 1):
            number += 1
            reading.lines += 1
            if len(raw) > LINE_BYTES_MAX and not raw.endswith(b"\n"):
                while (rest := stream.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                    pass
                message = f"the line is longer than {LINE_BYTES_MAX} bytes"
                reading.defects.append(Defect(Place(name, number), message, is_gap=True))
                continue
            if raw.strip():
                _read_line(raw, Place(name, number), reading)
    except (OSError, EOFError) as error:  # gzip reports damage as either
        message = f"the file ends in the middle: {printable(str(error))}"
        reading.defects.append(Defect(Place(name, number + 1), message, is_gap=True))


class _Unusable(Exception):
    """Why a line is no event; `node` if it says that much."""

    def __init__(self, message: str, node: str | None = None) -> None:
        super().__init__(message)
        self.node = node


def _read_line(raw: bytes, place: Place, reading: _Reading) -> None:
    try:
        event = _event(_record(raw), place, reading)
    except _Unusable as why:
        reading.defects.append(Defect(place, str(why), is_gap=True, node=why.node))
    else:
        reading.by_node.setdefault(event.node, []).append(event)


def _record(raw: bytes) -> dict[str, object]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Unusable(f"byte {error.start + 1} of the line is not UTF-8") from None
    try:
        record = json.loads(text)
    except RecursionError:
        raise _Unusable("the JSON is nested too deeply") from None
    except ValueError as error:
        if not raw.endswith(b"\n"):
            raise _Unusable("the last line is cut off") from None
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number too long"
        raise _Unusable(f"not JSON: {reason}") from None
    if not isinstance(record, dict):
        raise _Unusable('not a JSON object; write {"ts": …, "node": …, "seq": …, "event": …}')
    return record


def _event(record: dict[str, object], place: Place, reading: _Reading) -> Event:
    node = record.get("node")
    known = reading.names.setdefault(node, node) if isinstance(node, str) and node else None
    for name in ("ts", "node", "seq", "event"):
        if name not in record:
            raise _Unusable(f"the field {name!r} is missing", known)
    if known is None:
        raise _Unusable("'node' must be a string that is not empty")
    seq, event, ts = record["seq"], record["event"], record["ts"]
    if isinstance(ts, bool) or not isinstance(ts, int | float) or not math.isfinite(ts):
        raise _Unusable("'ts' must be a number (seconds since 1970)", known)
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= SEQ_MAX:
        raise _Unusable("'seq' must be a whole number, the count of this node's lines", known)
    if not isinstance(event, str):
        raise _Unusable("'event' must be a string", known)
    if event not in reading.wanted:
        raise _Unusable(
            f"the mapping does not know the event {printable(event)!r}; "
            "map it, or list it under `ignore`",
            known,
        )
    fields = {name: _field(record, name, event, known, reading) for name in reading.wanted[event]}
    return Event(place, known, seq, event, fields)


def _field(
    record: dict[str, object], name: str, event: str, node: str, reading: _Reading
) -> FieldValue:
    if name not in record:
        raise _Unusable(
            f"{event!r} has no field {printable(name)!r}, which the mapping reads", node
        )
    value = record[name]
    if isinstance(value, str):
        return reading.names.setdefault(value, value)
    if value is None or isinstance(value, bool | int):
        return value
    kind = {float: "a fraction", list: "a list", dict: "an object"}[type(value)]
    raise _Unusable(f"{printable(name)!r} is {kind}; an id, number or truth value is needed", node)


def _in_order(events: list[Event], reading: _Reading) -> tuple[Event, ...]:
    """A node's events by `seq`. Copies are dropped; what is missing becomes a defect."""
    ordered: list[Event] = []
    for event in sorted(events, key=lambda e: e.seq):
        if not ordered:
            if event.seq > 1:  # counting from 0 and from 1 are both common
                _miss(
                    event, f"the first line of {printable(event.node)} is seq {event.seq}", reading
                )
            ordered.append(event)
            continue
        last = ordered[-1]
        if event.seq > last.seq:
            if event.seq > last.seq + 1:
                missing = f"after seq {last.seq} comes seq {event.seq} of {printable(event.node)}"
                _miss(event, missing, reading)
            ordered.append(event)
        elif (event.name, event.fields) == (last.name, last.fields):
            message = (
                f"seq {event.seq} of {printable(event.node)} again, as at {last.place}; dropped"
            )
            reading.defects.append(Defect(event.place, message, is_gap=False, node=event.node))
        else:
            message = (
                f"seq {event.seq} of {printable(event.node)} again, unlike {last.place}; dropped"
            )
            reading.defects.append(Defect(event.place, message, is_gap=True, node=event.node))
    return tuple(ordered)


def _miss(event: Event, message: str, reading: _Reading) -> None:
    reading.defects.append(Defect(event.place, message, is_gap=True, node=event.node))
