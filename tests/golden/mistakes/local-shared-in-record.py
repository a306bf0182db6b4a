"""A record around a field's own bag, kept while other steps happen."""

from dataclasses import dataclass, field

from checker import Bag, Id, Model, Steps, action, process


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Snapshot:
    queue: Bag[OrderId] = field(default_factory=lambda: Bag())


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    seen: Snapshot = Snapshot()

    @process
    def auditor(self) -> Steps:
        yield "look"
        snapshot = Snapshot(self.queue)
        yield "report"
        self.seen = snapshot

    @action
    def place(self, order: OrderId) -> None:
        self.queue.add(order)
