"""The same words under other names: `import checker as c`, `from ... import ... as`."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated, Final

import checker as c
from checker import Bounds as Between
from checker import when as only_if

MOST = 2

Count = Annotated[int, Between(0, MOST)]


class W(c.Id, scope=2):
    """A worker."""


class Mode(enum.Enum):
    ON = 1
    OFF = 2


@dataclasses.dataclass(frozen=True)
class Note:
    who: W
    count: Count


class RenamedImports(c.Model):
    limit: Final[int] = MOST

    notes: set[Note] = set()
    queue: c.Bag[W] = c.Bag()
    mode: Mode = Mode.OFF

    @c.action(fair="weak")
    def write(self, w: W) -> None:
        only_if(len(self.notes) < MOST)
        self.notes.add(Note(w, self.queue.count(w)))

    @c.action
    def send(self) -> None:
        w = c.choose(W)
        c.when(len(self.queue) < self.limit)
        self.queue.add(w)

    @c.fault(at_most=1)
    def switch(self) -> None:
        note = c.choose(self.notes)
        self.mode = c.either(Mode.ON, Mode.OFF)
        self.notes = {dataclasses.replace(note, count=0)}

    @c.invariant
    def few(self) -> bool:
        return all(n.count <= MOST for n in self.notes)
