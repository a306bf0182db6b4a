"""Constants decide where a step leads."""

from enum import Enum
from typing import Final

from checker import Id, Model, Steps, choose, fault, process, restart


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Order(Enum):
    FIRST = "the mark, then the effect"
    LAST = "the effect, then the mark"


class Designs(Model):
    order: Final[Order] = Order.FIRST
    careful: Final[bool] = True
    marks: set[MessageId] = set()
    effects: set[MessageId] = set()

    @process(fair="weak")
    def worker(self) -> Steps:
        careful = self.careful
        while True:
            yield "begin"
            message = choose(MessageId)
            if careful and message in self.marks:
                continue
            if self.order is Order.FIRST:
                yield "mark_first"
                self.marks.add(message)
            yield "apply"
            self.effects.add(message)
            if self.order is Order.LAST:
                yield "mark_last"
                self.marks.add(message)

    @fault(at_most=None)
    def crash(self) -> None:
        restart(self.worker)
