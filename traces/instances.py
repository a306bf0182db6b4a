"""The order of a log's lines, and what the end of a service's instance leaves open.

Owns the cutting of a node's lines into instances, and the chains: lines of one chain happened in
their order, and nothing is known of the order of two chains (no clock is read, and lines of
different nodes say nothing by their order in a file). At the end of an instance that did not end
cleanly a chain holds a `Lost`: one more step that nobody logged (L4). Which ids such a step is of
is known in a slice alone, from the lines of the instance that it has (`settled`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from checker import ir
from checker.states import Value

from .event import Defect, Event, Log
from .observe import Observation, Observed, Tie

__all__ = [
    "Begin", "Chain", "Ending", "Instance", "Line", "Lost", "Row", "Slot", "chains", "rows",
    "settled", "steps_of",
]  # fmt: skip


class Line(NamedTuple):
    """A step that is logged.

    `is_certain` is false for one logged before an effect that a crash may have prevented.
    """

    observed: Observed
    is_certain: bool = True


class Begin(NamedTuple):
    """Here the lines of an instance begin. A slice has none."""

    node: str


class Lost(NamedTuple):
    """A step of one of these rules that may have happened without a line.

    `own`: in a slice, those of its arguments that the instance's lines tell, each as a rule, a
    position, and the value. Before, `ties` says which these are.
    """

    node: str
    rules: tuple[str, ...]
    ties: frozenset[Tie] = frozenset()
    own: tuple[tuple[str, int, Value], ...] = ()


class Slot(NamedTuple):
    """Where lines of a slice's own stand among those of all slices, if these are known alone."""

    node: str
    number: int


def steps_of(observed: Observed, is_certain: bool = True) -> Iterator[Line]:
    """A logged line as one item for each of its steps."""
    yield Line(observed, is_certain)
    for step in observed.then:
        yield Line(step, is_certain)


Chain = tuple[Line | Lost, ...]
"""The lines of a slice that happened in their order."""

Row = tuple[Begin | Line | Lost | Slot, ...]
"""The same for all slices."""


def settled(items: Iterable[Begin | Line | Lost]) -> Chain:
    """The chain of a slice: of each lost step, what its instance's lines in the slice tell of it.

    Where they contradict each other they tell nothing.
    """
    found: list[Line | Lost] = []
    own: list[Observed] = []
    for item in items:
        if isinstance(item, Begin):
            own = []
        elif isinstance(item, Line):
            found.append(item)
            own.append(item.observed)
        else:
            found.append(
                item._replace(ties=frozenset(), own=_own(item.ties, own)) if item.ties else item
            )
    return tuple(found)


def _own(ties: Iterable[Tie], lines: Sequence[Observed]) -> tuple[tuple[str, int, Value], ...]:
    told: dict[tuple[ir.Type, str], set[Value]] = {}
    for line in lines:
        for each in line.all():
            what = each.what
            for field_, param, value in zip(what.fields, what.rule.params, each.args, strict=True):
                if field_ is not None:
                    told.setdefault((param.type, field_), set()).add(value)
    found: list[tuple[str, int, Value]] = []
    for tie in sorted(ties, key=lambda tie: tie[:2]):
        values = tuple(told.get((tie.type, tie.field), ()))
        if len(values) == 1:
            found.append((tie.rule, tie.position, values[0]))
    return tuple(found)


@dataclass
class Instance:
    """One life of a node, from its start to its end or to the end of the log."""

    node: str
    lines: list[Observed | Slot] = field(default_factory=list)
    services: set[str | None] = field(default_factory=set)  # whose events it has written
    rules: tuple[str, ...] = ()  # what it may have done without a line
    ties: frozenset[Tie] = frozenset()  # and what is known of that
    lost_most: int = 1  # how many steps one line can be
    last: Event | None = None
    is_clean: bool = False  # it said itself that it had finished
    ended_by: list[Observed] = field(default_factory=list)
    is_over: bool = False

    def chain(self) -> Iterator[Begin | Line | Lost | Slot]:
        ends_open = not self.is_clean
        if ends_open and self.ties:
            yield Begin(self.node)
        for observed in self.lines:
            if isinstance(observed, Slot):
                yield observed
                continue
            is_last = observed.event is self.last
            yield from steps_of(observed, not (observed.is_before and ends_open and is_last))
        if ends_open and self.rules:
            yield from [Lost(self.node, self.rules, self.ties)] * self.lost_most
        for each in self.ended_by:
            yield from steps_of(each)


Ending = tuple[str, Event, Observed | None]
"""A line about the end of another instance: whose, and the step that the line is, if it is one."""


def chains(log: Log, observation: Observation) -> tuple[list[Row], list[Defect]]:
    """All chains of the log, and the lines whose fields had no value of the model."""
    defects: list[Defect] = []
    if observation.mapping.in_file_order:
        return [_as_written(log, observation, defects)], defects
    if not observation.mapping.order.nodes:
        return _unordered(log, observation, defects), defects
    lives: dict[str, list[Instance]] = {}
    ends: list[Ending] = []
    about = {end.event: end.instance for end in observation.mapping.ends if end.instance}
    for node, events in log.by_node.items():
        lives[node] = _lives(node, events, observation, ends, defects, about)
    return rows(lives, ends, observation), defects


def _as_written(log: Log, observation: Observation, defects: list[Defect]) -> Row:
    """All lines as one chain, in the order of the files and of the lines in them."""
    position = {name: number for number, name in enumerate(log.files)}
    events = [event for events in log.by_node.values() for event in events]
    found: list[Line] = []
    for event in sorted(events, key=lambda e: (position[e.place.file], e.place)):
        observed = observation.observe(event)
        if isinstance(observed, Defect):
            defects.append(observed)
        elif observed is not None:
            found += steps_of(observed)
    return tuple(found)


def _unordered(log: Log, observation: Observation, defects: list[Defect]) -> list[Row]:
    """Where a node's lines have no order: each line alone, and steps without a line anywhere.

    Which line is the last of a life cannot be known, so any that is written before its step may be
    of a step that never was.
    """
    found: list[Row] = []
    for node, events in log.by_node.items():
        life = Instance(node)
        lives = 1 + sum(event.name in observation.mapping.starts for event in events)
        for event in events:
            observed = observation.observe(event)
            if isinstance(observed, Defect):
                defects.append(observed)
            elif observed is not None:
                life.services |= observed.services()
                found.append(tuple(steps_of(observed, not observed.is_before)))
        _may_lose(life, observation)
        if life.rules:
            lost = Lost(node, life.rules)
            found += [(lost,)] * (lives * life.lost_most)
    return found


def rows(
    lives: dict[str, list[Instance]], ends: Iterable[Ending], observation: Observation
) -> list[Row]:
    """The chains, once all lives are known and what was said of the ends of others."""
    for instances in lives.values():
        for life in instances:
            _may_lose(life, observation)
    for target, event, observed in ends:
        _end(lives, target, event, observed, observation)
    for instances in lives.values():
        for earlier in instances[:-1]:
            earlier.is_over = True
    return list(_chained(lives, observation))


def _lives(
    node: str,
    events: Iterable[Event],
    observation: Observation,
    ends: list[Ending],
    defects: list[Defect],
    about: dict[str, str],
) -> list[Instance]:
    """A node's instances: each line that starts one begins it, unless nothing came before."""
    mapping = observation.mapping
    clean = {end.event for end in mapping.ends if end.clean and end.instance is None}
    own_ends = {end.event for end in mapping.ends if end.instance is None}
    instances = [Instance(node)]
    for event in events:
        if event.name in mapping.starts and instances[-1].last is not None:
            instances.append(Instance(node))
        life = instances[-1]
        life.last = event
        life.is_clean = event.name in clean
        life.is_over = event.name in own_ends
        observed = observation.observe(event)
        if isinstance(observed, Defect):
            defects.append(observed)
        elif event.name in about:
            target = event.fields[about[event.name]]
            ends.append((str(target), event, observed))
        elif observed is not None:
            life.lines.append(observed)
            life.services |= observed.services()
    return instances


def _may_lose(life: Instance, observation: Observation) -> None:
    """Steps of the rules of the instance's service; also of those whose events it has written."""
    services = {observation.service_of(life.node), *life.services}
    named = [s for s in observation.after_rules if s in services]
    life.rules = tuple(dict.fromkeys(rule for s in named for rule in observation.after_rules[s]))
    life.ties = observation.ties_of(named)
    life.lost_most = max((len(entry.rules) for entry in observation.mapping.events), default=1)


def _end(
    lives: dict[str, list[Instance]],
    target: str,
    event: Event,
    observed: Observed | None,
    observation: Observation,
) -> None:
    """A line of one node about the end of another: it stands at the end of what the other did.

    A target of several lives is ended once in each; the n-th line ends the n-th life that is not
    over. One that never wrote a line may still have done a step.
    """
    if target not in lives:
        lives[target] = [Instance(target)]
        _may_lose(lives[target][0], observation)
    open_lives = [life for life in lives[target] if not life.is_over]
    if not open_lives:  # ended before: the line is a step of its own, at the very end
        lives[target][-1].ended_by.extend([observed] if observed is not None else [])
        return
    open_lives[0].is_over = True
    if observed is not None:
        open_lives[0].ended_by.append(observed)


def _chained(lives: dict[str, list[Instance]], observation: Observation) -> Iterator[Row]:
    """One chain for each node; the nodes of a successive service one behind the other.

    Two nodes are only joined if the log says that the first one ended and their names are the same
    but for a number at the end, which is larger. That they did not run side by side is the
    mapping's word. A node of several lives is left alone: its name was used again, so the numbers
    are not those of the lives.
    """
    successive = {service.name for service in observation.mapping.services if service.successive}
    rows: dict[tuple[str, str], list[str]] = {}
    for node in lives:
        service = observation.service_of(node)
        is_one = len(lives[node]) == 1 and _number(node) is not None
        if service is None or service not in successive or not is_one:
            yield from _chain([node], lives)
        else:
            rows.setdefault((service, node.rstrip("0123456789")), []).append(node)
    for nodes in rows.values():
        row_nodes: list[str] = []
        for node in sorted(nodes, key=lambda n: (_number(n) or 0, n)):
            if row_nodes and not _follows(row_nodes[-1], node, lives):
                yield from _chain(row_nodes, lives)
                row_nodes = []
            row_nodes.append(node)
        yield from _chain(row_nodes, lives)


def _number(node: str) -> int | None:
    digits = re.search(r"(?<![0-9])[0-9]{1,18}$", node)
    return int(digits[0]) if digits else None


def _follows(earlier: str, later: str, lives: dict[str, list[Instance]]) -> bool:
    distinct = _number(earlier) != _number(later)
    return distinct and all(life.is_over for life in lives[earlier])


def _chain(nodes: list[str], lives: dict[str, list[Instance]]) -> Iterator[Row]:
    chain = tuple(item for node in nodes for life in lives[node] for item in life.chain())
    if chain:
        yield chain
