"""A field without a type."""

from checker import Model, action


class Shop(Model):
    paid = False

    @action
    def step(self) -> None:
        pass
