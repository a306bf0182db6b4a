"""The fewest lines of a slice that are rejected for the same reason.

Owns the search for them: lines are left out in ever smaller groups, as long as the rest is rejected
and the same line fails for the same reason and is as far from fitting (delta debugging: A. Zeller,
R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input, IEEE TSE 28(2), 2002). The same
guard alone would be too easy: of an order that is published twice, a lone `publish` that nobody
placed would be left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .explain import Candidate, CutDown, Diagnosis
from .instances import Chain, Line
from .slices import Slice

if TYPE_CHECKING:
    from .event import Event

__all__ = ["cut_down"]

SECONDS_MAX = 3.0  # for one rejection; then what is left is shown as it is


def cut_down(part: Slice, found: Diagnosis, why: Callable[[Slice], Diagnosis | None]) -> CutDown:
    """The lines left of a rejected slice; `why` explains the rejection of another, if it is one."""
    reason = _reason(found, found.candidates[0])
    lines = [line.observed.event for line in part.lines]
    deadline = time.monotonic() + SECONDS_MAX

    def fails(events: list[Event]) -> bool:
        again = why(_only(part, events))
        return again is not None and any(
            _reason(again, each) == reason for each in again.candidates
        )

    size = max(1, len(lines) // 2)
    while time.monotonic() < deadline:
        is_shorter = False
        at = 0
        while at < len(lines) and time.monotonic() < deadline:
            rest = lines[:at] + lines[at + size :]
            if rest and fails(rest):
                lines, is_shorter = rest, True
            else:
                at += size
        if size == 1 and not is_shorter and at >= len(lines):
            return CutDown(_sorted(lines), is_least=True)
        if not is_shorter:
            size = max(1, size // 2)
    return CutDown(_sorted(lines), is_least=False)


def _sorted(lines: list[Event]) -> tuple[Event, ...]:
    """As they stand in the log."""
    return tuple(sorted(lines, key=lambda event: event.place))


def _reason(found: Diagnosis, candidate: Candidate) -> object:
    """Which line fails, what of it, and how many steps would make the nearest line fit."""
    facts = tuple((fact.field, fact.model) for fact in candidate.facts)
    guards = tuple(guard.text for guard in candidate.guards)
    return candidate.event.place, facts, guards, [len(each.steps) for each in found.remedies[:1]]


def _only(part: Slice, events: list[Event]) -> Slice:
    """The slice with these lines and no others. What ends of instances leave open stays."""
    places = {event.place for event in events}

    def kept(chain: Chain) -> Chain:
        return tuple(
            item
            for item in chain
            if not isinstance(item, Line) or item.observed.event.place in places
        )

    return replace(part, chains=tuple(chain for chain in map(kept, part.chains) if chain))
