"""A property over time that returns a bool."""

from checker import Id, Model, action, liveness


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        pass

    @liveness
    def every_order_is_placed(self, order: OrderId) -> bool:
        return order in self.orders
