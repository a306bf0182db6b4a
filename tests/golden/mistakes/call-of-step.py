"""One step that calls another."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def place(self, order: OrderId) -> None:
        self.orders.add(order)

    @action
    def place_again(self, order: OrderId) -> None:
        self.place(order)
