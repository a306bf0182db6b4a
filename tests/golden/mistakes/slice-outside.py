"""A slice of a list."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    log: list[OrderId] = []

    @action
    def step(self) -> None:
        self.log = self.log[1:3]
