"""The open slices of all parts of a log together: which histories each has, and how many have them.

Owns the choice between two ways to join parts, and the one by sets of ids, where slices stand in
dictionaries. Where they stand in rows it is `gathered_rows.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from .reading import Reading, Record
from .spine import Parts

if TYPE_CHECKING:
    from .packed import Packed

__all__ = ["Gathered", "gathered", "reopened"]


class Gathered(ABC):
    """`groups` counts the slices with the same histories in each reading."""

    groups: Counter[Parts]

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.readings = readings

    def _records(self, key: str) -> list[tuple[int, Record]]:
        found = [(n, _peeked(reading.opened, key)) for n, reading in enumerate(self.readings)]
        return [(position, record) for position, record in found if record is not None]

    def parts(self, key: str) -> Parts:
        """The slice's history in each reading that has lines of it."""
        return tuple([(position, record[0]) for position, record in self._records(key)])

    def reach(self, key: str) -> tuple[int, int]:
        """The first and about the last line of a slice."""
        records = [record for _, record in self._records(key)]
        return min([record[1] for record in records]), max([record[2] for record in records])

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """All ids, each once."""

    @abstractmethod
    def of(self, parts: Collection[Parts], special: Collection[str]) -> Iterator[str]:
        """The ids of the slices with these histories, but the special ones."""


def _peeked(opened: dict[str, Record] | Packed, key: str) -> Record | None:
    if isinstance(opened, dict):
        return opened.get(key)
    try:
        return opened.peek(key)
    except KeyError:
        return None


def gathered(readings: Sequence[Reading]) -> Gathered:
    """The open slices, as the readings have them."""
    if not any(isinstance(reading.opened, dict) for reading in readings):
        from .gathered_rows import InRows

        return InRows(readings)
    for reading in readings:
        if not isinstance(reading.opened, dict):
            reading.opened = reading.opened.plain()
    return _InTables(readings)


def reopened(readings: Sequence[Reading]) -> Iterator[tuple[int, str]]:
    """The slices that were closed in one reading and have lines in another."""
    for position, reading in enumerate(readings):
        for before, earlier in enumerate(readings[:position]):
            if not reading.closed and not earlier.closed:
                continue
            if isinstance(reading.opened, dict) or isinstance(earlier.opened, dict):
                keys = list({*reading.closed, *earlier.closed})
            else:
                from .gathered_rows import not_open

                keys = list(not_open(earlier.opened, reading.opened))
            for key in keys:
                if key in reading.closed and (key in earlier.closed or key in earlier.opened):
                    yield position, key
                if key in earlier.closed and key in reading.opened:
                    yield before, key


class _InTables(Gathered):
    def __init__(self, readings: Sequence[Reading]) -> None:
        super().__init__(readings)
        self.groups = Counter()
        self.spanning: set[str] = set()  # slices with lines in several readings
        for position, reading in enumerate(readings):
            for earlier in readings[:position]:
                self.spanning |= reading.opened.keys() & earlier.opened.keys()
        for position, reading in enumerate(readings):
            counted = Counter(map(itemgetter(0), reading.opened.values()))
            counted.subtract(reading.opened[k][0] for k in self.spanning if k in reading.opened)
            for history, count in counted.items():
                if count:
                    self.groups[((position, history),)] = count
        self.groups.update(map(self.parts, self.spanning))

    def keys(self) -> Iterator[str]:
        yield from {key: None for reading in self.readings for key in reading.opened}

    def of(self, parts: Collection[Parts], special: Collection[str]) -> Iterator[str]:
        for position, reading in enumerate(self.readings):
            alone = {each[0][1] for each in parts if len(each) == 1 and each[0][0] == position}
            for key, record in reading.opened.items():
                if record[0] in alone and key not in self.spanning and key not in special:
                    yield key
        for key in self.spanning:
            if key not in special and self.parts(key) in parts:
                yield key
