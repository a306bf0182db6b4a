"""Branches: if, elif and else, nested, and what is merged after them."""

from typing import Annotated

from checker import Bounds, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Branches(Model):
    n: Annotated[int, Bounds(0, 3)] = 0
    a: bool = False
    b: bool = False
    who: W | None = None
    busy: dict[W, bool] = {}

    @action
    def step(self, w: W) -> None:
        if self.n == 0:
            self.n = 1
            self.a = True
        elif self.n == 1 and self.a:
            self.b = not self.b
            if self.b:
                self.n += 1
        else:
            self.who = w

    @action
    def guarded(self, w: W) -> None:
        if self.a:
            when(self.who != w)
            assert self.n > 0
        self.busy[w] = self.a
        if not self.b:
            pass
        elif self.busy[w]:
            del self.busy[w]

    @action
    def unfinished(self) -> None:
        """Undefined on one way only."""
        if self.who is not None:
            self.a = self.busy[self.who]

    @invariant
    def merged(self) -> bool:
        return self.n < 3

    @witness
    def far(self) -> bool:
        return self.n == 2 and not self.b
