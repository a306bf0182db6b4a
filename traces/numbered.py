"""A world's states as numbers, and where each step leads from each: what a search looks up most.

A state is hashed once, when it gets its number; from then on a step is a look-up of a number. The
tables are filled as far as searches go. `forget` empties them, and no number holds any more; that
costs time and changes no verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from checker.states import State

if TYPE_CHECKING:
    from .worlds import LostStep, Step, World

__all__ = ["After", "Numbered", "Row"]

After = tuple[int, int, int, int]
"""Where a step leads: the state; the obligations that it begins, and those that it leaves open, as
bits; and what the step costs, 1 for a hidden fault."""


class Row(dict[int, tuple[After, ...]]):
    """One step, from every state that was asked for."""

    def __init__(self, numbered: Numbered, leads: Callable[[State], Iterable[After]]) -> None:
        super().__init__()
        self._numbered = numbered
        self._leads = leads
        self._cut: dict[int, tuple[tuple[After, ...], frozenset[str]]] = {}

    def __missing__(self, number: int) -> tuple[After, ...]:
        """What a capacity has cut is kept apart, so that it tells of that each time."""
        cuts = self._numbered.world.cuts
        if number not in self._cut:
            earlier = frozenset(cuts)
            cuts.clear()
            found = tuple(self._leads(self._numbered.states[number]))
            own = frozenset(cuts)
            cuts |= earlier
            self._numbered.entries += 1
            if not own:
                self[number] = found
                return found
            self._cut[number] = found, own
        found, own = self._cut[number]
        cuts |= own
        return found


class Numbered:
    """The states of one world, and at most so many entries about them, but for one search."""

    def __init__(self, world: World, most: int) -> None:
        self.world = world
        self._most = most
        self.forget()

    def forget(self) -> None:
        self.states: list[State] = []
        self.entries = 0
        self.hidden = Row(self, self._after_hidden)
        self._numbers: dict[State, int] = {}
        self._owed: list[tuple[int, int]] = []
        self._rows: dict[Step | LostStep, Row] = {}

    @property
    def is_full(self) -> bool:
        return self.entries + len(self.states) >= self._most

    def number(self, state: State) -> int:
        found = self._numbers.get(state)
        if found is None:
            found = self._numbers[state] = len(self.states)
            self.states.append(state)
            self._owed.append(self.world.owed(state))
        return found

    def row(self, step: Step | LostStep) -> Row:
        """Of a step that a line says, or that nobody logged."""
        found = self._rows.get(step)
        if found is None:

            def leads(state: State) -> Iterator[After]:
                return (self._after(each, 0) for each in self.world.after(step, state))

            found = self._rows[step] = Row(self, leads)
        return found

    def _after_hidden(self, state: State) -> Iterator[After]:
        return (self._after(each, cost) for each, cost in self.world.after_hidden(state))

    def _after(self, state: State, cost: int) -> After:
        number = self.number(state)
        return number, *self._owed[number], cost

    # ── For one state ────────────────────────────────────────────────────────────────────────────

    def after(self, step: Step | LostStep, state: State) -> list[State]:
        self._spare()
        return [self.states[each[0]] for each in self.row(step)[self.number(state)]]

    def after_hidden(self, state: State) -> list[tuple[int, State]]:
        """What a hidden step costs, and the state after it."""
        self._spare()
        return [(each[3], self.states[each[0]]) for each in self.hidden[self.number(state)]]

    def owed(self, state: State) -> tuple[int, int]:
        """The obligations that the state begins, and those that it leaves open."""
        self._spare()
        return self._owed[self.number(state)]

    def _spare(self) -> None:
        """Numbers hold no longer than from here to the next call."""
        if self.is_full:
            self.forget()
