"""An empty set of what?"""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        seen = set()
        self.orders = seen
