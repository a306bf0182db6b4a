"""Faults: budgets for all values, for each value, and none."""

from checker import Bag, Id, Model, action, fault, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Faults(Model):
    queue: Bag[W] = Bag()
    up: set[W] = set()

    @action
    def start(self, w: W) -> None:
        when(w not in self.up)
        self.up.add(w)

    @action
    def send(self, w: W) -> None:
        when(w in self.up and self.queue.count(w) < 1)
        self.queue.add(w)

    @fault(at_most=1)
    def lose(self, w: W) -> None:
        """The broker loses a message."""
        when(w in self.queue)
        self.queue.remove(w)

    @fault(at_most=2, per="w")
    def crash(self, w: W) -> None:
        when(w in self.up)
        self.up.remove(w)

    @fault(at_most=None)
    def repeat(self, w: W) -> None:
        when(w in self.queue and self.queue.count(w) < 2)
        self.queue.add(w)

    @fault(at_most=0)
    def never(self) -> None:
        self.queue.clear()

    @invariant
    def at_most_two(self, w: W) -> bool:
        return self.queue.count(w) <= 2

    @witness
    def down_with_mail(self, w: W) -> bool:
        return w not in self.up and w in self.queue
