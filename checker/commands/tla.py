"""`checker tla` and `checker twin`: a model as TLA+, and held against its twin under TLC.

Owns what is written where, and the exit codes: 0 equal, 1 different, 2 without Java or with a spec
that TLC refuses.
"""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import ExitCode, UsageError
from ..run import prepare
from ..source import shown_path
from .settings import Pairs, request_of, writable

__all__ = ["tla", "twin"]

# So many states are searched for a fair step that changes nothing; beyond, the bit is there anyway.
_LOOKED_AT = 200_000


def tla(
    *,
    model: str,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
    out: str | None,
    force: bool,
) -> ExitCode:
    from ..backends.python import Program
    from ..backends.tla import print_module
    from ..twin.sides import model_side
    from ..twin.twin import kept_rules, may_stand_still, needs_flip

    prepared = prepare(
        request_of(model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals)
    )
    source = kept_rules(prepared.loaded.model, prepared.model)
    flip = False
    if may_stand_still(prepared.model):
        side = model_side(Program(prepared.model), states_max=_LOOKED_AT)
        flip = side.capped or needs_flip(prepared.model, side)
    printed = print_module(source, values=prepared.model, flip=flip)
    if out is None:
        sys.stdout.write(printed.text)
        return ExitCode.OK
    folder = Path(out)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {out}")
    files = {
        folder / f"{printed.module}.tla": printed.text,
        folder / f"{printed.module}.cfg": printed.cfg,
    }
    writable(list(files), force=force)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {shown_path(str(path))}\n")
    return ExitCode.OK


def twin(
    *,
    model: str,
    spec: str | None,
    variant: str | None,
    set: Pairs,
    scope: Pairs,
    no_fault: Sequence[str],
    keep_dead_locals: bool,
    max_states: int,
    max_seconds: float | None,
    json: bool,
) -> ExitCode:
    from ..report.twin_text import twin_object, twin_text
    from ..twin.tlc import find_tools
    from ..twin.twin import compare, kept_rules, read_spec

    prepared = prepare(
        request_of(model, variant, set, scope, no_fault, keep_dead_locals=keep_dead_locals)
    )
    tools = find_tools()
    given = read_spec(spec) if spec is not None else None
    found = compare(
        kept_rules(prepared.loaded.model, prepared.model),
        prepared.model,
        tools,
        given,
        states_max=max_states,
        seconds_max=max_seconds or 600.0,
    )
    code = ExitCode.OK if found.equal else ExitCode.FAILS
    name = shown_path(spec) if spec is not None else "its printed twin"
    if json:
        shown = twin_object(found, name, int(code))
        sys.stdout.write(json_module.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(twin_text(found, name))
    return code
