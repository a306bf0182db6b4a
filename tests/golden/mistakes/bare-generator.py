"""A generator that nothing consumes."""

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        when((o for o in self.orders) == self.orders)
