"""A counter that begins below its bounds."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    tries: Annotated[int, Bounds(1, 3)] = 0

    @action
    def step(self) -> None:
        pass
