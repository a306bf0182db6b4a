"""Folds: sum, min, max and len, of generators and of collections."""

from typing import Annotated

from checker import Bag, Bounds, Id, Map, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Folds(Model):
    age: Map[W, Annotated[int, Bounds(0, 2)]] = Map(0)
    marks: Bag[Annotated[int, Bounds(0, 2)]] = Bag()
    best: Annotated[int, Bounds(0, 4)] = 0

    @action
    def grow(self, w: W) -> None:
        when(self.age[w] < 2)
        self.age[w] += 1

    @action
    def mark(self, w: W) -> None:
        when(len(self.marks) < 2)
        self.marks.add(self.age[w])

    @action
    def take_best(self) -> None:
        """Undefined while there are no marks."""
        self.best = max(self.marks) + min(m for m in self.marks if m > 0)

    @action
    def take_sum(self) -> None:
        self.best = sum(self.age[w] for w in W)

    @invariant
    def folded(self) -> bool:
        return sum(self.marks) >= sum(1 for m in self.marks if m > 0) and sum(
            self.age[a] * self.age[b] for a in W for b in W if a != b
        ) <= max(self.age[w] for w in W) * 4

    @witness
    def high(self) -> bool:
        return min(self.age[w] for w in W) == 2 == max(2, self.best, 1)
