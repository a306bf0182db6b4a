"""A number without bounds."""

from checker import Model, action


class Shop(Model):
    total: int = 0

    @action
    def step(self) -> None:
        pass
