"""Bounded model checking: is a claim broken on a run of so many steps?

Owns the search for the shortest trace, depth by depth, and the base of every induction. Every trace
is run again by the reference engine before it is passed on. What is found at a depth is shortest,
because all shorter runs were asked before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from ..backends.failure import Failure
from ..backends.python import Program, Undefined
from ..backends.smt import solver
from ..backends.smt.rules import Effect
from ..backends.smt.solver import Bit, Solver, disj, neg
from ..backends.smt.system import Path, System
from ..errors import InternalError, UsageError
from ..explore.checks import Finding
from ..explore.outcome import PropertyResult, Step, Trace
from ..explore.replay import edge
from ..explore.results import found_result, step_error_result
from ..states import State
from .claims import Claim, cut_name

__all__ = ["Bounded", "Broken", "Budget", "Tick"]


@dataclass(frozen=True)
class Tick:
    """What the solver is asked next: a line of progress."""

    stage: str
    about: str
    seconds: float


@dataclass
class Budget:
    """Time of one query, time of everything, and who is told of the progress."""

    timeout_s: float = 60.0
    seconds_max: float | None = None
    seed: int = 0
    on_tick: Callable[[Tick], None] | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def is_spent(self) -> bool:
        return self.seconds_max is not None and self.seconds >= self.seconds_max

    def solver(self, *, lazily: bool = False) -> Solver:
        """A solver that stops at the time of one query, or when all time is used up."""
        left = self.timeout_s
        if self.seconds_max is not None:
            left = max(0.001, min(left, self.seconds_max - self.seconds))
        return Solver(seed=self.seed, timeout_s=left, lazily=lazily)

    def tick(self, stage: str, about: str) -> None:
        if self.on_tick is not None:
            self.on_tick(Tick(stage, about, self.seconds))


@dataclass(frozen=True)
class Broken:
    """A claim that a run breaks. A cut has only the number of steps and the failure."""

    claim: Claim
    steps: int
    result: PropertyResult | None
    failure: Failure | None = None


@dataclass
class Bounded:
    """Runs from the first states on, one step longer at a time.

    `depth` is the number of steps up to which all open claims were asked, -1 at first; `ended` is
    set if no run is longer. With a `goal` the search ends when the claims of that name are broken.
    """

    system: System
    program: Program
    budget: Budget
    open: list[Claim]
    goal: str = ""
    broken: list[Broken] = field(default_factory=list)
    depth: int = -1
    ended: bool = False
    limit: str = ""

    def __post_init__(self) -> None:
        self.solver = self.budget.solver()
        self.path = Path(self.system, self.solver)
        self.defaults = self.program.default_state()
        effect, _, facts = self.system.begin(self.defaults)
        self.start = (effect, facts)

    def deepen(self, depth: int) -> None:
        """Ask all runs of up to so many steps. Stops at a time limit, with `limit` set.

        Raises: UsageError, if the model has no first state.
        """
        while self.depth < depth and not (self.ended or self.limit) and self._wanted():
            if self.budget.is_spent:
                self.limit = f"the time is up at depth {self.depth + 1}"
                return
            if self.depth < 0:
                self._begin(*self.start)
            elif not self._extend():
                return
            if not self.limit:
                self._ask(self.depth + 1)

    def _wanted(self) -> bool:
        return any(not self.goal or claim.name == self.goal for claim in self.open)

    def _begin(self, effect: Effect, facts: Bit) -> None:
        self.budget.tick("depth 0", "first states")
        if effect.failures:
            self._failing_start(effect, facts)
        self.path.begin_at(effect, facts)
        answer = self.solver.check()
        if answer == "unsat":
            if any(b.steps == 0 and b.claim.about_steps for b in self.broken):
                self.ended = True
                return
            raise UsageError(
                "the model has no initial state: its `@initial` is never possible",
                help="look at the `when` and `choose` in it",
            )
        self._stop_at(answer, 0)

    def _stop_at(self, answer: str, depth: int) -> None:
        if answer not in ("sat", "unsat"):
            self.limit = f"{answer} of {self.budget.timeout_s:g} s at depth {depth}"

    def _extend(self) -> bool:
        self.path.extend()
        answer = self.solver.check()
        if answer == "unsat":
            self.ended = True
            return False
        self._stop_at(answer, self.depth + 1)
        return not self.limit

    def _ask(self, depth: int) -> None:
        """All open claims in the state of a depth; those that are broken are closed."""
        about_states = [c for c in self.open if not c.about_steps]
        bits = self.path.at(depth, [claim.broken() for claim in about_states])
        asked = dict(zip(about_states, bits, strict=True))
        self._search(asked, depth)
        for claim, bit in asked.items():
            if claim in self.open and not self.limit:
                self.solver.add(neg(bit))
        about_steps = [c for c in self.open if c.about_steps]
        if about_steps and not self.limit:
            failures = self.system.step.failures
            failing = self.path.stepped(depth, [failed.when for _, failed in failures])
            failed = list(zip((f for _, f in failures), failing, strict=True))
            self._search(
                {c: disj(*(bit for f, bit in failed if c.breaks(f))) for c in about_steps}, depth
            )
        if not self.limit:
            self.depth = depth

    def _search(self, asked: dict[Claim, Bit], depth: int) -> None:
        while left := {c: bit for c, bit in asked.items() if c in self.open and bit is not False}:
            names = list(dict.fromkeys(c.name for c in left))
            self.budget.tick(f"depth {depth}", ", ".join(names))
            goal = solver.variable(f"goal {depth} {len(self.broken)} {len(left)} {names[0]}")
            self.solver.add(solver.implies(goal, disj(*left.values())))
            answer = self.solver.check(goal)
            if answer == "unsat":
                return
            if answer != "sat":
                self._stop_at(answer, depth)
                return
            states = self.path.read()[: depth + 1]
            for claim, bit in left.items():
                if self.solver.bit(bit):
                    self._close(claim, states, depth)

    # ── What is found ──

    def _close(self, claim: Claim, states: list[State], depth: int) -> None:
        self.open.remove(claim)
        if claim.is_part:  # it only was a lemma; nobody asks for the trace
            self.broken.append(Broken(claim, depth, None))
            return
        steps = [edge(self.program, a, b) for a, b in pairwise(states)]
        trace = Trace(self.system.model, states[0], tuple(steps))
        if claim.about_steps:
            self.broken.append(self._failing(claim, trace, depth))
            return
        finding = finding_of(self.program, claim, states[-1])
        self.broken.append(Broken(claim, depth, found_result(self.program, finding, trace)))

    def _failing(self, claim: Claim, before: Trace, depth: int) -> Broken:
        name, args = self.path.taken(depth)
        step = failing_step(self.program, before.states()[-1], name, args, claim)
        failure = step.failure
        assert failure is not None
        if claim.kind == "cut":
            return Broken(claim, depth + 1, None, failure)
        trace = Trace(before.model, before.initial, (*before.steps, step))
        return Broken(claim, depth + 1, step_error_result(self.program, failure, trace), failure)

    def _failing_start(self, effect: Effect, facts: Bit) -> None:
        """Failures of the initial rule, which no later state can show."""
        for claim in [c for c in self.open if c.about_steps]:
            query = self.budget.solver()
            bad = disj(*(f.when for f in effect.failures if claim.breaks(f)))
            query.add(facts)
            answer = query.check(bad)
            if answer == "sat":
                self.open.remove(claim)
                self.broken.append(self._failed_start(claim))
            elif answer != "unsat":
                self._stop_at(answer, 0)

    def _failed_start(self, claim: Claim) -> Broken:
        first = self.system.model.initial
        for args, picks, end in self.program.initial_edges():
            if isinstance(end, Failure) and denies(claim, end) and first is not None:
                step = Step(first.name, args, picks, None, end)
                trace = Trace(self.system.model, self.defaults, (step,))
                if end.is_cut:
                    return Broken(claim, 0, None, end)
                result = step_error_result(self.program, end, trace, at_start=True)
                return Broken(claim, 0, result, end)
        raise InternalError(f"the reference knows no failure of {claim.name} at the start")


def denies(claim: Claim, failure: Failure) -> bool:
    """Is the reference's failure one that the claim denies?"""
    if claim.kind == "cut":
        return failure.is_cut and cut_name((failure.kind, failure.subject)) == claim.name
    return not failure.is_cut


def failing_step(
    program: Program, state: State, name: str, args: tuple[object, ...], claim: Claim
) -> Step:
    """The step that breaks a claim about steps, as the reference runs it. Raises: InternalError."""
    for picks, end in program.rule(name).step(state, args):
        if isinstance(end, Failure) and denies(claim, end):
            return Step(name, args, picks, None, end)
    raise InternalError(f"the solver says that {name} breaks {claim.name}, the reference does not")


def finding_of(program: Program, claim: Claim, state: State) -> Finding:
    """The parameter values for which a state breaks the claim, as the reference sees it.

    Raises: InternalError, if for it the state does not.
    """
    assert claim.prop is not None
    wanted = claim.kind == "witness" and not claim.undefined
    for args, _ in claim.cases:
        try:
            value = bool(program.holds(claim.prop.name)(state, args))
        except Undefined as undefined:
            if not wanted:
                return Finding(claim.prop, args, undefined.failure)
            continue
        if value is wanted and not claim.undefined:
            return Finding(claim.prop, args)
    raise InternalError(f"the solver says that {claim.name} is broken, the reference does not")
