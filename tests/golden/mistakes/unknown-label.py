"""A property about a label that does not exist."""

from checker import Bag, Id, Model, Steps, at, invariant, process


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
        self.queue.clear()

    @invariant
    def nobody_takes(self, me: Worker) -> bool:
        return not at(self.worker, me, "takes")
