"""The last stage of `message_handler` with fewer states, as the workshop's last exercise writes it.

One counter of failures for all messages, and an attempt gets its number when it receives.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Eventually,
    Id,
    Limit,
    Model,
    Steps,
    at_rest,
    choose,
    initial,
    invariant,
    liveness,
    process,
    pure,
    witness,
)


class MessageId(Id, scope=1):
    """What the sender calls its message."""


class Answer(Enum):
    """What a call to the queue or to the database comes back with."""

    OK = "it is done"
    FAILURE = "nothing was done"


@dataclass(frozen=True)
class Change:
    """A row of the database."""

    message: MessageId
    attempt: Annotated[int, Limit(0, 8)]


@dataclass(frozen=True)
class Output:
    """A message that was sent."""

    message: MessageId
    attempt: Annotated[int, Limit(0, 8)]


class MessageHandlerCompact(Model):
    """One queue, one database, one handler."""

    failures_max: Final[int] = 1

    queue: set[MessageId] = set()
    database: set[Change] = set()
    sent: set[Output] = set()
    processed: set[MessageId] = set()
    attempts: Annotated[int, Limit(0, 8)] = 0
    failures: Annotated[int, Limit(0, 8)] = 0

    @initial
    def every_message_waits(self) -> None:
        for message in MessageId:
            self.queue.add(message)

    @pure
    def answers(self) -> set[Answer]:
        if self.failures <= self.failures_max:
            return {Answer.OK, Answer.FAILURE}
        return {Answer.OK}

    @process(fair="weak")
    def handler(self) -> Steps:
        while True:
            yield "main_loop"
            yield "receive"
            message = choose(self.queue)
            attempt = self.attempts
            self.attempts += 1
            while True:
                yield "update"
                answer = choose(self.answers())
                if answer is Answer.FAILURE:
                    break
                if not any(change.message == message for change in self.database):
                    self.database.add(Change(message, attempt))
                yield "send"
                answer = choose(self.answers())
                if answer is Answer.FAILURE:
                    break
                for change in self.database:
                    if change.message == message:
                        self.sent.add(Output(message, change.attempt))
                yield "acknowledge"
                answer = choose(self.answers())
                if answer is Answer.OK:
                    self.queue.remove(message)
                    self.processed.add(message)
                break
            if message not in self.processed:
                self.failures += 1

    @invariant
    def no_duplicate_processing(self, message: MessageId) -> bool:
        return sum(1 for change in self.database if change.message == message) <= 1

    @invariant
    def consistent_output(self, message: MessageId) -> bool:
        return sum(1 for output in self.sent if output.message == message) <= 1

    @at_rest
    def every_output_tells_of_its_change(self, message: MessageId) -> bool:
        return any(
            output.message == message and Change(message, output.attempt) in self.database
            for output in self.sent
        )

    @witness
    def a_known_message_returns(self, message: MessageId) -> bool:
        return message in self.queue and any(c.message == message for c in self.database)

    @liveness
    def every_message_is_processed(self, message: MessageId) -> Eventually:
        return Eventually(message in self.processed)
