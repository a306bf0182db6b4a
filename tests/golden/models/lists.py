"""Lists: order, positions, taking from both ends."""

from typing import Annotated

from checker import Bounds, Capacity, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Lists(Model):
    log: Annotated[list[W], Capacity(3)] = []
    last: W | None = None
    ages: Annotated[list[Annotated[int, Bounds(0, 2)]], Capacity(2)] = []

    @action
    def append(self, w: W) -> None:
        when(len(self.log) < 3)
        self.log.append(w)

    @action
    def take_first(self) -> None:
        when(len(self.log) > 0)
        self.last = self.log.pop(0)

    @action
    def take_last(self) -> None:
        when(self.log != [])
        w = self.log.pop()
        self.last = w

    @action
    def drop(self, w: W) -> None:
        when(w in self.log)
        self.log.remove(w)

    @action
    def replace_first(self, w: W) -> None:
        when(self.log.count(w) == 1)
        self.log[0] = w
        self.log[-1] = self.log[0]
        del self.log[0]

    @action
    def rebuild(self, w: W) -> None:
        self.log = [x for x in self.log if x != w]
        self.log = [w] + list(self.log)
        self.log += [w]

    @action
    def count_up(self) -> None:
        self.ages = [n for n in range(2)]
        self.ages[1] += 1
        self.ages.pop()
        self.ages.clear()
        self.last = None

    @invariant
    def ends(self) -> bool:
        return len(self.log) == 0 or self.log[0] in self.log

    @witness
    def equal_ends(self) -> bool:
        return len(self.log) > 1 and self.log[0] == self.log[-1]
