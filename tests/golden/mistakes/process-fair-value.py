"""A kind of fairness that does not exist."""

from checker import Bag, Id, Model, Steps, process


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    ready: set[OrderId] = set()

    @process(fair="fast")
    def worker(self, me: Worker) -> Steps:
        yield "take"
        self.ready.clear()
