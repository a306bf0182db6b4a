"""A budget for each value of a parameter that is not there."""

from checker import Id, Model, fault


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @fault(at_most=1, per="worker")
    def step(self, order: OrderId) -> None:
        self.orders.discard(order)
