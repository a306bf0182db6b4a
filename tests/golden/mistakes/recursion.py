"""A helper that calls itself."""

from typing import Annotated

from checker import Bounds, Model, action, pure


@pure
def countdown(n: int) -> int:
    return 0 if n == 0 else countdown(n - 1)


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def step(self) -> None:
        self.total = countdown(3)
