"""A link that reorders, loses and repeats: retrying gets a message there, perhaps twice."""

from typing import Annotated

from checker import (
    Capacity,
    Id,
    LeadsTo,
    Model,
    action,
    choose,
    fault,
    invariant,
    liveness,
    when,
    witness,
)
from checker.channels import Link

ROOM = 2


class MessageId(Id, scope=2):
    """A message."""


class LossyLink(Model):
    link: Annotated[Link[MessageId], Capacity(ROOM)] = Link()
    acks: Annotated[Link[MessageId], Capacity(ROOM)] = Link()
    sent: set[MessageId] = set()
    acknowledged: set[MessageId] = set()
    received: set[MessageId] = set()
    twice: set[MessageId] = set()

    @action(fair="weak")
    def send(self, message: MessageId) -> None:
        """Again and again, until the acknowledgement is there."""
        when(message not in self.acknowledged and message not in self.link.under_way)
        when(self.link.has_room(ROOM))
        self.sent.add(message)
        self.link = self.link.send(message)

    @action(fair="strong")
    def receive(self, message: MessageId) -> None:
        when(message in self.link.under_way and self.acks.has_room(ROOM))
        self.link = self.link.receive(message)
        self.acks = self.acks.send(message)
        if message in self.received:
            self.twice.add(message)
        self.received.add(message)

    @action(fair="strong")
    def receive_ack(self, message: MessageId) -> None:
        when(message in self.acks.under_way)
        self.acks = self.acks.receive(message)
        self.acknowledged.add(message)

    @fault(at_most=None)
    def lose(self) -> None:
        message = choose(self.link.under_way)
        self.link = self.link.lose(message)

    @fault(at_most=None)
    def lose_ack(self) -> None:
        message = choose(self.acks.under_way)
        self.acks = self.acks.lose(message)

    @fault(at_most=1)
    def repeat(self) -> None:
        when(self.link.has_room(ROOM))
        message = choose(self.link.under_way)
        self.link = self.link.duplicate(message)

    @invariant
    def what_is_acknowledged_was_received(self) -> bool:
        return self.acknowledged <= self.received and self.received <= self.sent

    @liveness
    def what_is_sent_is_acknowledged(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.sent, message in self.acknowledged)

    @witness
    def received_twice(self, message: MessageId) -> bool:
        return message in self.twice
