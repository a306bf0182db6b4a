"""What the runs of a machine have visited, and what they never did.

Owns the counting and the words. Runs that end in a failure are not counted: shrinking repeats them
many times, which says nothing about how far the tests reach.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["NeverTaken", "Visits"]


class NeverTaken(UserWarning):
    """A run of the tests never took some action of the model."""


@dataclass
class Visits:
    """How often each action was taken, by name.

    `possible` are the actions that the model allows somewhere; `missing` the faults that the
    adapter has no method for; `impossible` what no reachable state of the model allows.
    """

    machine: str
    possible: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    runs: int = 0
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def never(self, least: int = 1) -> list[str]:
        """The actions that were taken less often than that."""
        return [name for name in self.possible if self.counts[name] < least]

    def lines(self) -> list[str]:
        """A table for a person.

        >>> Visits("M", possible=("send", "drop"), runs=2, steps=3, counts=Counter(send=3)).lines()
        ['M: 2 runs, 3 steps', '  send  3', '  drop  0   never taken']
        """
        head = [f"{self.machine}: {self.runs:,} runs, {self.steps:,} steps"]
        shown = {
            **{name: str(self.counts[name]) for name in self.possible},
            **dict.fromkeys(self.impossible, "–"),
            **dict.fromkeys(self.missing, "–"),
            **dict.fromkeys(self.hidden, "–"),
        }
        why = dict.fromkeys(self.never(), "never taken")
        why |= dict.fromkeys(self.impossible, "never possible in the model")
        why |= dict.fromkeys(self.missing, "not exercised: the adapter has no method for it")
        why |= dict.fromkeys(self.hidden, "the system takes it on its own")
        wide = max(map(len, shown), default=0)
        high = max(map(len, shown.values()), default=0)
        return head + [
            f"  {name:<{wide}}  {text:>{high}}   {why.get(name, '')}".rstrip()
            for name, text in shown.items()
        ]
