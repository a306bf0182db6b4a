"""The alternating bit: a stream of values over two links that lose messages, with one bit each.

Claim   The receiver that has the sender's bit has the sender's value, and what is sent is received.
        With a link that reorders, a bit that changes at a retry, or a sender that does not wait,
        an old value passes for a new one.
Faults  Each link loses any message under way, as often as it likes.
Source  K. A. Bartlett, R. A. Scantlebury, P. T. Wilkinson, A Note on Reliable Full-Duplex
        Transmission over Half-Duplex Links, CACM 12(5), 1969. L. Lamport, Specifying Systems, 14.
Twin    none; the states are those of MCAlternatingBit in tlaplus/Examples
"""

from dataclasses import dataclass
from typing import Annotated, Final

from checker import (
    Bounds,
    Capacity,
    Id,
    LeadsTo,
    Model,
    action,
    choose,
    fault,
    initial,
    invariant,
    liveness,
    when,
    witness,
)
from checker.channels import OrderedLink

ROOM = 2  # messages under way on a link; a sender waits while there are as many


class Value(Id, scope=2):
    """What is sent; the same value may be sent again and again."""


@dataclass(frozen=True)
class Packet:
    bit: bool
    value: Value


class AlternatingBit(Model):
    """A sender, a receiver, and a link in each direction."""

    reorders: Final[bool] = False  # does the link deliver messages in any order?
    toggles_on_retry: Final[bool] = False  # does a retry carry another bit?
    waits: Final[bool] = True  # is the next value sent only after the acknowledgement?

    messages: Annotated[OrderedLink[Packet], Capacity(ROOM)] = OrderedLink()
    acks: Annotated[OrderedLink[bool], Capacity(ROOM)] = OrderedLink()
    bit: bool = False  # of the value that is being sent
    acknowledged: bool = False
    sent: Value | None = None
    received_bit: bool = False
    received: Value | None = None

    @initial
    def agree_on_a_bit(self) -> None:
        bit = choose({False, True})
        sent = choose(Value)
        received = choose(Value)
        self.bit = bit
        self.acknowledged = bit
        self.received_bit = bit
        self.sent = sent
        self.received = received

    @action
    def send(self, value: Value) -> None:
        when(self.bit == self.acknowledged or not self.waits)
        when(self.messages.has_room(ROOM))
        self.sent = value
        self.bit = not self.bit
        self.messages = self.messages.send(Packet(self.bit, value))

    @action(fair="weak")
    def resend(self) -> None:
        when(self.bit != self.acknowledged and self.messages.has_room(ROOM))
        assert self.sent is not None
        if self.toggles_on_retry:
            self.bit = not self.bit
        self.messages = self.messages.send(Packet(self.bit, self.sent))

    @action(fair="strong")
    def receive(self, place: Annotated[int, Bounds(0, ROOM - 1)]) -> None:
        when(self.messages.has_at(place) and (place == 0 or self.reorders))
        packet = self.messages.at(place)
        self.messages = self.messages.receive(place)
        self.received_bit = packet.bit
        self.received = packet.value

    @action(fair="weak")
    def acknowledge(self) -> None:
        when(self.acks.has_room(ROOM))
        self.acks = self.acks.send(self.received_bit)

    @action(fair="strong")
    def receive_ack(self) -> None:
        when(self.acks.has_at(0))
        self.acknowledged = self.acks.at(0)
        self.acks = self.acks.receive(0)

    @fault(at_most=None)
    def lose_message(self, place: Annotated[int, Bounds(0, ROOM - 1)]) -> None:
        when(self.messages.has_at(place))
        self.messages = self.messages.lose(place)

    @fault(at_most=None)
    def lose_ack(self, place: Annotated[int, Bounds(0, ROOM - 1)]) -> None:
        when(self.acks.has_at(place))
        self.acks = self.acks.lose(place)

    @invariant
    def the_same_bit_is_the_same_value(self) -> bool:
        if self.bit == self.acknowledged or self.received_bit != self.bit:
            return True
        return self.received == self.sent

    @liveness
    def what_is_sent_is_received(self, value: Value) -> LeadsTo:
        return LeadsTo(self.bit != self.acknowledged and self.sent == value, self.received == value)

    @witness
    def both_links_are_full(self) -> bool:
        return not self.messages.has_room(ROOM) and not self.acks.has_room(ROOM)

    @witness
    def a_value_is_received_before_that_is_known(self) -> bool:
        """Unless this state occurs, no property says anything: the sender never has a new bit."""
        return self.bit != self.acknowledged and self.received_bit == self.bit
