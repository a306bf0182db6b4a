"""The open slices of all parts of a log together: which histories each has, and how many have them.

Owns the two ways to join parts: by sets of ids where they stand in dictionaries, by columns of
numbers where they stand in rows (`Packed`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter

import numpy as np

from . import kernel
from .kernel import Numbers
from .packed import Packed
from .reading import Reading, Record
from .spine import Parts

__all__ = ["Gathered", "gathered", "reopened"]


class Gathered(ABC):
    """`groups` counts the slices with the same histories in each reading."""

    groups: Counter[Parts]

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.readings = readings

    def _records(self, key: str) -> Iterator[tuple[int, Record]]:
        for position, reading in enumerate(self.readings):
            record = _peeked(reading.opened, key)
            if record is not None:
                yield position, record

    def parts(self, key: str) -> Parts:
        """The slice's history in each reading that has lines of it."""
        return tuple((position, record[0]) for position, record in self._records(key))

    def reach(self, key: str) -> tuple[int, int]:
        """The first and about the last line of a slice."""
        records = [record for _, record in self._records(key)]
        return min(record[1] for record in records), max(record[2] for record in records)

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """All ids, each once."""

    @abstractmethod
    def of(self, parts: Collection[Parts], special: Collection[str]) -> Iterator[str]:
        """The ids of the slices with these histories, but the special ones."""


def _peeked(opened: Mapping[str, Record], key: str) -> Record | None:
    if isinstance(opened, Packed):
        try:
            return opened.peek(key)
        except KeyError:
            return None
    return opened.get(key)


def gathered(readings: Sequence[Reading]) -> Gathered:
    """The open slices, as the readings have them."""
    if all(isinstance(reading.opened, Packed) for reading in readings):
        return _InRows(readings)
    for reading in readings:
        if isinstance(reading.opened, Packed):
            reading.opened = reading.opened.plain()
    return _InTables(readings)


def reopened(readings: Sequence[Reading]) -> Iterator[tuple[int, str]]:
    """The slices that were closed in one reading and have lines in another."""
    for position, reading in enumerate(readings):
        for before, earlier in enumerate(readings[:position]):
            if not reading.closed and not earlier.closed:
                continue
            if isinstance(reading.opened, Packed) and isinstance(earlier.opened, Packed):
                keys = list(_not_open(earlier.opened, reading.opened))
            else:
                keys = list({*reading.closed, *earlier.closed})
            for key in keys:
                if key in reading.closed and (key in earlier.closed or key in earlier.opened):
                    yield position, key
                if key in earlier.closed and key in reading.opened:
                    yield before, key


def _not_open(first: Packed, second: Packed) -> Iterator[str]:
    """The ids that both know and that are not open in both."""
    at = first.matched(second)
    known = at >= 0
    closed = (first.slots[at, kernel.HISTORY] < 0) | (second.rows[:, kernel.HISTORY] < 0)
    yield from second.names(np.flatnonzero(known & closed).tolist())
    yield from first.long_ids()


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


class _InRows(Gathered):
    """Slices have numbers here: those of the first reading first, in the order of their slots."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        super().__init__(readings)
        self.groups = Counter()
        packed = [r.opened for r in readings if isinstance(r.opened, Packed)]
        slices, total = _numbered(packed)
        self._named: list[tuple[Packed, Numbers]] = list(zip(packed, slices, strict=True))
        self._total = total
        groups: Numbers = np.zeros(total, np.int64)
        columns: list[Numbers] = []
        for each, own in self._named:
            column: Numbers = np.full(total, -1, np.int64)
            live = own >= 0
            column[own[live]] = each.rows[live, kernel.HISTORY]
            columns.append(column)
            groups = groups * (int(column.max(initial=-1)) + 2) + column + 1
            _, first, groups, counts = np.unique(
                groups, return_index=True, return_inverse=True, return_counts=True
            )
        self._groups = groups
        found: list[Parts] = [
            tuple(
                (position, packed[position].history(int(column[at])))
                for position, column in enumerate(columns)
                if column[at] >= 0
            )
            for at in first.tolist()
        ]
        self._parts = found
        for number in np.argsort(first).tolist():
            self.groups[found[number]] += int(counts[number])
        self._long = dict.fromkeys(key for each in packed for key in each.long_ids())
        self.groups.update(map(self.parts, self._long))

    def _names(self, wanted: Numbers) -> Iterator[str]:
        """The ids of slices whose number has a 1 here."""
        left = wanted.copy()
        for packed, own in self._named:
            mine = np.flatnonzero((own >= 0) & (left[own] != 0))
            left[own[mine]] = 0
            yield from packed.names(mine.tolist())

    def keys(self) -> Iterator[str]:
        yield from self._names(np.ones(self._total, np.int64))
        yield from self._long

    def of(self, parts: Collection[Parts], special: Collection[str]) -> Iterator[str]:
        numbers = [number for number, each in enumerate(self._parts) if each in parts]
        for key in self._names(np.isin(self._groups, numbers).astype(np.int64)):
            if key not in special:
                yield key
        for key in self._long:
            if key not in special and self.parts(key) in parts:
                yield key


def _numbered(packed: Sequence[Packed]) -> tuple[list[Numbers], int]:
    """The number of the slice in each slot of each reading, -1 if it is not open; and how many
    slices there are."""
    slices: list[Numbers] = []
    total = 0
    for position, each in enumerate(packed):
        each.settle()
        live = each.rows[:, kernel.HISTORY] >= 0
        own: Numbers = np.full(len(live), -1, np.int64)
        for before, earlier in zip(packed[:position], slices, strict=False):
            at = before.matched(each)
            known = live & (at >= 0)
            known &= earlier[at] >= 0
            own[known] = earlier[at[known]]
        new = live & (own < 0)
        count = int(new.sum())
        own[new] = np.arange(total, total + count)
        total += count
        slices.append(own)
    return slices, total
