"""Runs monitors over the lines of a log, beside validation, and says what they found.

Owns their states. Each line that a reader takes as the next one of its node is shown to them once;
copies and lines that could not be read never are. `at` numbers lines per part of the log, so that
two processes can read at once; `settled` turns them into places.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from checker.errors import UsageError

from .event import Event, Extra, FieldValue, Place, printable
from .mapping import Logged
from .mapping import Mapping as LogMapping
from .monitors import Broken, Monitor, Never, TooMany, Unfit, matches

__all__ = [
    "KEYS_MAX", "PART", "Finding", "Joinable", "Kept", "See", "Seen", "Watch", "Watched", "fitted",
    "is_fixed", "of_message", "settled",
]  # fmt: skip

KEYS_MAX = 5_000_000  # of one monitor; further ones are not looked at, which is said
FINDINGS_KEPT_MAX = 1_000  # of one monitor, with their places
PART = 1 << 40  # lines of one part of a log, at most

Key = Any  # the value of a monitor's key field, or a tuple of several


class Watched(Enum):
    """What a monitor found. OPEN: something is missing, and may still come or be lost."""

    OK = "OK"
    VIOLATED = "VIOLATED"
    OPEN = "OPEN"
    UNDECIDED = "UNDECIDED"
    UNSEEN = "UNSEEN"  # no line was one for it


@dataclass(frozen=True)
class Finding:
    """A line that breaks the rule, and another that it contradicts; no places: none is there."""

    key: tuple[FieldValue, ...]
    message: str
    place: Place | None = None
    earlier: Place | None = None


@dataclass(frozen=True)
class Seen:
    """What one monitor found: `keys` were seen, `broken` of them break the rule."""

    name: str
    says: str
    verdict: Watched
    lines: int
    keys: int
    broken: int
    findings: tuple[Finding, ...]
    reason: str = ""


class Joinable(MutableMapping[Key, Any]):
    """States that are kept elsewhere, and joined many at once."""

    @abstractmethod
    def go_on(self, later: Any) -> list[tuple[Key, Any]]:
        """Take in those of the next part. Says which keys it has again, with their states there."""

    @abstractmethod
    def plain(self) -> dict[Key, Any]:
        """As a dictionary."""


States = MutableMapping[Key, Any]  # by key, those of one monitor


class _Break(NamedTuple):
    message: str
    at: int
    earlier: int | None


@dataclass
class Kept:
    """Of one monitor: the state of each key, and the first break of each that has one."""

    states: States = field(default_factory=dict)
    breaks: dict[Key, _Break] = field(default_factory=dict)
    lines: int = 0  # that fit `where`
    is_met: bool = False  # has there been a line of its events?
    unfit: int = 0  # lines whose key or fields could not be used
    dropped: int = 0  # lines of keys for which there was no room
    lost: set[Key] = field(default_factory=set)  # keys of which no more can be said


def fitted(monitors: Mapping[str, Monitor], mapping: LogMapping) -> dict[str, tuple[str, ...]]:
    """The fields that they read of each event.

    Raises: UsageError, for a monitor that cannot watch logs of this mapping.
    """
    known = mapping.wanted()
    found: dict[str, dict[str, None]] = {}
    for name, monitor in monitors.items():
        if monitor.order not in ("any", "node", "file"):
            raise UsageError(
                f"the monitor {name} does not say in which order it needs the lines of a key",
                help='write order = "any" (every order gives the same answer), or "node"',
            )
        if monitor.order == "file" and not mapping.in_file_order:
            raise UsageError(
                f"the monitor {name} needs an order of all lines, and this log has none",
                help='only a mapping with order = "file" gives one; order = "node" is always there',
            )
        if monitor.order == "node" and not mapping.order.nodes and not mapping.in_file_order:
            raise UsageError(
                f"the monitor {name} needs the order of each node's lines",
                help="this mapping says `nodes = false`: they happened in no known order",
            )
        if not monitor.events or not monitor.key:
            raise UsageError(f"the monitor {name} needs `events` and a `key`")
        for event in monitor.events:
            if event not in known:
                raise UsageError(
                    f"the monitor {name} watches {printable(event)!r}, an event that the mapping "
                    "does not know",
                    help="map it, or list it under `ignore`",
                )
            names = (*monitor.key, *monitor.fields, *monitor.where)
            found.setdefault(event, {}).update({each: None for each in names if each != "node"})
    return {event: tuple(names) for event, names in found.items()}


See = Callable[[Any, int], None]


class Watch:
    """Monitors over one part of a log."""

    def __init__(self, monitors: Mapping[str, Monitor]) -> None:
        self.monitors = monitors
        self.kept = {name: Kept() for name in monitors}
        self._by_event: dict[str, tuple[See, ...]] = {}

    @property
    def is_mergeable(self) -> bool:
        """May the log be read in parts?"""
        return all(type(each).merge is not Monitor.merge for each in self.monitors.values())

    def event(self, event: Event, at: int) -> None:
        """One line, read with care."""
        seen = self._by_event.get(event.name)
        if seen is None:
            seen = self._by_event[event.name] = self.sees(event.name, _of_event)
        for see in seen:
            see(event, at)

    def sees(
        self,
        event: str,
        getter: Callable[[str], Callable[[Any], Any]],
        but: Callable[[Monitor], bool] = lambda monitor: False,
    ) -> tuple[See, ...]:
        """What to call with each line of this event, for all monitors `but` some.

        `getter`: how a field of it is got.
        """
        return tuple(
            _see(name, monitor, event, self.kept[name], getter)
            for name, monitor in self.monitors.items()
            if event in monitor.events and not but(monitor)
        )

    def of_kind(self, event: Event, key: str) -> tuple[See, ...]:
        """What to call with the key of each line that is like this one but for the key.

        Only for monitors that `is_fixed` by what the mapping reads. All else that they ask is the
        same in all these lines, and is asked once.
        """
        found: list[See] = []
        for name, monitor in self.monitors.items():
            if event.name not in monitor.events or not is_fixed(monitor, event.fields, key):
                continue
            self.kept[name].is_met = True
            get = _of_event
            try:
                asked = tuple(get(each)(event) for each in monitor.where)
                if monitor.where and not matches(monitor.where)(asked):
                    continue
            except Exception as error:
                raise _failed(name, error) from None
            values = tuple(get(each)(event) for each in monitor.fields)
            node = event.node if monitor.order == "node" else None
            found.append(_of_key(name, monitor, self.kept[name], event.name, values, node))
        return tuple(found)

    def joined(self, later: Mapping[str, Kept]) -> None:
        """Take in what the monitors of the next part have kept; its lines come behind ours."""
        for name, other in later.items():
            kept, monitor = self.kept[name], self.monitors[name]
            kept.lines += other.lines
            kept.is_met |= other.is_met
            kept.unfit += other.unfit
            kept.dropped += other.dropped
            kept.lost |= other.lost
            if not kept.states:
                kept.states = other.states
            else:
                _join_states(monitor, kept, other.states)
            for key, broken in other.breaks.items():
                # Where both parts meet, it may have been broken earlier than in this one alone.
                if key not in kept.breaks or 0 <= broken.at < kept.breaks[key].at:
                    kept.breaks[key] = broken


def is_fixed(monitor: Monitor, fields: Iterable[str], key: str) -> bool:
    """Does it keep its states by the slice's key, and ask nothing beside what the mapping reads?"""
    read = {"node", *(name for name in fields if not isinstance(name, Extra))}
    return monitor.key == (key,) and {*monitor.fields, *monitor.where} <= read - {key}


def _of_key(
    name: str,
    monitor: Monitor,
    kept: Kept,
    event: str,
    values: tuple[Any, ...],
    node: str | None,
) -> See:
    if node is not None:
        return lambda key, at: _step(name, monitor, kept, (node, key), event, at, values)
    return lambda key, at: _step(name, monitor, kept, key, event, at, values)


def _of_event(name: str) -> Callable[[Any], Any]:
    if name == "node":
        return attrgetter("node")
    return lambda event: event.fields.get(name, msgspec.UNSET)


def of_message(attributes: Mapping[str, str]) -> Callable[[str], Callable[[Any], Any]]:
    """How a field of a decoded line is got; `attributes` by the names of fields."""
    return lambda name: attrgetter("node" if name == "node" else attributes[name])


def _all(getters: list[Callable[[Any], Any]]) -> Callable[[Any], tuple[Any, ...]]:
    """All values, as a tuple."""
    match getters:
        case []:
            return lambda source: ()
        case [one]:
            return lambda source: (one(source),)
        case [one, two]:
            return lambda source: (one(source), two(source))
    return lambda source: tuple(get(source) for get in getters)


def _see(
    name: str,
    monitor: Monitor,
    event: str,
    kept: Kept,
    getter: Callable[[str], Callable[[Any], Any]],
) -> See:
    names = (("node",) if monitor.order == "node" else ()) + monitor.key
    is_single = len(names) == 1
    key_of = getter(names[0]) if is_single else _all([getter(each) for each in names])
    values_of = _all([getter(each) for each in monitor.fields])
    asked_of = _all([getter(each) for each in monitor.where])
    fits = matches(monitor.where) if monitor.where else None
    absent = msgspec.UNSET

    def see(source: Any, at: int) -> None:
        kept.is_met = True
        key = key_of(source)
        if key is None or (not is_single and None in key):
            return  # it concerns no key
        values = values_of(source)
        try:
            if fits is not None and not fits(asked_of(source)):
                return
        except Exception as error:
            raise _failed(name, error) from None
        if key is absent or absent in values or (not is_single and absent in key):
            kept.unfit += 1
            return
        _step(name, monitor, kept, key, event, at, values)

    return see


def _step(
    name: str, monitor: Monitor, kept: Kept, key: Key, event: str, at: int, values: tuple[Any, ...]
) -> None:
    """A line of a key."""
    kept.lines += 1
    before = kept.states.get(key)
    try:
        after = monitor.step(before, event, at, *values)
    except Broken as why:
        _broke(kept, key, why, at)
        after = before if why.state is ... else why.state
    except Unfit:
        kept.unfit += 1
        return
    except TooMany:
        kept.lost.add(key)
        return
    except Exception as error:
        raise _failed(name, error) from None
    if after is not before:
        if before is None and len(kept.states) >= KEYS_MAX:
            kept.dropped += 1
            return
        kept.states[key] = after


def _failed(name: str, error: Exception) -> UsageError:
    what = f"the monitor {name} failed: {type(error).__name__}: {printable(str(error))}"
    return UsageError(what, help="a monitor says what it found with `raise Broken(…)`")


def _broke(kept: Kept, key: Key, why: Broken, at: int) -> None:
    kept.breaks.setdefault(key, _Break(why.message, at, why.earlier))


def _join_states(monitor: Monitor, kept: Kept, later: States) -> None:
    if isinstance(kept.states, Joinable) and isinstance(later, Joinable):
        for key, state in kept.states.go_on(later):
            _merge(monitor, kept, key, state)
        return
    if isinstance(kept.states, Joinable):
        kept.states = kept.states.plain()
    for key, state in (later.plain() if isinstance(later, Joinable) else later).items():
        if key in kept.states:
            _merge(monitor, kept, key, state)
        else:
            kept.states[key] = state


def _merge(monitor: Monitor, kept: Kept, key: Key, later: Any) -> None:
    try:
        kept.states[key] = monitor.merge(kept.states[key], later)
    except Broken as why:
        _broke(kept, key, why, -1 if why.at is None else why.at)
        if why.state is not ...:
            kept.states[key] = why.state
    except TooMany:
        kept.lost.add(key)


# ── At the end ───────────────────────────────────────────────────────────────────────────────────


def settled(
    watch: Watch,
    place: Callable[[int], Place],
    mapping: LogMapping,
    *,
    ended: bool,
    has_gap: bool,
    unclean: int,
) -> tuple[Seen, ...]:
    """What the monitors found.

    `unclean`: instances that did not end cleanly; each may have lost one line.
    """
    early = {entry.event for entry in mapping.events if entry.logged is Logged.BEFORE}
    return tuple(
        _settled(name, monitor, watch.kept[name], place, early, ended and not has_gap, unclean)
        for name, monitor in watch.monitors.items()
    )


def _settled(
    name: str,
    monitor: Monitor,
    kept: Kept,
    place: Callable[[int], Place],
    early: Iterable[str],
    is_over: bool,
    unclean: int,
) -> Seen:
    findings = [
        Finding(_key(key), each.message, *(_place(at, place) for at in (each.at, each.earlier)))
        for key, each in list(kept.breaks.items())[:FINDINGS_KEPT_MAX]
    ]
    findings.sort(key=lambda each: each.place or Place("", 0))
    missing: list[Finding] = []
    count = 0
    ends = type(monitor).end is not Monitor.end
    for key, state in kept.states.items() if ends else ():
        if (what := monitor.end(state)) is not None:
            count += 1
            if len(missing) < FINDINGS_KEPT_MAX:
                missing.append(Finding(_key(key), what))
    verdict, reason = _verdict(monitor, kept, early)
    if count and verdict is Watched.OK:
        verdict, reason = Watched.OPEN, "the log may go on (--ended says that it does not)"
        if is_over and count > unclean:
            verdict, reason = Watched.VIOLATED, f"{unclean} lines at most can have been lost"
        elif is_over:
            reason = f"{unclean} instances did not end cleanly, and may have lost as many lines"
    return Seen(
        name, monitor.says, verdict, kept.lines, len(kept.states), len(kept.breaks) + count,
        (*findings, *missing)[:FINDINGS_KEPT_MAX], reason,
    )  # fmt: skip


def _verdict(monitor: Monitor, kept: Kept, early: Iterable[str]) -> tuple[Watched, str]:
    before = [event for event in monitor.events if event in early]
    if kept.breaks and not before:
        return Watched.VIOLATED, ""
    if kept.breaks:
        named = ", ".join(map(printable, before))
        return Watched.UNDECIDED, f"{named} is logged before its effect, which may not have been"
    if kept.dropped:
        return Watched.UNDECIDED, f"no room for more than {KEYS_MAX} keys"
    if kept.lost:
        return Watched.UNDECIDED, f"{len(kept.lost)} keys are too far out of order to follow"
    if kept.unfit:
        return Watched.UNDECIDED, f"{kept.unfit} lines have no usable key or field"
    if not kept.is_met or not (kept.states or isinstance(monitor, Never)):
        return Watched.UNSEEN, "no line was one for it"
    return Watched.OK, ""


def _key(key: Key) -> tuple[FieldValue, ...]:
    return key if isinstance(key, tuple) else (key,)


def _place(at: int | None, place: Callable[[int], Place]) -> Place | None:
    return None if at is None or at < 0 else place(at)
