"""Strengthening: from the model's own expressions to the conjuncts that complete an induction.

Owns the order of the attempt: explore a small scope, collect clauses that hold there, keep the
largest inductive set of them with the goals at the small scope, cut it down to what the goals need,
and prove that at the large scope. A lemma is proved like any property; nothing is believed because
it held at the small scope.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .. import ir
from ..backends.python import Failure, Program
from ..backends.smt.system import System, Unsupported
from ..explore import setting
from ..ir.walk import walk
from ..states import State
from .bounded import Budget
from .candidates import Clause, Stage, clauses, stages
from .claims import Claim, claims_of, cut_claims, lemma_claim
from .induction import Induction, last_steps
from .lemma_text import can_be_pasted, method, name_of
from .outcome import Lemma, PartsProved, ProofOutcome, Said, Strengthening
from .parts import Part, widen
from .proof import prove

__all__ = ["strengthen"]

_STATES_MAX = 20_000  # of the small scope: a clause is asked of all of them


def strengthen(
    program: Program,
    little: Program,
    *,
    depth: int = 10,
    k: int = 2,
    budget: Budget | None = None,
    off: tuple[str, ...] = (),
) -> ProofOutcome:
    """A proof with lemmas that were found in `little`, the same model at a small scope.

    Raises: UsageError, if the model has no initial state.
    """
    asked = budget or Budget()
    try:
        search = _Search(little, asked)
        search.run()
    except Unsupported as problem:
        failed = Strengthening(
            setting.scopes(little.model), 0, 0, 0, (), f"the encoding cannot express {problem}"
        )
        return prove(program, depth=depth, k=k, budget=asked, off=off, strengthening=failed)
    except KeyboardInterrupt:
        outcome = prove(program, depth=0, k=0, budget=asked, off=off)
        return replace(outcome, interrupted=True)
    needed = [search.props[c] for c in search.needed]
    outcome = prove(program, depth=depth, k=k, budget=asked, off=off, lemmas=needed)
    if search.kept and _is_open(outcome):
        # What was enough at the small scope is not: try all that is inductive there.
        every = [search.props[c] for c in search.kept]
        second = prove(program, depth=depth, k=k, budget=asked, off=off, lemmas=every)
        if _count(second) > _count(outcome):
            outcome, needed = second, every
    used: list[Part] = []
    ended = search.problem
    if _is_unsettled(outcome) and not outcome.interrupted:
        for parts in _ladder(little, search.states):
            ended = widened(program, parts, asked)
            if ended:
                break
            third = prove(
                program, depth=depth, k=1, budget=asked, off=off, lemmas=needed, parts=parts
            )
            if _count(third) > _count(outcome):
                outcome, used = third, parts
            if third.interrupted or not _is_unsettled(outcome):
                break
    # Also those that are inductive under the same doubt as what they support.
    proved = {p.name for p in outcome.proofs if p.kind == "lemma" and p.how}
    lemmas = tuple(search.lemma(prop) for prop in needed if prop.name in proved)
    proofs = tuple(p for p in outcome.proofs if p.kind != "lemma" or p.name in proved)
    found = Strengthening(
        scopes=setting.scopes(little.model),
        states=len(search.states),
        tried=search.tried,
        inductive=len(search.kept),
        lemmas=lemmas,
        problem=ended,
        parts=tuple(PartsProved(part.sorts, len(part.rows), part.seen) for part in used),
        complete=len(search.states) < _STATES_MAX,
    )
    return replace(outcome, proofs=proofs, strengthening=found)


def _count(outcome: ProofOutcome) -> int:
    """How many goals have a proof, also one under a doubt."""
    return sum(bool(p.how) for p in outcome.proofs if p.kind != "lemma")


def _ladder(little: Program, states: Sequence[State]) -> Iterator[list[Part]]:
    """Parts of one id of each sort, then of two ids too; those that ask too much are left out."""
    choices = list(dict.fromkeys(stage.params for stage in stages(little.model)))
    single = _parts(little, [c for c in choices if len(c) <= 1], states)
    if single:
        yield single
    several = _parts(little, [c for c in choices if len(c) > 1], states)
    if several:
        yield single + several


def _parts(
    little: Program, choices: Sequence[tuple[ir.Param, ...]], states: Sequence[State]
) -> list[Part]:
    found = (Part.of(little, params, states) for params in choices)
    return [part for part in found if part is not None]


def widened(program: Program, parts: Sequence[Part], budget: Budget) -> str:
    """Brings the parts to the program's scope. Why that ended early, or ""."""
    system = System(program.model)
    return widen(program, parts, Induction(system, budget, last_steps(system)))


def _is_unsettled(outcome: ProofOutcome) -> bool:
    """Is there something that is neither proved nor refuted? Of cuts, something not yet reached."""
    of_steps = ("invariant", "at-rest", "step-error", "capacity", "limit", "fresh")
    return any(
        p.said is Said.UNKNOWN and not p.how and p.kind in of_steps and p.found is None
        for p in outcome.proofs
        if p.kind in of_steps[:3] or p.span is None
    )


def _is_open(outcome: ProofOutcome) -> bool:
    goals = ("invariant", "at-rest", "step-error")
    return any(p.said is Said.UNKNOWN and not p.how and p.kind in goals for p in outcome.proofs)


@dataclass
class _Search:
    """The search at the small scope."""

    program: Program
    budget: Budget
    states: list[State] = field(default_factory=list)
    tried: int = 0
    kept: list[Claim] = field(default_factory=list)
    needed: list[Claim] = field(default_factory=list)
    props: dict[Claim, ir.Prop] = field(default_factory=dict)
    clauses: dict[str, Clause] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    def run(self) -> None:
        """Raises: Unsupported, KeyboardInterrupt."""
        self.budget.tick("strengthening", "exploring the small scope")
        self.states = reachable(self.program, _STATES_MAX)
        system = self.system = System(self.program.model)
        induction = Induction(system, self.budget, last_steps(system))
        goals = self._goals(induction)
        candidates: list[Claim] = []
        tried: list[Clause] = []
        for stage in stages(self.program.model):
            if self.budget.is_spent:
                return
            fresh = self._clauses(stage, tried)
            tried += fresh
            candidates = self.kept + [self._claim(clause) for clause in fresh]
            self.tried = len(tried)
            left = induction.inductive([*goals, *candidates], 1)
            self.kept = [c for c in left if c.kind == "lemma"]
            if all(goal in left for goal in goals):
                break
        # With goals that no set of candidates supports, the others may still be supported.
        supported = [goal for goal in goals if goal in left]
        self.needed = self._needed(induction, supported)

    def _goals(self, induction: Induction) -> list[Claim]:
        claims, _ = claims_of(self.system)
        cuts = cut_claims(f for step in induction.steps for f in step.effect.failures)
        goals = [c for c in claims if c.kind in ("invariant", "at-rest", "step-error")]
        return [goal for goal in (*goals, *cuts) if not self._is_denied(goal)]

    def _is_denied(self, goal: Claim) -> bool:
        """Does an explored state break the goal? Then no lemma helps, and the search says so."""
        if goal.prop is None:
            return False
        return any(
            not _holds(self.program, goal.prop, args, state)
            for state in self.states
            for args, _ in goal.cases
            if goal.kind == "invariant"
        )

    def _clauses(self, stage: Stage, known: Sequence[Clause]) -> list[Clause]:
        sorts = ", ".join(str(p.name) for p in stage.params) or "no ids"
        self.budget.tick("strengthening", f"clauses of {stage.literals} literals over {sorts}")
        query = self.budget.solver()
        query.add(self.system.now_facts)

        def is_trivial(clause: Clause) -> bool:
            prop = _prop(clause, "candidate")
            return query.check(lemma_claim(self.system, prop).broken()) == "unsat"

        return clauses(self.program, self.states, stage, known, is_trivial)

    def _claim(self, clause: Clause) -> Claim:
        name = name_of(clause, {*self.clauses, *(p.name for p in self.program.model.props)})
        self.clauses[name] = clause
        prop = _prop(clause, name)
        claim = lemma_claim(self.system, prop)
        self.props[claim] = prop
        return claim

    # ── What is needed ──

    def _needed(self, induction: Induction, goals: Sequence[Claim]) -> list[Claim]:
        """Lemmas that the goals rest on, found from the solver's own reasons, then fewer."""
        support: list[Claim] = []
        waiting = list(goals)
        while waiting and not self.budget.is_spent:
            claim = waiting.pop(0)
            for other, _ in induction.rests_on(claim, [*goals, *self.kept]):
                if other.kind == "lemma" and other not in support:
                    support.append(other)
                    waiting.append(other)
        # The longest are tried first, so that what is left can be read.
        for lemma in sorted(support, key=self._length, reverse=True):
            if self.budget.is_spent:
                break
            fewer = [c for c in support if c is not lemma]
            left = induction.inductive([*goals, *fewer], 1)
            if all(goal in left for goal in goals):
                support = [c for c in left if c.kind == "lemma"]
        for claim in [*goals, *support]:
            for other, rule in induction.rests_on(claim, [*goals, *support]):
                self.reasons.setdefault(other.name, f"{claim.name} when {rule} is taken")
        return sorted(support, key=self._length)

    def _length(self, claim: Claim) -> int:
        # A quantifier inside a clause is harder to read than one more literal.
        nodes = list(walk(self.props[claim].expr))
        return len(nodes) + 10 * sum(isinstance(n, ir.All | ir.Any) for n in nodes)

    def lemma(self, prop: ir.Prop) -> Lemma:
        sizes = ", ".join(f"{n}={s}" for n, s in setting.scopes(self.program.model))
        which = "all" if len(self.states) < _STATES_MAX else "the first"
        held = f"True in {which} {len(self.states):,} states" + (f" for {sizes}" if sizes else "")
        why = self.reasons.get(prop.name, "")
        reason = f"{held}; needed for {why}." if why else f"{held}."
        clause = self.clauses[prop.name]
        text = method(clause, prop.name, reason)
        pasted = can_be_pasted(self.program.model, prop.expr)
        return Lemma(prop.name, prop, text, reason, can_be_pasted=pasted)


def _prop(clause: Clause, name: str) -> ir.Prop:
    return ir.Prop(ir.PropKind.INVARIANT, name, clause.params, clause.expr)


def _holds(program: Program, prop: ir.Prop, args: tuple[object, ...], state: State) -> bool:
    from ..backends.python import Undefined

    try:
        return bool(program.holds(prop.name)(state, args))
    except Undefined:
        return False


def reachable(program: Program, most: int) -> list[State]:
    """The reachable states in the order of a breadth-first search, at most so many."""
    states = list(dict.fromkeys(program.initial_states()))
    known = set(states)
    for state in states:
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if not isinstance(end, Failure) and end not in known:
                        if len(states) >= most:
                            return states
                        known.add(end)
                        states.append(end)
    return states
