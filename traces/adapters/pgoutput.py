"""PostgreSQL's own logical decoding: the messages of pgoutput, as pg_recvlogical writes them.

Owns the binary form, protocol version 1 (PostgreSQL's documentation, "Logical Replication Message
Formats"): each message, then a line feed. Messages are counted instead of lines. A message that
cannot be read leaves no way to find the next one, so the rest of the file is then not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, ClassVar

from .base import Adapter, Json, Numbered, Record, Unreadable, flat, held
from .rows import change_fields, change_name

__all__ = ["Pgoutput"]

VALUE_BYTES_MAX = 1 << 26
RELATIONS_MAX = 100_000
NAME_BYTES_MAX = 1 << 12

_BOOL, _INTS, _JSON = 16, frozenset({20, 21, 23, 26}), frozenset({114, 3802})  # pg_type.oid
_KINDS = {b"I": "insert", b"U": "update", b"D": "delete"}


@dataclass(frozen=True)
class _Relation:
    schema: str
    table: str
    columns: tuple[tuple[str, int], ...]  # name, oid of the type


class Pgoutput(Adapter):
    """`node` is the name of the one node."""

    options: ClassVar = {"node": "postgres"}
    has_lines: ClassVar = False

    def records(self, stream: IO[bytes]) -> Iterator[Numbered]:
        yield from _Messages(stream, self.given["node"]).records()


class _Lost(Exception):
    """The bytes are no message that is known."""


class _Messages:
    """What is known of a stream on the way through it: the relations, and the transaction."""

    def __init__(self, stream: IO[bytes], node: str) -> None:
        self.stream = stream
        self.node = node
        self.relations: dict[int, _Relation] = {}
        self.xid = 0
        self.last = -1  # where the last transaction was committed
        self.is_again = False  # was the present one read before?

    def records(self) -> Iterator[Numbered]:
        number = 0
        while kind := self.stream.read(1):
            number += 1
            try:
                found = list(self._message(kind))
                if self._bytes(1) != b"\n":
                    raise _Lost("no line feed after a message")
            except EOFError:
                yield number, Unreadable("the last message is cut off", "cut off")
                return
            except _Lost as why:
                text = f"no message of pgoutput: {why}; the rest of the file was not read"
                yield number, Unreadable(text, "not pgoutput")
                return
            for each in found:
                told = isinstance(each, Record) and each.fields.get("transactional", True)
                if self.is_again and told:
                    each = Unreadable("a transaction that was read before", "sent again", False)
                yield number, each

    def _message(self, kind: bytes) -> Iterator[Record | Unreadable]:
        if kind == b"B":
            committed = self._number(8)
            self._bytes(8)  # the time
            self.xid = self._number(4)
            # PostgreSQL sends again what was not confirmed; commits come in their order.
            self.is_again = committed <= self.last
            self.last = max(self.last, committed)
        elif kind == b"C":
            self._bytes(25)
            self.is_again = False
        elif kind == b"O":
            self._bytes(8)
            self._text()
        elif kind == b"R":
            self._relation()
        elif kind == b"Y":
            self._bytes(4)
            self._text()
            self._text()
        elif kind in _KINDS:
            yield self._change(kind)
        elif kind == b"T":
            count, _ = self._number(4), self._bytes(1)
            if count > RELATIONS_MAX:
                raise _Lost("too many relations")
            for _ in range(count):
                relation = self._known()
                yield Record(
                    change_name("truncate", relation.schema, relation.table),
                    self.node, self._common(relation),
                )  # fmt: skip
        elif kind == b"M":
            yield self._logical()
        else:
            what = "a streamed transaction" if kind in b"SEcA" else f"the type {kind!r}"
            raise _Lost(f"{what}; record with proto_version=1")

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────

    def _relation(self) -> None:
        oid = self._number(4)
        schema, table = self._text(), self._text()
        self._bytes(1)
        columns = []
        for _ in range(self._number(2)):
            self._bytes(1)
            name, type_ = self._text(), self._number(4)
            self._bytes(4)
            columns.append((name, type_))
        if len(self.relations) >= RELATIONS_MAX:
            raise _Lost("too many relations")
        self.relations[oid] = _Relation(schema or "pg_catalog", table, tuple(columns))

    def _known(self) -> _Relation:
        found = self.relations.get(self._number(4))
        if found is None:
            raise _Lost("a change of a relation that was not described")
        return found

    def _common(self, relation: _Relation) -> Json:
        return {"xid": self.xid, "schema": relation.schema, "table": relation.table}

    def _change(self, kind: bytes) -> Record:
        relation = self._known()
        new: list[tuple[str, object]] = []
        old: list[tuple[str, object]] = []
        part = self._bytes(1)
        if part in (b"K", b"O") and kind != b"I":
            old = self._tuple(relation)
            if part == b"K":  # only the key is told; the other columns are sent as null
                old = [(name, value) for name, value in old if value is not None]
            part = self._bytes(1) if kind == b"U" else b""
        if part == b"N":
            new = self._tuple(relation)
        elif part:
            raise _Lost(f"a tuple of the type {part!r}")
        fields = change_fields(new, old, self._common(relation))
        name = change_name(_KINDS[kind], relation.schema, relation.table)
        return Record(name, self.node, fields)

    def _tuple(self, relation: _Relation) -> list[tuple[str, object]]:
        """The columns; one whose value was not sent because it did not change is left out."""
        count = self._number(2)
        if count != len(relation.columns):
            raise _Lost("a row with another number of columns than its relation")
        found: list[tuple[str, object]] = []
        for name, type_ in relation.columns:
            form = self._bytes(1)
            if form == b"n":
                found.append((name, None))
            elif form == b"t":
                found.append((name, _value(self._sized(), type_)))
            elif form == b"b":
                raise _Lost("values in binary form; record without binary=true")
            elif form != b"u":
                raise _Lost(f"a value of the form {form!r}")
        return found

    def _logical(self) -> Record:
        is_transactional = self._bytes(1) != b"\0"
        self._bytes(8)
        prefix = self._text()
        content = self._sized().decode("utf-8", "replace")
        fields: Json = {"transactional": is_transactional}
        flat("content", held(content), fields)
        return Record(f"message {prefix}", self.node, fields)

    # ── Bytes ────────────────────────────────────────────────────────────────────────────────────

    def _bytes(self, count: int) -> bytes:
        found = self.stream.read(count)
        while len(found) < count:
            more = self.stream.read(count - len(found))
            if not more:
                raise EOFError
            found += more
        return found

    def _number(self, size: int) -> int:
        return int.from_bytes(self._bytes(size), "big")

    def _sized(self) -> bytes:
        (size,) = struct.unpack(">i", self._bytes(4))
        if not 0 <= size <= VALUE_BYTES_MAX:
            raise _Lost(f"a value of {size} bytes")
        return self._bytes(size)

    def _text(self) -> str:
        found = bytearray()
        while (byte := self._bytes(1)) != b"\0":
            found += byte
            if len(found) > NAME_BYTES_MAX:
                raise _Lost("a name without an end")
        return found.decode("utf-8", "replace")


def _value(raw: bytes, type_: int) -> object:
    text = raw.decode("utf-8", "surrogateescape")
    if type_ in _INTS:
        try:
            return int(text)
        except ValueError:
            return text
    if type_ == _BOOL:
        return text == "t"
    return held(text) if type_ in _JSON else text
