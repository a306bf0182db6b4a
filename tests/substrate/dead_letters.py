"""Delivery counts: what fails twice is dead, and may be sent once more, late."""

from typing import Annotated

from checker import Capacity, Id, Model, action, at_rest, choose, fault, invariant, when, witness
from checker.channels import Queue


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=1):
    """Who handles them."""


class DeadLetters(Model):
    queue: Annotated[Queue[MessageId, Worker], Capacity(2)] = Queue()
    sent: set[MessageId] = set()
    handled: set[MessageId] = set()
    resubmitted: set[MessageId] = set()

    @action
    def send(self, message: MessageId) -> None:
        when(message not in self.sent)
        self.sent.add(message)
        self.queue = self.queue.send(message)

    @action(fair="weak")
    def receive(self, me: Worker) -> None:
        when(len(self.queue.locked) == 0)
        copy = choose(self.queue.visible)
        self.queue = self.queue.receive(copy, me)

    @action(fair="weak")
    def handle(self, me: Worker) -> None:
        lock = choose(self.queue.locked)
        self.handled.add(lock.copy.message)
        self.queue = self.queue.acknowledge(lock.copy, me)

    @fault(at_most=3)
    def fail(self, me: Worker) -> None:
        lock = choose(self.queue.locked)
        self.queue = self.queue.abandon(lock.copy, me, deliveries=2)

    @fault(at_most=1)
    def give_up(self, me: Worker) -> None:
        lock = choose(self.queue.locked)
        self.queue = self.queue.dead_letter(lock.copy, me)

    @fault(at_most=1)
    def resubmit(self) -> None:
        message = choose(self.queue.dead)
        self.queue = self.queue.resubmit(message)
        self.resubmitted.add(message)

    @invariant
    def a_copy_fails_less_than_twice(self) -> bool:
        return all(copy.failed < 2 for copy in self.queue.visible)

    @at_rest
    def handled_or_dead(self) -> bool:
        return all(m in self.handled or m in self.queue.dead for m in self.sent)

    @witness
    def dead_without_being_handled(self) -> bool:
        return any(m not in self.handled for m in self.queue.dead)

    @witness
    def handled_after_it_was_dead(self) -> bool:
        return any(m in self.handled for m in self.resubmitted)
