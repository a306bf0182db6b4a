"""A process called as if it were a function."""

from checker import Bag, Id, Model, Steps, action, process


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
        self.ready.clear()

    @action
    def begin(self, me: Worker) -> None:
        self.worker(me)
