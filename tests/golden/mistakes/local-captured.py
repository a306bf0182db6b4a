"""What a loop bound last is read behind a label."""

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
            order = choose(self.queue)
            for order in self.ready:
                self.queue.add(order)
            yield "keep"
            self.ready.add(order)
