"""A step that looks at a fault's counter."""

from checker import Id, Model, action, fault, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        when(self.lose_used == 0)
        self.orders.add(order)

    @fault(at_most=1)
    def lose(self, order: OrderId) -> None:
        self.orders.discard(order)
