"""A union of two kinds of one generic record."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from checker import Id, Model, action

T = TypeVar("T")


class OrderId(Id, scope=2):
    """An order."""


class EventId(Id, scope=2):
    """An event."""


@dataclass(frozen=True)
class Note(Generic[T]):
    about: T


class Shop(Model):
    last: Note[OrderId] | Note[EventId] | None = None
    orders: set[OrderId] = set()

    @action
    def place(self, order: OrderId) -> None:
        self.orders.add(order)
