"""A restart in a property."""

from checker import Bag, Id, Model, Steps, invariant, process, restart


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
    def crashed(self, me: Worker) -> bool:
        return restart(self.worker, me) is None
