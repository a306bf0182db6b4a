"""Reading what was never assigned is a step error; loops inside one step."""

from typing import Annotated

from checker import Id, Limit, Model, Steps, choose, process


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Lapses(Model):
    ready: set[MessageId] = set()
    count: Annotated[int, Limit(0, 3)] = 0

    @process
    def worker(self) -> Steps:
        while True:
            yield "take"
            if self.count == 2:
                message = choose(self.ready)
            one = choose(MessageId)
            self.ready.add(one)
            yield "use"
            many: Annotated[int, Limit(0, 4)] = 0
            for _each in self.ready:
                many += 1
            if many == 2:
                self.ready.remove(message)
            yield "sum_up"
            if self.count + many <= 3:
                self.count += many
