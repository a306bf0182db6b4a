"""External inbox: the ids of processed messages are kept in a store beside the entity.

Claim   Every message changes the entity once, its output is sent, it is acknowledged in the end;
        and nothing of it stays in the entity.
Faults  Two workers have the same message, or one comes again later; a worker crashes, or does not
        learn whether a write succeeded; the inbox answers from a stale replica.
Source  exactly-once/workshop, exercise 18; S. Pobiega, T. Masternak, exactly-once.github.io.
"""

from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Capacity,
    Id,
    LeadsTo,
    Limit,
    Model,
    Steps,
    action,
    at,
    at_rest,
    choose,
    either,
    fault,
    invariant,
    liveness,
    process,
    restart,
    unlucky,
    when,
    witness,
)


class MessageId(Id, scope=1):
    """What the sender calls its message. All messages change the same entity."""


class Worker(Id, scope=2):
    """One of the competing consumers."""


class CleanUp(Enum):
    """What a worker removes from the entity if the inbox knows its message."""

    READ_AGAIN = "what the entity holds after the inbox was read"
    AS_READ = "what it held before"
    NEVER = "nothing"


class ExternalInbox(Model):
    """A queue, an entity with the outputs that are still to be sent, and an inbox."""

    entity_first: Final[bool] = True  # is the entity read before the inbox?
    check_version: Final[bool] = True  # is a write refused if the entity is not as it was read?
    mark_after_dispatch: Final[bool] = True
    mark_before_removal: Final[bool] = True
    clean_up: Final[CleanUp] = CleanUp.READ_AGAIN
    pending_first: Final[bool] = False  # are pending outputs sent without a look into the inbox?
    mark_again: Final[bool] = True  # can a message be marked that is marked already?
    stale_reads: Final[bool] = False  # may the inbox not show what was marked before?

    sent: set[MessageId] = set()
    queue: set[MessageId] = set()  # shown to all workers until it is acknowledged

    # The entity. Its parts are written together.
    version: Annotated[int, Limit(0, 12)] = 0
    changes: Annotated[Bag[MessageId], Capacity(4)] = Bag()
    pending: set[MessageId] = set()  # whose outputs are stored, and not all sent

    inbox: set[MessageId] = set()
    outputs: set[MessageId] = set()

    @action
    def send(self, message: MessageId) -> None:
        when(message not in self.sent)
        self.sent.add(message)
        self.queue.add(message)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            message = choose(self.queue)
            known = message in self.inbox
            pending = message in self.pending
            version: Annotated[int, Limit(0, 12)] = self.version
            yield "look_up"
            if self.entity_first:
                known = message in self.inbox
            else:
                pending = message in self.pending
                version = self.version
            if self.stale_reads and known:
                known = either("fresh", unlucky("stale", at_most=1)) == "fresh"
            if known and not (self.pending_first and pending):
                if self.clean_up is CleanUp.READ_AGAIN:
                    yield "read_again"
                    pending = message in self.pending
                    version = self.version
                if self.clean_up is not CleanUp.NEVER and pending:
                    yield "remove_rest"
                    if self.check_version and version != self.version:
                        continue
                    self.pending.discard(message)
                    self.version += 1
                yield "drop"
                self.queue.discard(message)
                continue
            if not pending:
                yield "commit"
                if self.check_version and version != self.version:
                    continue
                self.changes.add(message)
                self.pending.add(message)
                self.version += 1
                version = self.version
            if self.mark_after_dispatch:
                yield "dispatch"
                self.outputs.add(message)
            if self.mark_before_removal:
                yield "mark"
                if not self.mark_again and message in self.inbox:
                    continue  # refused: the message is seen again
                self.inbox.add(message)
                if not self.mark_after_dispatch:
                    yield "dispatch_late"
                    self.outputs.add(message)
            yield "remove"
            if self.check_version and version != self.version:
                continue
            self.pending.discard(message)
            self.version += 1
            if not self.mark_before_removal:
                yield "mark_late"
                self.inbox.add(message)
            yield "acknowledge"
            self.queue.discard(message)

    @fault(at_most=1)
    def crash(self, worker: Worker) -> None:
        """A worker dies, or gives its message back not knowing whether it has written."""
        when(not at(self.worker, worker, "receive"))
        restart(self.worker, worker)

    @fault(at_most=1)
    def repeat(self, message: MessageId) -> None:
        """A duplicate comes after the message was dealt with."""
        when(message in self.sent and message not in self.queue)
        self.queue.add(message)

    @invariant
    def no_message_is_applied_twice(self, message: MessageId) -> bool:
        return self.changes.count(message) <= 1

    @invariant
    def a_change_is_always_known(self) -> bool:
        """From its commit on, a message is in the entity or in the inbox."""
        return all(message in self.pending or message in self.inbox for message in self.changes)

    @at_rest
    def nothing_is_left_behind(self) -> bool:
        return len(self.pending) == 0

    @liveness
    def no_output_is_lost(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.changes, message in self.outputs)

    @liveness
    def every_message_is_acknowledged(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.queue, message in self.changes and message not in self.queue)

    @witness
    def a_processed_message_can_come_again(self, message: MessageId) -> bool:
        return message in self.queue and message in self.inbox and message not in self.pending

    @witness
    def something_can_be_left_for_the_next(self, message: MessageId) -> bool:
        return message in self.inbox and message in self.pending
