"""What is known of a log after it was read once: data only.

Owns the form. Nodes keep the lines that concern every slice (marks); slices keep a history of kinds
of lines. Memory is linear in nodes, marks and open slices, not in lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..event import Defect, Event, Place
from ..observe import LogId, Observed
from ..watch import Kept, See
from .histories import Book, History

if TYPE_CHECKING:
    from .packed import Packed  # it takes numpy, which a short log has no use for

__all__ = [
    "DEFECTS_KEPT_MAX", "Again", "BlockPlace", "Defects", "Mark", "Naming", "Node", "Reading",
    "Record", "Token",
]  # fmt: skip

DEFECTS_KEPT_MAX = 1_000  # with place and words; all are counted


class Mark(NamedTuple):
    """A line that concerns all slices: a start or an end, or a step without an id of the key sort.

    `before` is the number of the node's line that was read before it, or -1. `usable`: its fields
    had values of the model.
    """

    event: Event
    before: int
    step: Observed | None
    usable: bool


class Token(NamedTuple):
    """A kind of line of a slice: where it was written, and the step with `#0`, `#1`, … for ids.

    `epoch` counts the node's marks before it.
    """

    node: str
    epoch: int
    step: Observed


@dataclass(frozen=True, slots=True)
class Naming:
    """Lines that differ in their slices alone, and name ids of other sorts.

    Which kind such a line is depends on how its slice numbers these `ids` (`Reading.names`):
    `kinds` has the tokens of those that were met. `sees` is called with the key of each line.
    """

    ids: tuple[LogId, ...]
    kinds: dict[tuple[int, ...], int]
    sees: tuple[See, ...] = ()

    def token(self, known: dict[LogId, int]) -> int | None:
        """The kind of a line of a slice that knows these ids; None if there was none like it."""
        return self.kinds.get(tuple([known.setdefault(each, len(known) + 1) for each in self.ids]))


class Again(NamedTuple):
    """A line with a number that its node has used before; what it says, to be compared."""

    line: int
    content: object


@dataclass(slots=True)
class Node:
    """One node. `next` is the number that its next line should have, -1 before the first.

    `entries` says of the form of a line, or of the form and its facts, which token it is, -1: no
    step; or how its slice tells that (`Naming`). `waiting` holds lines that came too early.
    `unsure` is the last line that was written before its effect: its number, its slice, and its
    place in the history of that.
    """

    name: str
    first: int = -1
    next: int = -1
    entries: dict[type, Any] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    waiting: dict[int, tuple[Event, int]] = field(default_factory=dict)
    unsure: tuple[int, str, int] = (-1, "", 0)
    skipped: tuple[int, int] = (-1, -1)  # a line before which some are missing, and the last before


@dataclass
class Defects:
    """What could not be used: the first ones in full, all of them by kind."""

    kept: list[Defect] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    gaps_of: dict[str | None, None] = field(
        default_factory=dict
    )  # nodes whose lines may be missing

    def add(self, defect: Defect) -> None:
        self.kinds[defect.kind] += 1
        if len(self.kept) < DEFECTS_KEPT_MAX:
            self.kept.append(defect)
        if defect.is_gap and None not in self.gaps_of:
            if len(self.gaps_of) < DEFECTS_KEPT_MAX:
                self.gaps_of[defect.node] = None
            else:
                self.gaps_of[None] = None  # too many to name

    def count(self) -> int:
        return self.kinds.total()


class BlockPlace(NamedTuple):
    """Where a block stands. `before` is the line before its first."""

    before: int
    file: int
    offset: int
    size: int


Record = list[Any]
"""An open slice: its history, the first line of it, and about the last one."""


@dataclass
class Reading:
    """`starts[i]` is the line, counted over all files, before the first one of file i.

    `parked` counts the histories of slices that were closed; `closed` are their ids. `late` are the
    ids of those that a line came for afterwards. `names` are the numbers of ids of other sorts.
    `unsure`: which steps of a slice a crash may have prevented, by their place in its history, and
    their node and number.
    """

    files: tuple[str, ...]
    paths: tuple[str, ...]
    lines: int = 0
    starts: list[int] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    in_order: list[Mark] = field(default_factory=list)  # of all nodes, where files give the order
    tokens: list[Token] = field(default_factory=list)
    book: Book = field(default_factory=Book)
    opened: dict[str, Record] | Packed = field(default_factory=dict)
    parked: Counter[History] = field(default_factory=Counter)
    closed: dict[str, History] = field(default_factory=dict)
    forgot_at: int | None = None  # the line from which on ids of closed slices were forgotten
    late: dict[str, int] = field(default_factory=dict)
    unopened: int = 0  # lines of slices that were never opened: there were too many
    names: dict[str, dict[LogId, int]] = field(default_factory=dict)
    unsure: dict[str, dict[int, tuple[str, int]]] = field(default_factory=dict)
    again: dict[tuple[str, int], list[Again]] = field(default_factory=dict)
    blocks: list[BlockPlace] = field(default_factory=list)
    defects: Defects = field(default_factory=Defects)
    open_most: int = 0
    kept: Mapping[str, Kept] = field(default_factory=dict)  # by the monitors
    left_waiting: bool = False  # lines before some of the last ones had not come
    made: dict[int, Callable[[int], Place]] = field(default_factory=dict)  # of converted files

    def place(self, line: int) -> Place:
        """The file and line of a line that is counted over all files."""
        at = max(0, bisect_right(self.starts, line - 1) - 1)
        made = self.made.get(at)
        own = line - self.starts[at]
        return Place(self.files[at], own) if made is None else made(own)

    def histories(self) -> Iterator[History]:
        """Of all slices, open or closed; once for each slice or group.

        Those in rows have numbers instead, and tables of their own (`Packed`).
        """
        if isinstance(self.opened, dict):
            for record in self.opened.values():
                yield record[0]
        yield from self.parked
