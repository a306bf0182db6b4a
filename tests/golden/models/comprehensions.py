"""Comprehensions: sets, lists, dicts and bags built from one `for`."""

from typing import Annotated

from checker import Bag, Bounds, Capacity, Id, Model, action, invariant, witness


class W(Id, scope=2):
    """A worker."""



class Comprehensions(Model):
    a: set[W] = set()
    n: Annotated[int, Bounds(0, 2)] = 0
    log: Annotated[list[W], Capacity(2)] = []
    owner: dict[W, bool] = {}
    queue: Bag[W] = Bag()

    @action
    def build_set(self, w: W) -> None:
        self.a = {x for x in W if x != w or x in self.a}

    @action
    def build_list(self, w: W) -> None:
        self.log = [x for x in self.log if x != w] + [w]

    @action
    def build_dict(self) -> None:
        self.owner = {w: w in self.a for w in W if w not in self.owner}
        self.owner = {k: not v for k, v in self.owner.items()}

    @action
    def build_bag(self) -> None:
        self.queue = Bag(w for w in self.log)
        self.n = len({x == x for x in self.log}) + len([x for x in range(self.n) if x > 1])

    @invariant
    def sizes(self) -> bool:
        return len({n for n in range(3)}) == 3 and len(self.queue) <= 2

    @witness
    def emptied(self) -> bool:
        return self.a == {w for w in self.log} and self.owner == {w: True for w in self.a} and self.a != set()
