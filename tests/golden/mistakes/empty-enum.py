"""An enum without members."""

from enum import Enum

from checker import Model, action


class Phase(Enum):
    """Nothing yet."""


class Shop(Model):
    phase: Phase | None = None

    @action
    def step(self) -> None:
        pass
