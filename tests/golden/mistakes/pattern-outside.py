"""Matching a list."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    log: list[OrderId] = []

    @action
    def step(self) -> None:
        match self.log:
            case [first]:
                self.log.remove(first)
