"""A bool in a sum."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    paid: bool = False
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        self.total = self.total + self.paid
