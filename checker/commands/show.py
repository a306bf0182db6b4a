"""`checker show`: a trace from a file, run again on the reference engine and printed.

Owns what becomes of a file: every value is typed by the model, every step has to be one of the
model's, and the property is asked again. A trace that is not what it says it is, because the model
has changed or the file has, is rejected with 1; one that is ends with 0, whatever it shows.
"""

from __future__ import annotations

import json as json_module
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import ir
from ..backends.python import Program, Undefined
from ..errors import ExitCode, InternalError, UsageError
from ..explore.blame import blame, blame_failure
from ..explore.lasso import validate_lasso
from ..explore.outcome import PropertyResult, Trace, Verdict
from ..explore.replay import replay
from ..report import itf
from ..report.terminal import page_for
from ..report.text import render_replay
from ..run import Prepared, Request, prepare
from ..states import Value, show, universe
from .show_tlc import imported

__all__ = ["run"]


def run(*, trace: str, model: str | None, json: bool) -> ExitCode:
    document = imported(Path(trace), model) or itf.read(Path(trace))
    origin = itf.origin(document)
    target = model or origin.model
    if not target:
        raise UsageError(f"{trace} does not name its model", help=f"checker show {trace} MODEL")
    prepared = _prepared(replace(origin, model=target))
    found = itf.trace_from(document, prepared.model)
    program = Program(prepared.model)
    problems = replay(program, found)
    result, args = _asked(program, found, origin, document)
    if not problems:
        problems = _lasso_problems(program, result, args) or _claim_problems(result)
    code = ExitCode.FAILS if problems else ExitCode.OK
    if json:
        _print_json(document, result, problems, code)
    else:
        page = page_for(sys.stdout)
        variant = origin.variant
        beside = _system(document)
        shown = render_replay(result, found, trace, problems, variant, page, code, beside)
        sys.stdout.write(shown)
    return code


def _system(document: Any) -> list[str]:
    """What the system did that the model does not allow, if a test of real code wrote the file."""
    system = document.get("#meta", {}).get("system")
    if not isinstance(system, dict):
        return []
    shows = system.get("shows")
    seen = shows.items() if isinstance(shows, dict) else ()
    return [str(system.get("says", "")), *(f"{name} = {value}" for name, value in seen)]


def _lasso_problems(program: Program, result: PropertyResult, args: tuple[Value, ...]) -> list[str]:
    """Is the loop of a liveness property's counterexample fair, and does it break the property?"""
    if result.kind != "liveness" or result.trace is None:
        return []
    try:
        validate_lasso(program, result.trace, program.model.prop(result.name), args)
    except InternalError as problem:  # of the file here, not of an engine
        return [str(problem)]
    return []


def _claim_problems(result: PropertyResult) -> list[str]:
    """Does the trace end where the file says: at a violation, or at a witness?"""
    wanted = Verdict.HOLDS if result.kind == "witness" else Verdict.FAILS
    if result.verdict in (wanted, Verdict.UNKNOWN):
        return []
    end = "false" if result.kind == "witness" else "true"
    return [f"{result.name} is {end} at the end of the trace"]


def _prepared(origin: itf.Origin) -> Prepared:
    """The model of the run that wrote the file; its constants say all that a variant does."""
    keep = origin.keep_dead_locals
    request = Request(origin.model, "", {}, origin.scopes, origin.no_faults, keep)
    plain = prepare(replace(request, scopes={}, no_faults=()))
    now = {c.name: show(c.value, c.type) for c in plain.model.consts}
    # A constant that only Python code can give is right if it is the model's own.
    changed = {n: text for n, text in origin.constants.items() if now.get(n) != text}
    return prepare(replace(request, constants=changed))


def _asked(
    program: Program, trace: Trace, origin: itf.Origin, document: Any
) -> tuple[PropertyResult, tuple[Value, ...]]:
    """The file's property, asked in the last state; of a lasso, as the file says."""
    steps = len(trace.steps) if trace.loop is None else trace.loop
    last = trace.steps[-1] if trace.steps else None
    if last is not None and last.failure is not None:
        told = blame_failure(last.failure)
        error = PropertyResult(
            "no_step_error", "step-error", Verdict.FAILS, steps=steps, trace=trace, blame=told
        )
        return error, ()
    prop = next((p for p in program.model.props if p.name == origin.property), None)
    if prop is None:
        if origin.property:
            names = ", ".join(p.name for p in program.model.props)
            raise UsageError(
                f"{program.model.name} has no property {origin.property!r}, "
                "which the file is about",
                help=f"it has {names}",
            )
        return PropertyResult("", "", Verdict.UNKNOWN, steps=steps, trace=trace), ()
    args = _arguments(program, prop, document)
    end = trace.states()[-1]
    known = PropertyResult(
        prop.name, prop.kind.shown, Verdict.FAILS, steps=steps, trace=trace, span=prop.span
    )
    shown = tuple((p.name, show(v, p.type)) for p, v in zip(prop.params, args, strict=True))
    if prop.kind.is_liveness:
        return replace(known, args=shown, blame=blame(program, prop, end, args)), args
    try:
        holds = bool(program.holds(prop.name)(end, args))
    except Undefined:
        holds = False
    if holds:
        return replace(known, args=shown, verdict=Verdict.HOLDS), args
    return replace(known, args=shown, blame=blame(program, prop, end, args)), args


def _arguments(program: Program, prop: ir.Prop, document: Any) -> tuple[Value, ...]:
    """The values of the property's parameters that the file is about, or else the first ones."""
    given = document.get("#meta", {}).get("arguments", {})
    sizes = tuple((sort.name, sort.size) for sort in program.model.sorts)
    values: list[Value] = []
    for param in prop.params:
        all_values = universe(param.type, sizes)
        wanted = given.get(param.name) if isinstance(given, dict) else None
        fitting = [v for v in all_values if show(v, param.type) == wanted]
        if wanted is not None and not fitting:
            raise UsageError(
                f"the file's property {prop.name} is about {param.name} = {wanted}, "
                f"which {program.model.name} does not have"
            )
        values.append((fitting or list(all_values))[0])
    return tuple(values)


def _print_json(document: Any, result: PropertyResult, problems: list[str], code: ExitCode) -> None:
    shown = {
        "schema": "crashproof/replay/1",
        "property": result.name or None,
        "verdict": result.verdict.value,
        "steps": result.steps,
        "problems": problems,
        "trace": document,
        "exit_code": int(code),
    }
    sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
