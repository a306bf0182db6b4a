"""A choice in each turn."""

from checker import Id, Model, action, choose


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        for order in OrderId:
            other = choose(OrderId)
            self.orders.add(other)
