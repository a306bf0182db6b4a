"""`checker explore` and `checker simulate`: search, then print what was found.

Owns the order of what a user sees, the files of `--out`, and `--sweep`. The exit code is the
outcome's.
"""

from __future__ import annotations

import json as json_module
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ExitCode, UsageError
from ..explore.outcome import Outcome, PropertyResult, Verdict
from ..report import itf
from ..report.json_report import outcome_object, sweep_object
from ..report.progress import ProgressLine
from ..report.terminal import page_for
from ..report.text import About, exit_line, render
from ..run import Prepared, Request, prepare
from ..source import shown_path
from . import settings
from .ci import Files
from .settings import Pairs

__all__ = ["Output", "Search", "all_runs", "report", "run", "simulate"]


@dataclass(frozen=True)
class Output:
    """The flags that say what is printed and written."""

    command: str
    json: bool
    out: Path | None
    force: bool
    strict_vacuity: bool
    quiet: bool
    again: tuple[str, ...] = ()  # flags without which the same run would not come out


def run(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
    no_symmetry: bool,
    max_states: int | None,
    max_seconds: float | None,
    max_memory: str | None,
    stop_at_first: bool,
    engine: str,
    threads: int | None,
    cross_check: int | None,
    checkpoint: str | None,
    sweep: Pairs,
    json: bool,
    out: str | None,
    emit_test: str | None,
    junit: str | None,
    github: bool,
    force: bool,
    strict_vacuity: bool,
    quiet: bool,
) -> ExitCode:
    from ..backends.python import Program
    from ..explore.native.auto import explore_with
    from .resume import Asked, explore_to

    for flag, number in (("--threads", threads), ("--cross-check", cross_check)):
        if number is not None and number < 1:
            raise UsageError(f"{flag} has to be at least 1")
    request = settings.request_of(
        model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals
    )
    limits = settings.limits_of(max_states, max_seconds, max_memory)
    same = ("--no-symmetry",) if no_symmetry else ()
    file = Path(out) if out else None
    output = Output("explore", json, file, force, strict_vacuity, quiet, same)
    files = Files(emit_test, junit, github)
    files.refuse(force=force, json=json)
    sizes = settings.sweep_of(sweep)
    if checkpoint is not None:
        one = _of_one_run(request, sizes, engine)
        asked = Asked(one, threads, stop_at_first, max_states, symmetry=not no_symmetry)
        path = Path(checkpoint)
        return explore_to(path, asked, limits, output, cross_check=cross_check, files=files)

    def search(prepared: Prepared, line: ProgressLine) -> Outcome:
        return explore_with(
            engine,
            Program(prepared.model),
            threads=threads,
            cross_check_every=cross_check,
            limits=limits,
            stop_at_first=stop_at_first,
            off=prepared.request.no_faults,
            symmetry=not no_symmetry,
            on_violation=line.violated,
            on_progress=line.update,
        )

    return all_runs(request, sizes, output, search, files)


def simulate(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
    seed: int | None,
    walks: int,
    depth: int,
    max_seconds: float | None,
    json: bool,
    out: str | None,
    force: bool,
    strict_vacuity: bool,
    quiet: bool,
) -> ExitCode:
    from ..backends.python import Program
    from ..explore.simulate import simulate as walk

    request = settings.request_of(
        model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals
    )
    limits = settings.limits_of(max_seconds=max_seconds)
    for flag, value in (("--walks", walks), ("--depth", depth)):
        if value < 1:
            raise UsageError(f"{flag} has to be at least 1")
    # A seed that a person can type again; the report prints it.
    chosen = secrets.randbelow(10**6) if seed is None else seed
    same = ("--seed", str(chosen), "--walks", str(walks), "--depth", str(depth))
    file = Path(out) if out else None
    output = Output("simulate", json, file, force, strict_vacuity, quiet, same)

    def search(prepared: Prepared, line: ProgressLine) -> Outcome:
        return walk(
            Program(prepared.model),
            seed=chosen,
            walks_max=walks,
            depth_max=depth,
            limits=limits,
            off=prepared.request.no_faults,
            on_violation=line.violated,
            on_progress=line.update,
        )

    return all_runs(request, [{}], output, search)


# ── Running ──────────────────────────────────────────────────────────────────────────────────────

Search = Callable[[Prepared, ProgressLine], Outcome]


def all_runs(
    request: Request,
    sweep: Sequence[Mapping[str, int]],
    output: Output,
    search: Search,
    files: Files | None = None,
) -> ExitCode:
    """Everything that can be refused is refused before the first search."""
    _no_scope_twice(request, sweep)
    prepared = [prepare(replace(request, scopes={**request.scopes, **s})) for s in sweep]
    outs = [_out_of(output, s, len(sweep)) for s in sweep]
    for one, out in zip(prepared, outs, strict=True):
        if out is not None:
            names = [prop.name for prop in one.model.props]
            possible = [out, *settings.trace_files(out, [*names, "no_step_error"]).values()]
            settings.writable(possible, force=output.force)
    objects, codes, runs = [], [], []
    for number, (one, out) in enumerate(zip(prepared, outs, strict=True)):
        line = ProgressLine(quiet=output.quiet)
        try:
            outcome = search(one, line)
        finally:
            line.close()
        if number and not output.json:
            sys.stdout.write("\n")
        objects.append(report(outcome, one, replace(output, out=out)))
        codes.append(outcome.exit_code(strict_vacuity=output.strict_vacuity))
        runs.append((one, outcome))
    if files is not None:
        files.write(runs, quiet=output.quiet)
    code = ExitCode.worst(codes)
    if output.json:
        shown = objects[0] if len(sweep) == 1 else sweep_object(objects)
        sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    elif len(sweep) > 1:
        sys.stdout.write(f"\nall {len(sweep)} runs: {exit_line(code, page_for(sys.stdout))}\n")
    return code


def _of_one_run(request: Request, sweep: Sequence[Mapping[str, int]], engine: str) -> Request:
    """The request of a run with a checkpoint."""
    if len(sweep) > 1:
        raise UsageError("--checkpoint is of one run, and --sweep makes several")
    if engine == "reference":
        raise UsageError("only the native engine makes checkpoints", help="--engine native")
    _no_scope_twice(request, sweep)
    return replace(request, scopes={**request.scopes, **sweep[0]})


def _no_scope_twice(request: Request, sweep: Sequence[Mapping[str, int]]) -> None:
    for name in sweep[0]:
        if name in request.scopes:
            raise UsageError(f"{name} is given by --scope and by --sweep")


def _out_of(output: Output, sizes: Mapping[str, int], runs: int) -> Path | None:
    if output.out is None or runs == 1:
        return output.out
    return settings.numbered(output.out, sizes)


def report(outcome: Outcome, prepared: Prepared, output: Output) -> Any:
    """Write the traces, print the text (not with --json), and give the JSON object."""
    saved = _save(outcome, prepared, output) if output.out is not None else {}
    if not output.json:
        about = About(
            command=settings.again(output.command, prepared.request, output.again),
            variant=prepared.request.variant,
            saved=saved,
            strict_vacuity=output.strict_vacuity,
            quiet=output.quiet,
        )
        sys.stdout.write(render(outcome, page_for(sys.stdout), about))
        sys.stdout.flush()
        return None
    return outcome_object(
        outcome,
        settings.origin_of(prepared),
        strict_vacuity=output.strict_vacuity,
        saved=saved,
    )


def _save(outcome: Outcome, prepared: Prepared, output: Output) -> dict[str, str]:
    assert output.out is not None
    failed = [p for p in outcome.properties if _has_counterexample(p)]
    files = settings.trace_files(output.out, [p.name for p in failed])
    origin = settings.origin_of(prepared)
    for result in failed:
        assert result.trace is not None
        about = replace(origin, property=result.name, kind=result.kind)
        text = itf.dumps(itf.document(result.trace, about, result))
        try:
            files[result.name].write_text(text, encoding="utf-8")
        except OSError as problem:
            raise UsageError(f"cannot write {files[result.name]}: {problem.strerror}") from problem
    if not failed and not output.quiet:
        sys.stderr.write(f"no property failed, so {output.out} was not written\n")
    return {name: shown_path(str(file)) for name, file in files.items()}


def _has_counterexample(result: PropertyResult) -> bool:
    failed = result.verdict is Verdict.FAILS and result.kind != "witness"
    return failed and result.trace is not None
