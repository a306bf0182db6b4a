"""The truth of a set."""

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        when(self.orders)
