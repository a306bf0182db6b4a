"""The beginning happens once, so it has no parameters."""

from checker import Id, Model, action, initial


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @initial
    def begin(self, order: OrderId) -> None:
        self.orders.add(order)

    @action
    def step(self) -> None:
        pass
