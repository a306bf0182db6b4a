"""A model with a constructor."""

from checker import Model, action


class Shop(Model):
    paid: bool = False

    def __init__(self) -> None:
        self.paid = True

    @action
    def step(self) -> None:
        pass
