"""The last of a set."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()
    last: OrderId | None = None

    @action
    def step(self) -> None:
        for order in self.orders:
            self.last = order
