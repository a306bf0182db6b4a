"""An outbox kept with the state, and a handler that can fail at every step.

Claim   Every message that is acknowledged has changed the state once and sent one output, of the
        version that it made; and in the end all messages are acknowledged or given up.
Faults  Each write may fail; the message then returns to the queue, at most `retries` times.
        Without the version check a handler overwrites what the other one has committed;
        without a look into the outbox a message that returns is processed again.
Source  T. Masternak, S. Pobiega, Model checking exactly-once, 2020 (exactly_once.tla); the counts
        in the manifest are those that TLC prints for it.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Final

from checker import (
    Bounds,
    Eventually,
    Id,
    Limit,
    Model,
    Steps,
    at,
    choose,
    either,
    initial,
    invariant,
    liveness,
    process,
    witness,
)


class MessageId(Id, scope=2):
    """What the sender calls its message."""


class Handler(Id, scope=2):
    """One of the processes that take messages from the queue."""


@dataclass(frozen=True)
class Delivery:
    """A message in the queue, with the number of attempts that have failed."""

    message: MessageId
    failed: Annotated[int, Bounds(0, 3)] = 0


@dataclass(frozen=True)
class Change:
    """One version of the state, and the message that made it."""

    message: MessageId
    version: Annotated[int, Limit(0, 8)]


@dataclass(frozen=True)
class Output:
    """What the handler tells the world of a change."""

    message: MessageId
    version: Annotated[int, Limit(0, 8)]


class OutboxHandler(Model):
    """One queue, one store of versions and outbox entries, and handlers that share them."""

    retries: Final[int] = 1
    check_version: Final[bool] = True  # is a commit refused if the snapshot is not the newest?
    check_outbox: Final[bool] = True  # is a message with an entry in the outbox not processed?

    queue: set[Delivery] = set()
    log: list[Change] = []
    outbox: dict[MessageId, Output | None] = {}  # None: sent, and cleared
    sent: set[Output] = set()
    processed: set[Delivery] = set()

    @initial
    def every_message_waits(self) -> None:
        for message in MessageId:
            self.queue.add(Delivery(message))

    @process(fair="weak")
    def handler(self, me: Handler) -> Steps:
        while True:
            yield "main_loop"
            yield "lock"
            delivery = choose(self.queue)
            self.queue.remove(delivery)
            while True:  # one attempt, left at its first failure
                yield "load"
                log = self.log.copy()
                outbox = self.outbox.copy()
                if not self.check_outbox or delivery.message not in outbox:
                    yield "process_and_commit"
                    version = len(log) + 1
                    log.append(Change(delivery.message, version))
                    outbox[delivery.message] = Output(delivery.message, version)
                    if self.check_version and len(self.log) + 1 != version:
                        break
                    if either("ok", "failure") == "failure":
                        break
                    self.log = log
                    self.outbox = outbox
                yield "send"
                output = outbox[delivery.message]
                if output is not None:
                    if either("ok", "failure") == "failure":
                        break
                    self.sent.add(output)
                yield "update_outbox"
                if either("ok", "failure") == "failure":
                    break
                self.outbox[delivery.message] = None
                yield "acknowledge"
                if either("ok", "failure") == "ok":
                    self.processed.add(delivery)
                break
            if delivery not in self.processed and delivery.failed < self.retries:
                delivery = replace(delivery, failed=delivery.failed + 1)
                self.queue.add(delivery)

    @invariant
    def at_most_one_change(self, message: MessageId) -> bool:
        return sum(1 for change in self.log if change.message == message) <= 1

    @invariant
    def at_most_one_output(self, message: MessageId) -> bool:
        return sum(1 for output in self.sent if output.message == message) <= 1

    @invariant
    def state_and_output_agree(self, message: MessageId) -> bool:
        """An acknowledged message has sent the version that it made."""
        return not any(delivery.message == message for delivery in self.processed) or any(
            output.message == message and Change(message, output.version) in self.log
            for output in self.sent
        )

    @witness
    def a_message_is_processed(self, message: MessageId) -> bool:
        return any(delivery.message == message for delivery in self.processed)

    @liveness
    def every_handler_comes_to_rest(self) -> Eventually:
        return Eventually(
            len(self.queue) == 0 and all(at(self.handler, handler, "lock") for handler in Handler)
        )
