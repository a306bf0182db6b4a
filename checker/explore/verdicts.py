"""From what a search found to the verdict of each property.

Owns the rules of the language's sections "Verdicts" and "Vacuity": HOLDS needs an exhausted graph
without cuts and step errors; a violation stands under any limit; vacuity is said of complete graphs
only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import ir
from ..backends.failure import Failure
from ..backends.python import Args
from ..passes.excluded import excluded
from . import setting
from .checks import Checks
from .outcome import Limit, PropertyResult, Vacuity, Verdict

__all__ = ["NO_STEP_ERROR", "Found", "properties", "vacuity"]

NO_STEP_ERROR = "no_step_error"


@dataclass
class Found:
    """What one search knows at its end.

    `results` are violations and seen witnesses by name; `before` the `LeadsTo`s whose left side was
    true somewhere; `unseen` the witnesses that were not seen, with the parameter values.
    """

    results: dict[str, PropertyResult] = field(default_factory=dict)
    limits: list[Limit] = field(default_factory=list)
    cuts: dict[tuple[str, str], Failure] = field(default_factory=dict)
    error: Failure | None = None
    exhausted: bool = False
    sampled: str = ""  # of a simulation: how much was looked at
    before: set[str] = field(default_factory=set)
    unseen: dict[str, Args] = field(default_factory=dict)

    def all_limits(self) -> tuple[Limit, ...]:
        """The limits of the run, and those of the model that it ran into."""
        return (*self.limits, *(Limit(f.kind, f.message) for f in self.cuts.values()))

    @property
    def complete(self) -> bool:
        """Is every reachable state known, and every property asked of all of them?"""
        return self.exhausted and not self.limits and not self.cuts

    @property
    def doubt(self) -> str:
        """Why no property can HOLD; empty, if nothing stands against it."""
        reasons = [limit.detail for limit in self.all_limits()]
        if self.error is not None:
            reasons.insert(0, f"behind the step error: {self.error.message}")
        if self.sampled:
            reasons.append(self.sampled)
        return "; ".join(reasons) or ("" if self.exhausted else "the search did not end")


def properties(model: ir.Model, found: Found) -> tuple[PropertyResult, ...]:
    """A result for each property in the order of the source, and for `no_step_error`."""
    results = [_result(prop, found) for prop in model.props]
    return (*results, found.results.get(NO_STEP_ERROR) or _undecided(NO_STEP_ERROR, found))


def _result(prop: ir.Prop, found: Found) -> PropertyResult:
    known = found.results.get(prop.name)
    if known is not None and prop.name not in found.unseen:
        return known
    if prop.kind is ir.PropKind.WITNESS:
        return _unseen(prop, found)  # also where it was seen for some of its orbits only
    verdict = Verdict.UNKNOWN if found.doubt else Verdict.HOLDS
    reason = found.doubt
    if found.sampled and prop.kind.is_liveness:
        reason = "liveness is not checked by random walks; explore the model"
    return PropertyResult(prop.name, prop.kind.shown, verdict, reason, span=prop.span)


def _unseen(prop: ir.Prop, found: Found) -> PropertyResult:
    args = setting.shown_args(prop.params, found.unseen.get(prop.name, ()))
    reason = found.doubt or "no reachable state shows it"
    verdict = Verdict.UNKNOWN if found.doubt else Verdict.FAILS
    return PropertyResult(prop.name, "witness", verdict, reason, args, span=prop.span)


def _undecided(name: str, found: Found) -> PropertyResult:
    verdict = Verdict.UNKNOWN if found.doubt else Verdict.HOLDS
    return PropertyResult(name, "step-error", verdict, found.doubt)


# ── Vacuity ──────────────────────────────────────────────────────────────────────────────────────


def vacuity(
    model: ir.Model, found: Found, checks: Checks, enabled: set[str]
) -> tuple[Vacuity, ...]:
    """What the properties that hold do not speak of; nothing of a graph that is not complete."""
    notes = [*_no_fairness(model)]
    if found.doubt:
        return tuple(notes)
    for name in found.unseen:
        notes.append(
            Vacuity("unseen-witness", name, f"{name} was never seen: the model may be too weak")
        )
    off = excluded(model)
    if off:
        notes.append(Vacuity("excluded", off[0], f"the constants exclude {', '.join(off)}"))
    for rule in model.rules:
        if rule.name not in enabled and rule.name not in off:
            notes.append(
                Vacuity("never-enabled", rule.name, f"{rule.name} is not possible in any state")
            )
    for prop in model.props:
        if prop.kind is ir.PropKind.LEADS_TO and prop.name not in found.before:
            message = f"{prop.name} says nothing: its left side is true in no state"
            notes.append(Vacuity("never-before", prop.name, message))
    return (*notes, *checks.never_there(), *checks.unasked_rest(model))


def _no_fairness(model: ir.Model) -> list[Vacuity]:
    live = [p.name for p in model.props if p.kind.is_liveness]
    if not live or any(rule.unit is not None for rule in model.rules):
        return []
    message = (
        f"no action is fair, so a behaviour may stand still anywhere: {', '.join(live)} can hold "
        'only where nothing has to happen; write `@action(fair="weak")` where progress is promised'
    )
    return [Vacuity("no-fairness", live[0], message)]
