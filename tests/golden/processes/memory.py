"""Volatile fields: of one relay, and an entry for each worker; a supervisor restarts them."""

from typing import Annotated

from checker import Id, Map, Model, Steps, at, choose, process, restart, stop, volatile, when


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Memory(Model):
    known: Annotated[set[MessageId], volatile("relay")] = set()
    cache: Annotated[dict[Worker, MessageId], volatile("worker")] = {}
    marks: Annotated[Map[Worker, bool], volatile("worker", "relay_of")] = Map(False)
    stored: set[MessageId] = set()

    @process
    def relay(self) -> Steps:
        while True:
            yield "publish"
            message = choose(self.stored)
            when(message not in self.known)
            self.known.add(message)

    @process
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "fetch"
            message = choose(MessageId)
            self.cache[me] = message
            self.marks[me] = True
            yield "store"
            self.stored.add(self.cache[me])
            if message in self.known:
                restart(self.worker, me)

    @process
    def relay_of(self, me: Worker) -> Steps:
        yield "watch"
        when(self.marks[me])

    @process
    def supervisor(self) -> Steps:
        yield "restart_all"
        when(len(self.known) > 0)
        restart(self.relay)
        one = choose(Worker)
        restart(self.worker, one)
        yield "stop_one"
        other = choose(Worker)
        when(at(self.worker, other, "store"))
        self.stored.clear()
        stop(self.worker, other)
        restart(self.relay_of, other)
