"""A union of an id and a number."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    key: OrderId | bool = True

    @action
    def step(self) -> None:
        pass
