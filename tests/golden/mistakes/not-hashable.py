"""A set of lists."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    batches: set[list[OrderId]] = set()

    @action
    def step(self) -> None:
        pass
