"""What differs between a model and its twin: states, labelled edges, and what properties say.

Owns the meaning of equal. The graphs are walked in step from the initial states along what both
have, so the first difference is the nearest one, and the way to it is a behaviour of both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from .. import ir
from ..states import State
from .sides import Side

__all__ = ["Difference", "graph_differences"]


@dataclass(frozen=True)
class Difference:
    """Where the two sides part.

    `path` leads to `state` on both sides. `action` is the first one whose successors differ there;
    `model` and `spec` are those successors, or in words what each side says. Without an action it
    is the initial states, or a property.
    """

    kind: str  # initial, action, property, verdict or count
    path: tuple[tuple[str, State], ...]
    state: State | None
    action: str
    model: tuple[State, ...]
    spec: tuple[State, ...]
    words: tuple[str, str] = ("", "")


def graph_differences(model: ir.Model, ours: Side, theirs: Side) -> Iterator[Difference]:
    """The nearest difference of the graphs; then for each property the nearest state."""
    yield from _starts(ours, theirs)
    came: dict[State, tuple[State, str] | None] = {}
    for state in ours.initial:
        if state in theirs.edges:
            came[state] = None
    queue = deque(came)
    parted = False
    said: set[str] = set()
    while queue:
        state = queue.popleft()
        for difference in _facts(state, ours, theirs):
            if difference[0] not in said:
                said.add(difference[0])
                yield _fact_difference(difference, _path(came, state), state)
        here, there = ours.edges[state], theirs.edges.get(state, set())
        if here != there and not parted:
            parted = True
            yield from _parting(model, here, there, _path(came, state), state)
        for rule, target in sorted(here & there, key=repr):
            if target not in came:
                came[target] = (state, rule)
                queue.append(target)


def _starts(ours: Side, theirs: Side) -> Iterator[Difference]:
    first, other = set(ours.initial), set(theirs.initial)
    if first != other:
        only, alone = _sorted(first - other), _sorted(other - first)
        yield Difference("initial", (), None, "", only, alone)
    for what, a, b in (
        ("step error at the start", ours.fails_at_start, theirs.fails_at_start),
        ("cut at the start", ours.cut_at_start, theirs.cut_at_start),
    ):
        if a != b:
            yield Difference("property", (), None, what, (), (), (_yes(a), _yes(b)))


def _sorted(states: set[State]) -> tuple[State, ...]:
    return tuple(sorted(states, key=repr))


def _parting(
    model: ir.Model,
    here: set[tuple[str, State]],
    there: set[tuple[str, State]],
    path: tuple[tuple[str, State], ...],
    state: State,
) -> Iterator[Difference]:
    names = [r.name for r in model.rules]
    names += sorted({rule for rule, _ in there} - set(names))
    for name in names:
        a = {target for rule, target in here if rule == name}
        b = {target for rule, target in there if rule == name}
        if a != b:
            yield Difference("action", path, state, name, _sorted(a - b), _sorted(b - a))
            return


Fact = tuple[str, object, object]


def _facts(state: State, ours: Side, theirs: Side) -> Iterator[Fact]:
    mine, other = ours.facts.get(state), theirs.facts.get(state)
    if mine is None or other is None:
        return
    for name, value in mine.items():
        if name.endswith(" is defined") and name not in other:
            continue
        if other.get(name) != value:
            yield name, value, other.get(name)


def _fact_difference(fact: Fact, path: tuple[tuple[str, State], ...], state: State) -> Difference:
    name, mine, other = fact
    return Difference("property", path, state, name, (), (), (_yes(mine), _yes(other)))


def _yes(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "not asked" if value is None else f"true for {sorted(value, key=repr)}"  # type: ignore[call-overload]


def _path(
    came: dict[State, tuple[State, str] | None], state: State
) -> tuple[tuple[str, State], ...]:
    found: list[tuple[str, State]] = []
    here = state
    while (step := came[here]) is not None:
        before, rule = step
        found.append((rule, here))
        here = before
    found.append(("", here))
    return tuple(reversed(found))
