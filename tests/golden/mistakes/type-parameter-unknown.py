"""An empty generic record of which nothing says what it holds."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from checker import Bag, Id, Model, action, when

T = TypeVar("T")


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Queue(Generic[T]):
    waiting: Bag[T] = field(default_factory=Bag)


class Shop(Model):
    queue: Queue[OrderId] = Queue()

    @action
    def close(self) -> None:
        when(self.queue.waiting != Queue().waiting)
        self.queue = Queue()
