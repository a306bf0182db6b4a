"""A type that was never imported."""

from checker import Model, action


class Shop(Model):
    total: "Amount" = 0

    @action
    def step(self) -> None:
        pass
