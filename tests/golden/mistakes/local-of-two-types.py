"""A local that is an order here and a worker there."""

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
                who = choose(self.ready)
            else:
                who = choose(Worker)
            yield "keep"
            self.ready.add(who)
