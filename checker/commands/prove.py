"""`checker prove`: bounded check, induction and, if asked, strengthening; then the report.

Owns the order of what a user sees and the files of `--out`. The exit code is the outcome's.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import ExitCode, UsageError
from ..passes.capacities import with_capacities
from ..prove.outcome import ProofOutcome, Said
from ..report import itf
from ..report.proof_json import proof_object
from ..report.proof_progress import ProofLine
from ..report.proof_text import render_proof
from ..report.terminal import page_for
from ..report.text import About
from ..run import Prepared, Request, prepare
from ..source import shown_path
from . import settings
from .settings import Pairs

__all__ = ["run"]


def run(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    depth: int,
    k: int,
    timeout: float,
    max_seconds: float | None,
    seed: int,
    strengthen: bool,
    small: Pairs,
    capacity: Pairs,
    json: bool,
    out: str | None,
    force: bool,
    quiet: bool,
) -> ExitCode:
    from ..backends.python import Program
    from ..prove.bounded import Budget
    from ..prove.proof import prove
    from ..prove.strengthen import strengthen as find_lemmas

    settings.positive(depth=depth, k=k, timeout=timeout, max_seconds=max_seconds)
    request = settings.request_of(model, variant, set, scope, no_fault)
    capacities = settings.sizes_of("--capacity", capacity)
    prepared = _prepared(request, capacities)
    file = Path(out) if out else None
    if file is not None:
        names = [*(prop.name for prop in prepared.model.props), "no_step_error"]
        settings.writable([file, *settings.trace_files(file, names).values()], force=force)
    line = ProofLine(quiet=quiet)
    budget = Budget(timeout, max_seconds, seed, line.update)
    program = Program(prepared.model)
    off = prepared.request.no_faults
    try:
        if strengthen:
            sizes = settings.sizes_of("--small", small)
            scopes = {**request.scopes, **_smaller(prepared, sizes)}
            little = _prepared(replace(request, scopes=scopes), capacities)
            outcome = find_lemmas(
                program, Program(little.model), depth=depth, k=k, budget=budget, off=off
            )
        else:
            outcome = prove(program, depth=depth, k=k, budget=budget, off=off)
    finally:
        line.close()
    outcome = replace(outcome, capacities=tuple(capacities.items()))
    saved = _save(outcome, prepared, file) if file is not None else {}
    if json:
        shown = proof_object(outcome, settings.origin_of(prepared), saved)
        sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    else:
        again = settings.again("prove", request, _flags(depth, k, seed, strengthen, capacities))
        about = About(command=again, variant=request.variant, saved=saved, quiet=quiet)
        sys.stdout.write(render_proof(outcome, page_for(sys.stdout), about))
    return outcome.exit_code()


def _smaller(prepared: Prepared, given: dict[str, int]) -> dict[str, int]:
    """The scopes of the space to explore: what was asked for, or what the model declares, at most
    the scope of the proof.
    """
    declared = {sort.name: sort.size for sort in prepared.loaded.model.sorts}
    wanted = {s.name: min(s.size, declared[s.name]) for s in prepared.model.sorts}
    return {**wanted, **given}


def _prepared(request: Request, capacities: dict[str, int]) -> Prepared:
    prepared = prepare(request)
    return replace(prepared, model=with_capacities(prepared.model, capacities))


def _flags(
    depth: int, k: int, seed: int, strengthen: bool, capacities: dict[str, int]
) -> list[str]:
    flags = ["--depth", str(depth), "--k", str(k)]
    flags += [word for n, v in capacities.items() for word in ("--capacity", f"{n}={v}")]
    flags += ["--seed", str(seed)] if seed else []
    return [*flags, "--strengthen"] if strengthen else flags


def _save(outcome: ProofOutcome, prepared: Prepared, out: Path) -> dict[str, str]:
    failed = [p.found for p in outcome.proofs if p.said is Said.FAILS and p.found is not None]
    files = settings.trace_files(out, [result.name for result in failed])
    origin = settings.origin_of(prepared)
    for result in failed:
        assert result.trace is not None
        about = replace(origin, property=result.name, kind=result.kind)
        text = itf.dumps(itf.document(result.trace, about, result))
        try:
            files[result.name].write_text(text, encoding="utf-8")
        except OSError as problem:
            raise UsageError(f"cannot write {files[result.name]}: {problem.strerror}") from problem
    return {name: shown_path(str(file)) for name, file in files.items()}
