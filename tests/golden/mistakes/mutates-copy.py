"""Changing the state under another name."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    inbox: dict[OrderId, set[OrderId]] = {}

    @action
    def step(self, order: OrderId) -> None:
        box = self.inbox[order]
        box.add(order)
