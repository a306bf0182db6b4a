"""A tiny outbox in memory, with its planted bugs: each class differs from its base in one line."""

from __future__ import annotations

from collections.abc import Mapping

from checker.model import NotEnabled
from checker.models.outbox import OrderId


class Ledger:
    """An outbox as it should be."""

    def __init__(self) -> None:
        self.orders: list[OrderId] = []
        self.outbox: list[OrderId] = []
        self.unmarked: OrderId | None = None
        self.queue: list[OrderId] = []
        self.applied: set[OrderId] = set()
        self.shipped: list[OrderId] = []

    def place_order(self, order: OrderId) -> None:
        self.orders.append(order)
        self.outbox.append(order)

    def publish(self, order: OrderId) -> None:
        self.queue.append(order)
        self.unmarked = order

    def mark_sent(self, order: OrderId) -> None:
        self.outbox.remove(order)
        self.unmarked = None

    def consume(self, order: OrderId) -> None:
        self.queue.remove(order)
        if order not in self.applied:
            self.shipped.append(order)
        self.applied.add(order)

    def crash_relay(self) -> None:
        self.unmarked = None

    def redeliver(self, order: OrderId) -> None:
        self.queue.append(order)

    def observe(self) -> Mapping[str, object]:
        return {"orders": self.orders, "shipped": self.shipped}


class ShipsTwice(Ledger):
    """The consumer does not remember."""

    def consume(self, order: OrderId) -> None:
        self.queue.remove(order)
        self.shipped.append(order)


class LosesOnCrash(Ledger):
    """The relay deletes the row before the broker has the event."""

    def publish(self, order: OrderId) -> None:
        self.outbox.remove(order)
        self.unmarked = order

    def mark_sent(self, order: OrderId) -> None:
        self.queue.append(order)
        self.unmarked = None

    def observe(self) -> Mapping[str, object]:
        return {**super().observe(), "outbox": self.outbox}


class RefusesSecond(Ledger):
    """A unique key on the queue: the broker takes no event twice."""

    def redeliver(self, order: OrderId) -> None:
        raise NotEnabled


class Raises(Ledger):
    """An event that was applied is an error."""

    def consume(self, order: OrderId) -> None:
        if order in self.applied:
            raise KeyError(order)
        super().consume(order)
