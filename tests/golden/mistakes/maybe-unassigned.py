"""A local that only one branch assigns."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    paid: bool = False
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        if self.paid:
            fee = 1
        self.total = fee
