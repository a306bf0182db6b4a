"""From log files to a verdict for each slice.

Owns the order of the attempts (fewest assumptions first), the cache of verdicts, and what a verdict
says: ACCEPTED, REJECTED or UNKNOWN, and which obligations are open (L5). Prints nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from checker import ir
from checker.errors import ExitCode, UsageError
from checker.states import Value

from .coverage import Coverage
from .cut_down import cut_down
from .event import Defect, Log
from .explain import Diagnosis, explain
from .instances import Line, Lost, chains
from .locality import is_product, looks_at_own
from .monitors import Monitor
from .observe import LogId, Observation, Observed
from .order import ordered
from .slices import Slice, cut
from .validate import MANY, Answer, Budget, Limits, Logged, Shape, ShapeChain, search
from .watch import Seen, Watch, Watched, settled
from .worlds import ANY_NUMBER, LostStep, Step, Worlds

__all__ = [
    "Judge", "Pending", "Replay", "Settings", "SliceVerdict", "Verdict", "feeds", "is_exact",
    "never_seen", "replay", "shape_of",
]  # fmt: skip

BACKGROUND_MAX = 2  # background ids tried before a rejection is reported
WIDTH_MAX = 200_000  # explanations of one slice at once, about 1 kB each
CUT_DOWN_MAX = 10  # rejections that are shown with as few lines as fail alike
WIDENED = 8  # a capacity is multiplied by this before it makes a verdict UNKNOWN


class Verdict(Enum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Settings:
    """`ended`: no more lines will come. `cache`: slices that look alike share a verdict.

    `explains`: say of rejections why, and of the first `cut_down_max` with as few lines as fail
    alike. `stories`: say of these how what can be explained may have gone. `covers`: say what of
    the model the log has shown.
    """

    hidden_max: int | None = None
    background_max: int = BACKGROUND_MAX
    width_max: int = WIDTH_MAX
    seconds_max: float | None = None
    ended: bool = False
    strict: bool = False
    cache: bool = True
    explains: bool = True
    cut_down_max: int = CUT_DOWN_MAX
    stories: bool = False
    covers: bool = False


class Pending(NamedTuple):
    """A `LeadsTo` that is open at the end of the slice: in all explanations, or in some."""

    prop: str
    args: tuple[str, ...]
    in_all: bool


class SliceVerdict(NamedTuple):
    """What is said of one slice. A report may have ten thousand of them.

    `reason` is why it is UNKNOWN; `is_overdue`: --ended, and still open.
    """

    keys: tuple[str, ...]
    verdict: Verdict
    lines: int
    begins: tuple[str, int]
    budget: Budget
    faults: int = 0
    at_rest_all: bool = False
    at_rest_some: bool = False
    pending: tuple[Pending, ...] = ()
    is_overdue: bool = False
    has_gap: bool = False
    reason: str = ""
    diagnosis: Diagnosis | None = None
    is_unexplained: bool = False  # no explanation was found, and no limit cut the search
    violated: tuple[str, ...] = ()  # invariants that every explanation breaks
    possibly: tuple[str, ...] = ()  # invariants that some explanation breaks


@dataclass(frozen=True)
class Replay:
    """One run. `exact`: the slices are independent machines, and need no ids beside their own.

    `in_one_order`: no two lines of the log are without an order.

    `slices` are those that are told one by one; `groups` stand for the others, each with how many
    slices it stands for.
    """

    files: tuple[str, ...]
    lines: int
    observation: Observation
    settings: Settings
    exact: bool
    in_one_order: bool
    slices: tuple[SliceVerdict, ...]
    groups: tuple[tuple[SliceVerdict, int], ...]
    defects: tuple[Defect, ...]
    defect_kinds: Mapping[str, int]
    has_gap: bool
    never_seen: tuple[str, ...]
    steps: int
    searches: int
    seconds: float
    notes: tuple[str, ...] = ()
    unclean_ends: int = 0  # instances that may have done a step without a line
    monitors: tuple[Seen, ...] = ()
    coverage: Coverage | None = None

    @property
    def hidden_max(self) -> int:
        given = self.settings.hidden_max
        return self.observation.mapping.hidden_max if given is None else given

    def everything(self) -> Iterator[tuple[SliceVerdict, int]]:
        """All slices, some of them by their number."""
        yield from ((each, 1) for each in self.slices)
        yield from self.groups

    def number(self) -> int:
        return sum(n for _, n in self.everything())

    def count(self, verdict: Verdict) -> int:
        return sum(n for each, n in self.everything() if each.verdict is verdict)

    @property
    def log_accepted(self) -> bool:
        """Is the whole log a behaviour of the model? Said only where slices are independent.

        An instance that lost one step may not have lost one in each of two slices. And two slices
        may need orders that do not go together: of `y A, x B` on one node and `y B, x A` on another
        each key has its x before its y, and no order of the four lines has both.
        """
        lossy = sum(n for each, n in self.everything() if each.budget.lost > 0)
        accepted = self.count(Verdict.ACCEPTED) == self.number()
        goes_together = lossy <= 1 and (self.in_one_order or self.number() == 1)
        return self.exact and accepted and goes_together and not self.has_gap and self.steps > 0

    def exit_code(self) -> ExitCode:
        """The first that applies of 1, 3, 0. A log that was not read in full is never 0."""
        kinds = [each for each, _ in self.everything()]
        failed = (each.verdict is Verdict.REJECTED or each.is_overdue for each in kinds)
        said = {each.verdict for each in self.monitors}
        if any(failed) or any(each.violated for each in kinds) or Watched.VIOLATED in said:
            return ExitCode.FAILS
        if said & {Watched.OPEN, Watched.UNDECIDED}:
            return ExitCode.UNKNOWN
        unsure = any(each.verdict is Verdict.UNKNOWN or each.pending for each in kinds)
        return ExitCode.UNKNOWN if unsure or self.has_gap or not self.steps else ExitCode.OK


def replay(
    log: Log,
    observation: Observation,
    settings: Settings,
    *,
    monitors: Mapping[str, Monitor] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Hold a log against a model, and monitors whose fields the log was read with.

    Raises: UsageError under `strict`, if a line could not be used.
    """
    began = time.monotonic()
    log = ordered(log, observation.mapping.order)
    whole, unfit = chains(log, observation)
    defects = tuple(sorted((*log.defects, *unfit), key=lambda d: d.place))
    if settings.strict and defects:
        raise UsageError(
            f"{defects[0]}\n{len(defects)} line{'s' * (len(defects) != 1)} could not be used",
            help="without --strict the rest of the log is checked all the same",
        )
    slices = cut(whole, observation.key, observation.mapping.each)
    exact = is_exact(observation, (line for part in slices for line in part.lines))
    has_gap = feeds((d.node for d in defects if d.is_gap), observation)
    judge = Judge(observation, settings, exact=exact, has_gap=has_gap, began=began)
    verdicts = []
    for number, each in enumerate(slices):
        verdicts.append(judge.verdict(each))
        judge.cover(each)
        if progress is not None:
            progress(number + 1, len(slices))
    seen = {
        name
        for part in whole
        for line in part
        if isinstance(line, Line)
        for name in line.observed.rules()
    }
    unclean = sum(isinstance(item, Lost) for chain in whole for item in chain)
    any_gap = any(defect.is_gap for defect in defects)
    return Replay(
        files=log.files,
        lines=log.lines,
        observation=observation,
        settings=settings,
        exact=judge.exact,
        in_one_order=sum(any(isinstance(i, Line) for i in chain) for chain in whole) <= 1,
        slices=tuple(verdicts),
        groups=(),
        defects=defects,
        defect_kinds=Counter(defect.kind for defect in defects),
        has_gap=any_gap,
        never_seen=never_seen(observation, seen),
        steps=sum(isinstance(item, Line) for chain in whole for item in chain),
        searches=judge.searches,
        seconds=time.monotonic() - began,
        unclean_ends=unclean,
        monitors=_watched(log, observation, settings, monitors or {}, any_gap, unclean),
        coverage=judge.coverage,
    )


def _watched(
    log: Log,
    observation: Observation,
    settings: Settings,
    monitors: Mapping[str, Monitor],
    has_gap: bool,
    unclean: int,
) -> tuple[Seen, ...]:
    watch = Watch(monitors)
    files = {name: number for number, name in enumerate(log.files)}
    events = [event for events in log.by_node.values() for event in events]
    if observation.mapping.in_file_order:
        events.sort(key=lambda event: (files[event.place.file], event.place.line))
    for at, event in enumerate(events):
        watch.event(event, at)
    return settled(
        watch, lambda at: events[at].place, observation.mapping,
        ended=settings.ended, has_gap=has_gap, unclean=unclean,
    )  # fmt: skip


def never_seen(observation: Observation, seen: Collection[str]) -> tuple[str, ...]:
    """The rules that lines could be steps of, and none was."""
    return tuple(
        rule.name
        for rule in observation.model.rules
        if rule.name not in seen and rule.name not in observation.hidden
    )


def feeds(nodes: Iterable[str | None], observation: Observation) -> bool:
    """May a missing line of one of these nodes have been a step of a slice?"""
    silent = {
        service.name
        for service in observation.mapping.services
        if all(entry.service != service.name for entry in observation.mapping.events)
    }
    return any(node is None or observation.service_of(node) not in silent for node in nodes)


class Judge:
    """Verdicts for the slices of one log; remembers those of shapes it has seen."""

    def __init__(
        self,
        observation: Observation,
        settings: Settings,
        *,
        exact: bool,
        has_gap: bool,
        began: float,
    ) -> None:
        self.observation = observation
        self.settings = settings
        self.has_gap = has_gap
        self.worlds = Worlds(observation)
        self.searches = 0
        given = settings.hidden_max
        self.hidden_max = observation.mapping.hidden_max if given is None else given
        self.exact = exact
        seconds = settings.seconds_max
        self.limits = Limits(
            settings.width_max, began + seconds if seconds is not None else float("inf")
        )
        self._answers: dict[tuple[Shape, Budget], Answer] = {}
        self._to_cut_down = settings.cut_down_max
        self.coverage = Coverage.of(observation) if settings.covers else None
        sliced = observation.key is not None and not self.exact
        most = settings.background_max if sliced else 0
        self.least = min(1, most)
        self.most = Budget(most, self.hidden_max, MANY)
        self.unknown = Budget(ANY_NUMBER, self.hidden_max, MANY, WIDENED) if sliced else None

    # ── Attempts, fewest assumptions first ───────────────────────────────────────────────────────

    def attempts(self, shape: Shape) -> Iterator[Budget]:
        """Fewest assumptions first. A rejection counts only in the last, an acceptance in any."""
        for faults in range(self.hidden_max + 1):
            # Almost always one lost step is enough, and trying that first is much cheaper.
            for lost in (0, 1, MANY) if faults == 0 else (1, MANY):
                yield Budget(self.least, faults, lost)
        yield self.most
        yield self.most._replace(widened=WIDENED)
        if self.observation.key is None and shape.lines() > WIDENED:
            # The log as a whole: a collection may have to hold something for every line.
            yield self.most._replace(widened=shape.lines())

    def answer(self, shape: Shape) -> Answer:
        """The first acceptance, or a rejection that holds for all attempts."""
        answer: Answer | None = None
        done: set[Budget] = set()
        faults_least = 0
        for budget in self.attempts(shape):
            if budget.faults < faults_least:
                continue
            if answer is not None:
                # A wider collection can only help where a capacity was the limit; a larger
                # background or more faults never where the width or the time was.
                if answer.limit in ("width", "seconds"):
                    break
                if budget.widened > 1 and not answer.limit:
                    break
            if budget in done:
                continue
            done.add(budget)
            answer = self._searched(shape, budget)
            if answer.accepted:
                break
            if len(done) == 1 and (known := self._known_at_once(shape)):
                if not known.accepted:
                    return known
                faults_least = known.faults
        assert answer is not None
        return self._within_background(shape, answer)

    def _within_background(self, shape: Shape, answer: Answer) -> Answer:
        """The answer; undecided where it may have taken more ids of the background than there were.

        A line of no slice, such as a crash of a worker, is often of another id, and each of another
        one. A slice that is rejected even if no such line need be explained is rejected.
        """
        budget = answer.budget
        if answer.accepted or answer.limit or self.unknown is None:
            return answer
        world = self.worlds.of(shape.bound, budget.background, budget.widened)
        of_none = [line.step for line in shape.logged() if not world.names_key(line.step)]
        if len(of_none) <= budget.background:
            return answer
        doubted = self._searched(shape.doubting({*of_none}), budget)
        if not doubted.accepted and not doubted.limit:
            return answer
        detail = (
            f"{len(of_none)} lines of no {self.observation.key} may be of as many others, and "
            f"{budget.background} were tried (--background); without `slice` in the mapping the "
            "log is held as a whole"
        )
        return Answer(False, budget, limit="background", detail=detail, width=answer.width)

    def _known_at_once(self, shape: Shape) -> Answer | None:
        """What holds for every number of background ids, found without searching each.

        A rejection, or an acceptance with a number of hidden faults that none needs less than.
        """
        if self.unknown is None:
            return None
        if not self.worlds.of(shape.bound, ANY_NUMBER, WIDENED).is_usable:
            return None
        answer = self._searched(shape, self.unknown)
        return None if answer.detail or answer.limit else answer

    def _searched(self, shape: Shape, budget: Budget) -> Answer:
        # What was not logged plays no part in the first attempt, so that more slices look alike.
        key = (shape if budget.lost else shape.without_lost(), budget)
        if not self.settings.cache or key not in self._answers:
            self.searches += 1
            answer = search(shape, budget, self.worlds, self.limits)
            if not self.settings.cache or answer.limit == "seconds":
                return answer
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            self._answers[key] = answer
        return self._answers[key]

    # ── Verdicts ─────────────────────────────────────────────────────────────────────────────────

    def cover(self, part: Slice, count: int = 1) -> None:
        """Take in what so many slices like this one show of the model."""
        if self.coverage is not None:
            shape, _ = shape_of(part)
            self.coverage.add(shape, self.answer(shape), self.worlds, count)

    def is_at_rest(self, shape: Shape) -> bool:
        """Explained by steps that were all logged, with nothing owed and nothing left to do?"""
        answer = self._searched(shape, Budget(self.least, 0, 0))
        return answer.accepted and answer.at_rest_all and not answer.open_some and not answer.detail

    def verdict(self, part: Slice, *, explained: bool = True) -> SliceVerdict:
        """`explained`: say also why, of a slice that is rejected."""
        shape, names = shape_of(part)
        answer = self.answer(shape)
        if answer.accepted:
            return self._accepted(part, shape, names, answer)
        verdict, reason = Verdict.REJECTED, ""
        if answer.limit:
            verdict, reason = Verdict.UNKNOWN, f"{answer.limit}: {answer.detail}"
        elif self.has_gap:
            verdict, reason = Verdict.UNKNOWN, "gap: a line that could not be used may explain it"
        diagnosis = None
        if explained and self.settings.explains and not answer.limit:
            told = self.settings.stories and self._to_cut_down > 0
            diagnosis = explain(part, shape, answer, self.worlds, names, told=told)
            diagnosis = self._cut_down(part, diagnosis)
        return SliceVerdict(
            part.keys, verdict, shape.lines(), part.first(), answer.budget,
            has_gap=self.has_gap, reason=reason, diagnosis=diagnosis,
            is_unexplained=not answer.limit,
        )  # fmt: skip

    def _cut_down(self, part: Slice, found: Diagnosis) -> Diagnosis:
        """With the fewest lines that fail alike, for the first of all rejections."""
        if self._to_cut_down == 0 or not found.candidates:
            return found
        self._to_cut_down -= 1

        def why(fewer: Slice) -> Diagnosis | None:
            shape, names = shape_of(fewer)
            answer = self.answer(shape)
            if answer.accepted or answer.limit:
                return None
            return explain(fewer, shape, answer, self.worlds, names)

        return replace(found, cut_down=cut_down(part, found, why))

    def _accepted(
        self, part: Slice, shape: Shape, names: Mapping[LogId, int], answer: Answer
    ) -> SliceVerdict:
        budget = answer.budget
        owed = (1 << len(self.worlds.of(shape.bound, *_world(budget)).obligations)) - 1
        if budget.lost < MANY and (answer.open_some & owed or answer.open_all & ~owed):
            # Perhaps a step that nobody logged has done what is owed, or avoided what is violated.
            answer = self._searched(shape, budget._replace(lost=MANY))
        if (
            not answer.accepted
        ):  # a limit: what is owed then stands as it was found without lost steps
            answer = self._searched(shape, budget)
        pending = tuple(self._pending(shape, answer, names))
        overdue = False
        if self.settings.ended and not self.has_gap and any(p.in_all for p in pending):
            overdue = bool(self._owed_by_all(shape) & answer.open_all & owed)
        violated, possibly = self._broken(shape, answer)
        return SliceVerdict(
            part.keys, Verdict.ACCEPTED, shape.lines(), part.first(), budget,
            faults=answer.faults, at_rest_all=answer.at_rest_all, at_rest_some=answer.at_rest_some,
            pending=pending, is_overdue=overdue, has_gap=self.has_gap,
            violated=violated, possibly=possibly,
        )  # fmt: skip

    def _broken(self, shape: Shape, answer: Answer) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The invariants that all explanations with as few faults break; and that some break."""
        budget = answer.budget
        world = self.worlds.of(shape.bound, budget.background, budget.widened)
        some = answer.open_some >> len(world.obligations)
        if not some:
            return (), ()
        every = answer.open_all >> len(world.obligations)
        names = list(enumerate(world.invariants))
        violated = tuple(name for bit, name in names if every >> bit & 1)
        return violated, tuple(name for bit, name in names if (some & ~every) >> bit & 1)

    def _owed_by_all(self, shape: Shape) -> int:
        """The obligations open in all explanations under the widest assumptions; 0 if unknown."""
        answer: Answer | None = None
        unknown = self.unknown
        if unknown is not None and self.worlds.of(shape.bound, ANY_NUMBER, WIDENED).is_usable:
            answer = self._searched(shape, unknown)
        if answer is None or answer.detail:
            answer = self._searched(shape, self.most)
        if answer.detail:
            answer = self._searched(shape, self.most._replace(widened=WIDENED))
        return answer.open_ever if answer.accepted else 0

    def _pending(
        self, shape: Shape, answer: Answer, names: Mapping[LogId, int]
    ) -> Iterator[Pending]:
        budget = answer.budget
        world = self.worlds.of(shape.bound, budget.background, budget.widened)
        by_atom: dict[tuple[str, Value], str] = {
            (each.sort, atom): each.name for each, atom in names.items()
        }
        for bit, obligation in enumerate(world.obligations):
            in_all = bool(answer.open_all >> bit & 1)
            # What concerns no id of the slice may be open only because of the background.
            if in_all or (obligation.is_own and answer.open_some >> bit & 1):
                params = world.model.prop(obligation.prop).params
                args = tuple(
                    by_atom[p.type.name, a] if isinstance(p.type, ir.Sort) else str(a)
                    for p, a in zip(params, obligation.args, strict=True)
                )
                yield Pending(obligation.prop, args, in_all)


def _world(budget: Budget) -> tuple[int, int]:
    return budget.background, budget.widened


ANSWERS_MAX = 50_000  # shapes remembered; a log whose slices all differ gains nothing from more


def is_exact(observation: Observation, lines: Iterable[Line]) -> bool:
    """Are the slices independent? Not if a line concerns all of them, or may speak of others."""
    key = observation.key
    if key is None:
        return True
    if not is_product(observation.model, key):
        return False
    if not all(looks_at_own(expr, params, key, shared=()) for params, expr in observation.claims()):
        return False
    return not any(all(each.sort != key for each in line.observed.ids()) for line in lines)


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────


def shape_of(part: Slice) -> tuple[Shape, dict[LogId, int]]:
    """The slice with numbers for ids, in the order in which they appear.

    Two slices may be alike and get two shapes, if their chains come in another order: that costs a
    search and changes nothing.
    """
    names: dict[LogId, int] = {}
    used: dict[str, int] = {}

    def number(value: Value) -> Value:
        if not isinstance(value, LogId):
            return value
        if value not in names:
            names[value] = used.get(value.sort, 0)
            used[value.sort] = names[value] + 1
        return names[value]

    def step(seen: Observed) -> Step:
        args, facts = tuple(map(number, seen.args)), tuple(map(number, seen.facts))
        return Step(seen.what.label, args, facts)

    needs = _needs(part)
    shaped: list[ShapeChain] = []
    for chain in part.chains:
        items: list[Logged | LostStep] = []
        for item in chain:
            if isinstance(item, Line):
                seen = item.observed
                first, *others = map(step, (seen, *seen.others))
                items.append(Logged(first, item.is_certain, tuple(others), needs.get(id(item), ())))
            else:
                own = tuple((rule, place, number(value)) for rule, place, value in item.own)
                items.append(LostStep(item.rules, own))
        shaped.append(tuple(items))
    return Shape(tuple(sorted(used.items())), tuple(shaped)), names


def _needs(part: Slice) -> dict[int, tuple[tuple[int, int], ...]]:
    """Of each line, by identity, how many lines of other chains came before it."""
    lines = [[item for item in chain if isinstance(item, Line)] for chain in part.chains]
    if not any(line.observed.event.past for chain in lines for line in chain):
        return {}
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for own, chain in enumerate(lines):
        for line in chain:
            past = line.observed.event.past
            if past is None:
                continue
            needs = []
            for number, others in enumerate(lines):
                before = [
                    count
                    for count, other in enumerate(others, 1)
                    if other.observed.event.past and past.holds(other.observed.event.past)
                ]
                if number != own and before:
                    needs.append((number, before[-1]))
            found[id(line)] = tuple(needs)
    return found
