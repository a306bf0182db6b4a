"""A method that is neither a step nor a property."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    def place(self, order: OrderId) -> None:
        self.orders.add(order)

    @action
    def step(self) -> None:
        pass
