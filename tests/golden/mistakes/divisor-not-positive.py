"""A divisor that may be zero."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        self.total = 3 // self.total
