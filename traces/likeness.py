"""How alike two names are, and what a log holds: the ground of a drafted mapping.

Owns the comparing of names and a bounded look at a log. Knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice
from typing import IO

from .adapters import Adapter, Record, Unreadable, json_object
from .jsonl import LINE_BYTES_MAX

__all__ = ["FieldSeen", "Seen", "alike", "look", "service_of"]

RECORDS_MAX = 100_000  # looked at; a log's kinds of lines show up early
NAMES_MAX = 1_000  # events, fields of one event, nodes
VALUES_MAX = 200  # of one field, remembered
TEXT_MAX = 200


@dataclass
class FieldSeen:
    """A field of one event: in how many lines, with values of which types, and some of them."""

    count: int = 0
    types: set[type] = field(default_factory=set)
    values: dict[object, None] = field(default_factory=dict)

    def add(self, value: object) -> None:
        self.count += 1
        self.types.add(type(value))
        if isinstance(value, str | int | None) and len(self.values) < VALUES_MAX:
            self.values[value if not isinstance(value, str) else value[:TEXT_MAX]] = None


@dataclass
class EventSeen:
    count: int = 0
    nodes: dict[str, None] = field(default_factory=dict)
    fields: dict[str, FieldSeen] = field(default_factory=dict)


@dataclass
class Seen:
    """What the first lines of a log hold."""

    records: int = 0
    unreadable: int = 0
    events: dict[str, EventSeen] = field(default_factory=dict)
    nodes: dict[str, None] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        self.records += 1
        if len(self.nodes) < NAMES_MAX:
            self.nodes[record.node] = None
        if record.event not in self.events and len(self.events) >= NAMES_MAX:
            return
        event = self.events.setdefault(record.event, EventSeen())
        event.count += 1
        if len(event.nodes) < NAMES_MAX:
            event.nodes[record.node] = None
        for name, value in record.fields.items():
            if name in event.fields or len(event.fields) < NAMES_MAX:
                event.fields.setdefault(name, FieldSeen()).add(value)


def look(stream: IO[bytes], adapter: Adapter | None) -> Seen:
    """The beginning of a log. Raises: OSError, EOFError, for a damaged file."""
    found = Seen()
    records = (each for _, each in adapter.records(stream)) if adapter else _ours(stream)
    for each in islice(records, RECORDS_MAX):
        if isinstance(each, Record):
            found.add(each)
        else:
            found.unreadable += 1
    return found


def _ours(stream: IO[bytes]) -> Iterator[Record | Unreadable]:
    while raw := stream.readline(LINE_BYTES_MAX):
        try:
            fields = json_object(raw.decode("utf-8", "replace"))
        except (Unreadable, RecursionError) as why:
            yield why if isinstance(why, Unreadable) else Unreadable("nested too deeply")
            continue
        event, node = fields.get("event"), fields.get("node")
        if isinstance(event, str) and isinstance(node, str):
            own = {k: v for k, v in fields.items() if k not in ("ts", "node", "seq", "event")}
            yield Record(event, node, own)
        else:
            yield Unreadable("no event")


def service_of(node: str) -> str:
    """A node's name without what tells instances apart.

    >>> service_of("relay-12"), service_of("relay-4711-1795225867"), service_of("postgres")
    ('relay', 'relay', 'postgres')
    """
    return re.sub(r"([-_./#:]?\d+)+$", "", node) or node


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def words(name: str) -> list[str]:
    """The words of a name, in small letters and without their endings.

    >>> words("OrderPlaced"), words("mark_sent")
    (['order', 'plac'], ['mark', 'sent'])
    """
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    return [re.sub(r"(?<=...)(ing|ed|es|e|s|d)$", "", part.lower()) for part in parts]


def alike(name: str, wanted: str) -> float:
    """From 0 to 1: equal words, or all of the wanted ones and more, or nearly the same letters.

    >>> alike("OrderPlaced", "place_order"), alike("message consume", "consume")
    (1.0, 0.8)
    """
    first, second = words(name), words(wanted)
    if not first or not second:
        return 0.0
    common = len({*first} & {*second}) / len({*first} | {*second})
    contained = 0.8 if {*second} <= {*first} else 0.0
    letters = SequenceMatcher(None, "".join(first), "".join(second)).ratio() * 0.8
    return max(common, contained, letters)
