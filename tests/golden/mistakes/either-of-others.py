"""A choice between numbers."""

from typing import Annotated

from checker import Bounds, Model, action, either


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        self.total = either(1, 2)
