"""From readings to verdicts: each different history is judged once.

Owns which slices are told one by one. All of them, if there are few; else those that need a word: a
rejection, a limit, something owed. The others are counted. What is said of a slice is what `replay`
says of a log that was read as a whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..coverage import Coverage
from ..event import Event
from ..instances import Line, Lost, steps_of
from ..observe import LogId, Observation, Observed
from ..replay import (
    Judge,
    Replay,
    Settings,
    SliceVerdict,
    Verdict,
    feeds,
    is_exact,
    never_seen,
    shape_of,
)
from ..slices import Slice
from ..validate import Budget
from .fields import Fields
from .gathered import gathered, reopened
from .histories import History
from .reader import placeholder
from .reading import Reading
from .reread import lines_of
from .spine import Parts, Spine, spine_of

__all__ = ["LISTED_MAX", "Resting", "conclude"]

LISTED_MAX = 10_000  # slices told one by one
DIAGNOSED_MAX = 1_000  # rejections that are explained


class Resting:
    """May a slice with this history be closed: is it explained, finished, and nothing owed?"""

    def __init__(self, observation: Observation, settings: Settings) -> None:
        self.observation = observation
        self.judge = Judge(
            observation, settings, exact=False, has_gap=False, began=time.monotonic()
        )
        self._spine: tuple[int, Spine] | None = None

    def __call__(self, reading: Reading, history: History) -> bool:
        if history is reading.book.given_up:
            return False
        version = sum(len(node.marks) for node in reading.nodes.values()) + len(reading.tokens)
        if self._spine is None or self._spine[0] != version:
            self._spine = version, spine_of([reading], self.observation)
        part = _slice(((0, history),), [reading], self._spine[1], ("",))
        return self.judge.is_at_rest(shape_of(part)[0])


def _slice(
    parts: Parts,
    readings: Sequence[Reading],
    spine: Spine,
    keys: tuple[str, ...],
    *,
    named: bool = False,
) -> Slice:
    """The slice with placeholders for its ids, or with their names."""
    own: dict[tuple[str, int], list[Line]] = {}
    place = 0
    for position, history in parts:
        reading = readings[position]
        unsure = reading.unsure.get(keys[0], {}) if named else {}
        ids = _ids(reading, keys[0]) if named else {}
        shift = spine.shifts[position]
        for number in history.tokens():
            token = reading.tokens[number]
            step = _with_names(token.step, ids) if named else token.step
            slot = token.node, token.epoch + shift.get(token.node, 0)
            own.setdefault(slot, []).extend(steps_of(step, place not in unsure))
            place += 1
    return spine.slice(keys, own)


def _ids(reading: Reading, key: str) -> dict[str, str]:
    """What the placeholders of a slice stand for in a reading."""
    known = reading.names.get(key, {})
    return {placeholder(0): key} | {placeholder(n): each.name for each, n in known.items()}


def _with_names(step: Observed, ids: Mapping[str, str]) -> Observed:
    def named(value: object) -> object:
        return LogId(value.sort, ids[value.name]) if isinstance(value, LogId) else value

    args, facts = tuple(map(named, step.args)), tuple(map(named, step.facts))
    others = tuple(_with_names(each, ids) for each in step.others)
    then = tuple(_with_names(each, ids) for each in step.then)
    return replace(step, args=args, facts=facts, others=others, then=then)


def conclude(
    readings: Sequence[Reading],
    observation: Observation,
    fields: Fields,
    settings: Settings,
    *,
    began: float,
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """The verdicts. Lines and blocks of later readings count on from those of earlier ones.

    Raises: Torn.
    """
    return _Concluding(readings, observation, fields, settings, began, progress).replay()


class _Concluding:
    def __init__(
        self,
        readings: Sequence[Reading],
        observation: Observation,
        fields: Fields,
        settings: Settings,
        began: float,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.readings = readings
        self.whole = readings[0]
        self.observation = observation
        self.fields = fields
        self.settings = settings
        self.began = began
        self.progress = progress
        self.spine = spine_of(readings, observation)
        self.parked: Counter[Parts] = Counter()
        self.late: dict[str, int] = {}
        self._gather()
        gaps = {node for reading in readings for node in reading.defects.gaps_of}
        steps = [Line(mark.step) for mark in self.spine.steps() if mark.step is not None]
        self.judge = Judge(
            observation, settings, exact=is_exact(observation, steps),
            has_gap=feeds(gaps, observation), began=began,
        )  # fmt: skip
        self._prototypes: dict[Parts, SliceVerdict] = {}
        self._names_beside = any(line.observed.ids() for line in steps)
        self._special = {
            key
            for r in readings
            for key in (*r.names, *r.unsure)
            if key in r.opened and (key in r.unsure or self._needs_names(key))
        }

    def _needs_names(self, key: str) -> bool:
        """Where lines of no slice name ids, too; and two readings number those of a slice
        differently."""
        return self._names_beside or len(self.open.parts(key)) > 1

    def _gather(self) -> None:
        for position, reading in enumerate(self.readings):
            self.late |= reading.late
            for history, count in reading.parked.items():
                if count:
                    self.parked[((position, history),)] += count
        for position, key in list(reopened(self.readings)):
            self.parked[((position, self.readings[position].closed[key]),)] -= 1
            self.late.setdefault(key, 0)
        for key in self.late:
            for reading in self.readings:
                reading.opened.pop(key, None)
        self.open = gathered(self.readings)
        self.groups = self.open.groups

    # ── One slice ────────────────────────────────────────────────────────────────────────────────

    def _prototype(self, parts: Parts) -> SliceVerdict:
        """What is said of all slices with this history, with a placeholder for the id."""
        found = self._prototypes.get(parts)
        if found is None:
            if any(history is self.readings[p].book.given_up for p, history in parts):
                found = _undecided((), "histories: there were too many different slices")
            else:
                part = _slice(parts, self.readings, self.spine, (placeholder(0),))
                found = self.judge.verdict(part, explained=False)
            self._prototypes[parts] = found
        return found

    def _verdict(self, key: str, parts: Parts) -> SliceVerdict:
        """What is said of one slice, but for the explanation of a rejection."""
        found = self._prototype(parts)
        if key in self._special and found.lines:
            part = _slice(parts, self.readings, self.spine, (key,), named=True)
            return self.judge.verdict(part, explained=False)._replace(begins=self._begins(key))
        pending = found.pending
        if pending:
            names = _ids(self.readings[parts[0][0]], key)
            pending = tuple(
                each._replace(args=tuple(names.get(a, a) for a in each.args)) for each in pending
            )
        return found._replace(keys=(key,), begins=self._begins(key), pending=pending)

    def _begins(self, key: str) -> tuple[str, int]:
        place = self.whole.place(self.open.reach(key)[0])
        return place.file, place.line

    def _explained(self, rejected: list[SliceVerdict]) -> list[SliceVerdict]:
        """The same verdicts with the lines that nothing explains, read again."""
        told = rejected[: DIAGNOSED_MAX if self.settings.explains else 0]
        keys = {each.keys[0]: self.open.reach(each.keys[0]) for each in told}
        wanted = self.observation.mapping.wanted()
        events = lines_of(self.whole, keys, self.fields, wanted)
        found = []
        for each in rejected:
            key = each.keys[0]
            if key in events:
                own = self._own(key, events[key])
                part = self.spine.slice((key,), own)
                each = self.judge.verdict(part)._replace(begins=each.begins)
            found.append(self._forgiven(each))
        return found

    def _own(self, key: str, events: Sequence[Event]) -> dict[tuple[str, int], list[Line]]:
        own: dict[tuple[str, int], list[Line]] = {}
        unsure = {line for r in self.readings for line in r.unsure.get(key, {}).values()}
        id_ = LogId(self.observation.key or "", key)
        for event in sorted(events, key=self.spine.position):
            observed = self.observation.observe(event)
            if isinstance(observed, Observed) and id_ in observed.ids():
                lines = steps_of(observed, (event.node, event.seq) not in unsure)
                own.setdefault(self.spine.slot(event), []).extend(lines)
        return own

    def _forgiven(self, each: SliceVerdict) -> SliceVerdict:
        """A rejection of a slice that may have been closed once is none."""
        forgot = [r.forgot_at for r in self.readings if r.forgot_at is not None]
        if (
            each.verdict is Verdict.REJECTED
            and forgot
            and self.open.reach(each.keys[0])[0] > min(forgot)
        ):
            why = "closed: too many slices to remember which; this may be one of them"
            return each._replace(verdict=Verdict.UNKNOWN, reason=why)
        return each

    # ── All slices ───────────────────────────────────────────────────────────────────────────────

    def replay(self) -> Replay:
        listed, groups = self._judged()
        tokens = [token for reading in self.readings for token in reading.tokens]
        seen = {name for token in tokens for name in token.step.rules()}
        marks = list(self.spine.steps())
        seen |= {name for mark in marks if mark.step is not None for name in mark.step.rules()}
        steps = len(marks) + sum(
            history.length * count
            for parts, count in (*self.parked.items(), *self.groups.items())
            for _, history in parts
        )
        kinds = sum((reading.defects.kinds for reading in self.readings), Counter[str]())
        kept = [defect for reading in self.readings for defect in reading.defects.kept]
        return Replay(
            files=self.whole.files,
            lines=self.whole.lines,
            observation=self.observation,
            settings=self.settings,
            exact=self.judge.exact,
            in_one_order=self.spine.is_one_chain,
            slices=tuple(sorted(listed, key=lambda each: each.begins)),
            groups=tuple(groups),
            defects=tuple(sorted(kept, key=lambda defect: defect.place)),
            defect_kinds=dict(kinds),
            has_gap=any(reading.defects.gaps_of for reading in self.readings),
            never_seen=never_seen(self.observation, seen),
            steps=steps,
            searches=self.judge.searches,
            seconds=time.monotonic() - self.began,
            notes=tuple(self._notes()),
            coverage=self._covered(),
            unclean_ends=sum(isinstance(item, Lost) for row in self.spine.rows for item in row),
        )

    def _covered(self) -> Coverage | None:
        """What the slices show of the model; those that were closed, too."""
        judge = self.judge
        if judge.coverage is None:
            return None
        if not self.groups and not self.parked:
            judge.cover(self.spine.slice((), {}))
        groups = self.parked + self.groups
        for key in self._special:
            groups[self.open.parts(key)] -= 1
            judge.cover(_slice(self.open.parts(key), self.readings, self.spine, (key,), named=True))
        for parts, count in groups.items():
            if count > 0 and self._prototype(parts).lines:
                judge.cover(_slice(parts, self.readings, self.spine, (placeholder(0),)), count)
        return judge.coverage

    def _judged(self) -> tuple[list[SliceVerdict], list[tuple[SliceVerdict, int]]]:
        if not self.groups and not self.parked and not self.late:
            return [self.judge.verdict(self.spine.slice((), {}))], []
        listed: list[SliceVerdict] = []
        rejected: list[SliceVerdict] = []
        groups = self.parked + self.groups
        for key in self._notable():
            parts = self.open.parts(key)
            each = self._verdict(key, parts)
            if each.is_unexplained:
                rejected.append(each)
            elif len(listed) < LISTED_MAX:
                listed.append(each)
            else:
                continue
            groups[parts] -= 1
        rejected.sort(key=lambda each: each.begins)
        listed += self._explained(rejected)
        listed += [_undecided((key,), _late(line)) for key, line in self.late.items()]
        if unopened := sum(reading.unopened for reading in self.readings):
            why = f"open slices: there was no room for {unopened} lines of further slices"
            listed.append(_undecided((), why))
        found = Counter[SliceVerdict]()
        for parts, count in groups.items():
            if count > 0:
                found[self._prototype(parts)._replace(keys=(), begins=("", 0))] += count
        return listed, list(found.items())

    def _notable(self) -> Iterator[str]:
        """The slices to be told one by one: all of few, and of many those that need a word."""
        if self.groups.total() <= LISTED_MAX:
            yield from self.open.keys()
            return
        notable: set[Parts] = set()
        for number, parts in enumerate(self.groups):
            if not _is_plain(self._prototype(parts)):
                notable.add(parts)
            if self.progress is not None and number % 64 == 0:
                self.progress(number, len(self.groups))
        yield from self.open.of(notable, self._special)
        for key in self._special:
            if not _is_plain(self._verdict(key, self.open.parts(key))):
                yield key

    def _notes(self) -> Iterator[str]:
        if parked := self.parked.total():
            yield f"closed at rest before the end: {parked} slices"
        if any(reading.forgot_at is not None for reading in self.readings):
            yield "too many slices were closed to remember which: a late line may begin a new one"


def _is_plain(each: SliceVerdict) -> bool:
    told = each.pending or each.violated or each.possibly
    return each.verdict is Verdict.ACCEPTED and not told


def _late(line: int) -> str:
    where = f" (line {line})" if line else ""
    return f"closed: a line came after the slice was closed{where}"


def _undecided(keys: tuple[str, ...], reason: str) -> SliceVerdict:
    return SliceVerdict(keys, Verdict.UNKNOWN, 0, ("", 0), Budget(0, 0, 0), reason=reason)
