"""What a run found, as plain data: every output is made from this and from nothing else.

Owns the shapes. Lengths and depths count steps. An `Outcome` never says HOLDS of a search that was
cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .. import ir
from ..backends.failure import Failure
from ..errors import ExitCode
from ..source import Span
from ..states import State, Value

__all__ = [
    "Blame",
    "Failure",
    "Limit",
    "Outcome",
    "PropertyResult",
    "Reduction",
    "RuleCount",
    "Step",
    "Trace",
    "Vacuity",
    "Verdict",
]


class Verdict(Enum):
    HOLDS = "HOLDS"
    FAILS = "FAILS"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Step:
    """One edge. `state` is None when the step ended in `failure`."""

    rule: str
    args: tuple[Value, ...]
    picks: tuple[Value, ...]
    state: State | None
    failure: Failure | None = None


@dataclass(frozen=True)
class Trace:
    """A behaviour: a stem, and for a lasso the index of the state that its loop begins in.

    States are numbered from 0, the initial one. The steps of a loop end in the state it begins in,
    so `states()[loop] == states()[-1]`; `loop == len(steps)` means standing still at the end.
    """

    model: ir.Model
    initial: State
    steps: tuple[Step, ...]
    loop: int | None = None

    def states(self) -> list[State]:
        return [self.initial, *(s.state for s in self.steps if s.state is not None)]


@dataclass(frozen=True)
class Blame:
    """A part of a false property and why it was false.

    `text` is the conjunct's source; `bindings` the quantified names and parameters it was false
    for; `because` the readings ("self.shipped.count(o)", "2") in it. All printable.
    """

    text: str
    span: Span
    bindings: tuple[tuple[str, str], ...]
    because: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PropertyResult:
    """`kind` is one of invariant, witness, at-rest, liveness, step-error.

    For FAILS, `steps` is the length of the trace (a lasso's: of its stem) and `args` the parameter
    values it fails for. For a witness that was seen, `trace` leads to it. For UNKNOWN, `reason`
    names the limit or error.
    """

    name: str
    kind: str
    verdict: Verdict
    reason: str = ""
    args: tuple[tuple[str, str], ...] = ()
    steps: int | None = None
    trace: Trace | None = None
    blame: tuple[Blame, ...] = ()
    span: Span | None = None
    note: str = ""


@dataclass(frozen=True)
class Limit:
    """What cut the search: `name` is one of states, seconds, memory, depth, interrupt,
    stop-at-first, capacity, limit, fresh.
    """

    name: str
    detail: str


@dataclass(frozen=True)
class Vacuity:
    """A warning beside the verdict. `kind`: unseen-witness, never-enabled, never-before,
    empty-domain, no-at-rest, no-fairness, excluded (which is no warning but a note).
    """

    kind: str
    name: str
    message: str


@dataclass(frozen=True)
class RuleCount:
    """How often a rule was fired, and how many new states that gave."""

    name: str
    kind: str
    fired: int
    new: int


@dataclass(frozen=True)
class Reduction:
    """How symmetry was used: one state was visited of each orbit under renaming ids of `sorts`.

    Without `sorts` every state was visited, for the reason that `off` gives. `states` and
    `generated` are the counts of the full graph by the sizes of the orbits; None if the search was
    cut, or if too many ids were tied. `uneven` are sorts that are not interchangeable, and why.
    """

    sorts: tuple[str, ...] = ()
    off: str = ""
    uneven: tuple[tuple[str, str], ...] = ()
    states: int | None = None
    generated: int | None = None


@dataclass(frozen=True)
class Outcome:
    """One run of one engine on one model with its constants and scopes.

    Counts are those of the states that were visited; with a `reduction` by symmetry, one of each
    orbit.
    """

    model: ir.Model
    engine: str
    mode: str  # "exhaustive" or "simulation"
    constants: tuple[tuple[str, str], ...]
    scopes: tuple[tuple[str, int], ...]
    budgets: tuple[tuple[str, int | None], ...]
    fairness: tuple[tuple[str, str], ...]
    distinct: int
    generated: int
    initial: int
    depth: int
    seconds: float
    complete: bool
    limits: tuple[Limit, ...]
    vacuity: tuple[Vacuity, ...]
    properties: tuple[PropertyResult, ...]
    rules: tuple[RuleCount, ...] = ()
    seed: int | None = None
    walks: int | None = None
    off: tuple[str, ...] = field(default=())  # faults switched off by --no-fault
    reduction: Reduction | None = None  # None, where nobody asked for one

    @property
    def transitions(self) -> int:
        return self.generated - self.initial

    @property
    def verdict(self) -> Verdict:
        # A witness that is undefined somewhere fails like any property, and has a trace to show it.
        found = {p.verdict for p in self.properties if p.kind != "witness" or p.trace is not None}
        if Verdict.FAILS in found:
            return Verdict.FAILS
        if Verdict.UNKNOWN in found or not self.complete:
            return Verdict.UNKNOWN
        return Verdict.HOLDS

    def exit_code(self, *, strict_vacuity: bool = False) -> ExitCode:
        """The first that applies of 130, 1, 3, 4, 0."""
        if any(limit.name == "interrupt" for limit in self.limits):
            return ExitCode.INTERRUPTED
        if self.verdict is Verdict.FAILS:
            return ExitCode.FAILS
        if self.verdict is Verdict.UNKNOWN:
            return ExitCode.UNKNOWN
        unseen = any(v.kind == "unseen-witness" for v in self.vacuity)
        warned = any(
            v.kind in ("never-enabled", "never-before", "empty-domain") for v in self.vacuity
        )
        return ExitCode.VACUOUS if unseen or (strict_vacuity and warned) else ExitCode.OK
