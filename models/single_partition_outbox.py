"""Single-partition outbox: the entity names one transaction; whoever finds it there finishes it.

Claim   Every message changes the entity once, the output that is sent tells of that change, and
        every message is acknowledged in the end, although no two stores are written at once.
Faults  Two workers have the same message; a worker crashes; a write to the entity is applied, or
        refused, and nobody learns which.
Source  exactly-once/workshop, exercises 15 and 16; ExactlyOnce.AzureFunctions; the broken variants
        with a wrong mark, an early deletion and a hasty clean-up are in the published code.
"""

from dataclasses import dataclass
from typing import Annotated, Final

from checker import (
    Id,
    LeadsTo,
    Limit,
    Model,
    Steps,
    at,
    at_rest,
    choose,
    either,
    fault,
    initial,
    invariant,
    liveness,
    process,
    restart,
    unlucky,
    when,
    witness,
)

Version = Annotated[int, Limit(0, 8)]


class MessageId(Id, scope=1):
    """What the sender calls its message. All messages change the same entity."""


class Worker(Id, scope=2):
    """One of the competing consumers."""


@dataclass(frozen=True)
class Change:
    """A version of the entity, and the message that made it; and the output that tells of it."""

    message: MessageId
    version: Version


@dataclass(frozen=True)
class Attempt:
    """The id of a transaction: no two attempts share one that differ in what they write."""

    message: MessageId
    version: Version = 0
    worker: Worker | None = None


class SinglePartitionOutbox(Model):
    """A queue; an entity; an outbox and an inbox, each in a store of its own."""

    stage_by_attempt: Final[bool] = True  # or under the message's id?
    check_first_write: Final[bool] = True  # may an entity be created only where there is none?
    mark_owner: Final[bool] = True  # is the message of the record marked, or the worker's own?
    mark_before_deletion: Final[bool] = True
    keep_if_unanswered: Final[bool] = True  # does what is staged stay, if the write may be applied?
    help: Final[bool] = True  # does a worker finish what another one has begun?

    queue: set[MessageId] = set()  # shown to all workers until it is acknowledged

    # The entity. Its parts are written together.
    version: Version = 0
    changes: set[Change] = set()
    transaction: Attempt | None = None  # committed, and not finished

    outbox: dict[Attempt, Change] = {}
    inbox: set[MessageId] = set()
    outputs: set[Change] = set()

    @initial
    def every_message_waits(self) -> None:
        for message in MessageId:
            self.queue.add(message)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        mine: Attempt | None = None
        while True:
            yield "receive"
            message = choose(self.queue)
            while True:
                yield "read_entity"
                version: Version = self.version
                transaction = self.transaction
                if transaction is not None:
                    if not self.help and transaction != mine:
                        continue
                    yield "load_record"
                    record = self.outbox.get(transaction)
                    if record is not None:
                        yield "publish"
                        self.outputs.add(record)
                        if not self.mark_before_deletion:
                            yield "delete_early"
                            self.outbox = {a: c for a, c in self.outbox.items() if a != transaction}
                        yield "mark"
                        self.inbox.add(record.message if self.mark_owner else message)
                    yield "clear_transaction"
                    if version == self.version:
                        self.transaction = None
                        self.version += 1
                    if self.mark_before_deletion:
                        yield "delete_record"
                        if transaction in self.outbox:
                            del self.outbox[transaction]
                    continue
                yield "read_inbox"
                if message in self.inbox:
                    break
                attempt = Attempt(message)
                if self.stage_by_attempt:
                    attempt = Attempt(message, version, me)
                yield "stage"
                self.outbox[attempt] = Change(message, version + 1)
                yield "commit"
                created = version == 0 and not self.check_first_write
                refused = version != self.version and not created
                if not refused:
                    self.version = version + 1
                    if created:
                        self.changes = {Change(message, 1)}
                    else:
                        self.changes.add(Change(message, version + 1))
                    self.transaction = attempt
                    if not self.help:
                        mine = attempt
                if either("answered", unlucky("unanswered", at_most=1)) == "unanswered":
                    if self.keep_if_unanswered:
                        continue
                    refused = True
                if refused:
                    yield "unstage"
                    if attempt in self.outbox:
                        del self.outbox[attempt]
            yield "acknowledge"
            self.queue.discard(message)

    @fault(at_most=1)
    def crash(self, worker: Worker) -> None:
        when(not at(self.worker, worker, "receive"))
        restart(self.worker, worker)

    @invariant
    def no_message_is_applied_twice(self, message: MessageId) -> bool:
        return sum(1 for change in self.changes if change.message == message) <= 1

    @invariant
    def what_is_said_is_so(self) -> bool:
        """An output tells of a change that the entity has."""
        return all(output in self.changes for output in self.outputs)

    @invariant
    def what_is_marked_is_applied(self) -> bool:
        return all(any(c.message == message for c in self.changes) for message in self.inbox)

    @invariant
    def what_is_acknowledged_is_said(self, message: MessageId) -> bool:
        return message in self.queue or any(output.message == message for output in self.outputs)

    @at_rest
    def nothing_is_left_undone(self) -> bool:
        """A transaction of which only the end is missing waits for the next message."""
        rest = self.transaction is None or self.transaction.message in self.inbox
        return len(self.queue) == 0 and rest

    @liveness
    def every_message_is_acknowledged(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.queue, message not in self.queue)

    @witness
    def another_finishes_what_one_has_begun(self) -> bool:
        return any(
            at(self.worker, worker, "publish")
            and self.transaction is not None
            and self.transaction.worker != worker
            for worker in Worker
        )
