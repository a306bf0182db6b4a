"""The open slices of all parts of a long log together, where they stand in rows (`Packed`).

Owns the joining by columns of numbers. With dictionaries it is `gathered.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from . import kernel
from .gathered import Gathered
from .kernel import Numbers
from .packed import Packed
from .reading import Reading
from .spine import Parts

__all__ = ["InRows", "not_open"]


def not_open(first: Packed, second: Packed) -> Iterator[str]:
    """The ids that both know and that are not open in both."""
    at = first.matched(second)
    known = at >= 0
    closed = (first.slots[at, kernel.HISTORY] < 0) | (second.rows[:, kernel.HISTORY] < 0)
    yield from second.names(np.flatnonzero(known & closed).tolist())
    yield from first.long_ids()


class InRows(Gathered):
    """Slices have numbers here: those of the first reading first, in the order of their slots."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        super().__init__(readings)
        self.groups = Counter()
        packed = [r.opened for r in readings if not isinstance(r.opened, dict)]
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
