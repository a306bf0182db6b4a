"""One attempt to prove a model: base, induction, bounded search, and the word for each property.

Owns the order of the questions, the cheapest and most telling first: one step of induction, all
runs of a few steps, then larger k. Owns the verdicts; docs/explanation/proof.md explains them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import ir
from ..backends.python import Program
from ..backends.smt.rules import UNFIT
from ..backends.smt.solver import solver_version
from ..backends.smt.system import System, Unsupported
from ..explore import setting
from ..explore.limits import Limits
from ..explore.outcome import Verdict
from ..explore.search import explore
from ..explore.verdicts import NO_STEP_ERROR
from .bounded import Bounded, Broken, Budget
from .claims import Claim, claims_of, cut_claims
from .cti import cti_of
from .induction import Induction, last_steps
from .outcome import Cti, Proof, ProofOutcome, Said, Strengthening
from .parts import Part

__all__ = ["Attempt", "prove"]

_VISITED_MAX = 50_000


def prove(
    program: Program,
    *,
    depth: int = 10,
    k: int = 2,
    budget: Budget | None = None,
    off: tuple[str, ...] = (),
    lemmas: Sequence[ir.Prop] = (),
    parts: Sequence[Part] = (),
    strengthening: Strengthening | None = None,
    goal: str = "",
) -> ProofOutcome:
    """A word for each property of a bound model; with `goal`, all work is for that one.

    `lemmas` are invariants that take part in the induction and are proved with it, as are `parts`,
    which have to be at the program's scope. Ctrl-C ends the
    attempt with what is known.

    Raises: UsageError, if the model has no initial state.
    """
    attempt = Attempt(program, budget or Budget(), depth, k, goal)
    try:
        attempt.run(lemmas, parts)
    except KeyboardInterrupt:
        attempt.interrupted = True
        attempt.limits.append("stopped by Ctrl-C")
    except Unsupported as problem:
        attempt.unsupported = f"the encoding cannot express {problem}"
    return attempt.outcome(off, strengthening)


@dataclass
class Attempt:
    """What is known of one model while it is asked. `proved` gives the k that each claim took."""

    program: Program
    budget: Budget
    depth: int
    k: int
    goal: str = ""
    claims: list[Claim] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    proved: dict[Claim, int] = field(default_factory=dict)
    bounded: Bounded | None = None
    ctis: dict[Claim, Cti] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)
    tried: int = 0
    unsupported: str = ""
    interrupted: bool = False

    def run(self, lemmas: Sequence[ir.Prop] = (), parts: Sequence[Part] = ()) -> None:
        """Raises: Unsupported, UsageError, KeyboardInterrupt."""
        from .claims import lemma_claim

        self.budget.tick("encoding", self.program.model.name)
        system = self.system = System(self.program.model)
        self.claims, self.refused = claims_of(system)
        self.claims += [lemma_claim(system, prop) for prop in lemmas]
        self.claims += [part.claim(system) for part in parts]
        steps = last_steps(system)
        defaults = self.program.default_state()
        start, _, _ = system.begin(defaults)
        self.claims += cut_claims(
            [f for step in steps for f in step.effect.failures] + list(start.failures)
        )
        bounded = self.bounded = Bounded(
            system, self.program, self.budget, list(self.claims), self.goal
        )
        induction = self.induction = Induction(system, self.budget, steps, system.known(defaults))
        bounded.deepen(0)
        for k in range(1, self.k + 1):
            if not self._goals_left():
                break
            if k > 1:
                # What a short run breaks need not be tried with a larger k.
                bounded.deepen(self.depth)
            bounded.deepen(k - 1)
            self._induct(induction, bounded, k)
        bounded.deepen(self.depth)
        if bounded.limit:
            self.limits.append(bounded.limit)
            self._visit(bounded)
        self.limits += induction.limits
        self._explain(induction, bounded)

    def _visit(self, bounded: Bounded) -> None:
        """Where the solver is out of time for longer runs, a search of the nearest states may still
        find what fails. That it finds nothing is no proof, and is not said.
        """
        if not self._goals_left() or self.budget.is_spent:
            return
        self.budget.tick("visiting states", f"at most {_VISITED_MAX:,}")
        left = self.budget.seconds_max
        seconds = None if left is None else left - self.budget.seconds
        found = explore(self.program, limits=Limits(_VISITED_MAX, seconds))
        if any(limit.name == "interrupt" for limit in found.limits):
            raise KeyboardInterrupt
        failing = {r.name: r for r in found.properties if r.verdict is Verdict.FAILS and r.trace}
        for claim in self._goals_left():
            result = failing.get(claim.name)
            if result is not None and claim.kind != "cut":
                bounded.open.remove(claim)
                bounded.broken.append(Broken(claim, result.steps or 0, result))

    def _goals_left(self) -> list[Claim]:
        assert self.bounded is not None
        if self.goal:
            return [c for c in self.bounded.open if c.name == self.goal]
        return [c for c in self.bounded.open if c.kind not in ("witness", "lemma")]

    def _induct(self, induction: Induction, bounded: Bounded, k: int) -> None:
        if not self._goals_left() or (bounded.depth < k - 1 and not bounded.ended):
            return
        self.tried = k
        broken = {b.claim for b in bounded.broken}
        # Parts are made for one step, and are too large to be asked of longer runs.
        asked = [c for c in self.claims if not c.is_part or k == 1 or c in self.proved]
        kept = induction.inductive([c for c in asked if c not in broken], k)
        for claim in kept:
            self.proved.setdefault(claim, k)
        bounded.open = [c for c in bounded.open if c not in self.proved and not c.is_part]

    def _explain(self, induction: Induction, bounded: Bounded) -> None:
        """A counterexample to induction for each goal that is neither proved nor broken."""
        if bounded.ended or not self.tried or self.goal:
            return
        kept = list(self.proved)
        for claim in self._goals_left():
            if self.budget.is_spent:
                return
            gap = induction.gap(claim, kept, self.tried)
            if gap is not None:
                self.ctis[claim] = cti_of(self.program, gap, [*kept, claim])

    # ── Verdicts ──

    def outcome(
        self, off: tuple[str, ...], strengthening: Strengthening | None = None
    ) -> ProofOutcome:
        model = self.program.model
        proofs = [self._property(prop) for prop in model.props]
        proofs.append(self._said(NO_STEP_ERROR, "step-error", None))
        for claim in self.claims:
            if claim.kind == "lemma" and claim.prop is not None:
                proofs.append(self._said(claim.name, "lemma", claim.prop))
        for claim in self.claims:
            if claim.cut is not None:
                proof = self._said(claim.name, claim.cut[0], None)
                # That values fit where they are stored is the encoding's own worry, unless they may
                # not.
                if claim.cut[0] != UNFIT or not self._how(claim):
                    proofs.append(proof)
        bounded = self.bounded
        return ProofOutcome(
            model=model,
            constants=setting.constants(model),
            scopes=setting.scopes(model),
            budgets=setting.budgets(model),
            off=off,
            proofs=tuple(proofs),
            depth=max(bounded.depth, 0) if bounded is not None else 0,
            k=self.tried,
            seconds=self.budget.seconds,
            solver=f"Z3 {solver_version()}",
            seed=self.budget.seed,
            timeout_s=self.budget.timeout_s,
            limits=tuple(dict.fromkeys(self.limits)),
            interrupted=self.interrupted,
            strengthening=strengthening,
        )

    def _property(self, prop: ir.Prop) -> Proof:
        if prop.kind.is_liveness:
            reason = "not by induction; `checker explore` checks it"
            return Proof(prop.name, "liveness", Said.NOT_ATTEMPTED, reason=reason, span=prop.span)
        if prop.kind is ir.PropKind.WITNESS:
            return self._witness(prop)
        return self._said(prop.name, prop.kind.shown, prop)

    def _said(self, name: str, kind: str, prop: ir.Prop | None) -> Proof:
        span = prop.span if prop is not None else None
        known = [c for c in self.claims if c.name == name and c.kind != "witness"]
        if name in self.refused or self.unsupported or not known:
            reason = self.refused.get(name) or self.unsupported or "the attempt was interrupted"
            return Proof(name, kind, Said.UNKNOWN, reason=reason, span=span)
        claim = known[0]
        broken = self._broken(claim)
        if broken is not None:
            return _failed(broken, kind)
        how = self._how(claim)
        doubt = self._doubt(claim)
        if how and not doubt:
            return Proof(name, kind, Said.PROVED, how=how, span=span)
        cti = self.ctis.get(claim)
        reason = f"{how}, but {doubt}" if how else self._open_reason(cti)
        return Proof(name, kind, Said.UNKNOWN, how, reason, cti=cti, span=span)

    def _broken(self, claim: Claim) -> Broken | None:
        found = self.bounded.broken if self.bounded is not None else []
        return next((b for b in found if b.claim is claim), None)

    def _how(self, claim: Claim) -> str:
        """What the claim is proved by, if it is."""
        if claim in self.proved:
            k = self.proved[claim]
            return "inductive" if k == 1 else f"{k}-inductive"
        if self.bounded is not None and self.bounded.ended and claim in self.bounded.open:
            return f"no run is longer than {self.bounded.depth} steps"
        return ""

    def _doubt(self, claim: Claim) -> str:
        """What could come before, so that the claim is not proved of all runs of the model.

        A step that fails or is cut has no successor here; what the model would do behind it is not
        part of any proof.
        """
        reasons: list[str] = []
        for other in self.claims:
            if not other.about_steps or other is claim or self._how(other):
                continue
            reached = self._broken(other)
            if other.kind == "step-error":
                said = "is reached" if reached else "is not excluded"
                reasons.append(f"a step error {said}")
            else:
                said = f"is exceeded after {reached.steps} steps" if reached else "may be exceeded"
                reasons.append(f"the {other.name} {said}")
        return ", and ".join(reasons)

    def _open_reason(self, cti: Cti | None) -> str:
        depth = self.bounded.depth if self.bounded is not None else -1
        if self.interrupted:
            return "the attempt was interrupted"
        parts = [f"not {self.tried}-inductive" if self.tried > 1 else "not inductive"]
        if cti is None:
            why = "; ".join(dict.fromkeys(self.limits)) or "no induction was tried"
            parts = [f"no proof: {why}"]
        if depth >= 0:
            parts.append(f"no violation within {depth} steps")
        return "; ".join(parts)

    def _witness(self, prop: ir.Prop) -> Proof:
        known = [c for c in self.claims if c.name == prop.name and c.kind == "witness"]
        if not known or prop.name in self.refused or self.unsupported:
            reason = self.refused.get(prop.name) or self.unsupported or "interrupted"
            return Proof(prop.name, "witness", Said.UNKNOWN, reason=reason, span=prop.span)
        found = {c: self._broken(c) for c in known}
        for claim, broken in found.items():
            if claim.undefined and broken is not None:
                return _failed(broken, "witness")
        orbits = [c for c in known if not c.undefined]
        never = [c for c in orbits if self._how(c)]
        if never and not self._doubt(never[0]):
            args = setting.shown_args(prop.params, never[0].cases[0][0])
            how = self._how(never[0])
            return Proof(prop.name, "witness", Said.UNREACHABLE, how=how, span=prop.span, args=args)
        unseen = [c for c in orbits if found[c] is None]
        if not unseen:
            # Defined so far is not defined everywhere, which the claim about it is asked for.
            last = max((b for b in found.values() if b is not None), key=lambda b: b.steps)
            return Proof(prop.name, "witness", Said.SEEN, found=last.result, span=prop.span)
        depth = self.bounded.depth if self.bounded is not None else -1
        args = setting.shown_args(prop.params, unseen[0].cases[0][0])
        reason = f"not seen within {max(depth, 0)} steps"
        return Proof(prop.name, "witness", Said.UNKNOWN, reason=reason, span=prop.span, args=args)


def _failed(broken: Broken, kind: str) -> Proof:
    result, claim = broken.result, broken.claim
    place = claim.prop.span if claim.prop is not None else None
    if result is None:
        assert broken.failure is not None
        steps = f"after {broken.steps} steps" if broken.steps else "at the start"
        reason = f"{broken.failure.message}, {steps}"
        return Proof(claim.name, kind, Said.UNKNOWN, reason=reason, span=broken.failure.span)
    said = Said.FAILS if result.verdict is Verdict.FAILS else Said.SEEN
    return Proof(claim.name, kind, said, found=result, span=place)
