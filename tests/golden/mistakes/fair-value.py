"""A misspelt kind of fairness."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action(fair="week")
    def step(self, order: OrderId) -> None:
        self.orders.add(order)
