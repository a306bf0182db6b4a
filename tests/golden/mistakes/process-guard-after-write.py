"""A guard behind a write of the same step."""

from checker import Bag, Id, Model, Steps, process, when


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    ready: set[OrderId] = set()

    @process
    def worker(self, me: Worker) -> Steps:
        yield "take"
        self.ready.clear()
        when(len(self.queue) > 0)
