"""Capacities: a bag, a list and an update that may be too much."""

from typing import Annotated

from checker import Bag, Capacity, Id, Map, Model, action, when, witness


class W(Id, scope=2):
    """A worker."""



class Capacities(Model):
    queue: Annotated[Bag[W], Capacity(2)] = Bag()
    log: Annotated[list[W], Capacity(1)] = []
    boxes: Map[W, Annotated[list[W], Capacity(1)]] = Map([])
    wide: Bag[W] = Bag()

    @action
    def send(self, w: W) -> None:
        self.queue.add(w)

    @action
    def receive(self, w: W) -> None:
        when(w in self.queue)
        self.queue.remove(w)
        self.log.append(w)

    @action
    def double(self) -> None:
        self.queue.update(self.queue)

    @action
    def rotate(self) -> None:
        self.log = self.log + self.log

    @action
    def put(self, w: W, other: W) -> None:
        self.boxes[w].append(other)

    @action
    def take(self) -> None:
        when(len(self.wide) == 0)
        self.wide = self.queue
        self.log = []

    @witness
    def full(self) -> bool:
        return len(self.queue) == 2
