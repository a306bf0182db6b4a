"""Collections in collections, changed at their entries."""

from typing import Annotated

from checker import Bag, Capacity, Id, Map, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Nested(Model):
    inbox: dict[W, set[W]] = {}
    boxes: Map[W, Bag[W]] = Map(Bag())
    groups: Annotated[list[set[W]], Capacity(2)] = []
    table: dict[W, dict[W, bool]] = {}

    @action
    def open(self, w: W) -> None:
        when(w not in self.inbox)
        self.inbox[w] = set()
        self.table[w] = {}

    @action
    def send(self, w: W, other: W) -> None:
        when(w in self.inbox and other not in self.inbox[w] and len(self.boxes[w]) < 1)
        self.inbox[w].add(other)
        self.boxes[w].add(other)
        self.table[w][other] = w == other

    @action
    def take(self, w: W) -> None:
        when(w in self.inbox)
        self.boxes[w].clear()
        self.inbox[w] |= {w}
        self.inbox[w] -= {w}
        self.groups = [self.inbox[w].copy()]

    @action
    def join(self, w: W) -> None:
        """Undefined while there is no group."""
        self.groups[0].add(w)
        self.groups.append(set())
        del self.groups[0]

    @action
    def copy(self, w: W, other: W) -> None:
        when(w in self.inbox and other in self.inbox)
        self.inbox[w] = self.inbox[other].copy()
        del self.table[w][w]

    @invariant
    def boxes_are_small(self) -> bool:
        return all(len(self.boxes[w]) <= 1 for w in W)

    @witness
    def mail(self) -> bool:
        return any(len(box) > 0 for box in self.inbox.values())
