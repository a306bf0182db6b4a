"""A message handler without distributed transactions: seven stages, each repairs the one before.

Claim   With the number of the attempt stored beside the change, and outputs sent again from what is
        stored, every message changes the database once and has one output, that of its change.
Faults  Each call to the queue or the database may fail, `failures_max` + 1 times for a message;
        the handler then starts over. With `give_up` the last failure moves the message to the
        error queue instead: what was done for it until then stays.
Source  T. Masternak, S. Pobiega, Exactly-once workshop, model-checking/, 2020-2024; the counts in
        the manifest are those that TLC prints for it and for the edits that its exercises ask for.
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


class Stage(Enum):
    """What the handler does between taking a message and acknowledging it."""

    SEND_FIRST = "send the output, then update the database"
    UPDATE_FIRST = "update the database, then send the output"
    ATOMIC = "both in one step, as a distributed transaction would"
    CHECK_FIRST = "both in one step, and neither if the database knows the message"
    SKIP_DUPLICATE = "update, then send, and neither if the database knows the message"
    RESEND = "update unless the database knows the message; send in any case"
    RESEND_STORED = "the same, and what is sent is read from the database"


class Answer(Enum):
    """What a call to the queue or to the database comes back with."""

    OK = "it is done"
    FAILURE = "nothing was done"


@dataclass(frozen=True)
class Change:
    """A row of the database: the message that made it, and in which attempt."""

    message: MessageId
    attempt: Annotated[int, Limit(0, 12)]


@dataclass(frozen=True)
class Output:
    """A message that was sent: the one that it answers, and the attempt that it tells of."""

    message: MessageId
    attempt: Annotated[int, Limit(0, 12)]


class MessageHandler(Model):
    """One queue, one database, one handler."""

    stage: Final[Stage] = Stage.RESEND_STORED
    give_up: Final[bool] = False  # is there an error queue, or do calls succeed in the end?
    failures_max: Final[int] = 1

    queue: set[MessageId] = set()  # a message stays until it is acknowledged
    database: set[Change] = set()
    sent: set[Output] = set()
    processed: set[MessageId] = set()  # acknowledged or given up: it will not be delivered again
    attempts: Annotated[int, Limit(0, 12)] = 0
    failures: Map[MessageId, Annotated[int, Limit(0, 8)]] = Map(0)

    @initial
    def every_message_waits(self) -> None:
        for message in MessageId:
            self.queue.add(message)

    @process(fair="weak")
    def handler(self) -> Steps:
        while True:
            yield "main_loop"
            yield "receive"
            message = choose(self.queue)
            yield "process"
            attempt = self.attempts
            self.attempts += 1
            while True:  # one attempt, left at its first failure
                if self.stage is Stage.SEND_FIRST:
                    yield "send_first"
                    answer = choose(self.answers(message))
                    if answer is Answer.FAILURE:
                        break
                    self.sent.add(Output(message, attempt))
                yield "update"
                answer = choose(self.answers(message))
                if answer is Answer.FAILURE:
                    break
                duplicate = self.checks_first() and self.is_known(message)
                if not duplicate:
                    self.database.add(Change(message, attempt))
                    if self.is_atomic():
                        self.sent.add(Output(message, attempt))
                if self.sends_later() and not (duplicate and self.stage is Stage.SKIP_DUPLICATE):
                    yield "send"
                    answer = choose(self.answers(message))
                    if answer is Answer.FAILURE:
                        break
                    if self.stage is not Stage.RESEND_STORED:
                        self.sent.add(Output(message, attempt))
                    else:
                        for change in self.database:
                            if change.message == message:
                                self.sent.add(Output(message, change.attempt))
                yield "acknowledge"
                answer = choose(self.answers(message))
                if answer is Answer.FAILURE:
                    break
                self.queue.remove(message)
                self.processed.add(message)
                break
            if message not in self.processed:
                if self.give_up and self.failures[message] == self.failures_max:
                    self.queue.remove(message)
                    self.processed.add(message)
                else:
                    self.failures[message] += 1

    @pure
    def answers(self, message: MessageId) -> set[Answer]:
        if self.give_up or self.failures[message] <= self.failures_max:
            return {Answer.OK, Answer.FAILURE}
        return {Answer.OK}

    @pure
    def is_atomic(self) -> bool:
        return self.stage in (Stage.ATOMIC, Stage.CHECK_FIRST)

    @pure
    def checks_first(self) -> bool:
        return self.stage not in (Stage.SEND_FIRST, Stage.UPDATE_FIRST, Stage.ATOMIC)

    @pure
    def sends_later(self) -> bool:
        return not self.is_atomic() and self.stage is not Stage.SEND_FIRST

    @pure
    def is_known(self, message: MessageId) -> bool:
        return any(change.message == message for change in self.database)

    @pure
    def is_sent(self, message: MessageId) -> bool:
        return any(output.message == message for output in self.sent)

    @invariant
    def no_ghost_messages(self, message: MessageId) -> bool:
        """What was told has happened: the output of a processed message has a change."""
        return not (message in self.processed and self.is_sent(message)) or self.is_known(message)

    @invariant
    def no_lost_messages(self, message: MessageId) -> bool:
        """What has happened was told: the change of a processed message has an output."""
        return not (message in self.processed and self.is_known(message)) or self.is_sent(message)

    @invariant
    def no_lost_writes(self, message: MessageId) -> bool:
        return message not in self.processed or self.is_known(message)

    @invariant
    def no_duplicate_processing(self, message: MessageId) -> bool:
        return sum(1 for change in self.database if change.message == message) <= 1

    @invariant
    def consistent_output(self, message: MessageId) -> bool:
        """All outputs of a message tell of the same attempt; then the receiver can drop copies."""
        return sum(1 for output in self.sent if output.message == message) <= 1

    @at_rest
    def every_output_tells_of_its_change(self, message: MessageId) -> bool:
        return any(
            output.message == message and Change(message, output.attempt) in self.database
            for output in self.sent
        )

    @witness
    def a_known_message_returns(self, message: MessageId) -> bool:
        """Unless this state occurs, nothing is ever processed a second time."""
        return message in self.queue and self.is_known(message)

    @liveness
    def every_message_is_processed(self, message: MessageId) -> Eventually:
        return Eventually(message in self.processed)
