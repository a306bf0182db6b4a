"""`checker why`: is this state reachable, and how?

Owns the exit code of the question: 0 for a way there, 4 for a proof that there is none (as for a
witness that is never seen), 3 for no answer.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence

from ..errors import ExitCode
from ..prove.outcome import Said
from ..report import itf
from ..report.proof_progress import ProofLine
from ..report.terminal import page_for
from ..report.why_text import render_answer
from ..run import prepare
from . import settings
from .settings import Pairs

__all__ = ["run"]


def run(
    *,
    model: str,
    state: Sequence[str],
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    depth: int,
    k: int,
    timeout: float,
    max_states: int,
    json: bool,
    quiet: bool,
) -> ExitCode:
    from ..prove.bounded import Budget
    from ..prove.reach import reach, wanted

    settings.positive(depth=depth, k=k, timeout=timeout, max_states=max_states)
    prepared = prepare(settings.request_of(model, variant, set, scope, no_fault))
    condition = wanted(prepared.model, state)
    line = ProofLine(quiet=quiet)
    try:
        answer = reach(
            prepared.model,
            condition,
            depth=depth,
            k=k,
            states_max=max_states,
            budget=Budget(timeout, on_tick=line.update),
        )
    finally:
        line.close()
    codes = {Said.SEEN: ExitCode.OK, Said.UNREACHABLE: ExitCode.VACUOUS}
    code = codes.get(answer.said, ExitCode.UNKNOWN)
    code = ExitCode.INTERRUPTED if answer.outcome.interrupted else code
    asked = ", ".join(state)
    if json:
        found = answer.found
        trace = found.trace if found is not None else None
        origin = settings.origin_of(prepared)
        shown = {
            "schema": "crashproof/why/1",
            "state": list(state),
            "said": answer.said.value,
            "how": answer.how,
            "reason": answer.reason,
            "steps": found.steps if found is not None else None,
            "trace": itf.document(trace, origin, found) if trace is not None else None,
            "exit_code": int(code),
        }
        sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(render_answer(answer, asked, page_for(sys.stdout), int(code)))
    return code
