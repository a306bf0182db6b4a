"""Symmetry in the compiled search: successors become representatives, and orbits are counted.

Owns the room that compiled `canonical` works in, and the counts of the full graph: each state that
is expanded stands for as many as its orbit has, and so do its steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...backends.native.compile import Compiled
from ...errors import InternalError
from .store import Rows

__all__ = ["Orbits"]


@dataclass
class Orbits:
    """One thread's representatives. `states` and `generated` count what the expanded ones stand
    for, without initial states; None, if the size of an orbit is not known.
    """

    code: Compiled
    ids: int
    states: int | None = 0
    generated: int | None = 0

    def __post_init__(self) -> None:
        if self.code.canonical is None:
            raise InternalError("the module was generated without sorts to rename")
        self._room = tuple(np.zeros(self.ids, dtype=np.int64) for _ in range(4))
        self._opened = np.zeros((self.ids, 2), dtype=np.int64)
        self._two = np.zeros((2, self.code.generated.layout.words), dtype=np.int64)
        self._sizes = np.zeros(0, dtype=np.int64)

    def reduce(self, rows: Rows, among: Any, count: int) -> None:
        """Put representatives in place of the rows whose numbers are among[:count]."""
        self._canonical(rows, among, count)

    def representative(self, words: tuple[int, ...]) -> tuple[int, ...]:
        """The words of the state that is visited for this one."""
        rows = np.array([words], dtype=np.int64)
        self._canonical(rows, np.zeros(1, dtype=np.int64), 1)
        return tuple(rows[0].tolist())

    def count(self, expanded: Rows, tags: Any, ends: Any) -> None:
        """States that were expanded; the steps of the n-th of them end before `ends[n]`."""
        many = len(expanded)
        if not many or self.states is None or self.generated is None:
            return
        sizes, unsure = self._canonical(expanded.copy(), np.arange(many), many)
        if unsure:
            self.states = self.generated = None
            return
        good = np.concatenate(([0], np.cumsum(tags[: ends[many - 1]] >= 0)))[ends[:many]]
        steps = np.diff(good, prepend=0)
        # As Python ints, because nothing bounds their sums.
        self.states += sum(sizes.tolist())
        self.generated += sum(s * n for s, n in zip(sizes.tolist(), steps.tolist(), strict=True))

    def _canonical(self, rows: Rows, among: Any, count: int) -> tuple[Any, int]:
        if len(self._sizes) < count:
            self._sizes = np.zeros(count, dtype=np.int64)
        unsure = self.code.canonical(
            rows, among, count, self._sizes, *self._room, self._opened, self._two
        )
        return self._sizes[:count], int(unsure)
