"""A field that means two things."""

from dataclasses import dataclass

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Placed:
    what: OrderId

@dataclass(frozen=True)
class Failed:
    what: bool


class Shop(Model):
    last: Placed | Failed = Failed(True)

    @action
    def step(self, order: OrderId) -> None:
        when(self.last.what == order)
