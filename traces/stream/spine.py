"""The lines that concern all slices, as chains with room for those of one.

Owns the joining of readings: a log that was read in two parts by two processes is put together
here. What a node's lives are is `instances.py`, as for a log that was read as a whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..event import Event
from ..instances import (
    Begin,
    Chain,
    Ending,
    Instance,
    Line,
    Lost,
    Row,
    Slot,
    rows,
    settled,
    steps_of,
)
from ..observe import Observation
from ..slices import Slice
from .histories import History
from .reading import Mark, Reading

__all__ = ["Parts", "Spine", "Torn", "spine_of"]

Parts = tuple[tuple[int, History], ...]
"""A slice: its history in each reading that has lines of it, by the position of the reading."""

Own = Mapping[tuple[str, int], Sequence[Line]]
"""The lines of one slice by node and by how many marks of the node stand before them."""


class Torn(Exception):
    """Two parts of a log do not fit together line by line; it has to be read in one go."""


@dataclass
class _Joined:
    """A node over all readings."""

    first: int
    next: int
    marks: list[Mark] = field(default_factory=list)


@dataclass
class Spine:
    """`shifts[i]`: how many marks of a node stand in the readings before the i-th."""

    rows: list[Row]
    marks: Mapping[str, Sequence[Mark]]
    shifts: list[dict[str, int]]
    files: Mapping[str, int] | None  # their positions, if they give the order of all lines
    is_one_chain: bool  # does no more than one row have lines?

    def position(self, event: Event) -> tuple[int, ...]:
        """What the lines of one chain are ordered by."""
        if self.files is None:
            return 0, event.seq
        return self.files[event.place.file], event.place.line, event.place.part

    def slot(self, event: Event) -> tuple[str, int]:
        """The chain of a line of a slice, and how many marks of that stand before it."""
        name = event.node if self.files is None else ""
        marks, place = self.marks[name], self.position(event)
        return name, bisect_left(marks, place, key=lambda mark: self.position(mark.event))

    def slice(self, keys: tuple[str, ...], own: Own) -> Slice:
        chains: list[Chain] = []
        for row in self.rows:
            items: list[Begin | Line | Lost] = []
            for item in row:
                if isinstance(item, Slot):
                    items += own.get((item.node, item.number), ())
                else:
                    items.append(item)
            if chain := settled(items):
                chains.append(chain)
        return Slice(keys, tuple(chains))

    def steps(self) -> Iterable[Mark]:
        """The lines that are steps of every slice."""
        return (mark for marks in self.marks.values() for mark in marks if mark.step is not None)


def spine_of(readings: Sequence[Reading], observation: Observation) -> Spine:
    """Raises: Torn."""
    joined: dict[str, _Joined] = {}
    shifts: list[dict[str, int]] = []
    for reading in readings:
        shifts.append({name: len(joined[name].marks) for name in reading.nodes if name in joined})
        for name, node in reading.nodes.items():
            if reading is not readings[0] and name not in joined and node.first > 1:
                raise Torn  # a gap, which a reading from the middle could not know
            known = joined.setdefault(name, _Joined(node.first, node.first))
            if known.next != node.first:
                raise Torn
            known.marks += node.marks
            known.next = node.next
    if observation.mapping.in_file_order:
        return _in_order(readings, shifts)
    written = _services(readings, shifts)
    lives: dict[str, list[Instance]] = {}
    ends: list[Ending] = []
    for name, each in joined.items():
        lives[name] = _lives(name, each, observation, ends, written)
    marks = {name: each.marks for name, each in joined.items()}
    found = rows(lives, ends, observation)
    lined = (
        any(isinstance(i, Line) or (isinstance(i, Slot) and tuple(i) in written) for i in row)
        for row in found
    )
    return Spine(found, marks, shifts, None, sum(lined) <= 1)


def _in_order(readings: Sequence[Reading], shifts: list[dict[str, int]]) -> Spine:
    """One chain of all lines."""
    marks: list[Mark] = []
    for reading, shift in zip(readings, shifts, strict=True):
        shift[""] = len(marks)
        marks += reading.in_order
    row: list[Line | Slot] = [Slot("", 0)]
    for number, mark in enumerate(marks):
        assert mark.step is not None
        row += [*steps_of(mark.step), Slot("", number + 1)]
    files = {name: position for position, name in enumerate(readings[0].files)}
    return Spine([tuple(row)], {"": marks}, shifts, files, is_one_chain=True)


def _services(
    readings: Sequence[Reading], shifts: list[dict[str, int]]
) -> dict[tuple[str, int], set[str | None]]:
    """Whose events stand between two marks of a node, among the lines of slices."""
    found: dict[tuple[str, int], set[str | None]] = {}
    for reading, shift in zip(readings, shifts, strict=True):
        for token in reading.tokens:
            place = token.node, token.epoch + shift.get(token.node, 0)
            found.setdefault(place, set()).update(token.step.services())
    return found


def _lives(
    name: str,
    node: _Joined,
    observation: Observation,
    ends: list[Ending],
    written: dict[tuple[str, int], set[str | None]],
) -> list[Instance]:
    """As `instances.chains` finds them where all lines are known."""
    mapping = observation.mapping
    about = {end.event: end.instance for end in mapping.ends if end.instance}
    lives = [Instance(name)]
    _slot(lives[-1], name, 0, written)
    last: Mark | None = None  # of the present life
    for number, mark in enumerate(node.marks):
        event = mark.event
        before = mark.before
        if before < 0 and event.seq > node.first:  # the first line of a later reading
            before = event.seq - 1
        if event.name in mapping.starts and before >= 0:
            _closed(lives[-1], last, before, observation)
            lives.append(Instance(name))
        life, last = lives[-1], mark
        if event.name in about and mark.usable:
            ends.append((str(event.fields[about[event.name]]), event, mark.step))
        elif mark.step is not None:
            life.lines.append(mark.step)
            life.services |= mark.step.services()
        _slot(life, name, number + 1, written)
    _closed(lives[-1], last, node.next - 1, observation)
    return lives


def _slot(
    life: Instance, name: str, number: int, written: dict[tuple[str, int], set[str | None]]
) -> None:
    life.lines.append(Slot(name, number))
    life.services |= written.get((name, number), set())


def _closed(life: Instance, last: Mark | None, seq: int, observation: Observation) -> None:
    """A life whose last line has this number; `last` is its last mark."""
    if last is None or last.event.seq != seq:
        return
    life.last = last.event
    for end in observation.mapping.ends:
        if end.instance is None and end.event == last.event.name:
            life.is_over = True
            life.is_clean = end.clean
