"""Enums: members, parameters, universes."""

from enum import Enum

from checker import Model, action, choose, invariant, when, witness


class Phase(Enum):
    """How far the work is."""

    IDLE = "nothing to do"
    BUSY = "at work"
    DONE = "finished"


class Enums(Model):
    phase: Phase = Phase.IDLE
    seen: set[Phase] = set()
    next: Phase | None = None

    @action
    def move(self, to: Phase) -> None:
        when(self.phase != to and to is not Phase.IDLE)
        self.seen.add(self.phase)
        self.phase = to

    @action
    def plan(self) -> None:
        phase = choose(Phase)
        self.next = phase

    @action
    def follow(self) -> None:
        when(self.next is not None and self.next in (Phase.BUSY, Phase.DONE))
        self.phase = self.next if self.next is Phase.BUSY else Phase.DONE

    @invariant
    def few(self) -> bool:
        return len(self.seen) <= len(Phase) and all(p in self.seen or p not in self.seen for p in Phase)

    @witness
    def all_seen(self) -> bool:
        return all(p in self.seen for p in Phase if p != Phase.DONE)
