"""A first value of another type."""

from checker import Model, action


class Shop(Model):
    paid: bool = 0

    @action
    def step(self) -> None:
        pass
