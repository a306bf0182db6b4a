"""An id that is written in a model."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        self.orders.add(OrderId(0))
