"""A proof attempt as one JSON object, for programs.

Owns the keys; docs/reference/proof-json.md describes them. Traces are embedded as ITF. A
counterexample to induction is no run of the model, so it has another key and another form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .. import ir
from ..explore.outcome import Blame
from ..prove.outcome import Cti, Proof, ProofOutcome, Strengthening
from ..source import Span, shown_path
from ..states import State, show
from . import itf
from .trace_text import step_label

__all__ = ["SCHEMA", "proof_object"]

SCHEMA = "crashproof/proof/1"

Json = Any


def proof_object(
    outcome: ProofOutcome, origin: itf.Origin, saved: Mapping[str, str] | None = None
) -> Json:
    """The object of one attempt; `saved` says to which file a property's trace was written."""
    return {
        "schema": SCHEMA,
        "model": outcome.model.name,
        "target": origin.model,
        "variant": origin.variant or None,
        "constants": dict(outcome.constants),
        "scopes": dict(outcome.scopes),
        "budgets": dict(outcome.budgets),
        "capacities": dict(outcome.capacities),
        "no_faults": list(outcome.off),
        "solver": outcome.solver,
        "seed": outcome.seed,
        "timeout_seconds": outcome.timeout_s,
        "seconds": round(outcome.seconds, 6),
        "depth": outcome.depth,
        "k": outcome.k,
        "limits": list(outcome.limits),
        "properties": [_proof(p, origin, (saved or {}).get(p.name)) for p in outcome.proofs],
        "strengthening": _strengthening(outcome.strengthening),
        "exit_code": int(outcome.exit_code()),
    }


def _proof(proof: Proof, origin: itf.Origin, file: str | None) -> Json:
    found, trace = proof.found, None
    if found is not None and found.trace is not None:
        about = replace(origin, property=found.name, kind=found.kind)
        trace = itf.document(found.trace, about, found)
    return {
        "name": proof.name,
        "kind": proof.kind,
        "said": proof.said.value,
        "how": proof.how,
        "reason": proof.reason,
        "arguments": dict(found.args if found is not None else proof.args),
        "steps": found.steps if found is not None else None,
        "blame": [_blame(blame) for blame in found.blame] if found is not None else [],
        "source": _place(proof.span),
        "trace": trace,
        "trace_file": file,
        "cti": _cti(proof.cti) if proof.cti is not None else None,
    }


def _cti(cti: Cti) -> Json:
    after = cti.step.state
    return {
        "states": [_state(cti.model, state) for state in cti.states],
        "step": step_label(cti.model, cti.step),
        "after": _state(cti.model, after) if after is not None else None,
        "failure": cti.step.failure.message if cti.step.failure is not None else None,
        "arguments": dict(cti.args),
        "blame": [_blame(blame) for blame in cti.blame],
        "assumed": list(cti.assumed),
    }


def _state(model: ir.Model, state: State) -> Json:
    return {v.name: show(value, v.type) for v, value in zip(model.vars, state, strict=True)}


def _strengthening(found: Strengthening | None) -> Json:
    if found is None:
        return None
    return {
        "scopes": dict(found.scopes),
        "states": found.states,
        "tried": found.tried,
        "inductive": found.inductive,
        "problem": found.problem,
        "complete": found.complete,
        "parts": [
            {"sorts": list(part.sorts), "count": part.count, "seen": part.seen}
            for part in found.parts
        ],
        "lemmas": [
            {
                "name": lemma.name,
                "source": lemma.text,
                "reason": lemma.reason,
                "can_be_pasted": lemma.can_be_pasted,
            }
            for lemma in found.lemmas
        ],
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
