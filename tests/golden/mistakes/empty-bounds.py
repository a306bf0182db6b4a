"""Bounds the wrong way round."""

from typing import Annotated

from checker import Bounds, Model, action


class Shop(Model):
    tries: Annotated[int, Bounds(3, 0)] = 0

    @action
    def step(self) -> None:
        pass
