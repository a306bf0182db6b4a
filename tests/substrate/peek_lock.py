"""A queue with locks: every message is handled, some twice; a zombie acknowledges nothing.

A lock expires because its holder has crashed, which progress needs: a fair action. That it expires
under somebody who works is bad luck: a fault.
"""

from typing import Annotated, Final

from checker import (
    Bag,
    Capacity,
    Id,
    LeadsTo,
    Model,
    Steps,
    action,
    at,
    choose,
    fault,
    invariant,
    liveness,
    process,
    restart,
    when,
    witness,
)
from checker.channels import Queue


class MessageId(Id, scope=1):
    """A message."""


class Worker(Id, scope=2):
    """One of the competing workers."""


class PeekLock(Model):
    deliveries: Final[int] = 0  # 0: a message is never given up

    queue: Annotated[Queue[MessageId, Worker], Capacity(2)] = Queue()
    sent: set[MessageId] = set()
    handled: Annotated[Bag[MessageId], Capacity(5)] = Bag()

    @action
    def send(self, message: MessageId) -> None:
        when(message not in self.sent)
        self.sent.add(message)
        self.queue = self.queue.send(message)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            copy = choose(self.queue.visible)
            self.queue = self.queue.receive(copy, me)
            yield "handle"
            self.handled.add(copy.message)
            yield "acknowledge"
            self.queue = self.queue.acknowledge(copy, me)

    @fault(at_most=1)
    def crash(self, me: Worker) -> None:
        restart(self.worker, me)

    @action(fair="weak")
    def expire(self) -> None:
        lock = choose(self.queue.locked)
        when(at(self.worker, lock.holder, "receive"))
        self.queue = self.queue.expire(lock, deliveries=self.deliveries)

    @fault(at_most=1)
    def expire_early(self) -> None:
        lock = choose(self.queue.locked)
        self.queue = self.queue.expire(lock, deliveries=self.deliveries)

    @invariant
    def one_copy_is_one_copy(self) -> bool:
        return len(self.queue.visible) + len(self.queue.locked) + len(self.queue.dead) <= 1

    @invariant
    def nothing_unsent_is_handled(self) -> bool:
        return all(m in self.sent for m in self.handled)

    @liveness
    def a_sent_message_is_handled(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.sent, message in self.handled)

    @witness
    def handled_twice_though_sent_once(self) -> bool:
        return any(self.handled.count(m) == 2 for m in self.sent)

    @witness
    def settled(self) -> bool:
        return len(self.sent) > 0 and self.queue.is_settled()
