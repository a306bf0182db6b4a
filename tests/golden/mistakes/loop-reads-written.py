"""A turn that sees what the turns before it did."""

from checker import Id, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()
    seen: set[OrderId] = set()

    @action
    def step(self) -> None:
        for order in self.orders:
            if len(self.seen) < 1:
                self.seen.add(order)
