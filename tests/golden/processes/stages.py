"""Ways that a `match` takes, with labels in some of its cases."""

from dataclasses import dataclass
from enum import Enum

from checker import Id, Model, Steps, choose, process


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Stage(Enum):
    NEW = "n"
    PAID = "p"
    SENT = "s"


@dataclass(frozen=True)
class Pay:
    who: Worker


@dataclass(frozen=True)
class Send:
    what: MessageId


class Stages(Model):
    stage: Stage = Stage.NEW
    todo: set[Pay | Send] = set()
    paid: set[Worker] = set()

    @process
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "look"
            match self.stage:
                case Stage.NEW:
                    self.todo.add(Pay(me))
                    yield "pay"
                    self.stage = Stage.PAID
                case Stage.PAID if len(self.paid) > 0:
                    self.stage = Stage.SENT
                    continue
                case Stage.SENT:
                    return
                case _:
                    self.paid.add(me)
            yield "work"
            job = choose(self.todo)
            match job:
                case Pay(who):
                    self.paid.add(who)
                    yield "forget"
                    self.todo.discard(job)
                case Send():
                    self.todo.remove(job)
