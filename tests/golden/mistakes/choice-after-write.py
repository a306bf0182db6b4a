"""A choice that blocks when the step has begun."""

from checker import Id, Model, action, choose


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        self.orders.add(order)
        other = choose(self.orders)
        self.orders.discard(other)
