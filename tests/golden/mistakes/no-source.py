"""A helper that is no `def`."""

from typing import Annotated

from checker import Bounds, Model, action, pure


half = pure(lambda n: n // 2)


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        self.total = half(self.total)
