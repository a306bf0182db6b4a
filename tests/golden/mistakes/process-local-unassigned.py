"""A local that certainly has no value."""

from checker import Bag, Id, Model, Steps, choose, process


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
        self.queue.add(order)
        yield "keep"
        order = choose(self.ready)
