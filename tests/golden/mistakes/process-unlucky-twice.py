"""Two budgets of one name in one step."""

from checker import Bag, Id, Model, Steps, either, process, unlucky


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
        first = either("ok", unlucky("timeout", at_most=1))
        second = either("ok", unlucky("timeout", at_most=1))
        if first == second:
            self.ready.clear()
