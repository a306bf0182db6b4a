"""A counterexample that TLC printed, as the ITF document that `checker show` reads.

Owns what TLC's file does not say: the scopes, which follow from its ids; the variant, which is
the first one of the model's that has the trace; and for which parameters the property is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import ir, manifest
from ..backends.python import Args, Program, Undefined
from ..errors import InternalError, UsageError
from ..explore.lasso import validate_lasso
from ..explore.outcome import PropertyResult, Trace, Verdict
from ..report import itf
from ..run import Prepared, Request, constant_texts, prepare
from ..states import atom_name, show
from ..twin.tlc_trace import is_tlc, trace_from_tlc

__all__ = ["imported"]


def imported(path: Path, target: str | None) -> Any:
    """The document, or None if the file is none of TLC's. Raises: UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # whoever reads the file next says it better
    if not is_tlc(text):
        return None
    if target is None:
        raise UsageError(f"{path} does not name its model", help=f"checker show {path} MODEL")
    prepared, trace = _fitting(text, target)
    result = _result(text, prepared, trace)
    origin = itf.Origin(
        model=target,
        variant=prepared.request.variant,
        constants=constant_texts(prepared.model),
        scopes={sort.name: sort.size for sort in prepared.model.sorts},
        no_faults=(),
        property=result.name,
        kind=result.kind,
    )
    return itf.document(trace, origin, result)


def _fitting(text: str, target: str) -> tuple[Prepared, Trace]:
    """The model as it is, or else in the first of its variants, that has the trace."""
    first: UsageError | None = None
    for request in _requests(target):
        prepared = prepare(request)
        sizes = {s.name: max(s.size, _seen(text, s.name)) for s in prepared.model.sorts}
        prepared = prepare(Request(target, request.variant, {}, sizes))
        try:
            return prepared, trace_from_tlc(text, prepared.loaded.model, prepared.model)
        except UsageError as problem:
            first = first or problem
    assert first is not None
    raise first


def _requests(target: str) -> Iterator[Request]:
    yield Request(target)
    known = manifest.built_in().models.get(target)
    for variant in known.variants if known is not None else ():
        yield Request(target, variant)


def _seen(text: str, sort: str) -> int:
    """How many ids of the sort the file needs."""
    stem = atom_name(sort, 0).removesuffix("0")
    return max((int(n) + 1 for n in re.findall(rf"\b{stem}(\d+)\b", text)), default=0)


def _result(text: str, prepared: Prepared, trace: Trace) -> PropertyResult:
    """What the file says was violated; TLC does not name temporal properties."""
    model, program = prepared.model, Program(prepared.model)
    named = re.search(r"Invariant (\w+) is violated", text)
    if named is not None:
        asked = [p for p in model.props if p.name == named[1]]
    else:
        asked = [p for p in model.props if trace.loop is not None and p.kind.is_liveness]
    for prop in asked:
        for args in program.prop_args(prop):
            if _breaks(program, prop, trace, args):
                pairs = zip(prop.params, args, strict=True)
                shown = tuple((p.name, show(v, p.type)) for p, v in pairs)
                return PropertyResult(
                    prop.name, prop.kind.shown, Verdict.FAILS, args=shown, trace=trace
                )
    return PropertyResult("", "", Verdict.UNKNOWN, trace=trace)


def _breaks(program: Program, prop: ir.Prop, trace: Trace, args: Args) -> bool:
    try:
        if prop.kind.is_liveness:
            validate_lasso(program, trace, prop, args)
            return True
        return not program.holds(prop.name)(trace.states()[-1], args)
    except InternalError:
        return False
    except Undefined:
        return True
