"""Dicts: some keys have a value."""

from typing import Annotated

from checker import Bounds, Id, Model, action, choose, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Dicts(Model):
    owner: dict[W, W] = {}
    tries: dict[W, Annotated[int, Bounds(0, 2)]] = {}
    spare: dict[W, W] = {}

    @action
    def take(self, w: W, other: W) -> None:
        when(w not in self.owner)
        self.owner[w] = other
        self.tries[w] = self.tries.get(w, 0)

    @action
    def retry(self, w: W) -> None:
        when(w in self.tries and self.tries[w] < 2)
        self.tries[w] += 1

    @action
    def release(self) -> None:
        w = choose(self.owner)
        del self.owner[w]

    @action
    def swap(self, w: W) -> None:
        when(self.owner.get(w) == w)
        self.spare = {w: w}
        self.owner.update(self.spare)
        self.spare = {x: w for x in self.owner.keys() if x != w}

    @action
    def clear(self) -> None:
        self.owner = {}
        self.spare = dict(self.owner)
        self.tries.clear()
        self.spare.update({})

    @invariant
    def entries(self) -> bool:
        return all(self.tries[w] <= 2 for w in self.tries) and all(
            v == self.owner[k] for k, v in self.owner.items()
        )

    @witness
    def somebody_owns_itself(self) -> bool:
        return any(v == w for w in W for v in self.owner.values())
