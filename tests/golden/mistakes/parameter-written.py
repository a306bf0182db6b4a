"""A parameter with another value."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self, amount: Annotated[int, Bounds(0, 3)]) -> None:
        amount = amount // 2
        self.total = amount
