"""Locals: values at the time of the assignment, merged after branches."""

from typing import Annotated

from checker import Bag, Bounds, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class LocalsOfAStep(Model):
    n: Annotated[int, Bounds(0, 3)] = 0
    m: Annotated[int, Bounds(0, 3)] = 0
    queue: Bag[W] = Bag()
    batch: Bag[W] = Bag()
    first: W | None = None

    @action
    def swap(self) -> None:
        before = self.n
        self.n = self.m
        self.m = before

    @action
    def count(self, w: W) -> None:
        step = 1
        if w in self.queue:
            step = 2
            found: W | None = w
        else:
            found = None
        when(self.n + step <= 3)
        self.n += step
        self.first = found

    @action
    def fill(self, w: W) -> None:
        when(len(self.queue) < 2)
        self.queue.add(w)

    @action
    def take(self) -> None:
        taken = self.queue.copy()
        self.queue.clear()
        self.batch = taken

    @action
    def rename(self) -> None:
        old = self.queue
        self.queue = Bag()
        self.batch = old

    @invariant
    def bounded(self) -> bool:
        total = self.n + self.m
        half = total // 2
        return half * 2 <= total

    @witness
    def taken(self) -> bool:
        return len(self.batch) == 2
