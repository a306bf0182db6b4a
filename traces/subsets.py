"""Totally ordered slices: the explanations so far as one state of a deterministic automaton.

Owns the subset construction, done as far as logs need it and kept across slices: a set of (state,
open obligations, hidden faults) has a number, and a table leads from a set and a line to the next
set. Sets are closed under hidden steps. The tables are emptied when they are full; that costs time
and changes no verdict, and neither does it that a search found its way in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.states import State

from .worlds import World

if TYPE_CHECKING:
    from .validate import Logged

__all__ = ["SETS_MAX", "Subsets", "TooWide"]

SETS_MAX = 200_000  # sets of one table, and as many members as `MEMBERS_MAX`
MEMBERS_MAX = 2_000_000  # about 200 bytes each
MOVES_MAX = 1_000_000

Member = tuple[State, int]  # a state and the open obligations
Set = dict[Member, int]  # with the least number of hidden faults


class TooWide(Exception):
    """A set has more members than a search may have explanations."""


class Subsets:
    """The automaton of one world for at most so many hidden faults."""

    def __init__(self, world: World, faults: int) -> None:
        self.world = world
        self.faults = faults
        self._forget()

    def _forget(self) -> None:
        self._numbers: dict[frozenset[tuple[Member, int]], int] = {}
        self._sets: list[Set] = []
        self._members = 0
        self._moves: dict[tuple[int, Logged], int] = {}
        self._cuts: dict[tuple[int, Logged] | None, frozenset[str]] = {}
        self._start: int | None = None

    def members(self, number: int) -> Set:
        return self._sets[number]

    def start(self, width: int) -> int:
        """The set before the first line. Raises: TooWide."""
        if self._start is None:
            world = self.world
            first = {(state, world.owed_at_first(state)): 0 for state in world.initial()}
            self._start = self._closed(first, width, None)
        self.world.cuts |= self._cuts.get(None, frozenset())
        return self._start

    def after(self, number: int, line: Logged, width: int) -> int:
        """The set after a line; the empty set if nothing explains it. Raises: TooWide."""
        found = self._moves.get((number, line))
        if found is None:
            weight = self.world.weight
            if len(self._sets) * weight >= SETS_MAX or self._members * weight >= MEMBERS_MAX:
                kept = self._sets[number]
                self._forget()
                number = self._number(kept)
            found = self._moved(number, line, width)
            if len(self._moves) >= MOVES_MAX:
                self._moves.clear()
                self._cuts = {None: self._cuts.get(None, frozenset())}
            self._moves[number, line] = found
        elif (number, line) in self._cuts:
            self.world.cuts |= self._cuts[number, line]
        return found

    def _moved(self, number: int, line: Logged, width: int) -> int:
        following: Set = {}
        known = set(self.world.cuts)
        self.world.cuts.clear()
        for (state, mask), faults in self._sets[number].items():
            for after in self._consumed(state, mask, line):
                if faults < following.get(after, faults + 1):
                    following[after] = faults
        found = self._closed(following, width, (number, line))
        self.world.cuts |= known
        return found

    def _consumed(self, state: State, mask: int, line: Logged) -> Iterator[Member]:
        for step in (line.step, *line.others):
            for after in self.world.step(step, state):
                yield after, self.world.opened(mask, after)
        if not line.is_certain:
            yield state, mask

    def _closed(self, found: Set, width: int, why: tuple[int, Logged] | None) -> int:
        """The number of the set with everything that hidden steps lead to."""
        world = self.world
        waiting = list(found)
        while waiting:
            state, mask = member = waiting.pop()
            faults = found[member]
            for cost, state_after in world.hidden(state):
                if faults + cost <= self.faults:
                    after = state_after, world.opened(mask, state_after)
                    if faults + cost < found.get(after, self.faults + 1):
                        found[after] = faults + cost
                        waiting.append(after)
            if len(found) > width:
                raise TooWide
        if world.cuts:
            self._cuts[why] = frozenset(world.cuts)
        return self._number(found)

    def _number(self, found: Set) -> int:
        key = frozenset(found.items())
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._sets)
            self._sets.append(found)
            self._members += len(found)
        return number
