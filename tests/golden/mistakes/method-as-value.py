"""A method without its call."""

from checker import Id, Model, action, pure, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        when(self.paid)

    @pure
    def paid(self) -> bool:
        return True
