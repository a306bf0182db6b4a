"""A helper that may end without a value."""

from checker import Id, Model, action, pure, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        when(self.is_new(order))

    @pure
    def is_new(self, order: OrderId) -> bool:
        if order in self.orders:
            return False
