"""A field without a first value."""

from checker import Model, action


class Shop(Model):
    paid: bool

    @action
    def step(self) -> None:
        pass
