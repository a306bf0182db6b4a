"""Two doctors go off call, each after looking for the other one: three isolation levels."""

from enum import Enum
from typing import Final

from checker import Id, Model, Steps, at, invariant, process, witness
from checker.stores import Table


class Doctor(Id, scope=2):
    """On call at first; a row in the table says that a doctor has gone."""


class Level(Enum):
    READ_COMMITTED = "nothing is compared"
    SNAPSHOT = "the rows that were written"
    SERIALIZABLE = "the rows that were read, too"


class Isolation(Model):
    level: Final[Level] = Level.SERIALIZABLE

    gone: Table[Doctor, bool] = Table()

    @process(fair="weak")
    def leave(self, me: Doctor) -> Steps:
        yield "begin"
        mine = self.gone
        yield "commit"
        if all(not mine.has(d) for d in Doctor):
            mine = mine.write(me, True)
            read = {me}
            if self.level is Level.SERIALIZABLE:
                read = set(Doctor)
            if self.level is Level.READ_COMMITTED or not self.gone.conflicts(mine, read):
                self.gone = self.gone.commit(mine, {me})

    @invariant
    def somebody_is_on_call(self) -> bool:
        return any(not self.gone.has(d) for d in Doctor)

    @witness
    def one_has_gone(self, doctor: Doctor) -> bool:
        return self.gone.has(doctor)

    @witness
    def both_have_begun(self) -> bool:
        return all(at(self.leave, d, "commit") for d in Doctor)
