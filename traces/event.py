"""One line of a log as data, and what is wrong with a line.

Owns `Event`, `Defect` and the escaping of text that came from a log. Knows no file format and no
model. A reader may rely on this: text from a log reaches an output only through `printable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .order import Marks, Past

__all__ = ["Defect", "Event", "Extra", "FieldValue", "Log", "Place", "printable"]

FieldValue = bool | int | str | None

SHOWN_MAX = 160  # characters of a log's text in one message; a hostile line may have megabytes


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands: the file as the user named it, and the line's number from 1.

    `part` counts the records of the line before this one; in our own format a line has only one.
    """

    file: str
    line: int
    part: int = 0

    def __str__(self) -> str:
        record = f" (record {self.part + 1})" if self.part else ""
        return f"{printable(self.file)}:{self.line}{record}"


class Extra(str):
    """A field that only monitors read. Where a line has none that can be used, the event has none:
    it stays the step that it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One readable line. `fields` holds what the mapping reads of it, and no more.

    `marks` is what it says of its order, and `past` what follows from that with the other lines.
    """

    def __hash__(self) -> int:
        return hash(self.place)

    place: Place
    node: str
    seq: int
    name: str
    fields: Mapping[str, FieldValue]
    marks: Marks | None = field(default=None, compare=False)
    past: Past | None = field(default=None, compare=False)

    @property
    def content(self) -> tuple[object, ...]:
        """What makes it the same line as another with its number: what the mapping reads."""
        told = ((k, v) for k, v in self.fields.items() if not isinstance(k, Extra))
        return (self.name, *told)

    def __str__(self) -> str:
        shown = "".join(f" {printable(k)}={_shown(v)}" for k, v in self.fields.items())
        return f"{printable(self.name)}{shown}"


@dataclass(frozen=True, slots=True)
class Defect:
    """A line that could not be used. `is_gap`: it may have held an event of a slice.

    `node` is the node whose event is missing, None if that cannot be known. `kind` is what the
    report counts it under.
    """

    place: Place
    message: str
    is_gap: bool
    node: str | None = None
    kind: str = "other"

    @property
    def effect(self) -> str:
        """What this does to the verdict, for the message."""
        if not self.is_gap:
            return "no effect on the verdict"
        whose = f"events of {printable(self.node)}" if self.node is not None else "any event"
        return f"{whose} may be missing: REJECTED becomes UNKNOWN"

    def __str__(self) -> str:
        return f"{self.place}: {self.message} ({self.effect})"


@dataclass(frozen=True, slots=True)
class Log:
    """All events of all files, by node in the order of `seq`; and what could not be read."""

    files: tuple[str, ...]
    by_node: Mapping[str, tuple[Event, ...]]
    defects: tuple[Defect, ...]
    lines: int

    def events(self) -> int:
        return sum(len(events) for events in self.by_node.values())


def printable(text: str) -> str:
    r"""The text without anything that a terminal would obey, cut to a bounded length.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    cut = text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"
    if cut.isprintable():  # false for control characters, bidi overrides, surrogates
        return cut
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def _shown(value: FieldValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{printable(value)}"'
    return str(value)
