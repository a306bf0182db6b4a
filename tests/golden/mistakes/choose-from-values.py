"""A choice among the values of a dict."""

from checker import Id, Model, action, choose


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    owner: dict[OrderId, bool] = {}
    last: bool = False

    @action
    def step(self) -> None:
        flag = choose(self.owner.values())
        self.last = flag
