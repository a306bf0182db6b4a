"""Choices of the environment from every kind of collection."""

from enum import Enum

from checker import Bag, Id, Model, action, choose, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Mode(Enum):
    FAST = "f"
    SAFE = "s"


class Choices(Model):
    alive: set[W] = set()
    queue: Bag[W] = Bag()
    log: list[W] = []
    owner: dict[W, W] = {}
    mode: Mode = Mode.SAFE
    picked: W | None = None

    @action
    def start(self) -> None:
        w = choose(W)
        when(w not in self.alive)
        self.alive.add(w)

    @action
    def send(self) -> None:
        w = choose(self.alive)
        when(len(self.queue) < 2)
        self.queue.add(w)
        self.picked = None

    @action
    def keep(self) -> None:
        w = choose(self.queue)
        other = choose(self.alive - {w})
        self.owner[w] = other
        self.picked = w

    @action
    def drop(self) -> None:
        if self.mode is Mode.FAST:
            w = choose(self.owner)
            del self.owner[w]
        else:
            mode: Mode = choose(Mode)
            self.mode = mode

    @action
    def write(self) -> None:
        w = choose({x for x in self.owner if self.owner[x] == x or x in self.alive})
        when(w not in self.log)
        self.log.append(w)

    @action
    def read(self) -> None:
        w = choose(self.log)
        self.picked = w

    @invariant
    def owners_differ(self) -> bool:
        return all(k != v for k, v in self.owner.items())

    @witness
    def picked_twice(self) -> bool:
        return self.picked is not None and self.mode is Mode.FAST
