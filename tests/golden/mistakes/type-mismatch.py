"""A worker where an order belongs."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self, worker: Worker) -> None:
        self.orders.add(worker)
