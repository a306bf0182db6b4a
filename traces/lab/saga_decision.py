"""What the orchestrator of a saga decides: from its record and an answer to the next record.

No input and output here. The switches are the constants of the model `saga`; each that is off is a
well-known mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .saga_message import STEPS, Message

ENDS = ("COMPLETED", "COMPENSATED", "STUCK")


@dataclass(frozen=True)
class Record:
    """How far a saga is: FORWARD and BACKWARD with the step that is to be done or undone."""

    phase: str
    step: str

    @property
    def has_ended(self) -> bool:
        return self.phase in ENDS

    def command(self, order: str) -> Message:
        return Message("DO" if self.phase == "FORWARD" else "UNDO", self.step, order)

    def awaits(self, answer: Message) -> bool:
        phase = "FORWARD" if answer.kind in ("DONE", "REJECTED") else "BACKWARD"
        return self == Record(phase, answer.step)


FIRST = Record("FORWARD", "RESERVE")


@dataclass(frozen=True)
class Rules:
    """The decisions of one form of the orchestrator."""

    undo_backwards: bool
    undo_in_doubt: bool
    alert: bool
    retry_pivot: bool

    @staticmethod
    def of(switches: Mapping[str, str | float | bool]) -> "Rules":
        names = ("undo_backwards", "undo_in_doubt", "alert", "retry_pivot")
        return Rules(**{name: bool(switches[name]) for name in names})

    def after(self, answer: Message) -> Record:
        """The record after the answer that was awaited.

        >>> rules = Rules(undo_backwards=True, undo_in_doubt=True, alert=True, retry_pivot=True)
        >>> rules.after(Message("REJECTED", "SHIP", "order-7"))
        Record(phase='BACKWARD', step='CHARGE')
        """
        if answer.kind == "DONE":
            if answer.step == "SHIP":
                return Record("COMPLETED", "SHIP")
            return Record("FORWARD", STEPS[STEPS.index(answer.step) + 1])
        if answer.kind == "FAILED" and self.alert:
            return Record("STUCK", answer.step)
        if answer.kind != "REJECTED" and not self.undo_backwards:
            if answer.step == "RESERVE":
                return Record("BACKWARD", "CHARGE")
            return Record("COMPENSATED", "RESERVE")
        return self.before(answer.step)

    def before(self, step: str) -> Record:
        """The record of a saga that has to undo the steps before this one."""
        if step == "RESERVE":
            return Record("COMPENSATED", "RESERVE")
        last = step == "SHIP" and self.undo_backwards
        return Record("BACKWARD", "CHARGE" if last else "RESERVE")

    def gives_up(self, record: Record) -> bool:
        """Is a step that does not answer undone, rather than told again?"""
        return record.phase == "FORWARD" and not (self.retry_pivot and record.step == "SHIP")

    def timed_out(self, step: str) -> Record:
        if not self.undo_in_doubt:
            return self.before(step)
        return Record("BACKWARD", step if self.undo_backwards else "RESERVE")
