"""Helpers: pure functions and methods, with locals, branches, match and early returns."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated

from checker import Bounds, Id, Map, Model, action, invariant, pure, when, witness


class W(Id, scope=2):
    """A worker."""



class Kind(Enum):
    SMALL = "s"
    LARGE = "l"


@dataclass(frozen=True)
class Box:
    owner: W
    size: Annotated[int, Bounds(0, 3)] = 0


@pure
def kind_of(box: Box | None) -> Kind:
    """Early return, and a local."""
    if box is None:
        return Kind.SMALL
    limit = 1
    return Kind.LARGE if box.size > limit else Kind.SMALL


@pure
def grown(box: Box, by: int) -> Box:
    return replace(box, size=clamped(box.size + by, 3))


@pure
def clamped(n: int, most: int) -> int:
    if n > most:
        result = most
        return result
    return max(n, 0)


@pure
def price(kind: Kind) -> int:
    match kind:
        case Kind.SMALL:
            return 1
        case Kind.LARGE:
            return 2


class Helpers(Model):
    boxes: Map[W, Annotated[int, Bounds(0, 3)]] = Map(0)
    last: Box | None = None
    paid: Annotated[int, Bounds(0, 4)] = 0

    @pure
    def box_of(self, w: W) -> Box:
        """The box of a worker."""
        return Box(w, self.boxes[w])

    @pure
    def total(self) -> int:
        return sum(self.boxes[w] for w in W)

    @action
    def grow(self, w: W, by: Annotated[int, Bounds(1, 2)]) -> None:
        when(self.total() < 4)
        box = grown(self.box_of(w), by=by)
        self.boxes[w] = box.size
        self.last = box

    @action
    def pay(self) -> None:
        when(self.paid < 3)
        self.paid += price(kind_of(self.last))

    @invariant
    def bounded(self) -> bool:
        return all(self.box_of(w).size <= 3 for w in W) and self.total() <= 6

    @witness
    def large(self) -> bool:
        return kind_of(self.last) is Kind.LARGE
