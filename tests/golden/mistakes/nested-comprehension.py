"""A set built by two loops."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    a: set[OrderId] = set()
    b: set[OrderId] = set()

    @action
    def step(self) -> None:
        self.a = {x for x in self.a for y in self.b}
