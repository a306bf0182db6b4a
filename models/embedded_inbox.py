"""Embedded inbox: the ids of processed messages in the entity itself, and only so many of them.

Claim   A message is not processed again as long as fewer than `capacity` others were processed in
        between; every output is sent; the entity stays small and can always be written.
Faults  A worker crashes; a message is delivered again, at any later time. A list that forgets too
        early, by number or by the clock, makes a late copy a new message.
Source  T. Masternak, S. Pobiega, Exactly-once workshop, NewExercises 12 to 16, 2024.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Eventually,
    Id,
    Limit,
    Model,
    Steps,
    at_rest,
    choose,
    either,
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


class MessageId(Id, scope=2):
    """What the sender calls its message."""


class Worker(Id, scope=2):
    """One of the competing consumers."""


class Evict(Enum):
    """Which of the entries whose output is sent are dropped from the list."""

    OLDEST = "those behind which there are `capacity` others"
    BY_CLOCK = "those that were there when some time has passed"
    NEVER = "none"


@dataclass(frozen=True)
class Entry:
    """A processed message, with its output until that is sent."""

    message: MessageId
    has_output: bool


class EmbeddedInbox(Model):
    """One queue, one entity with its list of entries, and workers that compete."""

    capacity: Final[int] = 2
    window: Final[int] = 2  # copies with fewer other messages in between have to be recognised
    evict: Final[Evict] = Evict.OLDEST
    check_version: Final[bool] = True  # is a commit refused if the entity has changed since?
    send_again: Final[bool] = True  # is the output of a known message sent, if it is still there?
    clear_sent: Final[bool] = True  # is an output removed from its entry when it is sent?
    outputs_max: Final[int] = 2  # more do not fit into the entity: the database refuses the write

    queue: Bag[MessageId] = Bag()
    taken: Annotated[dict[Worker, MessageId], volatile("worker")] = {}
    history: list[MessageId] = []  # the messages that changed the entity; its version is how many
    inbox: list[Entry] = []
    sent: set[MessageId] = set()

    @initial
    def every_message_waits(self) -> None:
        for message in MessageId:
            self.queue.add(message)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            message = choose(self.queue)
            self.queue.remove(message)
            self.taken[me] = message
            yield "load"
            version: Annotated[int, Limit(0, 8)] = len(self.history)
            known = any(entry.message == message for entry in self.inbox)
            if not known:
                yield "commit"
                conflict = self.check_version and version != len(self.history)
                if conflict or self.outputs() == self.outputs_max:
                    self.queue.add(message)
                    del self.taken[me]
                    continue
                self.history.append(message)
                if self.evict is Evict.BY_CLOCK:
                    clock = either("soon", "late")
                    if clock == "late":
                        self.inbox = [entry for entry in self.inbox if entry.has_output]
                self.inbox.append(Entry(message, True))
                self.inbox = self.trimmed()
            if not known or (self.send_again and Entry(message, True) in self.inbox):
                yield "send"
                self.sent.add(message)
                if self.clear_sent:
                    yield "clear"
                    self.inbox = [
                        replace(entry, has_output=False) if entry.message == message else entry
                        for entry in self.inbox
                    ]
                    self.inbox = self.trimmed()
            yield "acknowledge"
            del self.taken[me]

    @fault(at_most=1)
    def crash(self, me: Worker) -> None:
        """The worker restarts; the broker delivers its message again."""
        when(me in self.taken)
        self.queue.add(self.taken[me])
        restart(self.worker, me)

    @fault(at_most=1)
    def repeat(self, message: MessageId) -> None:
        """The broker delivers a message again, be it acknowledged or still being processed."""
        when(message not in self.queue)
        self.queue.add(message)

    @pure
    def outputs(self) -> int:
        return sum(1 for entry in self.inbox if entry.has_output)

    @pure
    def trimmed(self) -> list[Entry]:
        return [
            self.inbox[n]
            for n in range(len(self.inbox))
            if self.evict is not Evict.OLDEST
            or self.inbox[n].has_output
            or n >= len(self.inbox) - self.capacity
        ]

    @invariant
    def no_double_apply_within_the_window(self) -> bool:
        return all(
            self.history[i] != self.history[j]
            for i in range(len(self.history))
            for j in range(i + 1, min(i + self.window + 1, len(self.history)))
        )

    @invariant
    def the_list_stays_short(self) -> bool:
        return len(self.inbox) - self.outputs() <= self.capacity

    @at_rest
    def no_lost_output(self, message: MessageId) -> bool:
        return message not in self.history or message in self.sent

    @witness
    def a_known_message_is_delivered(self, message: MessageId) -> bool:
        return message in self.queue and any(entry.message == message for entry in self.inbox)

    @liveness
    def every_message_is_processed(self, message: MessageId) -> Eventually:
        return Eventually(message in self.history and message not in self.queue)
