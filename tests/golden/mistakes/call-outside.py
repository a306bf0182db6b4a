"""A function whose source the checker does not read."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        self.total = abs(self.total)
