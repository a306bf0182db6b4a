"""The name of the property that every model has."""

from checker import Id, Model, action, invariant


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    orders: set[OrderId] = set()

    @action
    def step(self) -> None:
        pass

    @invariant
    def no_step_error(self) -> bool:
        return True
