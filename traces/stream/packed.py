"""The open slices of a long log as rows of numbers, which compiled code reads and writes.

Owns the tables of `kernel.py` and what Python sees of them: a mapping of ids to records, as the
dictionary of a short log is. A record that Python asks for is taken out of its row, and put back by
`settle`. Histories are numbers here; each becomes a `History` when it is asked for.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..watch import Joinable
from . import kernel
from .histories import Book, History
from .kernel import Numbers, Rows
from .reading import Record

__all__ = ["Packed", "SeenOnce", "code"]

_CALLED = (
    "hashed", "split", "kind_of", "slot_of", "new_slot", "moved", "scan", "refilled", "matched",
    "remade", "kept",
)  # fmt: skip

FIRST_SLOTS = 1 << 14


@functools.cache
def code() -> Any:
    """The functions of `kernel.py`, compiled; from the cache on disk, if they are there."""
    from checker.backends.native.compile import kernel as compiled  # it takes all of LLVM

    calls = compiled(Path(kernel.__file__).read_text(encoding="utf-8"), _CALLED)
    return SimpleNamespace(**calls)


class Packed(MutableMapping[str, Record]):
    """Ids and records of open slices. `columns`: of how many monitors states stand in the rows."""

    def __init__(self, book: Book, columns: int = 0) -> None:
        self.code = code()
        self.book = book
        self.at = np.zeros(13, np.int64)
        self.at[kernel.HISTORIES] = 2  # the root, and that of slices for which there was no room
        self.at[kernel.MOST] = book.most + 2
        self.at[kernel.SEED] = int.from_bytes(os.urandom(7), "little")
        self.slots: Rows = np.zeros((FIRST_SLOTS, 8), np.int64)
        self.table: Numbers = np.zeros(2 * FIRST_SLOTS, np.int64)
        self.key_words: Numbers = np.zeros(4 * kernel.LINE_MAX, np.int64)
        self.histories: Rows = np.zeros((1 << 12, 2), np.int64)
        self.moves: Rows = np.zeros((1 << 13, 2), np.int64)
        self.seen: Rows = np.zeros((FIRST_SLOTS, columns), np.int64)
        self.watched: Rows = np.zeros((columns, 2), np.int64)  # lines, and ids with a state
        self.once: list[SeenOnce] = [SeenOnce(self, column) for column in range(columns)]
        self._scratch()
        self._out: dict[str, Record] = {}
        self._long: dict[str, Record] = {}  # of ids that are too long for a row
        self._forget()
        self._next_keep = book.most // 2

    def _scratch(self) -> None:
        self.key: Numbers = np.zeros(kernel.LINE_MAX // 8 + 2, np.int64)
        self.key_work: NDArray[np.uint8] = self.key.view(np.uint8)

    def _forget(self) -> None:
        self._by_number: dict[int, History] = {0: self.book.root, 1: self.book.given_up}
        self._numbers: dict[History, int] = {self.book.root: 0, self.book.given_up: 1}

    # ── Room ─────────────────────────────────────────────────────────────────────────────────────

    def make_room(self) -> None:
        """Enlarge the tables that are nearly full."""
        at = self.at
        count = int(at[kernel.SLOTS])
        if count >= len(self.slots) - 1:
            self.slots = _larger(self.slots)
            self.seen = _larger(self.seen)
        if 2 * count >= len(self.table) - 2:
            self._fill(2 * len(self.table))
        if at[kernel.KEY_WORDS] + kernel.LINE_MAX // 8 + 4 >= len(self.key_words):
            self.key_words = _larger(self.key_words)
        histories = int(at[kernel.HISTORIES])
        if histories >= len(self.histories) - 1:
            self.histories = _larger(self.histories)
        if 2 * histories >= len(self.moves) - 2:
            self.moves = np.zeros((2 * len(self.moves), 2), np.int64)
            self.code.remade(self.moves, self.histories, histories)

    def _fill(self, size: int) -> None:
        self.table = np.zeros(size, np.int64)
        at = self.at
        self.code.refilled(
            self.table, self.slots, at[kernel.SLOTS], self.key_words, at[kernel.SEED]
        )

    # ── Histories ────────────────────────────────────────────────────────────────────────────────

    def history(self, number: int) -> History:
        """The history with this number."""
        missing = []
        while number not in self._by_number:
            missing.append(number)
            number = int(self.histories[number, kernel.PARENT])
        found = self._by_number[number]
        for each in reversed(missing):
            found = found[int(self.histories[each, kernel.STEP])]
            self._by_number[each] = found
            self._numbers.setdefault(found, each)
        return found

    def number(self, history: History) -> int:
        """The number of a history, which may be a new one."""
        found = self._numbers.get(history)
        if found is None:
            assert history.parent is not None
            parent = self.number(history.parent)
            self.make_room()
            found = int(self.code.moved(self.at, self.moves, self.histories, parent, history.token))
            self._numbers[history] = found
            self._by_number.setdefault(found, history)
        return found

    @property
    def is_crowded(self) -> bool:
        """As of a book."""
        return int(self.at[kernel.HISTORIES]) - 2 > self._next_keep

    def keep(self, parked: Iterable[History]) -> None:
        """Drop the histories that no slice needs."""
        self.settle()
        count = int(self.at[kernel.HISTORIES])
        numbers = np.zeros(count, np.int64)
        rows = self.rows
        live = rows[:, kernel.HISTORY] >= 0
        numbers[rows[live, kernel.HISTORY]] = 1
        left = int(self.code.kept(self.histories, count, numbers))
        rows[live, kernel.HISTORY] = numbers[rows[live, kernel.HISTORY]]
        self.at[kernel.HISTORIES] = left
        self.moves = np.zeros_like(self.moves)
        self.code.remade(self.moves, self.histories, left)
        self._forget()
        self.book.keep(parked)
        most = self.book.most
        self._next_keep = min(most - 1, max(most // 2, 2 * left))

    # ── Ids ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def rows(self) -> Rows:
        """One for each slot."""
        return self.slots[: int(self.at[kernel.SLOTS])]

    def _hashed(self, key: str) -> tuple[int, int] | None:
        """The id's size in bytes and its hash; its words are then in `key`. None: too long."""
        text = key.encode("utf-8", "surrogatepass")
        size = len(text)
        if size > kernel.LINE_MAX:
            return None
        self.key_work[:size] = np.frombuffer(text, np.uint8)
        self.key_work[size : size + 8] = 0
        return size, int(self.code.hashed(self.key, 0, (size + 7) >> 3, self.at[kernel.SEED]))

    def slot(self, key: str) -> int:
        """The slot of an id, -1 if it has none."""
        found = self._hashed(key)
        if found is None:
            return -1
        return int(self.code.slot_of(self.table, self.slots, self.key_words, self.key, *found))

    def new(self, key: str) -> int:
        """A slot for an id that has none, left to Python; -1 for an id too long for a row."""
        self.make_room()
        found = self._hashed(key)
        if found is None:
            return -1
        slot = int(
            self.code.new_slot(self.at, self.table, self.slots, self.key_words, self.key, *found)
        )
        self.slots[slot, kernel.HISTORY] = kernel.OUT
        return slot

    def name(self, slot: int) -> str:
        """The id of a slot."""
        size = int(self.slots[slot, kernel.SIZE])
        words = (size + 7) >> 3
        if words <= kernel.INLINE:
            own = self.slots[slot, kernel.WORD : kernel.WORD + words]
        else:
            start = int(self.slots[slot, kernel.WORD])
            own = self.key_words[start : start + words]
        return own.tobytes()[:size].decode("utf-8", "surrogatepass")

    def names(self, slots: Iterable[int]) -> Iterator[str]:
        return map(self.name, slots)

    # ── As a mapping ─────────────────────────────────────────────────────────────────────────────

    def __len__(self) -> int:
        return int(self.at[kernel.OPEN]) + len(self._out) + len(self._long)

    def __iter__(self) -> Iterator[str]:
        yield from (*self._out, *self._long)
        yield from self.names(np.flatnonzero(self.rows[:, kernel.HISTORY] >= 0).tolist())

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        return key in self._out or key in self._long or self._live(key) >= 0

    def _live(self, key: str) -> int:
        slot = self.slot(key)
        return slot if slot >= 0 and self.slots[slot, kernel.HISTORY] >= 0 else -1

    def __getitem__(self, key: str) -> Record:
        """The record, which may be changed until `settle`."""
        found, slot = self._found(key)
        if slot >= 0:
            self._out[key] = found
            self._taken(slot)
        return found

    def peek(self, key: str) -> Record:
        """The record, not to be changed. Raises: KeyError."""
        return self._found(key)[0]

    def _found(self, key: str) -> tuple[Record, int]:
        """The record, and the slot where it stands; -1 if it stands in none."""
        found = self._out.get(key) or self._long.get(key)
        if found is not None:
            return found, -1
        slot = self._live(key)
        if slot < 0:
            raise KeyError(key)
        return self._record(slot), slot

    def _record(self, slot: int) -> Record:
        history, first, last = self.slots[slot, : kernel.LAST + 1].tolist()
        return [self.history(history), first, last]

    def _taken(self, slot: int) -> None:
        self.slots[slot, kernel.HISTORY] = kernel.OUT
        self.at[kernel.OPEN] -= 1

    def __setitem__(self, key: str, record: Record) -> None:
        slot = self._live(key)
        if slot >= 0:
            self._taken(slot)
        if self._long.pop(key, None) is not None:
            self.at[kernel.ROOM] += 1
        self._out[key] = record

    def __delitem__(self, key: str) -> None:
        self[key]
        if self._out.pop(key, None) is None:
            del self._long[key]
            self.at[kernel.ROOM] += 1

    def settle(self) -> None:
        """Put the records that Python has back into rows."""
        for key, record in self._out.items():
            slot = self.slot(key)
            if slot == -1:
                slot = self.new(key)
            if slot < 0:
                self._long[key] = record
                self.at[kernel.ROOM] -= 1
                continue
            history, first, last = record
            self.slots[slot, : kernel.LAST + 1] = self.number(history), first, last
            self.at[kernel.OPEN] += 1
        self._out.clear()

    def long_ids(self) -> Iterator[str]:
        """The ids that are too long for a row."""
        yield from self._long

    # ── Many at once ─────────────────────────────────────────────────────────────────────────────

    def plain(self) -> dict[str, Record]:
        """All records, as a dictionary in the order of their first lines."""
        self.settle()
        found = dict(self._long)
        rows = self.rows
        for slot in np.flatnonzero(rows[:, kernel.HISTORY] >= 0).tolist():
            found[self.name(slot)] = self._record(slot)
        return dict(sorted(found.items(), key=lambda each: cast("int", each[1][1])))

    def close(
        self, last: int, but: Iterable[str], rests: Callable[[History], bool]
    ) -> list[tuple[str, History]]:
        """Close the slices at rest that no line came for after the last one, `but` some.

        A later line for one of them is left to Python.
        """
        self.settle()
        rows = self.rows
        old = (rows[:, kernel.HISTORY] >= 0) & (rows[:, kernel.LAST] <= last)
        for key in but:
            if (slot := self.slot(key)) >= 0:
                old[slot] = False
        slots = np.flatnonzero(old)
        histories = {n: self.history(n) for n in np.unique(rows[slots, kernel.HISTORY]).tolist()}
        resting = [number for number, history in histories.items() if rests(history)]
        slots = slots[np.isin(rows[slots, kernel.HISTORY], resting)]
        numbers = rows[slots, kernel.HISTORY].tolist()
        self.slots[slots, kernel.HISTORY] = kernel.OUT
        self.at[kernel.OPEN] -= len(slots)
        return [(k, histories[n]) for k, n in zip(self.names(slots.tolist()), numbers, strict=True)]

    def shift(self, lines: int) -> None:
        """So many lines stand before the first one."""
        live = self.rows[:, kernel.HISTORY] >= 0
        self.rows[:, kernel.FIRST : kernel.LAST + 1] += np.where(live, lines, 0)[:, None]
        for record in self._long.values():
            record[1] += lines
            record[2] += lines

    def matched(self, other: Packed) -> Numbers:
        """For each slot of the other, the slot here of the same id, or -1."""
        count = int(other.at[kernel.SLOTS])
        found: Numbers = np.empty(count, np.int64)
        self.code.matched(
            self.table, self.slots, self.key_words, other.slots, count, other.key_words,
            self.at[kernel.SEED], self.key, found,
        )  # fmt: skip
        return found

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which gets `book` of its own: what is in use of the tables."""
        self.settle()
        assert not any(each.more for each in self.once)
        at = self.at
        return {
            "at": at,
            "slots": self.rows.copy(),
            "key_words": self.key_words[: int(at[kernel.KEY_WORDS])].copy(),
            "histories": self.histories[: int(at[kernel.HISTORIES])].copy(),
            "seen": self.seen[: int(at[kernel.SLOTS])].copy(),
            "watched": self.watched,
            "once": [each.long for each in self.once],
            "out": [
                (key, self.number(h), first, last) for key, (h, first, last) in self._long.items()
            ],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.code = code()
        self.at = state["at"]
        for name in ("slots", "key_words", "histories", "seen", "watched"):
            setattr(self, name, state[name])
        self._scratch()
        self.once = [SeenOnce(self, column) for column in range(len(self.watched))]
        for each, long in zip(self.once, state["once"], strict=True):
            each.long = long
        self.moves = np.zeros((2, 2), np.int64)
        size = FIRST_SLOTS
        while size < 2 * len(self.slots) + 2:
            size *= 2
        self._fill(size)
        self._waiting = state["out"]

    def belong(self, book: Book) -> None:
        """Have histories of this book, in the process that got the tables."""
        self.book = book
        book.most += len(self.histories)  # each may be asked for
        self._forget()
        waiting: list[tuple[str, int, int, int]] = self._waiting
        self._out = {}
        self._long = {key: [self.history(n), first, last] for key, n, first, last in waiting}
        del self._waiting


class SeenOnce(Joinable):
    """What `AtMostOnce` keeps of each id: the one line; most of them in a column of the rows.

    `long` are those of keys that can stand in no row (too long, or a number), `more` those of later
    parts of the log.
    """

    def __init__(self, packed: Packed, column: int) -> None:
        self.packed = packed
        self.column = column
        self.long: dict[Any, int] = {}
        self.more: list[SeenOnce] = []
        self._twice = 0  # ids that an earlier part has, too

    def __getitem__(self, key: Any) -> int:
        found = self.long.get(key)
        if found is None:
            slot = self.packed.slot(key) if isinstance(key, str) else -1
            found = int(self.packed.seen[slot, self.column]) if slot >= 0 else 0
        if found:
            return found
        for part in self.more:
            if key in part:
                return part[key]
        raise KeyError(key)

    def __setitem__(self, key: Any, at: int) -> None:
        packed = self.packed
        slot = packed.slot(key) if isinstance(key, str) else -2
        if slot == -1:
            slot = packed.new(key)
        if slot >= 0:
            packed.watched[self.column, 1] += int(packed.seen[slot, self.column] == 0)
            packed.seen[slot, self.column] = at
        else:
            self.long[key] = at

    def __delitem__(self, key: Any) -> None:
        raise NotImplementedError  # a state is never taken back

    def __len__(self) -> int:
        own = int(self.packed.watched[self.column, 1]) + len(self.long)
        return own + sum(map(len, self.more)) - self._twice

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError  # nobody asks what is missing of what may be there once

    def plain(self) -> dict[Any, int]:
        """As a dictionary."""
        assert not self.more
        own = self.packed.seen[: int(self.packed.at[kernel.SLOTS]), self.column]
        slots = np.flatnonzero(own).tolist()
        return {self.packed.name(slot): int(own[slot]) for slot in slots} | self.long

    def go_on(self, later: SeenOnce) -> list[tuple[Any, int]]:
        """Take in those of the next part. Says which ids it has again, and their lines there."""
        found: dict[Any, int] = {}
        for each in (self, *self.more):
            at = each.packed.matched(later.packed)
            ours = (at >= 0) & (each.packed.seen[at, self.column] != 0)
            own = later.packed.seen[: len(at), self.column]
            for slot in np.flatnonzero(ours & (own != 0)).tolist():
                found[later.packed.name(slot)] = int(own[slot])
            found.update((key, later[key]) for key in each.long if key in later)
        found.update((key, at) for key, at in later.long.items() if key in self)
        self._twice += len(found)
        self.more.append(later)
        return list(found.items())


def _larger(array: Any) -> Any:
    """The same with twice the room."""
    found = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    found[: len(array)] = array
    return found
