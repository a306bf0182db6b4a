"""Parameters of a fairness that is not there."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action(fair_for=("order",))
    def step(self, order: OrderId) -> None:
        self.orders.add(order)
