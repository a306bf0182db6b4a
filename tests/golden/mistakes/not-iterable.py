"""A loop over a Map."""

from checker import Id, Map, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    paid: Map[OrderId, bool] = Map(False)

    @action
    def step(self) -> None:
        when(all(paid for paid in self.paid.values()))
