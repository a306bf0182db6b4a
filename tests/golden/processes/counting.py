"""Locals that count: first values, declared bounds, a loop that ends."""

from typing import Annotated

from checker import Id, Limit, Model, Steps, fault, process, restart


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Counting(Model):
    total: Annotated[int, Limit(0, 5)] = 0
    failed: bool = False

    @process
    def worker(self, me: Worker) -> Steps:
        tries: Annotated[int, Limit(0, 2)] = 0
        first = True
        yield "begin"
        while tries < 2:
            yield "work"
            tries += 1
            if first:
                first = False
                continue
            if self.failed:
                break
            self.total += 1
        yield "finish"
        self.failed = tries < 2

    @fault(at_most=1)
    def crash(self, me: Worker) -> None:
        restart(self.worker, me)
