"""A record's method called as if it changed the record."""

from dataclasses import dataclass, field, replace

from checker import Bag, Id, Model, action, pure


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Queue:
    waiting: Bag[OrderId] = field(default_factory=Bag)

    @pure
    def send(self, order: OrderId) -> "Queue":
        return replace(self, waiting=self.waiting + Bag([order]))


class Shop(Model):
    queue: Queue = Queue()

    @action
    def place(self, order: OrderId) -> None:
        self.queue.send(order)
