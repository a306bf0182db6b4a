"""All instances crash at once."""

from checker import Bag, Id, Model, Steps, fault, process, restart


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

    @fault(at_most=1)
    def crash(self) -> None:
        for me in Worker:
            restart(self.worker, me)
