"""Records of any format as lines of our own, on the way from a file to the readers.

Owns what a record becomes: the fields that the mapping reads, with the types that the model asks
for, and under names that begin with `@` what is known of the order. The lines are kept in a file
beside the places where they came from, so that they can be looked up again; nothing stands in
memory but one record and a count for each node.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from checker import ir

from .adapters import Adapter, Record, Unreadable
from .event import Defect, Place
from .jsonl import Wanted, known_event

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from .observe import Observation

__all__ = ["Converted", "Places", "field_types"]

NODES_MAX = 100_000
DIGITS_MAX = 20  # a longer number is left a text

Types = Mapping[tuple[str, str], type]
"""What the model makes of a field of an event: str (an id or a member), int or bool."""


def field_types(observation: Observation) -> dict[tuple[str, str], type]:
    found: dict[tuple[str, str], type] = {}
    for event, name, type_ in observation.typed_fields():
        while isinstance(type_, ir.Option):
            type_ = type_.item
        kind = bool if isinstance(type_, ir.Bool) else int if isinstance(type_, ir.Int) else str
        if found.setdefault((event, name), kind) is not kind:
            found[event, name] = object  # two uses that ask for different types: as it is
    return found


class Places:
    """Where the lines of a converted file came from: line and part, in a file of pairs."""

    def __init__(self, path: str, kept: IO[bytes]) -> None:
        self.path = path
        self._kept = kept

    def __getitem__(self, line: int) -> tuple[int, int]:
        """The place of a line, counted from 1; behind the last one, that of the next."""
        if not self._kept.closed:
            self._kept.flush()
        with open(self.path, "rb") as stream:  # noqa: PTH123
            stream.seek(_PAIR.size * (line - 1))
            found = stream.read(_PAIR.size)
            if len(found) == _PAIR.size:
                number, part = _PAIR.unpack(found)
                return number, part
            if not stream.seek(0, os.SEEK_END):
                return 1, 0
            stream.seek(-_PAIR.size, os.SEEK_END)
            return _PAIR.unpack(stream.read(_PAIR.size))[0] + 1, 0


_PAIR = struct.Struct("<QQ")


class Converted(io.RawIOBase):
    """The lines as a stream. What is unreadable goes to `defect`, which the reader sets.

    `eager`: hand on each line when it comes; else as many as are asked for.
    """

    def __init__(
        self, stream: IO[bytes], name: str, adapter: Adapter, wanted: Wanted, types: Types,
        copy: Path, *, marks: Sequence[str] = (), eager: bool = False,
    ) -> None:  # fmt: skip
        self.path = str(copy)
        self._kept = open(f"{copy}.places", "wb")  # noqa: PTH123, SIM115 - closed with this stream
        self.places = Places(f"{copy}.places", self._kept)
        self._eager = eager
        self._marks = tuple(name for name in marks if not name.startswith("@"))
        self.defect: Callable[[Defect], None] = lambda found: None
        self._name = name
        self._typed = adapter.is_typed
        self._wanted = wanted
        self._types = types
        self._counts: dict[str, int] = {}
        self._stream = stream
        self._copy = open(self.path, "wb")  # noqa: PTH123, SIM115
        self._lines = self._converted(adapter)
        self._rest = b""

    def open(self) -> IO[bytes]:
        """This stream with a buffer; closing that closes this, but not what it reads from."""
        return io.BufferedReader(self, 1 << 19)

    def place(self, line: int) -> Place:
        """Where a line came from."""
        return Place(self._name, *self.places[line])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Raises: OSError, EOFError, where the file is damaged."""
        view = memoryview(buffer).cast("B")
        at = 0
        while at < len(view):
            if not self._rest:
                if at and self._eager:
                    break
                self._rest = next(self._lines, b"")
                if not self._rest:
                    break
            count = min(len(view) - at, len(self._rest))
            view[at : at + count] = self._rest[:count]
            self._rest = self._rest[count:]
            at += count
        return at

    def flush(self) -> None:
        """So that the copy can be read."""
        if not self._copy.closed:
            self._copy.flush()

    def close(self) -> None:
        self._copy.close()
        self._kept.close()
        super().close()

    def _converted(self, adapter: Adapter) -> Iterator[bytes]:
        last, part = 0, 0
        for number, found in adapter.records(self._stream):
            last, part = number, part + 1 if number == last else 0
            place = Place(self._name, number, part)
            if isinstance(found, Unreadable):
                self.defect(Defect(place, found.message, found.is_gap, found.node, found.kind))
                continue
            line = self._line(found, place)
            if line is not None:
                self._kept.write(_PAIR.pack(number, part))
                self._copy.write(line)
                yield line

    def _line(self, record: Record, place: Place) -> bytes | None:
        seq = record.seq
        if seq is None:
            seq = self._counts.get(record.node, 0)
            if not seq and len(self._counts) >= NODES_MAX:
                self.defect(Defect(place, f"more than {NODES_MAX} nodes", True, None, "nodes"))
                return None
            self._counts[record.node] = seq + 1
        event = known_event(record.event, self._wanted)
        names = self._wanted.get(event, ())
        fields: dict[str, object] = {
            name: self._value(record.fields[name], self._types.get((event, name)))
            for name in (*names, *self._marks)
            if name in record.fields
        }
        fields |= {"ts": 0, "node": record.node, "seq": seq, "event": event} | _order(record)
        return json.dumps(fields).encode() + b"\n"

    def _value(self, value: object, wanted: type | None) -> object:
        """A number is an id where an id is meant; in a format of texts, a text is a number."""
        if wanted is str and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if self._typed or not isinstance(value, str):
            return value
        if wanted is int and len(value) <= DIGITS_MAX and value.removeprefix("-").isdecimal():
            return int(value)
        if wanted is bool and value in ("true", "false"):
            return value == "true"
        return value


def _order(record: Record) -> dict[str, object]:
    found = {
        "@id": record.id, "@after": list(record.after) or None, "@within": record.within,
        "@start": record.start, "@end": record.end,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}
