"""`checker graph`: all reachable states and steps, for Graphviz and other tools."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ..backends.python import Program
from ..errors import ExitCode, UsageError
from ..explore.graph import state_graph, write_dot, write_graphml
from ..report.trace_text import plural
from ..run import prepare
from ..source import shown_path
from .settings import Pairs, limits_of, request_of, writable

__all__ = ["run"]

_WRITERS = {".dot": write_dot, ".gv": write_dot, ".graphml": write_graphml}


def run(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
    out: str | None,
    force: bool,
    max_states: int,
) -> ExitCode:
    if out is None:
        raise UsageError("--out is missing", help=f"checker graph {model} --out {model}.dot")
    path = Path(out)
    if path.suffix not in _WRITERS:
        raise UsageError(f"{out} is of no known form", help=f"it ends in {', '.join(_WRITERS)}")
    request = request_of(model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals)
    prepared = prepare(request)
    limits = limits_of(max_states)
    writable([path], force=force)
    graph = state_graph(Program(prepared.model), limits)
    try:
        _WRITERS[path.suffix](graph, path)
    except OSError as problem:
        raise UsageError(f"cannot write {out}: {problem.strerror or problem}") from problem
    states, steps = plural(len(graph), "state"), plural(graph.number_of_edges(), "step")
    sys.stdout.write(f"wrote {shown_path(out)}: {states}, {steps}\n")
    if graph.graph["truncated"]:
        detail = graph.graph["truncated"]
        sys.stderr.write(f"the graph is not complete: {detail} (--max-states {max_states})\n")
        return ExitCode.UNKNOWN
    return ExitCode.OK
