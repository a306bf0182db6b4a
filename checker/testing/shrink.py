"""A failing run made shorter with what the model knows.

Owns all shrinking of runs. Hypothesis would shrink the numbers that a run was drawn from, which
takes hundreds of runs and moves steps about; the model knows which steps can be left out, and the
shortest way to the state in which the failing step was taken. Every candidate is run on a fresh
system, so the result is a failure that happened, not one that was derived.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from .. import ir
from ..explore.orbits import renamed
from ..states import Value
from .drive import Disagreement
from .steering import Atlas
from .subject import Call, Subject, choices_of

__all__ = ["shortened"]

Attempt = Callable[[tuple[Call, ...]], Disagreement | None]

CANDIDATES_MAX = 400
SECONDS_MAX = 30.0
WAYS_MAX = 120  # ways to other states in which the failing step is possible


def shortened(
    failed: Disagreement, atlas: Atlas, attempt: Attempt, *, seconds_max: float = SECONDS_MAX
) -> Disagreement:
    """The shortest run found that fails like this one; itself, if there is none.

    `attempt` runs calls on a fresh system, as long as the model allows them, and gives the
    disagreement they end in. At most CANDIDATES_MAX runs.
    """
    end = time.monotonic() + seconds_max
    best, left = failed, CANDIDATES_MAX
    tried: set[tuple[Call, ...]] = {failed.calls}
    while True:
        for calls in _candidates(best, atlas):
            if calls in tried or len(calls) >= len(best.calls):
                continue
            if not left or time.monotonic() > end:
                return best
            left -= 1
            tried.add(calls)
            found = attempt(calls)
            if found is None or not _is_like(found, best):
                continue
            if len(found.calls) < len(best.calls):
                best = found
                break
        else:
            return _with_first_ids(best, atlas.harness.subject, attempt)


# Two ways to see that a step went wrong; which one it is depends on the state it was taken in.
_SEEN = {"invariant", "observe"}


def _is_like(one: Disagreement, other: Disagreement) -> bool:
    """Would a person say that both are the same bug: does the same step go wrong?"""
    if one.failing.is_like(other.failing):
        return True
    same_step = one.calls[-1:] and other.calls and one.calls[-1].name == other.calls[-1].name
    return bool(same_step) and {one.failing.kind, other.failing.kind} <= _SEEN


def _with_first_ids(failed: Disagreement, subject: Subject, attempt: Attempt) -> Disagreement:
    """The same run with its ids numbered in the order of their use, if it fails like that too."""
    types: list[ir.Type] = []
    values: list[Value] = []
    for call in failed.calls:
        types += [param.type for param in call.rule.rule.params]
        types += [choices_of(call.rule.rule)[place].type for place, _ in call.driven]
        values += [*call.args, *(value for _, value in call.driven)]
    # A choice on a branch that was not taken has no value to rename.
    known = [ir.BOOL if v is None else t for t, v in zip(types, values, strict=True)]
    new = iter(renamed(known, values))
    calls = tuple(
        subject.call(
            call.rule,
            tuple(next(new) for _ in call.args),
            tuple((place, next(new)) for place, _ in call.driven),
        )
        for call in failed.calls
    )
    found = attempt(calls) if calls != failed.calls else None
    return found if found is not None and _is_like(found, failed) else failed


def _candidates(failed: Disagreement, atlas: Atlas) -> Iterator[tuple[Call, ...]]:
    """Shorter runs, the most promising first."""
    calls = failed.calls
    if not calls:
        return
    *before, last = calls
    # A shorter way to a state on the run's own way; of hidden steps the trace has more states.
    for number, state in reversed(list(enumerate(failed.trace.states()))):
        if state in atlas.numbers:
            yield (*atlas.way_to(atlas.numbers[state]), *before[number:], last)
    # Ever smaller parts are left out. Source: A. Zeller, R. Hildebrandt, Simplifying and Isolating
    # Failure-Inducing Input, 2002.
    size = len(before) // 2
    while size:
        for first in range(0, len(before), size):
            yield (*before[:first], *before[first + size :], last)
        size //= 2
    # The same step in another state, or with other values: the nearest first.
    sources = sorted(
        (
            (atlas.depths[number], call is not last, number, call)
            for number, call in atlas.taken.get(last.name, ())
            if atlas.depths[number] < len(before)
        ),
        key=lambda source: source[:3],
    )
    for _, _, number, call in sources[:WAYS_MAX]:
        yield (*atlas.way_to(number), call)
    for first in range(len(before)):
        for second in range(first + 1, len(before)):
            yield (*(c for n, c in enumerate(before) if n not in (first, second)), last)
