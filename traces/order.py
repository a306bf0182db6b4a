"""What a log says of the order of its steps, beside the numbers of a node's lines.

Owns three sources: vector clocks, causes (a line names lines whose steps came before, as spans name
their parents and links), and time boxes (the step lies between two times). Each says of two steps
that one came before the other, or nothing; what it says is one relation without cycles, so that
explaining a slice asks for the order of its own lines only. Where a source contradicts itself the
line is reported and orders nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from .event import Defect, Event, Log, printable

__all__ = ["By", "Marks", "Order", "Past", "marks_of", "ordered"]

ENTRIES_MAX = 20_000_000  # in all clocks together, about 100 bytes each
ANCESTORS_MAX = 20_000  # steps before one, where nodes have no order

_TOO_MANY = "too many causes to follow; the rest has no order"


class By(Enum):
    """Where the order comes from. NODE: a node's numbers, and nothing else."""

    NODE = "node"
    FILE = "file"
    CLOCK = "clock"
    CAUSES = "causes"
    TIME = "time"


@dataclass(frozen=True)
class Order:
    """`fields` are the names of the fields that hold it; `skew`: how far clocks of two nodes may
    differ, in seconds; `nodes`: a node's lines are in the order of their numbers, too."""

    by: By = By.NODE
    fields: tuple[str, ...] = ()
    skew: float = 0.0
    nodes: bool = True

    @property
    def is_marked(self) -> bool:
        return self.by in (By.CLOCK, By.CAUSES, By.TIME)


@dataclass(frozen=True)
class Marks:
    """What a line says of its order: a clock, or its name and causes, or a time box."""

    clock: Mapping[str, int] | None = None
    id: str | None = None
    after: tuple[str, ...] = ()
    within: str | None = None
    box: tuple[float, float] | None = None


class Past(Protocol):
    """The steps before a step."""

    def holds(self, other: Past) -> bool:
        """Did the other one come before this one?"""
        ...


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def marks_of(record: Mapping[str, object], order: Order) -> Marks | str:
    """The marks of a line, or what is wrong with them."""
    match order.by:
        case By.CLOCK:
            (name,) = order.fields
            clock = record.get(name)
            if isinstance(clock, str):  # in a format whose values are texts
                try:
                    clock = json.loads(clock)
                except (ValueError, RecursionError):
                    clock = None
            if not isinstance(clock, dict) or not all(
                isinstance(n, int) and not isinstance(n, bool) for n in clock.values()
            ):
                return f"{printable(name)!r} must be an object of nodes and whole numbers"
            if record.get("node") not in clock:
                return f"the clock in {printable(name)!r} does not count the line's own node"
            return Marks(clock=clock)
        case By.CAUSES:
            id_, after, within = (record.get(name) for name in order.fields)
            after = [after] if isinstance(after, str) else after or []
            if not isinstance(after, list) or not all(isinstance(each, str) for each in after):
                return f"{printable(order.fields[1])!r} must be an id or a list of ids"
            if id_ is None:
                id_ = f"{record.get('node')}:{record.get('seq')}"
            if not isinstance(id_, str) or not isinstance(within, str | None):
                return "the id of a line must be a string"
            return Marks(id=id_, after=tuple(after), within=within)
        case By.TIME:
            start, end = (record.get(name) for name in order.fields)
            if not _is_time(start) or not _is_time(end) or float(end) < float(start):  # type: ignore[arg-type]
                names = " and ".join(repr(printable(name)) for name in order.fields)
                return f"{names} must be numbers of seconds, the second not before the first"
            return Marks(box=(float(start), float(end)))  # type: ignore[arg-type]
    return Marks()


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18


# ── The relation ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class _Clock:
    node: str
    own: int
    clock: Mapping[str, int]

    def holds(self, other: Past) -> bool:
        assert isinstance(other, _Clock)
        return other is not self and self.clock.get(other.node, -1) >= other.own


@dataclass(frozen=True, eq=False)
class _Box:
    node: str
    start: float
    end: float
    skew: float

    def holds(self, other: Past) -> bool:
        assert isinstance(other, _Box)
        return other.end + (self.skew if other.node != self.node else 0.0) < self.start


@dataclass(frozen=True, eq=False)
class _Caused:
    number: int
    before: Callable[[int], frozenset[int]]

    def holds(self, other: Past) -> bool:
        assert isinstance(other, _Caused)
        return other.number in self.before(self.number)


def ordered(log: Log, order: Order) -> Log:
    """The log with the past of each event; events whose marks contradict others get none."""
    defects: list[Defect] = []
    match order.by:
        case By.CLOCK:
            pasts = _clocks(log, defects)
        case By.CAUSES:
            pasts = _causes(log, order, defects)
        case By.TIME:
            pasts = {
                event: _Box(event.node, *event.marks.box, order.skew)
                for event in _events(log)
                if event.marks is not None and event.marks.box is not None
            }
        case _:
            return log
    by_node = {
        node: tuple(replace(event, past=pasts.get(event)) for event in events)
        for node, events in log.by_node.items()
    }
    found = tuple(sorted((*log.defects, *defects), key=lambda d: d.place))
    return replace(log, by_node=by_node, defects=found)


def _events(log: Log) -> Iterator[Event]:
    for events in log.by_node.values():
        yield from events


def _contradicts(event: Event, what: str) -> Defect:
    return Defect(event.place, what, is_gap=True, node=event.node, kind="order")


def _clocks(log: Log, defects: list[Defect]) -> dict[Event, Past]:
    """A clock must grow along its node, and hold the clocks of what it counts."""
    own: dict[str, dict[int, Mapping[str, int]]] = {}
    found: dict[Event, Past] = {}
    for node, events in log.by_node.items():
        last: Mapping[str, int] = {}
        for event in events:
            assert event.marks is not None and event.marks.clock is not None
            clock = event.marks.clock
            if clock[node] <= last.get(node, -1) or not _at_least(clock, last):
                defects.append(_contradicts(event, "the clock runs back"))
                continue
            last = clock
            own.setdefault(node, {})[clock[node]] = clock
            found[event] = _Clock(node, clock[node], clock)
    for event, past in list(found.items()):
        assert isinstance(past, _Clock)
        for node, count in past.clock.items():
            counted = own.get(node, {}).get(count)
            if node == past.node or counted is None:
                continue  # an event that was not logged
            # Not smaller than what it counts, and not counted by it: so no two count each other.
            if not _at_least(past.clock, counted) or counted.get(past.node, -1) >= past.own:
                defects.append(_contradicts(event, "the clock contradicts the one that it counts"))
                del found[event]
                break
    return found


def _at_least(clock: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(clock.get(node, -1) >= count for node, count in other.items())


def _causes(log: Log, order: Order, defects: list[Defect]) -> dict[Event, Past]:
    events = list(_events(log))
    named: dict[str, int] = {}
    for number, event in enumerate(events):
        assert event.marks is not None
        name = event.marks.id or ""
        if name in named:
            defects.append(_contradicts(event, f"a second line is called {printable(name)}"))
        else:
            named[name] = number
    parents: list[set[int]] = [set() for _ in events]
    for number, event in enumerate(events):
        assert event.marks is not None
        parents[number] |= {named[name] for name in event.marks.after if name in named}
    for number, event in enumerate(events):  # where a line stands within a step, the causes of that
        within = event.marks.within if event.marks is not None else None
        if within in named and named[within] != number:
            own = events[named[within]].marks
            assert own is not None
            parents[number] |= {named[name] for name in own.after if name in named}
    if order.nodes:
        last: dict[str, int] = {}
        for number, event in enumerate(events):
            if event.node in last:
                parents[number].add(last[event.node])
            last[event.node] = number
    sequence, circular = _sorted(parents)
    for number in sorted(circular):
        defects.append(_contradicts(events[number], "the line comes before what it came after"))
    if order.nodes:
        return _as_clocks(events, parents, sequence, defects)
    before = _ancestors(parents, circular)
    found: dict[Event, Past] = {}
    most: dict[int, int] = {}  # steps before each; one that is there on two ways counts twice
    for number in sequence:
        most[number] = sum(most[parent] + 1 for parent in parents[number])
        if most[number] > ANCESTORS_MAX:
            defects.append(_contradicts(events[number], _TOO_MANY))
            break
        found[events[number]] = _Caused(number, before)
    return found


def _sorted(parents: list[set[int]]) -> tuple[list[int], set[int]]:
    """Each event behind its causes; and those for which that cannot be."""
    left = [len(each) for each in parents]
    children: list[list[int]] = [[] for _ in parents]
    for number, each in enumerate(parents):
        for parent in each:
            children[parent].append(number)
    found = [number for number, count in enumerate(left) if not count]
    for number in found:
        for child in children[number]:
            left[child] -= 1
            if not left[child]:
                found.append(child)
    return found, set(range(len(parents))) - set(found)


def _as_clocks(
    events: list[Event], parents: list[set[int]], sequence: Iterable[int], defects: list[Defect]
) -> dict[Event, Past]:
    """Causes as vector clocks, which take less room where nodes have an order."""
    place: dict[int, int] = {}
    counts: dict[str, int] = {}
    for number, event in enumerate(events):
        place[number] = counts[event.node] = counts.get(event.node, -1) + 1
    clocks: dict[int, dict[str, int]] = {}
    found: dict[Event, Past] = {}
    entries = 0
    for number in sequence:
        clock: dict[str, int] = {}
        for parent in parents[number]:
            for node, count in clocks[parent].items():
                if count > clock.get(node, -1):
                    clock[node] = count
        event = events[number]
        clock[event.node] = place[number]
        clocks[number] = clock
        entries += len(clock)
        if entries > ENTRIES_MAX:
            defects.append(_contradicts(event, _TOO_MANY))
            break
        found[event] = _Clock(event.node, place[number], clock)
    return found


def _ancestors(parents: list[set[int]], circular: set[int]) -> Callable[[int], frozenset[int]]:
    """All steps before a step."""
    last: dict[int, frozenset[int]] = {}

    def before(number: int) -> frozenset[int]:
        if number not in last:
            found: dict[int, None] = {}
            waiting = list(parents[number])
            while waiting:
                each = waiting.pop()
                if each not in found and each not in circular:
                    found[each] = None
                    waiting += parents[each]
            if len(last) > 1_000:
                last.clear()
            last[number] = frozenset(found)
        return last[number]

    return before
