"""A FIFO for each key: the order within a key is kept, that between keys is not."""

from typing import Annotated

from checker import Capacity, Id, LeadsTo, Model, action, fault, invariant, liveness, when, witness
from checker.channels import KeyedFifo


class OrderId(Id, scope=2):
    """What messages are about, and kept in order for."""


class Worker(Id, scope=2):
    """One of the competing workers."""


class InOrderByKey(Model):
    """Two messages for each order: False is the first, True the second."""

    fifo: Annotated[KeyedFifo[OrderId, bool, Worker], Capacity(2)] = KeyedFifo()
    placed: set[OrderId] = set()
    paid: set[OrderId] = set()
    handled: dict[OrderId, bool] = {}

    @action
    def place(self, order: OrderId) -> None:
        when(order not in self.placed)
        self.placed.add(order)
        self.fifo = self.fifo.send(order, False)

    @action
    def pay(self, order: OrderId) -> None:
        when(order in self.placed and order not in self.paid)
        self.paid.add(order)
        self.fifo = self.fifo.send(order, True)

    @action(fair="weak")
    def receive(self, order: OrderId, me: Worker) -> None:
        when(self.fifo.is_ready(order))
        self.fifo = self.fifo.receive(order, me)

    @action(fair="weak")
    def handle(self, order: OrderId, me: Worker) -> None:
        when(self.fifo.holds(order, me))
        self.handled[order] = self.fifo.first(order)
        self.fifo = self.fifo.acknowledge(order, me)

    @fault(at_most=1)
    def expire(self, order: OrderId) -> None:
        when(order in self.fifo.holder)
        self.fifo = self.fifo.expire(order)

    @invariant
    def no_payment_before_its_order(self, order: OrderId) -> bool:
        """What waits behind a handled payment can be nothing of the same order."""
        return (
            order not in self.handled or not self.handled[order] or order not in self.fifo.waiting
        )

    @liveness
    def a_payment_is_handled(self, order: OrderId) -> LeadsTo:
        return LeadsTo(order in self.paid, order in self.handled and self.handled[order])

    @witness
    def one_order_overtakes_another(self, order: OrderId, other: OrderId) -> bool:
        return order == other or (order in self.handled and other not in self.handled)
