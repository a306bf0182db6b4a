"""`match` in a step: members, ints, None, records, guards, captures and alternatives."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from checker import Bounds, Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Phase(Enum):
    A = 1
    B = 2
    C = 3


@dataclass(frozen=True)
class Job:
    owner: W
    left: Annotated[int, Bounds(0, 2)]


class Matches(Model):
    phase: Phase = Phase.A
    n: Annotated[int, Bounds(0, 2)] = 0
    job: Job | None = None
    flag: bool = False

    @action
    def by_member(self) -> None:
        match self.phase:
            case Phase.A:
                self.phase = Phase.B
            case Phase.B | Phase.C if self.flag:
                self.phase = Phase.A
            case other:
                self.flag = other is Phase.B

    @action
    def by_number(self, w: W) -> None:
        match self.n:
            case 0:
                self.n = 1
            case 1 | 2:
                self.n = 0
                self.job = Job(w, 2)
            case _:
                pass

    @action
    def by_record(self) -> None:
        match self.job:
            case None:
                self.flag = True
            case Job(owner, 0):
                self.job = Job(owner, 1)
            case Job(left=left) as job if left > 1:
                self.job = Job(job.owner, left - 1)
            case _:
                self.job = None

    @action
    def by_bool(self) -> None:
        match self.flag:
            case True:
                when(self.n == 0)
            case False:
                pass

    @invariant
    def bounded(self) -> bool:
        match self.job:
            case Job(_, left) if left > 2:
                return False
            case _:
                return self.n <= 2

    @witness
    def a_job(self, w: W) -> bool:
        match self.job:
            case Job(owner, 1):
                return owner == w
            case _:
                pass
        return False
