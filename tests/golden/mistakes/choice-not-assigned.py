"""A choice that nobody hears of."""

from checker import Id, Model, action, choose


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        choose(self.orders)
