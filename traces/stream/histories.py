"""What the slices of a log have seen so far, each different history kept once.

Owns the table that makes a line of a known kind cost one look-up: a history is a table from what
may come next to the history that this makes. Histories that no slice needs any more are dropped
when there are too many; that costs time and changes no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["HISTORIES_MAX", "Book", "History"]

HISTORIES_MAX = 1_000_000  # about 300 bytes each


class History(dict[int, "History"]):
    """A history as the table of those that follow it. `token` is its last step."""

    __slots__ = ("book", "length", "parent", "token")

    def __init__(self, book: Book, parent: History | None, token: int) -> None:
        super().__init__()
        self.book = book
        self.parent = parent
        self.token = token
        self.length: int = 0 if parent is None else parent.length + 1

    def __missing__(self, token: int) -> History:
        book = self.book
        if book.count >= book.most:
            return book.given_up
        book.count += 1
        found = self[token] = History(book, self, token)
        return found

    # Each is equal to itself alone, however the tables are filled.
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__

    def tokens(self) -> list[int]:
        """Its steps, from the first."""
        found = []
        at = self
        while at.parent is not None:
            found.append(at.token)
            at = at.parent
        return found[::-1]


class _GivenUp(History):
    """Of a slice for which there was no room; nothing is known of it, whatever comes."""

    def __missing__(self, token: int) -> History:
        return self


class Book:
    """All histories of one reading. `given_up` stands for those beyond `most`."""

    def __init__(self, most: int = HISTORIES_MAX) -> None:
        self.most = most
        self.count = 0
        self.root = History(self, None, -1)
        self.given_up: History = _GivenUp(self, None, -2)
        self._next_keep = most // 2

    @property
    def is_crowded(self) -> bool:
        """Is it time to drop what is not needed? Less often, the more is needed."""
        return self.count > self._next_keep

    def keep(self, live: Iterable[History]) -> None:
        """Drop what is not on the way to one of these."""
        kept: set[History] = {self.root}
        for history in live:
            at: History | None = history
            while at is not None and at not in kept:
                kept.add(at)
                at = at.parent
        for history in kept:
            for token in [t for t, after in history.items() if after not in kept]:
                del history[token]
        kept.discard(self.given_up)
        self.count = len(kept) - 1
        self._next_keep = min(self.most - 1, max(self.most // 2, 2 * self.count))

    def packed(self, live: Iterable[History]) -> tuple[list[tuple[int, int]], dict[History, int]]:
        """Histories as (position of the parent, token), parents first; and where each stands."""
        at: dict[History, int] = {self.root: 0, self.given_up: 1}
        rows = [(0, -1), (0, -2)]
        for history in live:
            missing = []
            one: History | None = history
            while one is not None and one not in at:
                missing.append(one)
                one = one.parent
            for each in reversed(missing):
                assert each.parent is not None
                at[each] = len(rows)
                rows.append((at[each.parent], each.token))
        return rows, at

    @staticmethod
    def unpacked(rows: list[tuple[int, int]]) -> list[History]:
        """The histories again, each where it stood."""
        book = Book(most=len(rows))
        found = [book.root, book.given_up]
        for parent, token in rows[2:]:
            found.append(found[parent][token])
        return found
