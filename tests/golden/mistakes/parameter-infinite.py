"""An action for every number."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self, amount: int) -> None:
        self.total = amount
