"""Dual write: a worker commits a change, sends an output and acknowledges, and can die in between.

Claim   Commit first, under the version that was loaded, with the message's id and the output in the
        same write; then send what is stored; acknowledge last. Every message then changes the
        entity once, and what is sent for it is the output of that change, sent once or repeated.
Faults  A worker crashes; a lock expires, and its worker does not know. If a message is given up
        after `deliveries_max` deliveries, no order of the calls keeps its output from being lost.
Source  Particular Software, Outbox (ghost messages, zombie records),
        https://docs.particular.net/nservicebus/outbox/
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Eventually,
    Id,
    Limit,
    Map,
    Model,
    Steps,
    at,
    at_rest,
    choose,
    fault,
    initial,
    invariant,
    liveness,
    process,
    pure,
    restart,
    volatile,
    when,
    witness,
)


class MessageId(Id, scope=1):
    """What the sender calls its message."""


class Worker(Id, scope=2):
    """One of the competing consumers."""


class Call(Enum):
    """The three calls that a worker makes, each to another server."""

    COMMIT = "to the database"
    SEND = "to the broker, of the output"
    ACKNOWLEDGE = "to the broker, of the message"


class Known(Enum):
    """What a worker does with a message that the loaded entity has processed."""

    SEND_STORED = "send the output that is stored with the change"
    SEND_OWN = "send an output of its own"
    SKIP = "nothing but to acknowledge it"
    PROCESS = "the same as with a new one"


@dataclass(frozen=True)
class Change:
    """A committed change: the message that made it, and at which of its deliveries."""

    message: MessageId
    delivery: Annotated[int, Limit(0, 6)]


@dataclass(frozen=True)
class Output:
    """What was sent for a message, and the delivery at which it was made."""

    message: MessageId
    delivery: Annotated[int, Limit(0, 6)]


class DualWrite(Model):
    """One queue with locks, one entity with a version, and workers that compete."""

    first: Final[Call] = Call.COMMIT  # the others follow in the order of `Call`
    when_known: Final[Known] = Known.SEND_STORED
    check_version: Final[bool] = True  # is a commit refused if the entity has changed since?
    deliveries_max: Final[int] = 0  # the worker gives up a message delivered more often; 0: never

    # Broker. A message stays in the queue until it is acknowledged; a lock hides it from others.
    queue: set[MessageId] = set()
    locked: Annotated[dict[Worker, MessageId], volatile("worker")] = {}
    deliveries: Map[MessageId, Annotated[int, Limit(0, 6)]] = Map(0)
    errors: set[MessageId] = set()

    changes: list[Change] = []  # of the entity; their number is its version
    sent: set[Output] = set()

    @initial
    def every_message_waits(self) -> None:
        for message in MessageId:
            self.queue.add(message)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            message = choose({m for m in self.queue if self.is_visible(m)})
            if 0 < self.deliveries_max <= self.deliveries[message]:
                self.queue.remove(message)
                self.errors.add(message)
                continue
            self.locked[me] = message
            self.deliveries[message] += 1
            delivery = self.deliveries[message]
            if self.first is Call.ACKNOWLEDGE:
                yield "acknowledge_first"
                if self.locked.get(me) == message:
                    self.queue.remove(message)
                    del self.locked[me]
            if self.first is Call.SEND:
                yield "send_first"
                self.sent.add(Output(message, delivery))
            yield "load"
            version: Annotated[int, Limit(0, 6)] = len(self.changes)
            known = self.when_known is not Known.PROCESS and self.is_changed(message)
            if not known:
                yield "commit"
                if self.check_version and version != len(self.changes):
                    if self.locked.get(me) == message:
                        del self.locked[me]
                    continue
                self.changes.append(Change(message, delivery))
            if self.first is not Call.SEND and not (known and self.when_known is Known.SKIP):
                yield "send"
                if self.when_known is Known.SEND_STORED:
                    for change in self.changes:
                        if change.message == message:
                            self.sent.add(Output(message, change.delivery))
                else:
                    self.sent.add(Output(message, delivery))
            if self.first is not Call.ACKNOWLEDGE:
                yield "acknowledge"
                if self.locked.get(me) == message:
                    self.queue.remove(message)
                    del self.locked[me]

    @fault(at_most=1)
    def crash(self, me: Worker) -> None:
        """The worker restarts; the broker notices, and unlocks its message."""
        when(not at(self.worker, me, "receive"))
        restart(self.worker, me)

    @fault(at_most=1)
    def lock_expires(self, me: Worker) -> None:
        """Others can receive the message, while this worker goes on with it."""
        when(me in self.locked)
        del self.locked[me]

    @pure
    def is_visible(self, message: MessageId) -> bool:
        return all(self.locked.get(worker) != message for worker in Worker)

    @pure
    def is_changed(self, message: MessageId) -> bool:
        return any(change.message == message for change in self.changes)

    @invariant
    def no_ghost_message(self) -> bool:
        """Nothing is told to the world that has not happened."""
        return all(self.is_changed(output.message) for output in self.sent)

    @invariant
    def no_double_apply(self, message: MessageId) -> bool:
        return sum(1 for change in self.changes if change.message == message) <= 1

    @invariant
    def consistent_output(self, message: MessageId) -> bool:
        """What is sent for a message twice is the same, so a receiver can drop it."""
        return sum(1 for output in self.sent if output.message == message) <= 1

    @at_rest
    def no_lost_state(self, message: MessageId) -> bool:
        return self.is_changed(message) or message in self.errors

    @at_rest
    def no_lost_output(self, message: MessageId) -> bool:
        """Whatever has happened was told, be its message acknowledged or given up."""
        return not self.is_changed(message) or any(o.message == message for o in self.sent)

    @witness
    def a_processed_message_returns(self, message: MessageId) -> bool:
        """Unless this state occurs, nobody ever sees a duplicate of what he has done."""
        return message in self.queue and self.is_visible(message) and self.is_changed(message)

    @liveness
    def every_message_leaves_the_queue(self, message: MessageId) -> Eventually:
        return Eventually(message not in self.queue)
