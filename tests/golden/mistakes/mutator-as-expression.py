"""A condition that changes the state."""

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    log: list[OrderId] = []

    @action
    def step(self, order: OrderId) -> None:
        when(self.log.pop() == order)
