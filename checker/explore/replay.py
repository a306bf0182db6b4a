"""Running a trace again, step by step.

Owns what makes a trace a real one: it begins in an initial state, each step is an edge of its rule
with its values, it fails where and how it says, and a loop closes. Every trace passes here before
it is shown. Whether a loop is fair is for `lasso.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import ir
from ..backends.python import CompiledRule, Failure, Program
from ..errors import InternalError
from ..states import State
from .outcome import Step, Trace

__all__ = ["assert_real", "edge", "replay", "step_into"]


def replay(program: Program, trace: Trace) -> list[str]:
    """What is wrong with the trace, a sentence each; nothing, if the model does behave so."""
    if _is_initial_failure(program, trace):
        return []
    problems: list[str] = []
    if trace.initial not in program.initial_states():
        problems.append("the trace does not begin in an initial state")
    state: State = trace.initial
    for number, step in enumerate(trace.steps, start=1):
        if step.state is None and number < len(trace.steps):
            problems.append(f"step {number} has no state, but more steps follow")
            break
        problem = _problem(program, state, step)
        if problem:
            problems.append(f"step {number}: {problem}")
        if step.state is None:
            break
        state = step.state
    if trace.loop is not None and not problems:
        problems += _loop_problems(trace)
    return problems


def _problem(program: Program, state: State, step: Step) -> str:
    compiled = _rule(program, step.rule)
    if compiled is None:
        return f"the model has no rule {step.rule}"
    if step.args not in compiled.args:
        return f"{step.rule} has no such parameter values"
    ends = [end for picks, end in compiled.step(state, step.args) if picks == step.picks]
    if not ends:
        return f"{step.rule} is not possible here"
    if step.state is not None:
        return "" if step.state in ends else f"{step.rule} leads to another state"
    failed = any(isinstance(end, Failure) for end in ends)
    return "" if failed else f"{step.rule} does not fail here"


def _rule(program: Program, name: str) -> CompiledRule | None:
    return next((r for r in program.rules if r.rule.name == name), None)


def _is_initial_failure(program: Program, trace: Trace) -> bool:
    """A trace of one step, the initial rule, which fails on the field defaults."""
    first = program.model.initial
    if first is None or len(trace.steps) != 1 or trace.steps[0].rule != first.name:
        return False
    if trace.initial != program.default_state():
        return False
    step = trace.steps[0]
    return any(
        args == step.args and picks == step.picks and isinstance(end, Failure)
        for args, picks, end in program.initial_edges()
    )


def _loop_problems(trace: Trace) -> list[str]:
    states = trace.states()
    if len(states) <= len(trace.steps):
        return ["the trace ends in a failing step, so it cannot go on forever"]
    if trace.loop is None or not 0 <= trace.loop < len(states):
        return ["the loop begins at no state of the trace"]
    if states[trace.loop] != states[-1]:
        return ["the loop does not close: its last state is not its first"]
    return []


def assert_real(program: Program, trace: Trace) -> None:
    """Raises: InternalError, if the trace does not replay."""
    problems = replay(program, trace)
    if problems:
        raise InternalError("an engine found a trace that does not replay: " + "; ".join(problems))


def edge(program: Program, before: State, after: State) -> Step:
    """A step that leads from one state to the other; no fault, where an action does it as well."""
    return step_into(program, before, lambda end: end == after)


def step_into(program: Program, before: State, is_wanted: Callable[[State], bool]) -> Step:
    """The first step from a state into one that is wanted; no fault, where an action does it.

    Raises: InternalError, if there is none.
    """
    by_kind = sorted(program.rules, key=lambda r: r.rule.kind is ir.Kind.FAULT)
    for compiled in by_kind:
        for args in compiled.args:
            for picks, end in compiled.step(before, args):
                if not isinstance(end, Failure) and is_wanted(end):
                    return Step(compiled.rule.name, args, picks, end)
    raise InternalError("two states of a trace have no step between them")
