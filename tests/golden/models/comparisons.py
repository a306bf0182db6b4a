"""Comparisons: chains, membership in displays, equality of every type."""

from typing import Annotated

from checker import Bounds, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Comparisons(Model):
    n: Annotated[int, Bounds(0, 3)] = 0
    m: Annotated[int, Bounds(0, 3)] = 3
    who: W | None = None
    flag: bool = False
    names: list[W] = []
    ages: dict[W, bool] = {}

    @action
    def approach(self) -> None:
        when(0 <= self.n < self.m <= 3)
        self.n += 1

    @action
    def retreat(self) -> None:
        when(self.n > self.m - 1 >= 0)
        self.m -= 1

    @action
    def name(self, w: W) -> None:
        when(self.n in (0, 2) and w not in self.names and len(self.names) < 2)
        self.names.append(w)
        self.who = w

    @action
    def flip(self) -> None:
        self.flag = not self.flag == (self.n != self.m)

    @invariant
    def equalities(self, w: W) -> bool:
        return (
            (self.who == w) == (w == self.who)
            and self.names == self.names
            and self.ages == {}
            and (self.names != [w, w] or self.names[0] in {w})
            and self.n in (self.n, self.m, self.n + self.m)
        )

    @witness
    def met(self) -> bool:
        return self.n == self.m == 1
