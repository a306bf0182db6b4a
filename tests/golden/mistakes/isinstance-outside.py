"""Asking a plain value for its class."""

from checker import Model, action, when


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        when(isinstance(self.paid, bool))
