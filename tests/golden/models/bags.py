"""Bags: copies are counted, iterating yields each of them."""

from checker import Bag, Id, Model, action, choose, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Bags(Model):
    queue: Bag[W] = Bag()
    seen: set[W] = set()
    total: Bag[W] = Bag()

    @action
    def send(self, w: W) -> None:
        when(self.queue.count(w) < 2 and len(self.queue) < 3)
        self.queue.add(w)

    @action
    def receive(self) -> None:
        w = choose(self.queue)
        self.queue.remove(w)
        self.total.discard(w)

    @action
    def note(self) -> None:
        self.seen = self.queue.values()
        self.total = Bag(w for w in self.queue)

    @action
    def forget(self) -> None:
        self.seen = set(self.queue)
        self.queue.clear()

    @action
    def refill(self, w: W) -> None:
        when(len(self.queue) == 0)
        self.queue.update([w, w])
        self.queue = Bag([w])
        self.total = Bag(self.seen)
        self.total = self.queue.copy()

    @invariant
    def counted(self) -> bool:
        return sum(1 for _ in self.queue) == len(self.queue) == sum(self.queue.count(w) for w in W)

    @witness
    def twice(self, w: W) -> bool:
        return w in self.queue and self.queue.count(w) == 2
