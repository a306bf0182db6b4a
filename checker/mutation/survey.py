"""A model's mutants, each explored: which properties notice, and which mutants nobody notices.

Owns the judgement. A property notices a mutant if its verdict is another one than in the model
itself; a mutant with the state graph of the model changes nothing, so nothing can notice it.
"""

from __future__ import annotations

import inspect
import linecache
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ..backends.python import Edge, Failure, Program
from ..errors import ExitCode, ModelRefused, UsageError
from ..explore.limits import Limits
from ..explore.native.auto import explore_with
from ..explore.outcome import Outcome, Verdict
from ..frontend import load
from ..ir import Model
from ..passes.bind import bind
from ..run import Prepared, Request, prepare
from ..states import State
from .changes import Mutant, mutants_of

__all__ = ["Judged", "Status", "Survey", "survey"]

STATES_FACTOR = 20  # a mutant may have so many times the model's states before it is given up
STATES_LEAST = 10_000
COMPARED_FACTOR = 3  # a survivor with more is not compared with the model step by step


class Status(Enum):
    """What became of a mutant."""

    NOTICED = "noticed"
    SURVIVES = "survives"
    SAME = "the same states and steps"
    REFUSED = "not a model"
    UNDECIDED = "not decided"


@dataclass(frozen=True)
class Judged:
    """`by` names the properties that notice; `why` says of the undecided what stood in the way.

    `is_part`: everything that the mutant does, the model does too.
    `same_fields`: it changes the model's fields in the ways that the model does, no more and no
    fewer; what differs are labels, locals and counters of faults.
    """

    mutant: Mutant
    status: Status
    by: tuple[str, ...] = ()
    why: str = ""
    is_part: bool = False
    same_fields: bool = False


@dataclass(frozen=True)
class Survey:
    """All mutants of one model, and the model's own outcome."""

    prepared: Prepared
    base: Outcome
    judged: tuple[Judged, ...]
    seconds: float

    def having(self, status: Status) -> list[Judged]:
        return [each for each in self.judged if each.status is status]

    @property
    def properties(self) -> dict[str, int]:
        """How many mutants each property notices."""
        counts = {result.name: 0 for result in self.base.properties}
        for each in self.judged:
            for name in each.by:
                counts[name] += 1
        return counts

    def exit_code(self) -> ExitCode:
        """FAILS if a mutant survives, UNKNOWN if one was not decided."""
        if self.having(Status.SURVIVES):
            return ExitCode.FAILS
        return ExitCode.UNKNOWN if self.having(Status.UNDECIDED) else ExitCode.OK


def survey(
    request: Request,
    *,
    kinds: tuple[str, ...] = (),
    seconds_max: float | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Survey:
    """Explore the model and each of its mutants; `seconds_max` limits each exploration.

    Raises: UsageError, if the model cannot be explored to its end; ModelRefused.
    """
    began = time.monotonic()
    prepared = prepare(request)
    program = Program(prepared.model)
    base = explore_with("auto", program, limits=Limits(None, seconds_max), off=request.no_faults)
    if not base.complete:
        limits = "; ".join(limit.detail for limit in base.limits)
        raise UsageError(
            f"{prepared.model.name} was not explored to its end: {limits}",
            help="mutants are compared with all of it: give a smaller --scope",
        )
    file = Path(inspect.getfile(prepared.loaded.cls))
    source = file.read_text(encoding="utf-8")
    mutants = [
        m for m in mutants_of(source, prepared.loaded.cls.__name__) if not kinds or m.kind in kinds
    ]
    limits_of_each = Limits(max(STATES_LEAST, STATES_FACTOR * base.distinct), seconds_max)
    judged: list[Judged] = []
    for number, mutant in enumerate(mutants):
        if on_progress is not None:
            on_progress(number, len(mutants))
        judged.append(_judged(mutant, prepared, program, base, file, limits_of_each))
    return Survey(prepared, base, tuple(judged), time.monotonic() - began)


def _judged(
    mutant: Mutant,
    prepared: Prepared,
    program: Program,
    base: Outcome,
    file: Path,
    limits: Limits,
) -> Judged:
    with _loaded(mutant, prepared, file) as changed:
        if changed is None:
            return Judged(mutant, Status.REFUSED)
        other = Program(changed)
        if _has_same_graph(program, other):
            return Judged(mutant, Status.SAME)
        try:
            outcome = explore_with("auto", other, limits=limits, off=base.off)
        except UsageError:
            # No initial state is left: every property holds of nothing, and anybody sees that.
            return Judged(mutant, Status.NOTICED, ("no_step_error",))
    noticed = _noticing(base, outcome)
    if noticed:
        return Judged(mutant, Status.NOTICED, noticed)
    if not outcome.complete:
        return Judged(mutant, Status.UNDECIDED, (), "; ".join(x.detail for x in outcome.limits))
    if outcome.distinct > max(STATES_LEAST, COMPARED_FACTOR * base.distinct):
        return Judged(mutant, Status.SURVIVES)
    return Judged(
        mutant,
        Status.SURVIVES,
        is_part=_is_part(other, program),
        same_fields=_has_same_fields(other, program, _fields_of(prepared)),
    )


def _noticing(base: Outcome, outcome: Outcome) -> tuple[str, ...]:
    """The properties whose verdict changes; what a limit leaves open is no change."""
    before = {p.name: p.verdict for p in base.properties}
    return tuple(
        p.name
        for p in outcome.properties
        if p.verdict is not Verdict.UNKNOWN and p.verdict is not before.get(p.name)
    )


@contextmanager
def _loaded(mutant: Mutant, prepared: Prepared, file: Path) -> Iterator[Model | None]:
    """The mutant's model, from a file of its own; None if it is refused."""
    before = set(sys.modules)
    path = [*sys.path]
    with tempfile.TemporaryDirectory(prefix="crashproof-mutant-") as folder:
        copy = Path(folder) / file.name
        copy.write_text(mutant.source, encoding="utf-8")
        sys.path.insert(0, str(file.parent))  # for its neighbours
        target = f"{copy}:{prepared.loaded.cls.__name__}"
        constants = {c.name: c.value for c in prepared.model.consts}
        request = replace(prepared.request, target=target, variant="", constants={})
        try:
            try:
                model = _with_constants(request, constants)
            except ModelRefused:
                model = None
            yield model
        finally:
            sys.path[:] = path
            for name in set(sys.modules) - before:
                if name.startswith("_crashproof_"):
                    del sys.modules[name]
            linecache.cache.pop(str(copy), None)


def _with_constants(request: Request, values: dict[str, object]) -> Model:
    """The constants are already in the engines' form, which `bind` takes."""
    loaded = load(str(request.target), keep_dead_locals=request.keep_dead_locals)
    return bind(loaded.model, constants=values, scopes=request.scopes, no_faults=request.no_faults)


def _has_same_graph(one: Program, other: Program) -> bool:
    """Have both models the same states and the same steps between them?"""
    if _shape(one.model) != _shape(other.model):
        return False
    first = list(dict.fromkeys(one.initial_states()))
    if first != list(dict.fromkeys(other.initial_states())):
        return False
    pairs = list(zip(one.rules, other.rules, strict=True))
    seen: dict[State, None] = dict.fromkeys(first)
    for state in (queue := list(first)):
        for mine, theirs in pairs:
            for args in mine.args:
                steps = mine.step(state, args)
                if not _same_steps(steps, theirs.step(state, args)):
                    return False
                for _, end in steps:
                    if not isinstance(end, Failure) and end not in seen:
                        seen[end] = None
                        queue.append(end)
    return True


def _is_part(small: Program, large: Program) -> bool:
    """Is each step of the one that changes a field a step of the other, between equal fields?

    Counters of faults are left out: a fault that does nothing is still counted.
    """
    if _shape(small.model) != _shape(large.model):
        return False
    places = [n for n, v in enumerate(small.model.vars) if not v.is_counter]
    return _changes(small, places) <= _changes(large, places)


def _fields_of(prepared: Prepared) -> set[str]:
    """What the class declares, without the locals of its processes."""
    names: set[str] = set()
    for cls in prepared.loaded.cls.__mro__:
        names.update(vars(cls).get("__annotations__", ()))
    return names


def _has_same_fields(one: Program, other: Program, fields: set[str]) -> bool:
    """Do both change the fields in the same ways, wherever their processes stand?"""
    both = []
    for program in (one, other):
        places = [n for n, v in enumerate(program.model.vars) if v.name in fields]
        both.append(_changes(program, places))
    return both[0] == both[1]


def _changes(program: Program, places: list[int]) -> set[tuple[State, State]]:
    """The reachable steps between these places' values; an initial state is one by itself."""
    seen = dict.fromkeys(program.initial_states())

    def plain(state: State) -> State:
        return tuple(state[place] for place in places)

    found = {(plain(state), plain(state)) for state in seen}
    for state in (queue := list(seen)):
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if isinstance(end, Failure):
                        continue
                    if end not in seen:
                        seen[end] = None
                        queue.append(end)
                    if plain(end) != plain(state):
                        found.add((plain(state), plain(end)))
    return found


def _same_steps(mine: Sequence[Edge], theirs: Sequence[Edge]) -> bool:
    def plain(steps: Sequence[Edge]) -> list[tuple[object, object]]:
        # Failures differ by the line that they are told for, which a mutant's file moves.
        return [(p, e.is_cut if isinstance(e, Failure) else e) for p, e in steps]

    return plain(mine) == plain(theirs)


def _shape(model: Model) -> tuple[object, ...]:
    return (
        [(v.name, v.type) for v in model.vars],
        [(r.name, [(p.name, p.type) for p in r.params]) for r in model.rules],
    )
