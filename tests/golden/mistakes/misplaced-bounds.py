"""Bounds on a set."""

from typing import Annotated

from checker import Bounds, Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: Annotated[set[OrderId], Bounds(0, 3)] = set()

    @action
    def step(self) -> None:
        pass
