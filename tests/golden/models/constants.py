"""Constants of each type, and what they decide."""

from enum import Enum
from typing import Annotated, Final

from checker import Bounds, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Order(Enum):
    FIRST = "a"
    LAST = "b"


class Constants(Model):
    strict: Final[bool] = True
    copies: Final[int] = 2
    at_most: Final[Annotated[int, Bounds(0, 3)]] = 3
    order: Final[Order] = Order.FIRST

    sent: Annotated[int, Bounds(0, 3)] = 0
    log: list[W] = []

    @action
    def send(self, w: W) -> None:
        when(self.sent < self.at_most and not (self.strict and w in self.log))
        self.sent += self.copies - 1
        if self.order is Order.FIRST:
            self.log = [w] + self.log
        elif len(self.log) < 2:
            self.log.append(w)

    @invariant
    def few(self) -> bool:
        return self.sent <= self.copies or not self.strict

    @witness
    def two(self) -> bool:
        return self.sent == self.copies and self.order is not Order.LAST
