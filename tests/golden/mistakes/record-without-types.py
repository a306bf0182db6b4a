"""A generic record that does not say of what."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from checker import Bag, Id, Model, action

T = TypeVar("T")


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Queue(Generic[T]):
    waiting: Bag[T] = field(default_factory=Bag)


class Shop(Model):
    queue: Queue = Queue()
    orders: set[OrderId] = set()

    @action
    def place(self, order: OrderId) -> None:
        self.orders.add(order)
