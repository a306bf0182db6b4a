"""What a proof attempt found, as plain data: every output is made from this and nothing else.

Owns the shapes and the rule of the last word: PROVED is said of a property only if no step error
and no cut can come before it; what is inductive under an assumption is UNKNOWN, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .. import ir
from ..errors import ExitCode
from ..explore.outcome import Blame, PropertyResult, Step
from ..source import Span
from ..states import State

__all__ = ["Cti", "Lemma", "PartsProved", "Proof", "ProofOutcome", "Said", "Strengthening"]


class Said(Enum):
    """The word of a property. A witness is SEEN or UNREACHABLE; liveness is NOT_ATTEMPTED."""

    PROVED = "PROVED"
    FAILS = "FAILS"
    UNKNOWN = "UNKNOWN"
    SEEN = "seen"
    UNREACHABLE = "unreachable"
    NOT_ATTEMPTED = "not attempted"


@dataclass(frozen=True)
class Cti:
    """A counterexample to induction: states that satisfy what was assumed, and a step that does not
    preserve the claim. Nothing says that the states can be reached.

    `assumed` are the claims that hold in all of `states`; the step leaves the last of them.
    `defaults` is the state of the field defaults, to say how little the states differ from it.
    """

    model: ir.Model
    defaults: State
    states: tuple[State, ...]
    step: Step
    args: tuple[tuple[str, str], ...]
    blame: tuple[Blame, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """One property. `kind` as in `PropertyResult`, and "capacity", "limit", "fresh" of a cut.

    `how` says what a proof rests on, also one under a doubt; `reason` says why it is none; `found`
    has the trace of what fails or was seen, `cti` what blocks the induction with the largest k.
    """

    name: str
    kind: str
    said: Said
    how: str = ""
    reason: str = ""
    found: PropertyResult | None = None
    cti: Cti | None = None
    span: Span | None = None
    args: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Lemma:
    """A conjunct that strengthening added: its source as a method, and why it was tried.

    One about the number of faults cannot be pasted: no model can read that number.
    """

    name: str
    prop: ir.Prop
    text: str
    reason: str
    can_be_pasted: bool = True


@dataclass(frozen=True)
class PartsProved:
    """A lemma that is no method: what belongs to ids of these sorts is one of so many parts.

    `seen` of them stood in the explored space, or do so with fewer faults; the others are what
    steps make of those.
    """

    sorts: tuple[str, ...]
    count: int
    seen: int


@dataclass(frozen=True)
class Strengthening:
    """What the search for lemmas did. `scopes` are those of the explored space, `states` its size,
    `complete` if these are all; `tried` candidates held there, `inductive` of them were left,
    `lemmas` and `parts` are those needed.
    """

    scopes: tuple[tuple[str, int], ...]
    states: int
    tried: int
    inductive: int
    lemmas: tuple[Lemma, ...]
    problem: str = ""
    parts: tuple[PartsProved, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class ProofOutcome:
    """One attempt on one model with its constants and scopes. `depth` is the number of steps up to
    which every run was checked; `k` the largest k that was tried.
    """

    model: ir.Model
    constants: tuple[tuple[str, str], ...]
    scopes: tuple[tuple[str, int], ...]
    budgets: tuple[tuple[str, int | None], ...]
    off: tuple[str, ...]
    proofs: tuple[Proof, ...]
    depth: int
    k: int
    seconds: float
    solver: str
    seed: int
    timeout_s: float
    limits: tuple[str, ...] = ()
    interrupted: bool = False
    capacities: tuple[tuple[str, int], ...] = ()  # those that the run gave to fields
    strengthening: Strengthening | None = None

    def exit_code(self) -> ExitCode:
        """The first that applies of 130, 1, 3, 4, 0. What was not attempted was not asked for."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        said = {p.said for p in self.proofs if p.kind != "witness" or p.said is Said.FAILS}
        if Said.FAILS in said:
            return ExitCode.FAILS
        if Said.UNKNOWN in said:
            return ExitCode.UNKNOWN
        unreachable = any(p.said is Said.UNREACHABLE for p in self.proofs)
        return ExitCode.VACUOUS if unreachable else ExitCode.OK
