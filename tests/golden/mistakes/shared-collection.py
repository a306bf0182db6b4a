"""One set under two keys."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()
    inbox: dict[OrderId, set[OrderId]] = {}

    @action
    def step(self, order: OrderId) -> None:
        self.inbox[order] = self.orders
