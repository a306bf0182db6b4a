"""Exhaustive breadth-first search of a bound model.

Owns the order of exploration and the counts: *distinct* are the reachable states, *generated* the
successors produced and the initial states, *depth* counts steps. States are found level by level,
so the first violation of a property is a shortest one. The search goes on through violations. What
the findings mean for each property is decided in `verdicts.py`.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from .. import ir
from ..backends.python import Args, CompiledRule, Failure, Picks, Program
from ..errors import InternalError, UsageError
from ..states import State
from . import setting
from .checks import Checks, Finding
from .limits import NO_LIMITS, LimitReached, Limits, Progress, Watch
from .liveness import check_liveness
from .outcome import Limit, Outcome, PropertyResult, Reduction, RuleCount, Step, Trace
from .replay import edge
from .results import found_result, step_error_result
from .state_graph import StateGraph
from .symmetry import Representatives, symmetry_of
from .unfolding import failing_step_at, finding_at, real_trace
from .verdicts import NO_STEP_ERROR, Found, properties, vacuity

__all__ = ["Limits", "Progress", "explore"]

_LOOK_EVERY = 64  # states between two looks at the clock: a few milliseconds


def explore(
    program: Program,
    *,
    limits: Limits = NO_LIMITS,
    stop_at_first: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_violation: Callable[[PropertyResult], None] | None = None,
    off: tuple[str, ...] = (),
    symmetry: bool = False,
) -> Outcome:
    """Every reachable state, and a verdict for each property.

    `on_violation` is called as soon as a violation is found; `off` are the faults that `bind` has
    switched off, for the report. Reaching a limit, or Ctrl-C, ends as UNKNOWN with what is known.
    With `symmetry`, one state of each orbit is visited, where the model allows it.

    Raises: UsageError, if the model has no initial state.
    """
    watch = Watch(limits, on_progress)
    search = _Search(program, limits, stop_at_first, watch, on_violation)
    if symmetry:
        found, search.reduction = symmetry_of(program.model)
        search.orbits = Representatives(found) if found is not None else None
    collecting = gc.isenabled()
    # Nothing here makes cycles, and a collection visits every state found so far.
    gc.disable()
    try:
        search.run()
    except LimitReached as reached:
        search.found.limits.append(reached.limit)
    except KeyboardInterrupt:
        search.found.limits.append(Limit("interrupt", "stopped by Ctrl-C"))
    finally:
        if collecting:
            gc.enable()
    return search.outcome(off)


class _Instance(NamedTuple):
    """A rule with values for its parameters; `bit` marks its fairness unit."""

    rule: CompiledRule
    number: int
    args: Args
    unit: int
    bit: int
    is_action: bool


@dataclass
class _Tally:
    """What one rule did."""

    fired: int = 0
    new: int = 0
    enabled: bool = False


@dataclass
class _Search:
    program: Program
    limits: Limits
    stop_at_first: bool
    watch: Watch
    on_violation: Callable[[PropertyResult], None] | None
    found: Found = field(default_factory=Found)
    generated: int = 0
    initial: int = 0
    expanded: int = 0
    orbits: Representatives | None = None
    reduction: Reduction | None = None

    def __post_init__(self) -> None:
        self.graph = StateGraph.of(self.program)
        self.states = self.graph.states
        self.index: dict[State, int] = {}
        self.parents = array("q")
        self.depths = array("i")
        self.checks = Checks(self.program)
        self.tallies = [_Tally() for _ in self.program.rules]
        self.instances = _instances(self.program, self.graph)
        self.records = any(p.kind.is_liveness for p in self.program.model.props)

    # ── Exploring ──

    def run(self) -> None:
        """Everything, liveness included. Raises: LimitReached, KeyboardInterrupt."""
        try:
            self.begin()
            while self.expanded < len(self.states):
                if self.expanded % _LOOK_EVERY == 0:
                    self.look()
                self.expand(self.expanded)
                self.expanded += 1
            self.found.exhausted = True
        except LimitReached as reached:
            self.found.limits.append(reached.limit)
            # The states found so far can still show a fair loop; but time or memory are used up.
            if reached.limit.name != "states":
                return
        self.live()

    def look(self) -> None:
        frontier = len(self.states) - self.expanded
        depth = self.depths[self.expanded]
        self.watch.look(depth, len(self.states), self.generated, frontier)

    def begin(self) -> None:
        edges = self.program.initial_edges()
        if not edges:
            raise UsageError(
                "the model has no initial state: its `@initial` is never possible",
                help="look at the `when` and `choose` in it",
            )
        for args, picks, end in edges:
            if isinstance(end, Failure):
                self.failed_at_start(args, picks, end)
                continue
            self.generated += 1
            self.initial += 1
            before = len(self.states)
            self.number(end, -1)
            self.graph.roots += len(self.states) - before

    def number(self, state: State, parent: int) -> int:
        """The number of a state that was reached, or of the one that stands for it."""
        found = self.index.get(state)
        if found is None and self.orbits is not None:
            state = self.orbits.of(state)
            found = self.index.get(state)
        return self.add(state, parent) if found is None else found

    def add(self, state: State, parent: int) -> int:
        number = len(self.states)
        if self.limits.states_max is not None and number >= self.limits.states_max:
            detail = f"stopped after {number:,} states"
            raise LimitReached(Limit("states", detail))
        self.parents.append(parent)
        self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        self.states.append(state)
        self.index[state] = number
        for finding in self.checks.at_state(state):
            self.note(finding, number)
        return number

    def expand(self, source: int) -> None:
        """All steps from one state."""
        state, before_it = self.states[source], self.generated
        index, edges = self.index, []
        rests, enabled = True, 0
        for rule, number, args, unit, bit, is_action in self.instances:
            steps = rule.step(state, args)
            if not steps:
                continue
            enabled |= bit
            tally = self.tallies[number]
            tally.enabled = True
            for picks, after in steps:
                if isinstance(after, Failure):
                    # Where the step would have led is not known, so neither is rest.
                    rests = rests and not is_action
                    self.failed(source, Step(rule.rule.name, args, picks, None, after))
                    continue
                self.generated += 1
                tally.fired += 1
                target = index.get(after)
                if target is None:
                    before = len(self.states)
                    target = self.number(after, source)
                    tally.new += len(self.states) - before
                # Another state of the same orbit is another state.
                if is_action and after != state:
                    rests = False
                edges.append((target, unit))
        if self.orbits is not None:
            self.orbits.count(state, self.generated - before_it)
        if rests:
            for finding in self.checks.at_rest(state):
                self.note(finding, source)
        if self.records:
            self.graph.record(enabled, edges)

    # ── What is found ──

    def trace(self, number: int) -> Trace:
        """A shortest way to a state."""
        path = [number]
        while self.parents[path[-1]] >= 0:
            path.append(self.parents[path[-1]])
        states = [self.states[n] for n in reversed(path)]
        if self.orbits is not None:
            return real_trace(self.program, self.orbits.symmetry, states)
        steps = [edge(self.program, a, b) for a, b in pairwise(states)]
        return Trace(self.program.model, states[0], tuple(steps))

    def note(self, finding: Finding, number: int) -> None:
        trace = self.trace(number)
        if self.orbits is not None:
            finding = finding_at(self.program, finding, trace.states()[-1])
        result = found_result(self.program, finding, trace)
        self.found.results[finding.prop.name] = result
        if finding.fails:
            self.violated(result)

    def violated(self, result: PropertyResult) -> None:
        if self.on_violation is not None:
            self.on_violation(result)
        if self.stop_at_first:
            detail = f"stopped when {result.name} failed"
            raise LimitReached(Limit("stop-at-first", detail))

    def failed(self, source: int, step: Step) -> None:
        failure = step.failure
        if failure is None:
            raise InternalError(f"the step {step.rule} failed without a failure")
        if failure.is_cut:
            self.found.cuts.setdefault((failure.kind, failure.subject), failure)
        elif self.found.error is None:
            before = self.trace(source)
            if self.orbits is not None:
                step = failing_step_at(self.program, step, before.states()[-1])
            trace = Trace(before.model, before.initial, (*before.steps, step))
            self.step_error(step.failure or failure, trace, at_start=False)

    def failed_at_start(self, args: Args, picks: Picks, failure: Failure) -> None:
        first = self.program.model.initial
        if failure.is_cut or first is None:
            self.found.cuts.setdefault((failure.kind, failure.subject), failure)
        elif self.found.error is None:
            step = Step(first.name, args, picks, None, failure)
            trace = Trace(self.program.model, self.program.default_state(), (step,))
            self.step_error(failure, trace, at_start=True)

    def step_error(self, failure: Failure, trace: Trace, *, at_start: bool) -> None:
        self.found.error = failure
        result = step_error_result(self.program, failure, trace, at_start=at_start)
        self.found.results[NO_STEP_ERROR] = result
        self.violated(result)

    # ── The end ──

    def live(self) -> None:
        """Liveness, on the states that were expanded."""
        if not self.records:
            return
        for finding in check_liveness(self.program, self.graph, self.trace, self.watch.check):
            if finding.triggered:
                self.found.before.add(finding.prop.name)
            if finding.result is not None:
                self.found.results[finding.prop.name] = finding.result
                self.violated(finding.result)

    def reduced(self) -> Reduction | None:
        """What the report says of symmetry."""
        if self.reduction is None or self.orbits is None or not self.found.complete:
            return self.reduction
        return self.orbits.counted(self.reduction, self.initial)

    def outcome(self, off: tuple[str, ...]) -> Outcome:
        model = self.program.model
        self.found.unseen = self.checks.unseen()
        counted = list(zip(self.program.rules, self.tallies, strict=True))
        rules = tuple(RuleCount(r.rule.name, r.rule.kind.value, t.fired, t.new) for r, t in counted)
        enabled = {r.rule.name for r, t in counted if t.enabled}
        return Outcome(
            model=model,
            engine="reference",
            mode="exhaustive",
            constants=setting.constants(model),
            scopes=setting.scopes(model),
            budgets=setting.budgets(model),
            fairness=setting.fairness(model),
            distinct=len(self.states),
            generated=self.generated,
            initial=self.initial,
            depth=max(self.depths, default=0),
            seconds=self.watch.seconds,
            complete=self.found.complete,
            limits=self.found.all_limits(),
            vacuity=vacuity(model, self.found, self.checks, enabled),
            properties=properties(model, self.found),
            rules=rules,
            off=off,
            reduction=self.reduced(),
        )


def _instances(program: Program, graph: StateGraph) -> list[_Instance]:
    """Every rule with every value of its parameters, in the order of the source."""
    found = []
    for number, rule in enumerate(program.rules):
        is_action = rule.rule.kind is ir.Kind.ACTION
        for args in rule.args:
            unit = graph.unit_of(rule.rule, args)
            bit = 1 << unit if unit >= 0 else 0
            found.append(_Instance(rule, number, args, unit, bit, is_action))
    return found
