"""An outcome as one JSON object, for programs.

Owns the keys, which docs/reference/json.md describes and outcome.schema.json fixes; adding a key
keeps the schema's number, changing one raises it. Traces are embedded as ITF, their only form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import ExitCode
from ..explore.outcome import Blame, Outcome, PropertyResult, Reduction
from ..source import Span, shown_path
from . import itf

__all__ = ["SCHEMA", "SWEEP_SCHEMA", "outcome_object", "sweep_object"]

SCHEMA = "crashproof/outcome/1"
SWEEP_SCHEMA = "crashproof/sweep/1"

Json = Any


def outcome_object(
    outcome: Outcome,
    origin: itf.Origin,
    *,
    strict_vacuity: bool = False,
    saved: Mapping[str, str] | None = None,
) -> Json:
    """The object of one run; `saved` says to which file a property's trace was written."""
    files = saved or {}
    return {
        "schema": SCHEMA,
        "model": outcome.model.name,
        "target": origin.model,
        "variant": origin.variant or None,
        "constants": dict(outcome.constants),
        "scopes": dict(outcome.scopes),
        "budgets": dict(outcome.budgets),
        "no_faults": list(outcome.off),
        "fairness": dict(outcome.fairness),
        "engine": outcome.engine,
        "mode": outcome.mode,
        "verdict": outcome.verdict.value,
        "complete": outcome.complete,
        "distinct": outcome.distinct,
        "generated": outcome.generated,
        "initial": outcome.initial,
        "transitions": outcome.transitions,
        "depth": outcome.depth,
        "seconds": round(outcome.seconds, 6),
        "symmetry": _symmetry(outcome.reduction),
        "seed": outcome.seed,
        "walks": outcome.walks,
        "limits": [{"name": limit.name, "detail": limit.detail} for limit in outcome.limits],
        "vacuity": [
            {"kind": v.kind, "name": v.name, "message": v.message} for v in outcome.vacuity
        ],
        "properties": [_property(p, origin, files.get(p.name)) for p in outcome.properties],
        "rules": [
            {"name": r.name, "kind": r.kind, "fired": r.fired, "new": r.new} for r in outcome.rules
        ],
        "exit_code": int(outcome.exit_code(strict_vacuity=strict_vacuity)),
    }


def sweep_object(runs: Sequence[Json]) -> Json:
    """The object of `--sweep`: the runs, and the worst exit code."""
    codes = [ExitCode(run["exit_code"]) for run in runs]
    return {"schema": SWEEP_SCHEMA, "runs": list(runs), "exit_code": int(ExitCode.worst(codes))}


def _symmetry(reduction: Reduction | None) -> Json:
    if reduction is None:
        return None
    return {
        "sorts": list(reduction.sorts),
        "off": reduction.off or None,
        "uneven": dict(reduction.uneven),
        "states": reduction.states,
        "generated": reduction.generated,
    }


def _property(result: PropertyResult, origin: itf.Origin, file: str | None) -> Json:
    trace = None
    if result.trace is not None:
        about = replace(origin, property=result.name, kind=result.kind)
        trace = itf.document(result.trace, about, result)
    return {
        "name": result.name,
        "kind": result.kind,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "note": result.note,
        "arguments": dict(result.args),
        "steps": result.steps,
        "loop": result.trace.loop if result.trace is not None else None,
        "source": _place(result.span),
        "blame": [_blame(blame) for blame in result.blame],
        "trace": trace,
        "trace_file": file,
    }


def _blame(blame: Blame) -> Json:
    return {
        "text": blame.text,
        "source": _place(blame.span),
        "bindings": dict(blame.bindings),
        "because": [{"reading": text, "value": value} for text, value in blame.because],
    }


def _place(span: Span | None) -> Json:
    if span is None or span.line <= 0:
        return None
    return {"file": shown_path(span.file), "line": span.line, "column": span.column + 1}
