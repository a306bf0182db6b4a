"""From a path of representatives to a real trace, with one name for each id all along.

Owns the way back: each representative was reached from the one before up to renaming, so a real
path is found by taking, from the real state so far, a step into the next orbit. What was found of
the last representative is then asked of the last real state, where it is true of other ids. Every
trace is replayed before it is shown, like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..backends.python import Failure, Program, Undefined
from ..errors import InternalError
from ..states import State
from .checks import Finding
from .orbits import renamed
from .outcome import Step, Trace
from .replay import step_into
from .symmetry import Symmetry

__all__ = ["failing_step_at", "finding_at", "real_trace"]


def real_trace(program: Program, symmetry: Symmetry, path: Sequence[State]) -> Trace:
    """A trace as long as the path that visits the same orbits; the first state is initial."""
    state, steps = path[0], list[Step]()
    for wanted in path[1:]:
        step = step_into(program, state, partial(symmetry.is_same_orbit, wanted))
        if step.state is None:
            raise InternalError(f"{step.rule} leads nowhere")
        steps.append(step)
        state = step.state
    return Trace(program.model, path[0], tuple(steps))


def finding_at(program: Program, finding: Finding, state: State) -> Finding:
    """The same finding of another state of the orbit, with the parameter values it has there."""
    prop = finding.prop
    types = [p.type for p in prop.params]
    for args in program.prop_args(prop):
        if renamed(types, args) != renamed(types, finding.args):
            continue
        try:
            holds, undefined = bool(program.holds(prop.name)(state, args)), None
        except Undefined as problem:
            holds, undefined = False, problem.failure
        if (undefined is None) == (finding.undefined is None) and holds is not finding.fails:
            return Finding(prop, args, undefined)
    raise InternalError(f"{prop.name} is not the same in two states of one orbit: {state}")


def failing_step_at(program: Program, step: Step, state: State) -> Step:
    """The same failure of the same rule in another state of the orbit."""
    wanted, compiled = step.failure, program.rule(step.rule)
    for args in compiled.args:
        for picks, end in compiled.step(state, args):
            if isinstance(end, Failure) and wanted is not None:
                same = (end.kind, end.subject, end.span) == (
                    wanted.kind, wanted.subject, wanted.span,
                )  # fmt: skip
                if same:
                    return Step(step.rule, args, picks, None, end)
    raise InternalError(f"{step.rule} does not fail alike in two states of one orbit: {state}")
