"""Writes events of a service in the form that `checker replay` reads.

Owns the node, its gap-free count of lines, the Lamport clock, and the stamps by which lines name
their causes. Where the lines go is the standard `logging`, or the events of OpenTelemetry's spans.
A reader may rely on this: the lines of one emitter stand in the order of their numbers, from
whichever thread, and a line that does not arrive leaves a gap that is noticed.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

__all__ = ["Emitter", "EventFile", "Stamp", "instance", "to_logging", "to_spans"]

Value = str | int | bool | None

_FIXED = frozenset({"ts", "node", "seq", "event", "lamport", "id", "after"})
_STAMP = re.compile(r"(?P<id>.+)@(?P<lamport>[0-9]{1,15})")


class Stamp(NamedTuple):
    """Names a step that is about to happen; send it with what the step sends, as `str(stamp)`."""

    id: str
    lamport: int
    after: tuple[str, ...] = ()  # names of the steps that caused it

    def __str__(self) -> str:
        return f"{self.id}@{self.lamport}"


class Emitter:
    """The events of one instance of a service.

    A restarted instance is another node, with a name of its own (`instance`), or writes an event
    that the mapping lists under `starts`. After a fork the child goes on under a name of its own.

    >>> lines = []
    >>> relay = Emitter("relay-1", lines.append)
    >>> relay.event("publish", order="order-35")
    >>> {name: value for name, value in lines[0].items() if name != "ts"}
    {'node': 'relay-1', 'seq': 1, 'event': 'publish', 'lamport': 1, 'order': 'order-35'}
    """

    def __init__(self, node: str, write: Callable[[dict[str, object]], None]) -> None:
        """Raises: ValueError for a node without a name."""
        if not node:
            raise ValueError("the node needs a name")
        self.node = node
        self._write = write
        self._pid = os.getpid()
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._seq = self._stamps = self._lamport = 0

    def _forked(self) -> None:
        """Two processes must not count the lines of one node."""
        self._pid = os.getpid()
        self.node = f"{self.node}.{self._pid}"
        self._start()

    def stamp(self, *, after: str | Iterable[str] = ()) -> Stamp:
        """A name for the next step, to be sent along and given to `event` as `stamp`.

        `after`: the stamps that came with what caused the step. Raises: ValueError.
        """
        causes = _read_all(after)
        if self._pid != os.getpid():
            self._forked()
        with self._lock:
            self._stamps += 1
            self._lamport = max(self._lamport, *(each.lamport for each in causes), 0) + 1
            after = tuple(each.id for each in causes)
            return Stamp(f"{self.node}#{self._stamps}", self._lamport, after)

    def event(
        self,
        event: str,
        *,
        stamp: Stamp | None = None,
        after: str | Iterable[str] = (),
        **fields: Value,
    ) -> None:
        """Write one event. `after`: the stamps that came with what caused it.

        Ids are strings. Raises: TypeError, ValueError, for a call that no line can be made of; an
        error of the log itself goes where `logging` puts it, and leaves a gap in `seq`.
        """
        for name, value in fields.items():
            if name in _FIXED:
                raise TypeError(f"the field {name!r} is written by itself")
            if value is not None and not isinstance(value, str | int):
                raise TypeError(f"{name!r} must be a string, number, truth value or None")
        causes = _read_all(after)
        if self._pid != os.getpid():
            self._forked()
        with self._lock:
            self._seq += 1
            self._lamport = max(self._lamport, *(each.lamport for each in causes), 0) + 1
            line: dict[str, object] = {
                "ts": time.time(), "node": self.node, "seq": self._seq, "event": event,
                "lamport": self._lamport,
            }  # fmt: skip
            if stamp is not None:  # the step began when it was stamped
                line |= {"id": stamp.id, "lamport": stamp.lamport}
            named = [*(stamp.after if stamp is not None else ()), *(each.id for each in causes)]
            if named:
                line["after"] = named
            line.update(fields)
            self._write(line)


def _read_all(after: str | Iterable[str]) -> list[Stamp]:
    return [_read(text) for text in ([after] if isinstance(after, str) else after)]


def _read(text: str) -> Stamp:
    found = _STAMP.fullmatch(text)
    if found is None:
        raise ValueError(f"no stamp of an emitter: {text!r}")
    return Stamp(found["id"], int(found["lamport"]))


def instance(service: str) -> str:
    """A name for this life of a service that no other one has, such as `relay-4711-1795225867`."""
    return f"{service}-{os.getpid()}-{time.time_ns() // 1000}"


# ── Where the lines go ───────────────────────────────────────────────────────────────────────────


def to_logging(node: str, logger: str = "checker.events") -> Emitter:
    """An emitter whose lines are messages of this logger, at the level INFO.

    Raises: ValueError, if the logger drops that level.
    """
    found = logging.getLogger(logger)
    if not found.isEnabledFor(logging.INFO):
        raise ValueError(f"the logger {logger!r} drops INFO; call its setLevel(logging.INFO)")
    encoder = msgspec.json.Encoder()

    def write(line: dict[str, object]) -> None:
        found.info(encoder.encode(line).decode())

    return Emitter(node, write)


class EventFile(logging.Handler):
    """Appends messages to a file, each with one write, so that processes may share it.

    A line is in the file when the call returns: a service that is killed then has written it.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(self._file, record.getMessage().encode() + b"\n")
        except OSError:
            self.handleError(record)

    def close(self) -> None:
        self.acquire()
        try:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1
        finally:
            self.release()
        super().close()


def to_spans(node: str) -> Emitter:
    """An emitter whose lines are events of the current OpenTelemetry span.

    The attributes of a line are named `checker.node`, `checker.seq`, …; its fields keep their
    names. Where no span is recorded the line is lost, and its number is missing.

    Raises: ImportError, without the package opentelemetry-api.
    """
    from opentelemetry import trace

    def write(line: dict[str, object]) -> None:
        attributes: dict[str, AnyValue] = {
            f"checker.{name}" if name in _FIXED else name: cast("AnyValue", value)
            for name, value in line.items()
            if value is not None and name not in ("ts", "event")
        }
        trace.get_current_span().add_event(str(line["event"]), attributes)

    return Emitter(node, write)
