"""A Map without one of its entries."""

from checker import Id, Map, Model, action


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    paid: Map[OrderId, bool] = Map(False)

    @action
    def step(self, order: OrderId) -> None:
        del self.paid[order]
