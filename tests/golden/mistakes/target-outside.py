"""A loop with two variables over a set."""

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        when(all(a == b for a, b in self.orders))
