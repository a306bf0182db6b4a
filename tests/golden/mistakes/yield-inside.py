"""A label in a loop over a collection."""

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
        yield "begin"
        for order in self.ready:
            yield "take"
            self.queue.add(order)
