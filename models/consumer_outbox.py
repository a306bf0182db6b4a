"""Consumer outbox: change, record and outputs in one transaction; the outputs go out after it.

Claim   Every message changes each endpoint once, and what it makes the endpoint say is said in the
        end, and not before the change is committed.
Faults  Two workers have the same message, for the broker shows it until it is acknowledged; the
        sender sends it twice; a worker crashes, or does not learn whether its commit succeeded.
Source  docs.particular.net, "Outbox"; masstransit.io, "Transactional outbox" (consumer outbox).
"""

from dataclasses import dataclass
from enum import Enum
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
    at_rest,
    choose,
    fault,
    invariant,
    liveness,
    process,
    pure,
    restart,
    when,
    witness,
)


class MessageId(Id, scope=1):
    """What the sender calls its message."""


class Worker(Id, scope=2):
    """One of the workers that serve the endpoints."""


class Endpoint(Enum):
    """Who receives the message. They share one database."""

    BILLING = "makes the invoice"
    SHIPPING = "packs the parcel"


class Copy(Enum):
    """Which of a message's copies this is."""

    ORIGINAL = "the first"
    DUPLICATE = "sent again"


@dataclass(frozen=True)
class Delivery:
    """A copy of a message in the queue of an endpoint; and the key of its record."""

    message: MessageId
    endpoint: Endpoint
    copy: Copy = Copy.ORIGINAL


@pure
def original(delivery: Delivery) -> Delivery:
    """The message itself, whichever copy has come."""
    return Delivery(delivery.message, delivery.endpoint)


class Record(Enum):
    """When the record of a message is written, with the outputs to be sent."""

    WITH_CHANGE = "in the transaction of the change"
    AFTER_CHANGE = "in a transaction of its own after it"
    BEFORE_CHANGE = "in a transaction of its own before it"


class ConsumerOutbox(Model):
    """A broker, two endpoints with one database, and workers."""

    record: Final[Record] = Record.WITH_CHANGE
    unique_key: Final[bool] = True  # does a second record with the key roll the transaction back?
    key_per_endpoint: Final[bool] = True  # or one for all who receive the message?
    key_from_sender: Final[bool] = True  # or from the broker, another one for each copy?
    send_after_commit: Final[bool] = True  # or from the handler, at once?
    mark_after_send: Final[bool] = True
    keep_records: Final[bool] = True  # for longer than a copy can be late?
    keep_trying: Final[bool] = True  # or does a message go to the error queue after a crash?

    published: set[Delivery] = set()
    queue: set[Delivery] = set()  # shown to all workers until it is acknowledged
    errors: set[Delivery] = set()

    # The database of both endpoints.
    changes: Annotated[Bag[Delivery], Capacity(6)] = Bag()
    records: set[Delivery] = set()
    unsent: set[Delivery] = set()  # the records whose outputs are not marked as sent

    outputs: set[Delivery] = set()  # what was said, to whoever wants to hear it

    @action
    def publish(self, message: MessageId, endpoint: Endpoint) -> None:
        delivery = Delivery(message, endpoint)
        when(delivery not in self.published)
        self.published.add(delivery)
        self.queue.add(delivery)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            delivery = choose(self.queue)
            key = self.key(delivery)
            if key not in self.records:
                if not self.send_after_commit:
                    yield "send_at_once"
                    self.outputs.add(original(delivery))
                if self.record is Record.BEFORE_CHANGE:
                    yield "record"
                    self.records.add(key)
                    self.unsent.add(key)
                yield "commit"
                if self.record is Record.WITH_CHANGE:
                    if self.unique_key and key in self.records:
                        continue  # rolled back; the message is still in the queue
                    self.records.add(key)
                    self.unsent.add(key)
                self.changes.add(original(delivery))
                if self.record is Record.AFTER_CHANGE:
                    yield "record_late"
                    self.records.add(key)
                    self.unsent.add(key)
            if not self.mark_after_send and key in self.unsent:
                yield "mark_first"
                self.unsent.discard(key)
                yield "send_marked"
                self.outputs.add(original(delivery))
            elif key in self.unsent:
                yield "send"
                self.outputs.add(original(delivery))
                yield "mark_sent"
                self.unsent.discard(key)
            yield "acknowledge"
            self.queue.discard(delivery)

    @pure
    def key(self, delivery: Delivery) -> Delivery:
        """What the record of a message is found by."""
        endpoint = delivery.endpoint if self.key_per_endpoint else Endpoint.BILLING
        copy = Copy.ORIGINAL if self.key_from_sender else delivery.copy
        return Delivery(delivery.message, endpoint, copy)

    @fault(at_most=1)
    def crash(self, worker: Worker) -> None:
        """A worker dies, or gives its message back since it does not know whether it committed."""
        when(not at(self.worker, worker, "receive"))
        restart(self.worker, worker)

    @fault(at_most=1)
    def repeat(self, message: MessageId, endpoint: Endpoint) -> None:
        """The sender sends a message again, for it does not know whether it has sent it."""
        when(Delivery(message, endpoint) in self.published)
        self.queue.add(Delivery(message, endpoint, Copy.DUPLICATE))

    @fault(at_most=1)
    def expire(self, key: Delivery) -> None:
        """A job removes the record of a message that was dealt with long ago."""
        when(not self.keep_records and key in self.records and key not in self.unsent)
        self.records.remove(key)

    @fault(at_most=1)
    def move_to_error_queue(self, delivery: Delivery) -> None:
        """The broker gives a message up after its last delivery."""
        when(not self.keep_trying and delivery in self.queue)
        self.queue.remove(delivery)
        self.errors.add(delivery)

    @invariant
    def no_message_is_applied_twice(self, message: MessageId, endpoint: Endpoint) -> bool:
        return self.changes.count(Delivery(message, endpoint)) <= 1

    @invariant
    def nothing_is_said_of_a_change_that_is_not(self) -> bool:
        """No output is a ghost."""
        return all(output in self.changes for output in self.outputs)

    @at_rest
    def every_message_is_applied(self) -> bool:
        return all(d in self.changes or d in self.errors for d in self.published)

    @liveness
    def no_message_is_lost(self, message: MessageId, endpoint: Endpoint) -> LeadsTo:
        delivery = Delivery(message, endpoint)
        return LeadsTo(
            delivery in self.published, delivery in self.changes or delivery in self.errors
        )

    @liveness
    def no_output_is_lost(self, message: MessageId, endpoint: Endpoint) -> LeadsTo:
        """A record whose output is never sent is a zombie."""
        delivery = Delivery(message, endpoint)
        return LeadsTo(delivery in self.changes, delivery in self.outputs)

    @witness
    def a_change_waits_for_its_output(self) -> bool:
        return any(change not in self.outputs for change in self.changes)

    @witness
    def a_known_message_comes_again(self) -> bool:
        return any(d.copy is Copy.DUPLICATE and original(d) in self.records for d in self.queue)
