"""A fresh member of an enum."""

from enum import Enum

from checker import Model, action, fresh


class Phase(Enum):
    NEW = "new"
    OLD = "old"


class Shop(Model):
    phases: set[Phase] = set()

    @action
    def step(self) -> None:
        self.phases.add(fresh(Phase, self.phases))
