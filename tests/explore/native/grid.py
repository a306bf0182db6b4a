"""A model with exactly a million states, for what has to work at that size."""

from __future__ import annotations

from typing import Annotated

from checker import Bounds, LeadsTo, Model, action, invariant, liveness, when


class Grid(Model):
    """Two counters that only grow."""

    x: Annotated[int, Bounds(0, 999)] = 0
    y: Annotated[int, Bounds(0, 999)] = 0

    @action(fair="weak")
    def right(self) -> None:
        when(self.x < 999)
        self.x += 1

    @action(fair="weak")
    def up(self) -> None:
        when(self.y < 999)
        self.y += 1

    @invariant
    def stays_inside(self) -> bool:
        return self.x <= 999 and self.y <= 999

    @liveness
    def the_corner_is_reached(self) -> LeadsTo:
        return LeadsTo(True, self.x == 999 and self.y == 999)

    @liveness
    def the_middle_is_reached(self) -> LeadsTo:
        return LeadsTo(self.x == 0, self.x == 500 and self.y == 500)
