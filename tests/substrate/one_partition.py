"""A batch is all or nothing within a partition; two partitions take two steps and a crash."""

from typing import Final

from checker import Id, Model, Steps, at_rest, fault, process, stop, witness
from checker.stores import PartitionedStore


class OrderId(Id, scope=1):
    """Also the name of the order's partition, and of its documents there."""


class OnePartition(Model):
    """Partition False holds the orders; True, another one, may hold the events."""

    together: Final[bool] = True  # do the order and its event share a partition?

    store: PartitionedStore[bool, bool, OrderId] = PartitionedStore()

    @process(fair="weak")
    def place(self, order: OrderId) -> Steps:
        yield "write_order"
        batch = self.store.partition(False).insert(False, order)
        if self.together:
            batch = batch.insert(True, order)
        self.store = self.store.commit(False, batch)
        yield "write_event"
        if not self.together:
            event = self.store.partition(True).insert(True, order)
            self.store = self.store.commit(True, event)

    @fault(at_most=1)
    def crash(self, order: OrderId) -> None:
        stop(self.place, order)

    @at_rest
    def an_order_has_its_event(self) -> bool:
        placed = self.store.partition(False).has(False)
        announced = self.store.partition(not self.together).has(True)
        return placed == announced

    @witness
    def an_order_is_placed(self) -> bool:
        return self.store.partition(False).has(False)
