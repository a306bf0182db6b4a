"""A name for the queue is no copy of it."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    queue: set[OrderId] = set()
    before: set[OrderId] = set()

    @action
    def step(self, order: OrderId) -> None:
        snapshot = self.queue
        self.queue.add(order)
        self.before = snapshot
