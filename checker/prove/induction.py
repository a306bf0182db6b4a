"""k-induction over several claims at once, and the largest set of them that is inductive.

Owns the argument: if the claims of a set hold in the first k states of every run (the base, asked
by `bounded.py`), and k states in a row that satisfy them are never followed by one that does not,
they hold in all states. A claim that a step does not preserve leaves the set, until none has to
(Houdini: Flanagan and Leino, FME 2001). No claim is assumed that is not itself in the set.

The last step is taken rule by rule, by one representative of the parameter values that renaming ids
makes equal: the claims are closed under renaming, so what one of them preserves all do. Behind it,
a claim is asked for one of each kind of ids, in the same way: those of the step, and others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .. import ir
from ..backends.smt import solver
from ..backends.smt.rules import Effect
from ..backends.smt.solver import Bit, Solver, Term, conj, disj, implies, neg
from ..backends.smt.system import Path, System
from ..backends.smt.values import Look, Sym, read
from ..backends.smt.variables import Layout
from ..explore.orbits import renamed
from ..states import State, Value
from .bounded import Budget
from .claims import Args, Claim, one_of_each_orbit

__all__ = ["Gap", "Induction", "LastStep", "Query"]


@dataclass(frozen=True)
class LastStep:
    """One rule with one value for its parameters, as an effect on the state "now"."""

    rule: ir.Rule
    args: Args
    effect: Effect
    facts: Bit
    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        return self.rule.name


@dataclass(frozen=True)
class Gap:
    """Where an induction does not go through: k states in a row, and the step that leaves the last.

    `after` is the state behind it, None if the step fails.
    """

    claim: Claim
    states: tuple[State, ...]
    last: LastStep
    after: State | None


def last_steps(system: System) -> list[LastStep]:
    """Every rule, by one of each orbit of its parameter values. Raises: Unsupported."""
    found: list[LastStep] = []
    for rule in system.model.rules:
        for args in one_of_each_orbit(system, rule.params):
            layout = Layout(system.sizes)
            given: dict[str, Sym] = dict(system.args_of(rule.params, args))
            effect = system.effect(rule, system.now, given, layout)
            facts = conj(*layout.facts)
            found.append(LastStep(rule, args, effect, facts, tuple(layout.terms)))
    return found


@dataclass
class Induction:
    """The attempts of one model, for growing k."""

    system: System
    budget: Budget
    steps: list[LastStep]
    defaults: Mapping[str, Sym] | None = None
    limits: list[str] = field(default_factory=list)
    _after: dict[tuple[int, int], Bit] = field(default_factory=dict)

    def inductive(self, claims: Iterable[Claim], k: int) -> list[Claim]:
        """The largest set of the claims that k states in a row pass on to the next.

        A query without an answer costs the claims that it was about, and is named in `limits`.
        """
        kept = list(claims)
        queries = [Query.of(self, step, kept, k) for step in self.steps]
        settled: set[int] = set()
        # A rule that preserved the whole set preserves any part of it whose assumptions are the
        # same; each loss therefore asks all rules again.
        while kept and len(settled) < len(queries):
            for number, query in enumerate(queries):
                if number in settled:
                    continue
                self.budget.tick(f"{k}-induction", f"{query.step.text}, {len(kept)} claims")
                lost = query.lost(kept)
                if lost:
                    kept = [claim for claim in kept if claim not in lost]
                    settled.clear()
                else:
                    settled.add(number)
                if self.budget.is_spent:
                    self.limits.append(f"the time is up in {k}-induction")
                    return []
        return kept

    def gap(self, claim: Claim, kept: Sequence[Claim], k: int) -> Gap | None:
        """A step that does not preserve the claim, from states where it and the kept ones hold.

        Of the states that do, one that differs little from the first ones is taken.
        """
        for step in self.steps:
            query = Query.of(self, step, [*kept, claim], k)
            if query.broken.get(claim, False) is False:
                continue
            self.budget.tick("counterexample to induction", f"{claim.name}, {step.text}")
            query.solver.add(*query.assumed.values(), query.broken[claim])
            if query.solver.check() == "sat":
                return query.gap(claim)
        return None

    def rests_on(self, claim: Claim, claims: Sequence[Claim]) -> list[tuple[Claim, str]]:
        """The claims whose assumption the solver used to see that steps preserve this one, each
        with a rule where it did.
        """
        found: dict[Claim, str] = {}
        for step in self.steps:
            if self.broken_after(claim, step) is False:
                continue
            query = Query.of(self, step, claims, 1)
            query.solver.add(query.broken[claim])
            if query.solver.check(*query.assumed.values()) == "unsat":
                core = set(query.solver.core())
                for other, marker in query.assumed.items():
                    if solver.term_id(marker) in core and other is not claim:
                        found.setdefault(other, step.text)
        return list(found.items())

    def broken_after(self, claim: Claim, step: LastStep) -> Bit:
        """Is the claim broken in the state behind the step, or by the step's failure?"""
        key = (id(claim), id(step))
        if key not in self._after:
            effect = step.effect
            if claim.about_steps:
                self._after[key] = disj(*(f.when for f in effect.failures if claim.breaks(f)))
            elif effect.alive is False:
                self._after[key] = False
            else:
                told = disj(*(bit for _, bit in self.representatives(claim, step)))
                (bad,) = self.system.into([told], effect.after)
                self._after[key] = conj(effect.alive, bad)
        return self._after[key]

    def representatives(self, claim: Claim, step: LastStep) -> list[tuple[Args, Bit]]:
        """Cases of the claim, one of those that renaming the ids which the step does not name makes
        equal. A state that breaks another case can be renamed to one that breaks this one.
        """
        if not self.system.is_symmetric:
            return list(claim.cases)
        given = [p.type for p in step.rule.params]
        found: dict[Args, tuple[Args, Bit]] = {}
        for args, bit in claim.cases:
            key = renamed([*given, *claim.types], (*step.args, *args))
            found.setdefault(key, (args, bit))
        return list(found.values())

    def assumed(self, claim: Claim, step: LastStep, claims: Sequence[Claim]) -> Bit:
        """How the claim is broken in an earlier state, as far as that is excluded by assumption.

        Of parts, which are large formulas, only those of the ids that the question is about: to
        assume less is always sound.
        """
        if not claim.is_part or not self.system.is_symmetric:
            return claim.broken()
        named = {*zip((p.type for p in step.rule.params), step.args, strict=True)}
        for other in claims:
            for args, _ in self.representatives(other, step):
                named.update(zip(other.types, args, strict=True))
        return disj(
            *(
                bit
                for args, bit in claim.cases
                if all(pair in named for pair in zip(claim.types, args, strict=True))
            )
        )


@dataclass
class Query:
    """The induction step of one rule: what is assumed of each claim, and how it is broken."""

    induction: Induction
    step: LastStep
    solver: Solver
    path: Path
    assumed: dict[Claim, Bit]
    broken: dict[Claim, Bit]
    asked: int = 0

    @staticmethod
    def of(induction: Induction, step: LastStep, claims: Sequence[Claim], k: int) -> Query:
        system = induction.system
        solver_ = induction.budget.solver(lazily=any(claim.is_part for claim in claims))
        path = Path(system, solver_)
        path.begin_anywhere()
        for _ in range(k - 1):
            path.extend()
        solver_.add(step.facts)
        about_states = [c for c in claims if not c.about_steps]
        bits = [induction.assumed(claim, step, claims) for claim in about_states]
        assumed: dict[Claim, Bit] = {}
        columns = [path.at(time, bits) for time in range(k)]
        for place, claim in enumerate(about_states):
            marker = solver.variable(f"assume {place}")
            solver_.add(implies(marker, neg(disj(*(column[place] for column in columns)))))
            assumed[claim] = marker
        last = path.at(k - 1, [induction.broken_after(claim, step) for claim in claims])
        broken = dict(zip(claims, last, strict=True))
        return Query(induction, step, solver_, path, assumed, broken)

    def breaking(self, kept: Sequence[Claim]) -> State | None:
        """A state where all the kept claims hold, which the step leaves for one where they do not.

        None, if there is none, or no answer: `Induction.limits` says so.
        """
        given = [self.assumed[c] for c in kept if c in self.assumed]
        answer = self._ask(given, [self.broken[c] for c in kept])
        if answer == "sat":
            return self.path.read()[-1]
        if answer != "unsat":
            self.induction.limits.append(f"{answer} at {self.step.text}")
        return None

    def lost(self, kept: Sequence[Claim]) -> set[Claim]:
        """Claims that the step breaks, from states where all the kept ones hold."""
        given = [self.assumed[c] for c in kept if c in self.assumed]
        open_claims = [c for c in kept if self.broken[c] is not False]
        lost: set[Claim] = set()
        answer = self._ask(given, [self.broken[c] for c in open_claims])
        if answer == "sat":
            lost = {c for c in open_claims if self.solver.bit(self.broken[c])}
        elif answer != "unsat":
            # Together they are too much; one by one some may still have an answer.
            for claim in open_claims:
                if (answer := self._ask(given, [self.broken[claim]])) != "unsat":
                    lost.add(claim)
                    if answer != "sat":
                        about = f"{answer} at {claim.name} after {self.step.text}"
                        self.induction.limits.append(about)
        return lost

    def _ask(self, given: list[Bit], broken: list[Bit]) -> str:
        self.asked += 1
        goal = solver.variable(f"goal {self.asked}")
        self.solver.add(implies(goal, disj(*broken)))
        return self.solver.check(goal, *given)

    # ── Reading a gap ──

    def gap(self, claim: Claim) -> Gap:
        self._simplify()
        states = tuple(self.path.read())
        look = self.path.look()
        if claim.about_steps:
            return Gap(claim, states, self.step, None)
        return Gap(claim, states, self.step, self._read_after(look))

    def _read_after(self, look: Look) -> State:
        pairs = list(
            zip(
                self.induction.system.now_terms,
                self.induction.system.terms(self.path.states[-1]),
                strict=True,
            )
        )

        def bit(found: Bit) -> bool:
            return look.bit(solver.substitute(found, pairs))

        def number(term: Term) -> int:
            return look.number(solver.substitute_term(term, pairs))

        after = self.step.effect.after
        moved = Look(bit, number)
        values: list[Value] = [read(after[v.name], moved) for v in self.induction.system.model.vars]
        return tuple(values)

    def _simplify(self) -> None:
        """Ask for as many parts of the first state as possible to be as they are at the start."""
        system, look = self.induction.system, self.path.look()
        defaults = self.induction.defaults
        if defaults is None:
            return
        wanted = [
            solver.equation(now, first)
            for now, first in zip(system.now_terms, system.terms(defaults), strict=True)
        ]
        kept = [bit for bit in wanted if look.bit(bit)]
        others = [bit for bit in wanted if not look.bit(bit)]
        for number, bit in enumerate(others):
            if number >= _SIMPLER_MAX or self.induction.budget.is_spent:
                break
            if self.solver.check(*kept, bit) == "sat":
                kept.append(bit)
        # The model has to be that of the states that are read.
        if self.solver.check(*kept) != "sat":
            self.solver.check()


_SIMPLER_MAX = 200
