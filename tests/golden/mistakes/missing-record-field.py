"""A record without one of its fields."""

from dataclasses import dataclass

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Message:
    order: OrderId
    paid: bool


class Shop(Model):
    sent: set[Message] = set()

    @action
    def step(self, order: OrderId) -> None:
        self.sent.add(Message(order))
