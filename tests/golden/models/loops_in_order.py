"""Loops over lists and ranges: each turn builds on the one before."""

from typing import Annotated

from checker import Bounds, Capacity, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class LoopsInOrder(Model):
    log: Annotated[list[W], Capacity(3)] = []
    last: W | None = None
    n: Annotated[int, Bounds(0, 3)] = 0
    seen: Annotated[list[W], Capacity(2)] = []

    @action
    def write(self, w: W) -> None:
        when(len(self.log) < 2)
        self.log.append(w)

    @action
    def read(self) -> None:
        for w in self.log:
            self.last = w

    @action
    def turn(self) -> None:
        reversed_log: list[W] = []
        for w in self.log:
            reversed_log = [w] + reversed_log
        self.log = reversed_log

    @action
    def distinct(self) -> None:
        self.seen = []
        for w in self.log:
            if w not in self.seen:
                self.seen.append(w)

    @action
    def count(self, w: W) -> None:
        """Leaves its bounds when it happens often."""
        for i in range(len(self.log)):
            if self.log[i] == w:
                self.n = self.n + 1
                self.log[i] = w
        for i in range(1, 2):
            self.n -= i

    @action
    def collect(self) -> None:
        mine: set[W] = set()
        for w in self.log:
            mine.add(w)
        if mine == {w for w in W}:
            self.log = []

    @invariant
    def the_last_was_written(self) -> bool:
        return self.last is None or self.n >= 0

    @witness
    def two(self) -> bool:
        return len(self.seen) == 2
