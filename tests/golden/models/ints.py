"""Ints: every operator, bounds of fields, unbounded in between."""

from typing import Annotated

from checker import Bounds, Limit, Model, action, invariant, when, witness


SIZE = 4

Small = Annotated[int, Bounds(0, SIZE)]


class Ints(Model):
    n: Small = 0
    debt: Annotated[int, Bounds(-2, 2)] = 0
    epoch: Annotated[int, Limit(0, 2)] = 0
    near: Annotated[int, Bounds(0, 3)] | None = None

    @action
    def add(self, by: Annotated[int, Bounds(1, 2)]) -> None:
        when(self.n + by <= SIZE)
        self.n += by

    @action
    def wrap(self) -> None:
        self.n = (self.n * 3 - 1 + SIZE) % (SIZE + 1)

    @action
    def halve(self) -> None:
        self.n //= 2
        self.debt = -self.debt // 2

    @action
    def borrow(self) -> None:
        """Leaves its bounds after two steps: a step error."""
        self.debt -= 1
        self.debt += 0
        self.n *= 1

    @action
    def grow(self) -> None:
        """Leaves its limit: a cut."""
        self.epoch += 1

    @action
    def clamp(self) -> None:
        self.near = max(0, min(self.n, 3, self.epoch + 1))
        self.n = max(self.n - 1, 0)

    @invariant
    def compared(self) -> bool:
        return 0 <= self.n <= SIZE and not self.n > SIZE and (self.n >= 0) != (self.n < 0)

    @witness
    def at_the_top(self) -> bool:
        return self.n == SIZE and self.debt == -2
