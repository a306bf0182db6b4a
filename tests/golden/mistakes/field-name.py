"""A field with the name of a fault's counter."""

from checker import Model, action


class Shop(Model):
    crash_used: bool = False

    @action
    def step(self) -> None:
        pass
