"""A collection that begins with elements."""

from checker import Model, action


class Shop(Model):
    sizes: set[bool] = {True}

    @action
    def step(self) -> None:
        pass
