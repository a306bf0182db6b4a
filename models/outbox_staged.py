"""An outbox in another store than the state: outputs are staged, and published after the commit.

Claim   A message that is acknowledged has changed the state once and sent one output, of the
        version that it made, although no two stores are written at once.
Faults  Each message is in the queue in several copies; a commit may fail, and its handler gives up.
        With outputs staged under the message's id, the attempt that loses replaces the output of
        the one that has won. Without the version check the loser wins, too.
Source  T. Masternak, S. Pobiega, Model checking exactly-once, 2020
        (exactly_once_none_atomic.tla); the counts in the manifest are those that TLC prints.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Final

from checker import (
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


class Copy(Enum):
    """Which of a message's copies this is."""

    FIRST = "the original"
    SECOND = "the duplicate"


class Handler(Id, scope=2):
    """One of the processes that take messages from the queue."""


@dataclass(frozen=True)
class Delivery:
    """One copy of a message; an attempt to process it is called by the same name."""

    message: MessageId
    copy: Copy


@dataclass(frozen=True)
class Change:
    """A change of the state, with the version that it made and the message that it answers."""

    message: MessageId
    version: Annotated[int, Limit(0, 8)]


@dataclass(frozen=True)
class Output:
    """What is to be sent for a message, with the version of the state that it tells of."""

    message: MessageId
    version: Annotated[int, Limit(0, 8)]


@dataclass(frozen=True)
class Entity:
    """The state with its version, and the attempt whose outputs are not published yet."""

    history: list[Change]
    version: Annotated[int, Limit(0, 8)] = 0
    pending: Delivery | None = None


class OutboxStaged(Model):
    """One queue; one store of the state; another one of staged and published outputs."""

    copies: Final[int] = 2
    stage_by_attempt: Final[bool] = True  # or by the message's id?
    check_version: Final[bool] = True  # is a commit refused if the state has changed meanwhile?

    queue: set[Delivery] = set()
    entity: Entity = Entity(history=[])
    staged: dict[Delivery, Output] = {}
    outbox: dict[MessageId, Output] = {}
    sent: set[Output] = set()
    processed: set[Delivery] = set()

    @initial
    def every_copy_waits(self) -> None:
        for message in MessageId:
            self.queue.add(Delivery(message, Copy.FIRST))
            if self.copies > 1:
                self.queue.add(Delivery(message, Copy.SECOND))

    @process(fair="weak")
    def handler(self, me: Handler) -> Steps:
        while True:
            yield "main_loop"
            yield "lock"
            delivery = choose(self.queue)
            self.queue.remove(delivery)
            state = self.entity
            if state.pending is not None:
                yield "publish_pending"
                output = self.staged[state.pending]
                self.outbox[output.message] = output
                yield "clear_pending"
                if self.entity.version != state.version:
                    continue
                if either("ok", "failure") == "failure":
                    continue
                self.entity = replace(self.entity, pending=None, version=state.version + 1)
            yield "process"
            if delivery.message not in self.outbox:
                attempt = delivery
                if not self.stage_by_attempt:
                    attempt = Delivery(delivery.message, Copy.FIRST)
                version = state.version + 1
                history = state.history.copy()
                history.append(Change(delivery.message, version))
                state = Entity(history, version, attempt)
                yield "stage"
                self.staged[attempt] = Output(delivery.message, state.version)
                yield "commit"
                if self.check_version and self.entity.version + 1 != state.version:
                    continue
                if either("ok", "failure") == "failure":
                    continue
                self.entity = state
                yield "publish"
                self.outbox[delivery.message] = self.staged[attempt]
                yield "clear"
                if self.entity.version != state.version:
                    continue
                if either("ok", "failure") == "failure":
                    continue
                self.entity = replace(self.entity, pending=None, version=state.version + 1)
            yield "send"
            self.sent.add(self.outbox[delivery.message])
            self.processed.add(delivery)

    @invariant
    def at_most_one_change(self, message: MessageId) -> bool:
        return sum(1 for c in self.entity.history if c.message == message) <= 1

    @invariant
    def at_most_one_output(self, message: MessageId) -> bool:
        return sum(1 for output in self.sent if output.message == message) <= 1

    @invariant
    def state_and_output_agree(self, message: MessageId) -> bool:
        """An acknowledged message has sent the version that it made."""
        return not any(delivery.message == message for delivery in self.processed) or any(
            output.message == message and Change(message, output.version) in self.entity.history
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
