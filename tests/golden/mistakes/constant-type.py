"""A constant that is a collection."""

from typing import Final

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    limits: Final[set[OrderId]] = set()

    @action
    def step(self) -> None:
        pass
