"""A step that changes a constant."""

from typing import Final

from checker import Model, action


class Shop(Model):
    strict: Final[bool] = True

    @action
    def step(self) -> None:
        self.strict = False
