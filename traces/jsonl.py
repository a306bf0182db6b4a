"""Our own log format: one JSON object per line, `{"ts", "node", "seq", "event", …fields}`.

Owns the reading of files, the checks of a line, and the order of a node's lines. Knows no model:
which fields of which event are read comes in as `Wanted`. A line that cannot be used becomes a
`Defect` and never stops the rest. `ts` is checked and then forgotten: clocks of different machines
order nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import IO, Protocol

from .event import Defect, Event, Extra, FieldValue, Log, Place, printable
from .inputs import log_stream
from .order import Order, marks_of

__all__ = [
    "LINE_BYTES_MAX", "SEQ_MAX", "Source", "Wanted", "again", "broken_off", "empty",
    "event_of", "jumps", "known_event", "read_line", "read_logs", "starts_late", "too_long",
]  # fmt: skip

LINE_BYTES_MAX = 1 << 20  # a longer line is no event of a service, and would fill the memory
SEQ_MAX = 1 << 53  # what every JSON writer can count exactly
HELD_LINES_MAX = 2_000_000  # of a log that is held in memory, about 1.7 kB each

Wanted = Mapping[str, tuple[str, ...]]
"""The known event names, and the fields to keep of each."""


@dataclass
class _Reading:
    """What has been read so far."""

    wanted: Wanted
    order: Order | None = None
    by_node: dict[str, list[Event]] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    lines: int = 0
    names: dict[str, str] = field(default_factory=dict)  # one copy of each node and id
    is_full: bool = False


class Source(Protocol):
    """Lines made from something else: where each comes from, and what could not be made one."""

    defect: Callable[[Defect], None]

    def open(self) -> IO[bytes]: ...

    def place(self, line: int) -> Place: ...


def read_logs(
    files: Iterable[str],
    wanted: Wanted,
    *,
    in_file_order: bool = False,
    order: Order | None = None,
    through: Callable[[IO[bytes], str], Source] | None = None,
) -> Log:
    """Read all files as one log; a node's lines may stand in several of them.

    `in_file_order`: the lines happened as they stand, so one whose number is too low is not put
    back to its place. `order` says what else of a line's order is read. `through` makes our lines
    of a file's bytes, where it holds others.

    All lines are kept, so of more than `HELD_LINES_MAX` the rest is not read, and is a gap.

    Raises: UsageError, if a file cannot be opened.
    """
    names = tuple(files)
    reading = _Reading(wanted, order if order is not None and order.is_marked else None)
    for name in names:
        before = reading.lines
        with log_stream(name) as stream:
            if through is None:
                _read(stream, lambda line, name=name: Place(name, line), reading)  # type: ignore[misc]
            else:
                source = through(stream, name)
                source.defect = reading.defects.append
                with source.open() as lines:
                    _read(lines, source.place, reading)
        if reading.is_full:
            break
        if reading.lines == before:
            reading.defects.append(empty(Place(name, 1)))
    ordered = _as_they_stand if in_file_order else _in_order
    by_node = {node: ordered(events, reading) for node, events in reading.by_node.items()}
    return Log(names, by_node, tuple(sorted(reading.defects, key=lambda d: d.place)), reading.lines)


def _read(stream: IO[bytes], place: Callable[[int], Place], reading: _Reading) -> None:
    number = 0
    try:
        while raw := stream.readline(LINE_BYTES_MAX + 1):
            number += 1
            if reading.lines >= HELD_LINES_MAX:
                reading.is_full = True
                reading.defects.append(_too_many(place(number)))
                return
            reading.lines += 1
            if len(raw) > LINE_BYTES_MAX and not raw.endswith(b"\n"):
                while (rest := stream.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                    pass
                reading.defects.append(too_long(place(number)))
                continue
            if raw.strip():
                _read_line(raw, place(number), reading)
    except (OSError, EOFError) as error:  # gzip reports damage as either
        reading.defects.append(broken_off(place(number + 1), error))


# ── What a whole file or a long line has wrong ───────────────────────────────────────────────────


def empty(place: Place) -> Defect:
    return Defect(place, "the file is empty", is_gap=True, kind="empty file")


def _too_many(place: Place) -> Defect:
    message = f"the first {HELD_LINES_MAX:,} lines are held in memory, and there are more"
    return Defect(place, message, is_gap=True, kind="too many lines")


def too_long(place: Place) -> Defect:
    message = f"the line is longer than {LINE_BYTES_MAX} bytes"
    return Defect(place, message, is_gap=True, kind="line too long")


def broken_off(place: Place, error: Exception) -> Defect:
    message = f"the file ends in the middle: {printable(str(error))}"
    return Defect(place, message, is_gap=True, kind="damaged file")


# ── One line ─────────────────────────────────────────────────────────────────────────────────────


class _Unusable(Exception):
    """Why a line is no event; `node` if it says that much."""

    def __init__(self, kind: str, message: str, node: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.node = node


def read_line(
    raw: bytes, place: Place, wanted: Wanted, names: dict[str, str], order: Order | None = None
) -> Event | Defect:
    """One line as an event; `names` keeps one copy of each text."""
    try:
        record = _record(raw)
        _check_once(record, wanted)
    except _Unusable as why:
        return Defect(place, str(why), is_gap=True, node=why.node, kind=why.kind)
    found = event_of(record, place, wanted, names)
    if order is None or isinstance(found, Defect):
        return found
    marks = marks_of(record, order)
    if isinstance(marks, str):
        return Defect(place, marks, is_gap=True, node=found.node, kind="order")
    return replace(found, marks=marks)


def _check_once(record: _Object, wanted: Wanted) -> None:
    """A key that is read must not stand there twice: nobody knows which value is meant."""
    for name in record.twice:
        if name in ("ts", "node", "seq", "event") or any(name in each for each in wanted.values()):
            raise _Unusable("key twice", f"the key {printable(name)!r} stands twice in the line")


def event_of(
    record: Mapping[str, object], place: Place, wanted: Wanted, names: dict[str, str]
) -> Event | Defect:
    """One object as an event."""
    try:
        return _event(record, place, wanted, names)
    except _Unusable as why:
        return Defect(place, str(why), is_gap=True, node=why.node, kind=why.kind)


def _read_line(raw: bytes, place: Place, reading: _Reading) -> None:
    found = read_line(raw, place, reading.wanted, reading.names, reading.order)
    if isinstance(found, Defect):
        reading.defects.append(found)
    else:
        reading.by_node.setdefault(found.node, []).append(found)


class _Object(dict[str, object]):
    """A JSON object that remembers which of its keys stood in it twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, object]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found.twice = tuple(name for name in found if names.count(name) > 1)
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _record(raw: bytes) -> _Object:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} of the line is not UTF-8"
        raise _Unusable("not UTF-8", why) from None
    try:
        record = _DECODER.decode(text)
    except RecursionError:
        raise _Unusable("nested too deeply", "the JSON is nested too deeply") from None
    except ValueError as error:
        if not raw.endswith(b"\n"):
            raise _Unusable("cut off", "the last line is cut off") from None
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number too long"
        raise _Unusable("not JSON", f"not JSON: {reason}") from None
    if not isinstance(record, _Object):
        form = 'not a JSON object; write {"ts": …, "node": …, "seq": …, "event": …}'
        raise _Unusable("not an object", form)
    return record


def _event(
    record: Mapping[str, object], place: Place, wanted: Wanted, names: dict[str, str]
) -> Event:
    node = record.get("node")
    known = names.setdefault(node, node) if isinstance(node, str) and node else None
    for name in ("ts", "node", "seq", "event"):
        if name not in record:
            raise _Unusable("field missing", f"the field {name!r} is missing", known)
    if known is None:
        raise _Unusable("wrong type", "'node' must be a string that is not empty")
    if not _is_text(known):
        raise _Unusable("half a character", "'node' holds half a character (a lone surrogate)")
    seq, event, ts = record["seq"], record["event"], record["ts"]
    if isinstance(ts, bool) or not isinstance(ts, int | float) or not math.isfinite(ts):
        raise _Unusable("wrong type", "'ts' must be a number (seconds since 1970)", known)
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= SEQ_MAX:
        raise _Unusable(
            "wrong type", "'seq' must be a whole number, the count of this node's lines", known
        )
    if not isinstance(event, str):
        raise _Unusable("wrong type", "'event' must be a string", known)
    event = known_event(event, wanted)
    if event not in wanted:
        raise _Unusable(
            "unknown event",
            f"the mapping does not know the event {printable(event)!r}; "
            "map it, or list it under `ignore`",
            known,
        )
    fields = {}
    for name in wanted[event]:
        try:
            fields[name] = _field(record, name, event, known, names)
        except _Unusable:
            if not isinstance(name, Extra):
                raise
    return Event(place, known, seq, event, fields)


def known_event(event: str, wanted: Wanted) -> str:
    """The name under which the mapping knows the event: its own, or a pattern under `ignore`."""
    if event in wanted:
        return event
    patterns = (name for name in wanted if "*" in name)
    return next((name for name in patterns if fnmatchcase(event, name)), event)


def _field(
    record: Mapping[str, object], name: str, event: str, node: str, names: dict[str, str]
) -> FieldValue:
    shown = printable(name)
    if name not in record:
        why = f"{event!r} has no field {shown!r}, which the mapping reads"
        raise _Unusable("field missing", why, node)
    value = record[name]
    if isinstance(value, str):
        if not _is_text(value):
            why = f"{shown!r} holds half a character (a lone surrogate)"
            raise _Unusable("half a character", why, node)
        return names.setdefault(value, value)
    if value is None or isinstance(value, bool | int):
        return value
    kind = {float: "a fraction", list: "a list"}.get(type(value), "an object")
    why = f"{shown!r} is {kind}; an id, number or truth value is needed"
    raise _Unusable("wrong type", why, node)


def _is_text(value: str) -> bool:
    """Is every character whole? JSON can write half of a pair, which no encoding can."""
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


def _in_order(events: list[Event], reading: _Reading) -> tuple[Event, ...]:
    """A node's events by `seq`. Copies are dropped; what is missing becomes a defect."""
    ordered: list[Event] = []
    for event in sorted(events, key=lambda e: e.seq):
        if not ordered:
            if event.seq > 1:  # counting from 0 and from 1 are both common
                reading.defects.append(starts_late(event.place, event.node, event.seq))
            ordered.append(event)
            continue
        last = ordered[-1]
        if event.seq > last.seq:
            if event.seq > last.seq + 1:
                reading.defects.append(jumps(event.place, event.node, last.seq, event.seq))
            ordered.append(event)
        elif event.content == last.content:
            reading.defects.append(again(event.place, event.node, event.seq, last.place))
        else:
            found = again(event.place, event.node, event.seq, last.place, differs=True)
            reading.defects.append(found)
    return tuple(ordered)


def _as_they_stand(events: list[Event], reading: _Reading) -> tuple[Event, ...]:
    """A node's events in the order of the file, in which `seq` must rise."""
    ordered: dict[int, Event] = {}
    last: int | None = None
    for event in events:
        if last is None or event.seq > last:
            if last is None and event.seq > 1:
                reading.defects.append(starts_late(event.place, event.node, event.seq))
            if last is not None and event.seq > last + 1:
                reading.defects.append(jumps(event.place, event.node, last, event.seq))
            last = event.seq
            ordered[last] = event
            continue
        first = ordered.get(event.seq)
        equal = first is not None and first.content == event.content
        place = event.place if first is None else first.place
        found = again(event.place, event.node, event.seq, place, differs=not equal)
        reading.defects.append(found)
    return tuple(ordered.values())


# ── What the lines of a node have wrong together ─────────────────────────────────────────────────


def again(place: Place, node: str, seq: int, first: Place, *, differs: bool = False) -> Defect:
    """A second line with the number of another; `differs`: with other content."""
    how = "unlike" if differs else "as at"
    message = f"seq {seq} of {printable(node)} again, {how} {first}; dropped"
    kind = "seq twice, not equal" if differs else "line twice"
    return Defect(place, message, is_gap=differs, node=node, kind=kind)


def starts_late(place: Place, node: str, seq: int) -> Defect:
    message = f"the first line of {printable(node)} is seq {seq}"
    return Defect(place, message, is_gap=True, node=node, kind="seq jumps")


def jumps(place: Place, node: str, before: int, seq: int) -> Defect:
    message = f"after seq {before} comes seq {seq} of {printable(node)}"
    return Defect(place, message, is_gap=True, node=node, kind="seq jumps")
