"""A choice inside an expression."""

from checker import Id, Model, action, choose


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        self.orders.add(choose(OrderId))
