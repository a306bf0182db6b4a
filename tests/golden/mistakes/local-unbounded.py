"""A local that counts without end."""

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
        attempts = 0
        while True:
            yield "take"
            attempts = attempts + 1
            if attempts == 3:
                self.queue.clear()
