"""Several mistakes in one file: all are reported in one run, from top to bottom."""

from typing import Annotated

from checker import Bounds, Id, Model, action, invariant, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()
    name: str = ""
    total: Annotated[int, Bounds(0, 3)] = 7
    paid = False

    @action
    def place(self, order: OrderId) -> None:
        when(order not in self.order)
        self.orders.add(order)
        when(len(self.orders) < 2)
        fee = self.unknown
        self.total = fee

    @action
    def ship(self, order: OrderId) -> None:
        when(self.orders)
        self.orders.remove(1)
        self.paid = self.name == self.name

    def forgotten(self) -> None:
        pass

    @invariant
    def few(self) -> bool:
        return self.total
