"""A FIFO queue: handled in the order sent, twice after an expiry, never out of order."""

from typing import Annotated

from checker import Capacity, Id, LeadsTo, Model, action, fault, invariant, liveness, when, witness
from checker.channels import Fifo


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """One of the competing workers."""


class InOrder(Model):
    fifo: Annotated[Fifo[MessageId, Worker], Capacity(2)] = Fifo()
    sent: Annotated[list[MessageId], Capacity(2)] = []
    busy: dict[Worker, MessageId] = {}
    handled: Annotated[list[MessageId], Capacity(3)] = []

    @action
    def send(self, message: MessageId) -> None:
        when(message not in self.sent)
        self.sent.append(message)
        self.fifo = self.fifo.send(message)

    @action(fair="weak")
    def receive(self, me: Worker) -> None:
        when(self.fifo.is_ready() and me not in self.busy)
        self.busy[me] = self.fifo.first()
        self.fifo = self.fifo.receive(me)

    @action(fair="weak")
    def handle(self, me: Worker) -> None:
        when(me in self.busy)
        self.handled.append(self.busy[me])
        self.fifo = self.fifo.acknowledge(me)
        del self.busy[me]

    @fault(at_most=1)
    def expire(self) -> None:
        when(self.fifo.holder is not None)
        self.fifo = self.fifo.expire()

    @invariant
    def the_first_handled_is_the_first_sent(self) -> bool:
        return len(self.handled) == 0 or self.handled[0] == self.sent[0]

    @invariant
    def nobody_handles_the_second_before_the_first(self) -> bool:
        return all(m == self.sent[0] or self.sent[0] in self.handled for m in self.handled)

    @liveness
    def everything_is_handled(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.sent, message in self.handled)

    @witness
    def handled_twice(self, message: MessageId) -> bool:
        return self.handled.count(message) == 2

    @witness
    def a_zombie_handles_the_first_after_the_second(self) -> bool:
        return len(self.handled) == 3 and self.handled[0] == self.handled[2]
