"""Two processes with steps of one name, each looking where the other is."""

from checker import Id, Model, Steps, at, invariant, process, when


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Neighbours(Model):
    inside: set[Worker] = set()
    watched: bool = False

    @process(fair="strong")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "enter"
            when(not at(self.watcher, "close") and len(self.inside) == 0)
            self.inside.add(me)
            yield "leave"
            self.inside.remove(me)

    @process(fair="weak")
    def watcher(self) -> Steps:
        while True:
            yield "enter"
            when(all(at(self.worker, w, "enter") for w in Worker))
            self.watched = True
            yield "close"
            self.watched = False

    @invariant
    def one_at_a_time(self) -> bool:
        return len(self.inside) <= 1
