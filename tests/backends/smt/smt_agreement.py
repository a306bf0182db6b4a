"""The SMT encoding against the reference engine: one state at a time, every rule, every property.

Owns two comparisons. In the first the state is known, so every formula has to fold to a constant.
In the second the solver is told the state by equations, so what it answers went through terms,
variables and a model. Both count: a wrong folding and a wrong term are different mistakes.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path as File

from checker import ir
from checker.backends.python import CompiledRule, Failure, Program, Undefined
from checker.backends.smt import solver
from checker.backends.smt.rules import effects, every_choice
from checker.backends.smt.solver import Solver
from checker.backends.smt.system import Path, System
from checker.backends.smt.values import Look
from checker.passes.bind import bind
from checker.states import State, Value

# The generator of random models belongs to the tests of the front end.
sys.path.insert(0, str(File(__file__).parents[2] / "frontend"))

from fuzzing import Generator, accepted
from second_reference import reachable, sample

__all__ = ["folded", "random_model", "reachable", "sample", "solved", "without_liveness"]

End = tuple[str, object]


def end_of(end: State | Failure) -> End:
    if isinstance(end, Failure):
        return ("cut", (end.kind, end.subject)) if end.is_cut else ("error", "")
    return ("state", end)


def expected(rule: CompiledRule, state: State, args: tuple[Value, ...]) -> set[End]:
    return {end_of(end) for _, end in rule.step(state, args)}


def constant(bit: solver.Bit) -> bool:
    assert isinstance(bit, bool), f"not folded: {bit}"
    return bit


FOLDED = Look(constant, lambda term: constant(True))


def folded(program: Program, system: System, state: State) -> list[str]:
    """What the encoding says otherwise of a known state."""
    problems: list[str] = []
    known = system.known(state)
    for compiled in program.rules:
        rule = compiled.rule
        for args in compiled.args:
            given = system.args_of(rule.params, args)
            found: set[End] = set()
            for effect in effects(system.model, rule, known, given, system.sizes, every_choice):
                if constant(effect.alive):
                    found.add(("state", system.read(effect.after, FOLDED)))
                for failed in effect.failures:
                    if constant(failed.when):
                        found.add(
                            ("cut", (failed.kind, failed.subject))
                            if failed.is_cut
                            else ("error", "")
                        )
            wanted = expected(compiled, state, args)
            if found != wanted:
                problems.append(f"{rule.name}{args} of {state}: {found} instead of {wanted}")
    return problems


def asked(program: Program, prop: ir.Prop, state: State, args: tuple[Value, ...]) -> bool:
    try:
        return not program.holds(prop.name)(state, args)
    except Undefined:
        return True


def solved(program: Program, system: System, state: State) -> list[str]:
    """What the solver says otherwise, told the state by equations."""
    problems: list[str] = []
    solver_ = Solver()
    path = Path(system, solver_)
    path.begin_anywhere()
    for variable, term in zip(system.now_terms, system.terms(system.known(state)), strict=True):
        solver_.add(solver.equation(variable, term))
    assert solver_.check() == "sat", "a reachable state is outside the layout"
    assert path.read() == [state]
    for prop in program.model.props:
        for args in program.prop_args(prop):
            bad = system.violated(prop, args)
            wanted = asked(program, prop, state, args)
            for bit, answer in ((bad, wanted), (solver.neg(bad), not wanted)):
                if solver_.check(bit) != ("sat" if answer else "unsat"):
                    problems.append(f"{prop.name}{args} of {state}: {not wanted}")
    return problems + _steps(program, system, path, state)


def _steps(program: Program, system: System, path: Path, state: State) -> list[str]:
    problems: list[str] = []
    step = system.step
    wanted = {
        (rule.rule.name, end)
        for rule in program.rules
        for args in rule.args
        for end in expected(rule, state, args)
    }
    found: set[tuple[str, End]] = set()
    failing = path.stepped(0, [failed.when for _, failed in step.failures])
    for (name, failed), bit in zip(step.failures, failing, strict=True):
        if path.solver.check(bit) == "sat":
            end = ("cut", (failed.kind, failed.subject)) if failed.is_cut else ("error", "")
            found.add((name, end))
    path.extend()
    while path.solver.check() == "sat":
        after = path.read()[1]
        name, _ = path.taken(0)
        if (name, ("state", after)) in found:
            problems.append(f"{name} of {state} gives {after} twice")
            break
        found.add((name, ("state", after)))
        again = solver.substitute(step.rules[name], path._pairs(0))
        terms = zip(system.terms(path.states[1]), system.terms(system.known(after)), strict=True)
        same = solver.conj(again, *_visible(system, path, after, list(terms)))
        path.solver.add(solver.neg(same))
    if found != wanted:
        problems.append(f"{state}: missing {wanted - found}, and too many {found - wanted}")
    return problems


def _visible(
    system: System, path: Path, after: State, terms: list[tuple[solver.Term, solver.Term]]
) -> list[solver.Bit]:
    from checker.backends.smt.values import equal

    known = system.known(after)
    return [equal(path.states[1][name], known[name]) for name in known]


def without_liveness(model: ir.Model) -> ir.Model:
    return replace(model, props=tuple(p for p in model.props if not p.kind.is_liveness))


def random_model(seed: int, folder: File) -> ir.Model | None:
    """A model of the seed without its liveness; None, if the front end leaves nothing of it."""
    found = accepted(Generator(random.Random(seed)).model(), folder / f"random_{seed}.py")
    return without_liveness(bind(found[0].model)) if found is not None else None
