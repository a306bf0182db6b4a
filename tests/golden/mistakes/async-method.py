"""A step cannot wait in the middle."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    async def send(self, order: OrderId) -> None:
        self.orders.add(order)

    @action
    def place(self, order: OrderId) -> None:
        self.orders.add(order)
