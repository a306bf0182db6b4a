"""kcat -J: one JSON object for each record of a Kafka topic.

Owns the envelope, which other formats may come in too (`unwrapped`). A partition is a node and the
offset its number. Offsets have holes where a topic is compacted or written in transactions; that
none is missing can then not be known, and `holes = true` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from .base import Adapter, Json, Record, Unreadable, flat, held, json_object

__all__ = ["Envelope", "Kcat", "Offsets", "unwrapped"]

PARTITIONS_MAX = 100_000


@dataclass(frozen=True)
class Envelope:
    """A record as kcat has it: the node (topic and partition), its number, and the rest."""

    node: str
    offset: int
    topic: str
    record: Json

    def fields(self) -> Json:
        """What a mapping can read of the envelope: topic, partition, offset, key, headers, …"""
        found: Json = {
            name: self.record.get(name) for name in ("topic", "partition", "offset", "key")
        }
        found["timestamp"] = self.record.get("ts")
        headers = self.record.get("headers", [])
        if not isinstance(headers, list) or len(headers) % 2:
            raise Unreadable(
                "'headers' must be a list of names and values", "wrong type", True, self.node
            )
        for name, value in zip(headers[::2], headers[1::2], strict=True):
            flat(f"headers.{name}", value, found)
        return found


def unwrapped(record: Json) -> Envelope:
    """Raises: Unreadable, if the object is no record of kcat."""
    topic, partition, offset = (record.get(name) for name in ("topic", "partition", "offset"))
    if not isinstance(topic, str) or not _is_count(partition) or not _is_count(offset):
        why = "no record of kcat -J: it needs 'topic', 'partition' and 'offset'"
        raise Unreadable(why, "field missing")
    assert isinstance(offset, int)
    return Envelope(f"{topic}/{partition}", offset, topic, record)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class Offsets:
    """The number of a record: its offset, or its place among those of its partition."""

    def __init__(self, holes: bool) -> None:
        self._last: dict[str, int] | None = {} if holes else None

    def number(self, envelope: Envelope) -> int | None:
        """Raises: Unreadable, if the offsets of a partition do not rise."""
        last = self._last
        if last is None:
            return envelope.offset
        node = envelope.node
        if envelope.offset <= last.get(node, -1):
            why = f"after offset {last[node]} of {node} comes {envelope.offset}"
            raise Unreadable(why, "offset again", True, node)
        if node not in last and len(last) >= PARTITIONS_MAX:
            raise Unreadable(f"more than {PARTITIONS_MAX} partitions", "too many nodes")
        last[node] = envelope.offset
        return None


class Kcat(Adapter):
    """The event is the topic, or the text in the field that `event` names."""

    options: ClassVar = {"event": "topic", "holes": "false"}

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self.offsets = Offsets(self.flag("holes"))

    def line(self, text: str) -> Iterator[Record]:
        envelope = unwrapped(json_object(text))
        seq = self.offsets.number(envelope)
        fields = envelope.fields()
        record = envelope.record
        if "payload_error" in record or "key_error" in record:
            raise Unreadable("kcat could not decode the record", "damaged", True, envelope.node)
        payload = record.get("payload")
        flat("payload", held(payload), fields)
        event = self.text_of(fields, self.given["event"], "event")
        yield Record(event, envelope.node, fields, seq)
