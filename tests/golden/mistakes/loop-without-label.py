"""A loop whose turns are no steps."""

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
        yield "drain"
        while len(self.queue) > 0:
            if len(self.ready) > 0:
                yield "clear"
            self.ready.clear()
