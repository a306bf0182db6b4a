"""A bag minus another bag."""

from checker import Bag, Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    queue: Bag[OrderId] = Bag()
    done: Bag[OrderId] = Bag()

    @action
    def settle(self) -> None:
        self.queue = self.queue - self.done
