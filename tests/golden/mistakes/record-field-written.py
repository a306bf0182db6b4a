"""Changing a part of a record."""

from dataclasses import dataclass

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Message:
    order: OrderId
    paid: bool = False


class Shop(Model):
    last: Message | None = None

    @action
    def step(self) -> None:
        when(self.last is not None)
        self.last.paid = True
