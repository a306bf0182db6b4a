"""Two writers count up in a key store whose calls have four outcomes.

Without a version check an update is lost. With it none is, but a writer that repeats a call of
which it heard nothing counts twice: it has to find its own mark, which the other must not wipe.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bounds,
    Id,
    Model,
    Steps,
    at,
    at_rest,
    either,
    invariant,
    process,
    unlucky,
    witness,
)
from checker.stores import Answer, Call, KeyStore, answer_of, is_applied, outcome_of


class Writer(Id, scope=2):
    """Each adds one to the same counter."""


class Counter(Id, scope=1):
    """The key."""


@dataclass(frozen=True)
class Total:
    value: Annotated[int, Bounds(0, 3)]
    marks: set[Writer]  # an idempotency key for the one request of each


class Marks(Enum):
    NONE = "nobody leaves a mark"
    LAST = "the last writer's is kept"
    ALL = "all are kept"


class CompareAndSet(Model):
    compare: Final[bool] = True
    marks: Final[Marks] = Marks.ALL

    store: KeyStore[Counter, Total] = KeyStore()

    @process(fair="weak")
    def add_one(self, me: Writer, key: Counter) -> Steps:
        while True:
            yield "read"
            version: Annotated[int, Bounds(0, 3)] = self.store.version(key)
            total = self.store.get(key)
            if total is not None and me in total.marks:
                return
            value: Annotated[int, Bounds(0, 3)] = 0
            marks: set[Writer] = set()
            if total is not None:
                value = total.value
                if self.marks is Marks.ALL:
                    marks = total.marks.copy()
            if self.marks is not Marks.NONE:
                marks = marks | {me}
            yield "write"
            call = either(
                Call.ANSWERED, unlucky(Call.ANSWER_LOST, at_most=1), unlucky(Call.LOST, at_most=1)
            )
            accepted = not self.compare or self.store.is_at(key, version)
            outcome = outcome_of(call, accepted)
            if is_applied(outcome):
                self.store = self.store.write(key, Total(value + 1, marks))
            if answer_of(outcome) is Answer.OK:
                return

    @invariant
    def nothing_is_counted_twice(self, key: Counter) -> bool:
        total = self.store.get(key)
        return total is None or total.value <= 2

    @at_rest
    def both_are_counted(self, key: Counter) -> bool:
        total = self.store.get(key)
        return total is not None and total.value == 2

    @witness
    def a_write_is_rejected(self, key: Counter, me: Writer) -> bool:
        return self.store.version(key) == 1 and at(self.add_one, me, key, "write")
