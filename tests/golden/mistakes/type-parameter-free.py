"""A type parameter in a model's field."""

from typing import TypeVar

from checker import Bag, Id, Model, action

T = TypeVar("T")


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    queue: Bag[T] = Bag()
    orders: set[OrderId] = set()

    @action
    def place(self, order: OrderId) -> None:
        self.orders.add(order)
