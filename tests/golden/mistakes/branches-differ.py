"""A value that is a number or a bool."""

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        when((1 if order in self.orders else False) == 1)
