"""Looking for an order in a number."""

from typing import Annotated

from checker import Bounds, Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self, order: OrderId) -> None:
        when(order in self.total)
