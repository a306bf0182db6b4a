"""A misspelt field of a record."""

from dataclasses import dataclass

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Message:
    order: OrderId


class Shop(Model):
    sent: set[Message] = set()

    @action
    def step(self, order: OrderId) -> None:
        when(all(m.ordr == order for m in self.sent))
