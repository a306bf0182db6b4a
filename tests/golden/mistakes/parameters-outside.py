"""A parameter with a default."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId, again: bool = False) -> None:
        self.orders.add(order)
