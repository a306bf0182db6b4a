"""A record that can be changed in place."""

from dataclasses import dataclass

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


@dataclass
class Message:
    order: OrderId


class Shop(Model):
    last: Message | None = None

    @action
    def step(self) -> None:
        pass
