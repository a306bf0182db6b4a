"""Loops over sets, bags, dicts and sorts: each kind of commutative update."""

from typing import Annotated

from checker import Bag, Bounds, Id, Limit, Map, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class LoopsWithoutOrder(Model):
    alive: set[W] = set()
    queue: Bag[W] = Bag()
    done: set[W] = set()
    owner: dict[W, W] = {}
    age: Map[W, Annotated[int, Bounds(0, 3)]] = Map(0)
    total: Annotated[int, Bounds(0, 4)] = 0
    epoch: Annotated[int, Limit(0, 2)] = 0

    @action
    def start(self, w: W) -> None:
        when(len(self.queue) < 2)
        self.alive.add(w)
        self.queue.add(w)

    @action
    def add(self) -> None:
        for w in self.alive:
            self.done.add(w)
            self.total += 1

    @action
    def discard(self) -> None:
        for w in self.queue:
            self.done.discard(w)

    @action
    def entries(self) -> None:
        for w in W:
            if w in self.alive:
                self.owner[w] = w
                self.age[w] += 1
            elif w in self.owner:
                del self.owner[w]

    @action
    def items(self) -> None:
        for w, other in self.owner.items():
            if w == other and self.age[w] > 1:
                self.age[w] = 0
        for v in self.owner.values():
            self.done.add(v)

    @action
    def nested(self) -> None:
        for w in self.alive:
            for other in self.done:
                bonus = 1
                if w != other:
                    self.epoch += bonus

    @action
    def local(self) -> None:
        found = 0
        for w in self.owner:
            found += self.age[w]
        self.total = min(found, 4)

    @invariant
    def small(self) -> bool:
        return self.total <= 4

    @witness
    def all_done(self) -> bool:
        return all(w in self.done for w in W)
