"""Debezium change events of a PostgreSQL connector, bare or in the envelope of kcat -J.

Owns the reading of a change event, with or without its schema. In kcat's envelope a partition is a
node; bare events are of one node, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from .base import Adapter, Json, Record, Unreadable, flat, json_object
from .kcat import Offsets, unwrapped
from .rows import change_fields, change_name

__all__ = ["Debezium"]

_KINDS = {"c": "insert", "u": "update", "d": "delete", "r": "snapshot", "t": "truncate"}


class Debezium(Adapter):
    """`holes` is as for kcat."""

    options: ClassVar = {"holes": "false"}

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self.offsets = Offsets(self.flag("holes"))

    def line(self, text: str) -> Iterator[Record]:
        if text.strip() == "null":  # a tombstone: the value of a deleted key
            return
        found = json_object(text)
        node: str | None = None
        seq: int | None = None
        fields: Json = {}
        if "topic" in found and "offset" in found:
            envelope = unwrapped(found)
            node, seq = envelope.node, self.offsets.number(envelope)
            fields = envelope.fields()
            payload = found.get("payload")
            if payload is None:
                yield Record("tombstone", node, fields, seq)
                return
            found = json_object(payload) if isinstance(payload, str) else found
        if "payload" in found and "schema" in found:
            found = _object(found["payload"], "payload")
        if "status" in found and "event_count" in found:
            event = f"transaction {found['status']}"
            yield Record(event, node or "debezium", fields | {"transaction": found.get("id")}, seq)
            return
        yield self._change(found, node, seq, fields)

    def _change(self, found: Json, node: str | None, seq: int | None, fields: Json) -> Record:
        source = _object(found.get("source"), "source")
        op = found.get("op")
        fields = dict(fields)
        if op == "m":
            message = _object(found.get("message"), "message")
            flat("message", message, fields)
            event = f"message {message.get('prefix')}"
        elif op in _KINDS:
            event = change_name(_KINDS[str(op)], source.get("schema"), source.get("table"))
            new, old = _row(found, "after"), _row(found, "before")
            fields = change_fields(new, old, fields)
        else:
            raise Unreadable("'op' is none of c, u, d, r, t, m", "wrong type", True, node)
        flat("source", source, fields)
        transaction = found.get("transaction")
        if isinstance(transaction, dict):
            flat("transaction", transaction, fields)
        return Record(event, node or self.text_of(source, "name", "node"), fields, seq)


def _object(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise Unreadable(f"no change event of Debezium: {name!r} must be an object", "wrong type")
    return value


def _row(found: Json, name: str) -> list[tuple[str, object]]:
    row = found.get(name)
    if row is None:
        return []
    return list(_object(row, name).items())
