"""A mistake in a helper is shown once, where it is, however often the helper is called."""

from typing import Annotated

from checker import Bounds, Id, Model, action, pure, when


class OrderId(Id, scope=2):
    """An order."""


@pure
def doubled(n: int) -> int:
    return n ** 2


class Shop(Model):
    total: Annotated[int, Bounds(0, 3)] = 0

    @action
    def grow(self) -> None:
        self.total = doubled(self.total)

    @action
    def grow_again(self) -> None:
        when(doubled(self.total) < 3)
        while self.total < 3:
            self.total = doubled(1)
