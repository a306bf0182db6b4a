"""Maps: every key has a value; nested, and with keys of each finite type."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from checker import Bounds, Id, Map, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Colour(Enum):
    RED = "stop"
    GREEN = "go"


@dataclass(frozen=True)
class Lane:
    colour: Colour
    left: bool


class Maps(Model):
    phase: Map[W, Colour] = Map(Colour.RED)
    told: Map[W, Map[W, bool]] = Map(Map(False))
    inbox: Map[W, set[W]] = Map(set())
    step: Map[Annotated[int, Bounds(0, 2)], bool] = Map(False)
    lanes: Map[Lane | None, bool] = Map(False)
    at: Annotated[int, Bounds(0, 3)] = 0

    @action
    def go(self, w: W) -> None:
        when(self.phase[w] is Colour.RED)
        self.phase[w] = Colour.GREEN

    @action
    def tell(self, w: W, other: W) -> None:
        when(self.phase[w] == Colour.GREEN and not self.told[w][other])
        self.told[w][other] = True
        self.inbox[other].add(w)

    @action
    def reset(self) -> None:
        when(all(self.phase[w] is Colour.GREEN for w in W))
        self.phase = Map(Colour.RED)

    @action
    def count(self) -> None:
        """Leaves the keys at 3: an undefined step."""
        when(not self.step[self.at])
        self.step[self.at] = True
        self.at += 1

    @action
    def mark(self, colour: Colour) -> None:
        self.lanes[None] = True
        self.lanes[Lane(colour, True)] = self.lanes[None]

    @invariant
    def told_arrives(self, w: W) -> bool:
        return all(w in self.inbox[x] for x in W if self.told[w][x])

    @witness
    def both_sides(self) -> bool:
        return self.lanes[Lane(Colour.RED, True)] and self.lanes[Lane(Colour.GREEN, left=True)]
