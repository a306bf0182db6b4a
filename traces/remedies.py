"""What would have to happen before a line, for the line to fit.

Owns the question for a line that no explanation can take next: which steps of the model, one or a
few, lead from an explanation to a state in which it can? Each such step is looked for among the
lines that are not explained yet: it may be logged and stand behind another line that does not fit,
or no line may tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checker import ir
from checker.states import State, Value

from .event import Event
from .observe import ANY
from .validate import Logged, Node, Shape
from .worlds import World

__all__ = ["MissingStep", "Remedy", "remedies"]

STEPS_MAX = 3  # in a row; what needs more is rarely what the reader is after
STATES_MAX = 2_000  # tried, over all explanations
REMEDIES_MAX = 4


@dataclass(frozen=True)
class MissingStep:
    """A step with its arguments as words.

    `event` is its line, if one of the lines that are not explained tells of it. `is_hidden`: no
    line ever tells of this rule. `service` writes its lines.
    """

    rule: str
    args: tuple[tuple[str, str], ...]
    event: Event | None = None
    is_hidden: bool = False
    is_fault: bool = False
    service: str | None = None


@dataclass(frozen=True)
class Remedy:
    """Steps that, done in this order before the line, make it fit."""

    steps: tuple[MissingStep, ...]


Move = tuple[str, tuple[Value, ...]]
Shown = Callable[[Value, ir.Type], str]
"""How a value is written: with the names that the log gives to ids."""


class _Left:
    """The lines that an explanation has not reached yet, but for the one that is asked about."""

    def __init__(
        self, line: Logged, shape: Shape, node: Node, events: list[dict[int, Event]]
    ) -> None:
        self.lines = [
            (logged, events[number][position])
            for number, chain in enumerate(shape.chains)
            for position, logged in enumerate(chain)
            if position >= node.cut[number] and isinstance(logged, Logged) and logged is not line
        ]

    def of(self, world: World, move: Move) -> Event | None:
        name, args = move
        for logged, event in self.lines:
            is_rule = world.observation.by_event[logged.step.event].rule.name == name
            if is_rule and all(
                told in (ANY, value) for told, value in zip(logged.step.args, args, strict=True)
            ):
                return event
        return None


def remedies(
    line: Logged,
    nodes: Iterable[Node],
    shape: Shape,
    world: World,
    events: list[dict[int, Event]],
    shown: Shown,
) -> tuple[Remedy, ...]:
    """The shortest ways to make the line fit, at most `REMEDIES_MAX`, all equally long."""
    found: dict[tuple[Move, ...], Node] = {}
    reached: dict[State, tuple[Node, tuple[Move, ...]]] = {n.state: (n, ()) for n in nodes}
    front = dict(reached)
    for _ in range(STEPS_MAX):
        following: dict[State, tuple[Node, tuple[Move, ...]]] = {}
        for state, (node, way) in front.items():
            if len(reached) > STATES_MAX:
                break
            for move, after in _moves(world, state):
                if after in reached or after in following:
                    continue
                following[after] = node, (*way, move)
                if any(world.step(step, after) for step in (line.step, *line.others)):
                    found.setdefault((*way, move), node)
        if found or not following:
            break
        reached |= following
        front = following
    return tuple(
        Remedy(
            tuple(_missing(world, move, _Left(line, shape, node, events), shown) for move in way)
        )
        for way, node in list(found.items())[:REMEDIES_MAX]
    )


def _moves(world: World, state: State) -> Iterator[tuple[Move, State]]:
    """The steps of the slice's own ids; those of others are closed under already."""
    for name, compiled in world.rules.items():
        for args in world.own_args(name):
            for _, after in compiled.step(state, args):
                if isinstance(after, tuple) and after != state:
                    yield (name, args), after


def _missing(world: World, move: Move, left: _Left, shown: Shown) -> MissingStep:
    name, args = move
    rule = world.rules[name].rule
    entries = [e for e in world.observation.mapping.events if name in e.rules]
    return MissingStep(
        name,
        tuple(
            (param.name, shown(value, param.type))
            for param, value in zip(rule.params, args, strict=True)
        ),
        event=left.of(world, move),
        is_hidden=name in world.observation.hidden,
        is_fault=rule.kind is ir.Kind.FAULT,
        service=entries[0].service if entries else None,
    )
