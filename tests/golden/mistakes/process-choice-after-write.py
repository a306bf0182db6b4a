"""A choice behind a write, on one of the ways to it."""

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
        while True:
            yield "take"
            if len(self.ready) > 0:
                self.ready.clear()
            else:
                yield "wait"
            order = choose(self.queue)
            self.ready.add(order)
