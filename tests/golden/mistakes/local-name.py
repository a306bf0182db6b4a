"""A field with the name of a local's variable."""

from checker import Bag, Id, Model, Steps, choose, process


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    worker_order: set[OrderId] = set()

    @process
    def worker(self, me: Worker) -> Steps:
        yield "take"
        order = choose(self.queue)
        yield "keep"
        self.worker_order.add(order)
