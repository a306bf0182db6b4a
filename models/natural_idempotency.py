"""Natural idempotency: which operations stand being repeated, and which being repeated late.

Claim   If the entity only ever advances (`max` of what it has and what the message says), neither
        copies nor messages that overtake each other make a difference, and nothing about messages
        has to be remembered.
Faults  The broker delivers a message again, at once or when others have come in between; a message
        overtakes another one. Operations that are idempotent by themselves stand a copy that comes
        at once. That one comes late they do not stand: it undoes what has come in between.
Source  P. Helland, Idempotence Is Not a Medical Condition, CACM 55(5), 2012.
"""

from enum import Enum
from typing import Annotated, Final

from checker import (
    Bounds,
    Eventually,
    Model,
    action,
    at_rest,
    fault,
    invariant,
    liveness,
    pure,
    when,
    witness,
)

Number = Annotated[int, Bounds(1, 3)]
Value = Annotated[int, Bounds(0, 5)]


class Operation(Enum):
    """What a message does to the entity. Message 1 is the oldest, message 3 the newest."""

    ADVANCE = "status := the message's number, unless the status is further"
    ADVANCE_BY_ONE = "status := the message's number, if it is the next one"
    ASSIGN = "status := the message's number"
    ADD_REMOVE = "messages 1 and 3 add an item, message 2 removes it"
    INCREMENT = "count := count + 1"


class NaturalIdempotency(Model):
    """Three messages, and the entity that they change."""

    operation: Final[Operation] = Operation.ADVANCE

    delivered: set[Number] = set()
    last: Annotated[int, Bounds(0, 3)] = 0  # the message that came last; 0: none
    entity: Value = 0
    once: Value = 0  # what the entity would be if no message had come twice

    @action(fair="weak")
    def deliver(self, message: Number) -> None:
        when(message == self.oldest())
        self.delivered.add(message)
        self.last = message
        self.entity = self.applied(self.entity, message)
        self.once = self.applied(self.once, message)

    @fault(at_most=1)
    def overtake(self, message: Number) -> None:
        """A message arrives before an older one."""
        when(message > self.oldest() and message not in self.delivered)
        self.delivered.add(message)
        self.last = message
        self.entity = self.applied(self.entity, message)
        self.once = self.applied(self.once, message)

    @fault(at_most=1)
    def repeat(self) -> None:
        """The message that came last comes again at once."""
        when(self.last > 0)
        self.entity = self.applied(self.entity, self.last)

    @fault(at_most=1)
    def repeat_late(self, message: Number) -> None:
        """A message comes again when others have come in between."""
        when(message in self.delivered and message != self.last)
        self.last = message
        self.entity = self.applied(self.entity, message)

    @pure
    def oldest(self) -> int:
        """The oldest message that is still to come; 4: none."""
        return min([n for n in range(1, 5) if n not in self.delivered])

    @pure
    def applied(self, value: int, message: int) -> int:
        match self.operation:
            case Operation.ADVANCE:
                return message if message > value else value
            case Operation.ADVANCE_BY_ONE:
                return message if message == value + 1 else value
            case Operation.ASSIGN:
                return message
            case Operation.ADD_REMOVE:
                return 0 if message == 2 else 1
            case Operation.INCREMENT:
                return value + 1

    @invariant
    def copies_make_no_difference(self) -> bool:
        return self.entity == self.once

    @at_rest
    def the_newest_message_counts(self) -> bool:
        """Neither a copy nor an older message has the last word."""
        return self.entity == (1 if self.operation is Operation.ADD_REMOVE else 3)

    @witness
    def an_old_message_comes_again(self) -> bool:
        """Unless this state occurs, nothing is ever delivered late."""
        return any(message > self.last for message in self.delivered)

    @liveness
    def every_message_is_delivered(self) -> Eventually:
        return Eventually(len(self.delivered) == 3)
