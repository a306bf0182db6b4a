"""Two beginnings."""

from checker import Id, Model, action, initial


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @initial
    def begin(self) -> None:
        self.orders = set()

    @initial
    def begin_again(self) -> None:
        self.orders = set()

    @action
    def step(self) -> None:
        pass
