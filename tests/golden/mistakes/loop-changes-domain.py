"""A loop over what it changes."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        for order in self.orders:
            self.orders.discard(order)
