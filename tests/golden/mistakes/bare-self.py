"""The whole state as a value."""

from checker import Model, action


class Shop(Model):
    copy: bool = False

    @action
    def step(self) -> None:
        self.copy = self == self
