"""Two Maps as a whole."""

from checker import Id, Map, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    a: Map[OrderId, bool] = Map(False)
    b: Map[OrderId, bool] = Map(False)

    @action
    def step(self) -> None:
        when(self.a == self.b)
