"""Exhaustive breadth-first search by compiled code.

Owns the order of levels and rounds, and what is handed to the reference: every state that decides
an open check, every failing step and every trace is decoded and decided by the same code as in
`explore/search.py`, so the native engine only says where to look. A hit that the reference does not
confirm is a bug, and is raised as one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ...backends.native.compile import Compiled
from ...backends.native.emit import Probe
from ...backends.python import Failure, Program
from ...errors import InternalError, UsageError
from ...states import State
from .. import setting
from ..checks import Checks, Finding
from ..limits import NO_LIMITS, LimitReached, Limits, Progress, Watch
from ..liveness import check_liveness
from ..outcome import (
    Limit,
    Outcome,
    PropertyResult,
    Reduction,
    RuleCount,
    Step,
    Trace,
    Verdict,
)
from ..replay import edge
from ..results import found_result, step_error_result
from ..symmetry import Symmetry, symmetry_of
from ..unfolding import failing_step_at, finding_at, real_trace
from ..verdicts import NO_STEP_ERROR, Found, properties, vacuity
from .checkpoint import Checkpoint, Deciding, Progressed, identity_of
from .cross_check import cross_check
from .graph import GRAPH_STATES_MAX, graph_of
from .orbits import Orbits
from .store import Levels, Rows, Table, memory_allowed_bytes
from .workers import FailingStep, Workers, in_full

__all__ = ["explore_native"]

Words = tuple[int, ...]


def explore_native(
    program: Program,
    code: Compiled,
    *,
    threads: int = 1,
    cross_check_every: int | None = None,
    limits: Limits = NO_LIMITS,
    stop_at_first: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_violation: Callable[[PropertyResult], None] | None = None,
    off: tuple[str, ...] = (),
    checkpoint: Checkpoint | None = None,
    on_levels: Callable[[Levels], None] | None = None,
    symmetry: bool = False,
) -> Outcome:
    """As `explore.search.explore`, by compiled code; with `symmetry`, code that was generated for
    the sorts of `symmetry_of`.

    With `cross_check_every=N`, the reference expands every N-th state too. A limit on states is
    exact, and so takes one thread. Without a limit on memory, most of the machine's is one. With a
    `checkpoint`, the search goes on where that ended, and writes it at the end of levels.
    `on_levels` gets all states at the end.

    Raises: UsageError, if the model has no initial state, or the checkpoint is of another model.
    """
    if limits.memory_max_bytes is None:
        limits = replace(limits, memory_max_bytes=memory_allowed_bytes())
    if limits.states_max is not None:
        threads = 1
    watch = Watch(limits, on_progress)
    renamed, reduction = symmetry_of(program.model) if symmetry else (None, None)
    with Workers(code, threads, ids=sum(renamed.sizes) if renamed else 0) as workers:
        search = _Search(program, code, workers, limits, stop_at_first, watch, on_violation)
        search.symmetry, search.reduction = renamed, reduction
        search.cross_check_every = cross_check_every
        search.checkpoint = checkpoint
        try:
            search.run()
        except LimitReached as reached:
            search.found.limits.append(reached.limit)
        except KeyboardInterrupt:
            search.found.limits.append(Limit("interrupt", "stopped by Ctrl-C"))
    if on_levels is not None:
        on_levels(search.levels)
    # Only now does no thread count any more.
    return search.outcome(off)


@dataclass
class _Search:
    program: Program
    code: Compiled
    workers: Workers
    limits: Limits
    stop_at_first: bool
    watch: Watch
    on_violation: Callable[[PropertyResult], None] | None
    found: Found = field(default_factory=Found)
    initial: int = 0
    depth: int = 0  # of the deepest level that has a state
    level: int = 0  # the level that is being expanded
    cross_check_every: int | None = None
    until_check: int = 1
    checkpoint: Checkpoint | None = None
    seconds_before: float = 0.0  # of the runs that this one goes on from
    deciding: list[Deciding] = field(default_factory=list)
    symmetry: Symmetry | None = None
    reduction: Reduction | None = None

    def __post_init__(self) -> None:
        generated = self.code.generated
        self.layout = generated.layout
        allowed = self.limits.memory_max_bytes or memory_allowed_bytes()
        self.table = Table(self.layout.words, allowed)
        self.levels = Levels(self.layout.words)
        self.checks = Checks(self.program)
        self.wanted = self._interests(generated.probes)
        self.wanted_at_rest = self._interests(generated.rest_probes)

    # ── Exploring ──

    def run(self) -> None:
        """Everything, liveness included. Raises: LimitReached, KeyboardInterrupt."""
        try:
            if self.checkpoint is not None and not self.checkpoint.saved:
                self.levels = self.checkpoint.levels(self.layout.words)
            self.begin()
            self._save(at_any_rate=True)
            while any(worker.waiting for worker in self.workers.all):
                self.expand_level()
                self._save()
            self.found.exhausted = True
            with suppress(LimitReached):  # everything is known without this last one
                self._save(at_any_rate=True)
        except LimitReached as reached:
            self.found.limits.append(reached.limit)
            if reached.limit.name != "states":
                return
        self.live()

    def begin(self) -> None:
        edges = self.program.initial_edges()
        if not edges:
            raise UsageError(
                "the model has no initial state: its `@initial` is never possible",
                help="look at the `when` and `choose` in it",
            )
        starts: dict[State, None] = {}
        for args, picks, end in edges:
            if isinstance(end, Failure):
                self._failed_at_start(args, picks, end)
                continue
            self.initial += 1
            starts[self._representative(end)] = None
        if self.limits.states_max is not None and len(starts) > self.limits.states_max:
            raise self._too_many()
        restored = self._restored()
        if restored is None:
            self.workers.seed(self.table, [self.layout.pack(state) for state in starts])
            self.levels.add([part for worker in self.workers.all for part in worker.frontier])
        for state in starts:
            for finding in self.checks.at_state(state):
                self._note(finding, Trace(self.program.model, state, ()))
        self._renew()
        if restored is not None:
            self._restore(restored)

    def expand_level(self) -> None:
        """All steps of one level, and the level that they lead to."""
        while any(worker.waiting for worker in self.workers.all):
            waiting = sum(worker.waiting for worker in self.workers.all)
            self.watch.look(self.level, self.table.states, self.generated, waiting)
            self._round()
        parts = self.workers.end_level()
        if parts:
            self.levels.add(parts)
            self.depth = self.level + 1
        self.level += 1

    def _round(self) -> None:
        rest, state = self.wanted_at_rest, self.wanted
        once = self.cross_check_every is not None
        self.workers.each(lambda worker: worker.expand(self.table, rest, once=once))
        if self.cross_check_every is not None:
            self._cross_check(self.cross_check_every)
        for worker in self.workers.all:
            self.checks.rested = self.checks.rested or worker.round.rested
            for failing in worker.round.failures:
                self._failed(failing)
            for words in worker.round.decides_at_rest:
                self._decide_at_rest(words)
        room = 1 << 60
        if self.limits.states_max is not None:
            room = self.limits.states_max - self.table.states
        reached = None
        try:
            self.workers.each(lambda worker: worker.insert(self.table, self.workers.all, room))
        except LimitReached as limit:
            reached = limit
        self.workers.each(lambda worker: worker.collect(state))
        for worker in self.workers.all:
            for rows, row, end in worker.round.decides:
                self._decide(rows, row, end)
        if reached is not None:
            self.depth = max(self.depth, self.level + 1)
            raise self._too_many() if reached.limit.name == "states" else reached

    def _cross_check(self, every: int) -> None:
        for worker in self.workers.all:
            for row, words in enumerate(worker.expanded.tolist()):
                self.until_check -= 1
                if not self.until_check:
                    self.until_check = every
                    steps = worker.steps_of(row)
                    generated = self.code.generated
                    cross_check(self.program, generated, words, *steps, self.symmetry)

    @property
    def orbits(self) -> Orbits | None:
        """What the first worker reduces by; it is at rest while anything is decided here."""
        return self.workers.all[0].orbits

    def _representative(self, state: State) -> State:
        if self.orbits is None:
            return state
        return self.layout.unpack(self.orbits.representative(self.layout.pack(state)))

    def _too_many(self) -> LimitReached:
        return LimitReached(Limit("states", f"stopped after {self.limits.states_max:,} states"))

    @property
    def generated(self) -> int:
        return self.initial + sum(worker.generated for worker in self.workers.all)

    # ── Going on ──

    @property
    def seconds(self) -> float:
        return self.seconds_before + self.watch.seconds

    def _identity(self) -> str:
        return identity_of(self.program.model, self.code.generated)

    def _save(self, *, at_any_rate: bool = False) -> None:
        if self.checkpoint is None or not (at_any_rate or self.checkpoint.is_due()):
            return
        workers = self.workers.all
        fired: Any = sum(w.fired for w in workers)
        new: Any = sum(w.new for w in workers)
        progressed = Progressed(
            level=self.level,
            depth=self.depth,
            generated=sum(w.generated for w in workers),
            seconds=self.seconds,
            rested=self.checks.rested,
            fired=[int(n) for n in fired],
            new=[int(n) for n in new],
            failing_rules=sorted(set().union(*(w.failing_rules for w in workers))),
            deciding=self.deciding,
            in_full=in_full(workers),
        )
        self.checkpoint.save(self.levels, progressed, self._identity())

    def _restored(self) -> Progressed | None:
        if self.checkpoint is None or not self.checkpoint.saved:
            return None
        self.levels, progressed = self.checkpoint.restored(self._identity(), self.layout.words)
        return progressed

    def _restore(self, saved: Progressed) -> None:
        """The table and the counts as they were; what was decided is decided again."""
        self.seconds_before = saved.seconds
        for level in range(len(self.levels.starts)):
            for rows in self.levels.read(level):
                self.watch.check()
                self.workers.insert(self.table, rows)
        if saved.level < len(self.levels.starts):
            self.workers.deal(list(self.levels.read(saved.level)))
        if self.table.states != self.levels.states:
            raise InternalError("a state is twice in a checkpoint whose checksums are right")
        for worker in self.workers.all:
            worker.known_sites = {d.site for d in saved.deciding if d.kind == "step"}
        first = self.workers.all[0]
        first.generated = saved.generated
        first.fired[:], first.new[:] = saved.fired, saved.new
        first.failing_rules = set(saved.failing_rules)
        if first.orbits is not None:
            first.orbits.states, first.orbits.generated = saved.in_full
        self.checks.rested = saved.rested
        for deciding in saved.deciding:
            self.level = deciding.level
            self._decide_again(deciding)
        self.depth, self.level = saved.depth, saved.level

    def _decide_again(self, deciding: Deciding) -> None:
        words = deciding.words
        if deciding.kind == "state":
            self._decide(np.array([words], dtype=np.int64), 0, 1)
        elif deciding.kind == "rest":
            self._decide_at_rest(words)
        else:
            self._failed(FailingStep(words, deciding.instance, deciding.site))

    # ── Checks ──

    def _interests(self, probes: Sequence[Probe]) -> Any:
        bits = [self.checks.interest(p.prop, p.args, p.domain) for p in probes]
        return np.array(bits or [0], dtype=np.int64)

    def _renew(self) -> None:
        """What is still asked; in place, for the compiled code holds the arrays."""
        self.wanted[:] = self._interests(self.code.generated.probes)
        self.wanted_at_rest[:] = self._interests(self.code.generated.rest_probes)

    def _decide(self, rows: Rows, row: int, end: int) -> None:
        """Every state of rows[row:end] that still decides something."""
        while True:
            row = self.code.look(rows, row, end, self.wanted)
            if row >= end:
                return
            words = tuple(rows[row].tolist())
            self.deciding.append(Deciding("state", self.level, words))
            for finding in self.checks.at_state(self.layout.unpack(words)):
                self._note(finding, self._trace(words, self.level + 1))
            self._renew()
            if self.code.look(rows, row, row + 1, self.wanted) == row:
                raise _disagreement("a check", self.layout.unpack(words))
            row += 1

    def _decide_at_rest(self, words: Words) -> None:
        rows = np.array([words], dtype=np.int64)
        rests = np.ones(1, dtype=np.uint8)
        if self.code.look_at_rest(rows, rests, 0, 1, self.wanted_at_rest) == 1:
            return  # decided by another state of the same round
        self.deciding.append(Deciding("rest", self.level, words))
        for finding in self.checks.at_rest(self.layout.unpack(words)):
            self._note(finding, self._trace(words, self.level))
        self._renew()
        if self.code.look_at_rest(rows, rests, 0, 1, self.wanted_at_rest) == 0:
            raise _disagreement("a check at rest", self.layout.unpack(words))

    def _note(self, finding: Finding, trace: Trace) -> None:
        if self.symmetry is not None:
            finding = finding_at(self.program, finding, trace.states()[-1])
        result = found_result(self.program, finding, trace)
        self.found.results[finding.prop.name] = result
        if finding.fails:
            self._violated(result)

    def _violated(self, result: PropertyResult) -> None:
        if self.on_violation is not None:
            self.on_violation(result)
        if self.stop_at_first:
            raise LimitReached(Limit("stop-at-first", f"stopped when {result.name} failed"))

    # ── Steps that fail ──

    def _failed(self, failing: FailingStep) -> None:
        """The reference repeats the step and says why it fails."""
        self.deciding.append(
            Deciding("step", self.level, failing.words, failing.instance, failing.site)
        )
        site = self.code.generated.sites[failing.site]
        state = self.layout.unpack(failing.words)
        instance = self.code.generated.instances[failing.instance]
        rule = self.program.rules[instance.rule]
        ends = rule.step(state, instance.args)
        failures = [(picks, end) for picks, end in ends if isinstance(end, Failure)]
        if not any(end.kind == site.failure_kind for _, end in failures):
            raise _disagreement(f"a step of {rule.rule.name} ({site.kind})", state)
        for picks, failure in failures:
            if failure.is_cut:
                self.found.cuts.setdefault((failure.kind, failure.subject), failure)
            elif self.found.error is None:
                before = self._trace(failing.words, self.level)
                step = Step(rule.rule.name, instance.args, picks, None, failure)
                if self.symmetry is not None:
                    step = failing_step_at(self.program, step, before.states()[-1])
                trace = Trace(before.model, before.initial, (*before.steps, step))
                self._step_error(step.failure or failure, trace, at_start=False)

    def _failed_at_start(self, args: Any, picks: Any, failure: Failure) -> None:
        first = self.program.model.initial
        if failure.is_cut or first is None:
            self.found.cuts.setdefault((failure.kind, failure.subject), failure)
        elif self.found.error is None:
            step = Step(first.name, args, picks, None, failure)
            trace = Trace(self.program.model, self.program.default_state(), (step,))
            self._step_error(failure, trace, at_start=True)

    def _step_error(self, failure: Failure, trace: Trace, *, at_start: bool) -> None:
        self.found.error = failure
        result = step_error_result(self.program, failure, trace, at_start=at_start)
        self.found.results[NO_STEP_ERROR] = result
        self._violated(result)

    # ── Traces ──

    def _trace(self, words: Words, level: int) -> Trace:
        """A shortest way to a state of a level, found backwards through the levels."""
        path = [words]
        for before in range(level - 1, -1, -1):
            path.append(self._predecessor(path[-1], before))
        states = [self.layout.unpack(w) for w in reversed(path)]
        if self.symmetry is not None:
            return real_trace(self.program, self.symmetry, states)
        steps = [edge(self.program, a, b) for a, b in pairwise(states)]
        return Trace(self.program.model, states[0], tuple(steps))

    def _predecessor(self, words: Words, level: int) -> Words:
        """A state of the level with a step to this one."""
        target = np.array(words, dtype=np.int64)
        room = max(1 << 14, 2 * self.code.generated.fan)
        out = np.empty((room, self.layout.words), dtype=np.int64)
        tags, ends = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
        rests = np.empty(room, dtype=np.uint8)
        for rows in self.levels.read(level):
            row = 0
            while row < len(rows):
                last = min(len(rows), row + room)
                done, at = self.code.expand(rows, row, last, out, tags, ends, rests)
                if self.orbits is not None:
                    good = np.flatnonzero(tags[:at] >= 0)
                    self.orbits.reduce(out, good, len(good))
                same = (out[:at] == target).all(axis=1) & (tags[:at] >= 0)
                hits = np.flatnonzero(same)
                if len(hits):
                    source = row + int(np.searchsorted(ends[:done], hits[0], "right"))
                    return tuple(rows[source].tolist())
                row += done
        raise InternalError("no state of the level before leads to a state that was found")

    def _trace_to_number(self, number: int) -> Trace:
        level = bisect_right(self.levels.starts, number) - 1
        return self._trace(self.levels.at(number), level)

    # ── The end ──

    def live(self) -> None:
        """Liveness, by the reference's algorithm on the states that were expanded."""
        live = [p for p in self.program.model.props if p.kind.is_liveness]
        if not live:
            return
        if self.levels.states > GRAPH_STATES_MAX:
            for prop in live:
                reason = (
                    f"liveness is checked up to {GRAPH_STATES_MAX:,} states, "
                    f"and there are {self.table.states:,}"
                )
                self.found.results[prop.name] = PropertyResult(
                    prop.name, prop.kind.shown, Verdict.UNKNOWN, reason, span=prop.span
                )
            return
        levels_done = self.level if not self.found.exhausted else len(self.levels.starts)
        graph = graph_of(self.program, self.code, self.levels, levels_done, self.watch.check)
        for finding in check_liveness(self.program, graph, self._trace_to_number, self.watch.check):
            if finding.triggered:
                self.found.before.add(finding.prop.name)
            if finding.result is not None:
                self.found.results[finding.prop.name] = finding.result
                self._violated(finding.result)

    def reduced(self) -> Reduction | None:
        """What the report says of symmetry."""
        if self.reduction is None or self.orbits is None or not self.found.complete:
            return self.reduction
        states, steps = in_full(self.workers.all)
        generated = None if steps is None else self.initial + steps
        return replace(self.reduction, states=states, generated=generated)

    def outcome(self, off: tuple[str, ...]) -> Outcome:
        model = self.program.model
        self.found.unseen = self.checks.unseen()
        fired: Any = sum(worker.fired for worker in self.workers.all)
        new: Any = sum(worker.new for worker in self.workers.all)
        failing = set().union(*(worker.failing_rules for worker in self.workers.all))
        rules = tuple(
            RuleCount(rule.name, rule.kind.value, int(fired[n]), int(new[n]))
            for n, rule in enumerate(model.rules)
        )
        enabled = {r.name for n, r in enumerate(model.rules) if fired[n] or n in failing}
        return Outcome(
            model=model,
            engine="native",
            mode="exhaustive",
            constants=setting.constants(model),
            scopes=setting.scopes(model),
            budgets=setting.budgets(model),
            fairness=setting.fairness(model),
            distinct=self.table.states,
            generated=self.generated,
            initial=self.initial,
            depth=self.depth,
            seconds=self.seconds,
            complete=self.found.complete,
            limits=self.found.all_limits(),
            vacuity=vacuity(model, self.found, self.checks, enabled),
            properties=properties(model, self.found),
            rules=rules,
            off=off,
            reduction=self.reduced(),
        )


def _disagreement(what: str, state: State) -> InternalError:
    return InternalError(f"the native engine and the reference disagree about {what} in {state}")
