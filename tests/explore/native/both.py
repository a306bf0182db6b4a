"""One model by both engines; the native one compiled, or its functions run as they are.

Owns what has to be equal in two outcomes. How many new states each rule found is not: that depends
on the order inside a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from agreement import as_python

from checker import ir
from checker.backends.native.compile import Compiled, table_text
from checker.backends.native.emit import generate
from checker.backends.python import Program
from checker.explore.native.search import explore_native
from checker.explore.outcome import Outcome
from checker.explore.search import explore
from checker.explore.symmetry import symmetry_of


def uncompiled(model: ir.Model, sorts: Sequence[str] = ()) -> Compiled:
    """The functions that would be compiled, as Python."""
    generated = generate(model, sorts=sorts)
    functions = as_python(generated)
    table: dict[str, Any] = {}
    exec(compile(table_text(generated.layout.words), "<table>", "exec"), table)

    def wrapping(function: Any) -> Any:
        def call(*given: Any) -> Any:
            # Hashes are meant to lose their highest bits. The setting is one of each thread.
            with np.errstate(over="ignore"):
                return function(*given)

        return call

    return Compiled(
        generated,
        functions["expand"],
        functions["look"],
        functions["look_at_rest"],
        wrapping(table["sift"]),
        wrapping(table["share_out"]),
        wrapping(table["insert"]),
        wrapping(table["collect"]),
        from_cache=False,
        canonical=wrapping(functions["canonical"]) if sorts else None,
    )


def natively(model: ir.Model, **settings: Any) -> Outcome:
    """The native engine's search with uncompiled code."""
    used = symmetry_of(model)[0] if settings.get("symmetry") else None
    code = uncompiled(model, used.sorts if used is not None else ())
    return explore_native(Program(model), code, **settings)


def said(outcome: Outcome) -> dict[str, object]:
    """What two engines have to agree on."""
    return {
        "counts": (outcome.distinct, outcome.generated, outcome.initial, outcome.depth),
        "complete": outcome.complete,
        "limits": sorted({(limit.name, limit.detail) for limit in outcome.limits}),
        "vacuity": sorted((v.kind, v.name) for v in outcome.vacuity),
        "properties": [(p.name, p.verdict.value, p.steps) for p in outcome.properties],
        "fired": [(rule.name, rule.fired) for rule in outcome.rules],
        "exit": outcome.exit_code(),
    }


def by_reference(model: ir.Model, **settings: Any) -> Outcome:
    return explore(Program(model), **settings)
