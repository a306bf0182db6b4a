"""A choice before the first label."""

from checker import Bag, Id, Model, Steps, process


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    ready: set[OrderId] = set()

    @process
    def worker(self, me: Worker) -> Steps:
        started = len(self.queue) == 0
        yield "take"
        if started:
            self.ready.clear()
