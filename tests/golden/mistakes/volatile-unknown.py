"""The memory of nobody."""

from typing import Annotated

from checker import Bag, Id, Model, Steps, process, volatile


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    cache: Annotated[set[OrderId], volatile("relay")] = set()

    @process
    def worker(self, me: Worker) -> Steps:
        yield "take"
        self.queue.clear()
