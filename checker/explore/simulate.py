"""Random walks through a model that is too large to explore.

Owns the walks and the shrinking of what they find. The same seed walks the same way. Sampling finds
violations and seen witnesses; it never says that a property holds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .. import ir
from ..backends.python import Args, Failure, Picks, Program, Undefined
from ..errors import UsageError
from ..states import State
from . import setting
from .checks import Checks, Finding
from .limits import NO_LIMITS, LimitReached, Limits, Progress, Watch
from .outcome import Limit, Outcome, PropertyResult, RuleCount, Step, Trace
from .results import found_result, step_error_result
from .verdicts import NO_STEP_ERROR, Found, properties

__all__ = ["simulate"]

_LOOK_EVERY = 64  # steps between two looks at the clock


def simulate(
    program: Program,
    *,
    seed: int,
    walks_max: int = 1000,
    depth_max: int = 100,
    limits: Limits = NO_LIMITS,
    stop_at_first: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_violation: Callable[[PropertyResult], None] | None = None,
    off: tuple[str, ...] = (),
) -> Outcome:
    """Walks of at most so many steps; the outcome is FAILS or UNKNOWN.

    Every violation is shrunk: no single step can be left out of its trace. It need not be shortest.

    Raises: UsageError, if the model has no initial state.
    """
    run = _Simulation(program, random.Random(seed), depth_max, stop_at_first, on_violation)
    run.watch = Watch(limits, on_progress)
    try:
        run.begin()
        for _ in range(walks_max if run.starts else 0):
            run.walk()
    except LimitReached as reached:
        run.found.limits.append(reached.limit)
    except KeyboardInterrupt:
        run.found.limits.append(Limit("interrupt", "stopped by Ctrl-C"))
    return run.outcome(seed, off)


@dataclass
class _Simulation:
    program: Program
    rng: random.Random
    depth_max: int
    stop_at_first: bool
    on_violation: Callable[[PropertyResult], None] | None
    found: Found = field(default_factory=Found)
    watch: Watch = field(default_factory=lambda: Watch(Limits(), None))
    starts: list[State] = field(default_factory=list)
    seen: set[State] = field(default_factory=set)
    walks: int = 0
    steps: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.checks = Checks(self.program)
        self.fired = {r.rule.name: 0 for r in self.program.rules}
        self.new = dict(self.fired)

    def begin(self) -> None:
        edges = self.program.initial_edges()
        if not edges:
            raise UsageError(
                "the model has no initial state: its `@initial` is never possible",
                help="look at the `when` and `choose` in it",
            )
        for args, picks, end in edges:
            if not isinstance(end, Failure):
                self.starts.append(end)
                continue
            first = self.program.model.initial
            name = first.name if first is not None else ""
            trace = Trace(self.program.model, self.program.default_state(), ())
            self.failed(trace, Step(name, args, picks, None, end), at_start=True)

    def walk(self) -> None:
        """One behaviour from an initial state, until nothing can happen or it is long enough."""
        state = self.rng.choice(self.starts)
        self.walks += 1
        initial, taken = state, list[Step]()
        while True:
            if self.steps % _LOOK_EVERY == 0:
                self.watch.look(self.depth, len(self.seen), self.steps, 0)
            trace = Trace(self.program.model, initial, tuple(taken))
            if state not in self.seen:
                self.seen.add(state)
                if taken:
                    self.new[taken[-1].rule] += 1
                self.note_all(self.checks.at_state(state), trace)
            possible = self.possible(state, trace)
            if not possible or len(taken) >= self.depth_max:
                return
            step = self.rng.choice(possible)
            self.fired[step.rule] += 1
            taken.append(step)
            self.steps += 1
            self.depth = max(self.depth, len(taken))
            assert step.state is not None
            state = step.state

    def possible(self, state: State, trace: Trace) -> list[Step]:
        """The steps that lead to another state; failures and rest are noted on the way."""
        found: list[Step] = []
        rests = True
        for compiled in self.program.rules:
            is_action = compiled.rule.kind is ir.Kind.ACTION
            for args in compiled.args:
                for picks, end in compiled.step(state, args):
                    if isinstance(end, Failure):
                        rests = rests and not is_action
                        self.failed(trace, Step(compiled.rule.name, args, picks, None, end))
                    elif end != state:
                        rests = rests and not is_action
                        found.append(Step(compiled.rule.name, args, picks, end))
        if rests:
            self.note_all(self.checks.at_rest(state), trace)
        return found

    # ── What is found ──

    def note_all(self, findings: Iterable[Finding], trace: Trace) -> None:
        for finding in findings:
            short = _shrunk(self.program, trace, self.goal(finding))
            result = found_result(self.program, finding, short)
            self.found.results[finding.prop.name] = result
            if finding.fails:
                self.violated(result)

    def goal(self, finding: Finding) -> Callable[[State], bool]:
        """Does a state decide the property in the same way, for the same parameter values?"""
        holds = self.program.holds(finding.prop.name)

        def decides(state: State) -> bool:
            try:
                value = holds(state, finding.args)
            except Undefined:
                return finding.undefined is not None
            if finding.undefined is not None or value == finding.fails:
                return False
            at_rest = finding.prop.kind is ir.PropKind.AT_REST
            return not at_rest or _is_at_rest(self.program, state)

        return decides

    def failed(self, trace: Trace, step: Step, *, at_start: bool = False) -> None:
        failure = step.failure
        assert failure is not None
        if failure.is_cut:
            self.found.cuts.setdefault((failure.kind, failure.subject), failure)
            return
        if self.found.error is not None:
            return
        self.found.error = failure
        if not at_start:
            trace = _shrunk(self.program, trace, lambda state: _fails(self.program, state, step))
        whole = Trace(trace.model, trace.initial, (*trace.steps, step))
        result = step_error_result(self.program, failure, whole, at_start=at_start)
        self.found.results[NO_STEP_ERROR] = result
        self.violated(result)

    def violated(self, result: PropertyResult) -> None:
        if self.on_violation is not None:
            self.on_violation(result)
        if self.stop_at_first:
            raise LimitReached(Limit("stop-at-first", f"stopped when {result.name} failed"))

    def outcome(self, seed: int, off: tuple[str, ...]) -> Outcome:
        model = self.program.model
        self.found.unseen = self.checks.unseen()
        self.found.sampled = f"sampled {self.walks:,} walks of at most {self.depth_max:,} steps"
        kinds = {r.name: r.kind.value for r in model.rules}
        return Outcome(
            model=model,
            engine="reference",
            mode="simulation",
            constants=setting.constants(model),
            scopes=setting.scopes(model),
            budgets=setting.budgets(model),
            fairness=setting.fairness(model),
            distinct=len(self.seen),
            generated=self.steps + self.walks,
            initial=self.walks,
            depth=self.depth,
            seconds=self.watch.seconds,
            complete=False,
            limits=self.found.all_limits(),
            vacuity=(),
            properties=properties(model, self.found),
            rules=tuple(RuleCount(n, kinds[n], self.fired[n], self.new[n]) for n in kinds),
            seed=seed,
            walks=self.walks,
            off=off,
        )


# ── Shrinking ────────────────────────────────────────────────────────────────────────────────────


def _shrunk(program: Program, trace: Trace, goal: Callable[[State], bool]) -> Trace:
    """A part of the trace's steps that leads to the goal as well, without any that can be left out.

    Steps are taken away in ever smaller groups; a step that is then not possible is left out too.
    Source: A. Zeller, R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002.
    """
    best = _rerun(program, trace.initial, trace.steps, goal)
    if best is None:
        return trace
    size = max(len(best) // 2, 1)
    while best:
        before, start = len(best), 0
        while start < len(best):
            shorter = _rerun(program, trace.initial, best[:start] + best[start + size :], goal)
            if shorter is not None and len(shorter) < len(best):
                best = shorter
            else:
                start += size
        if len(best) == before and size == 1:
            break
        size = max(size // 2, 1)
    return Trace(trace.model, trace.initial, tuple(best))


def _rerun(
    program: Program, initial: State, steps: Sequence[Step], goal: Callable[[State], bool]
) -> list[Step] | None:
    """The steps that are possible, until the goal; None if it is not reached."""
    state, done = initial, list[Step]()
    if goal(state):
        return done
    for step in steps:
        after = _after(program, state, step.rule, step.args, step.picks)
        if after is None or after == state:
            continue
        state = after
        done.append(Step(step.rule, step.args, step.picks, state))
        if goal(state):
            return done
    return None


def _after(program: Program, state: State, rule: str, args: Args, picks: Picks) -> State | None:
    for chosen, end in program.rule(rule).step(state, args):
        if chosen == picks and not isinstance(end, Failure):
            return end
    return None


def _fails(program: Program, state: State, step: Step) -> bool:
    """Does the step end in the same failure from this state?"""
    return (step.picks, step.failure) in program.rule(step.rule).step(state, step.args)


def _is_at_rest(program: Program, state: State) -> bool:
    return all(
        end == state
        for compiled in program.rules
        if compiled.rule.kind is ir.Kind.ACTION
        for args in compiled.args
        for _, end in compiled.step(state, args)
    )
