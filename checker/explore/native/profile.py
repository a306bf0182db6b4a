"""The measures of `explore/profile.py` on the packed states of a native search.

Owns counting different values and different rests of states in words. Rules are timed on a sample,
by the reference: what one step costs in compiled code is too little to be measured alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ...backends.native.compile import compiled
from ...backends.native.emit import generate
from ...backends.native.layout import Layout
from ...backends.native.shapes import Unsupported
from ...backends.python import Program
from ..limits import Limits, Progress
from ..profile import SAMPLE, Profile, RuleShare, VariableShare, timed
from .search import explore_native
from .store import Levels, Rows

__all__ = ["profile_native"]


def profile_native(
    program: Program,
    *,
    threads: int,
    limits: Limits,
    on_progress: Callable[[Progress], None] | None = None,
) -> Profile | None:
    """The profile by compiled code; None, if it cannot hold the model.

    Liveness is left out: nobody asks for verdicts.
    """
    model = replace(
        program.model, props=tuple(p for p in program.model.props if not p.kind.is_liveness)
    )
    try:
        generated = generate(model)
    except Unsupported:
        return None
    kept: list[Rows] = []

    def keep(levels: Levels) -> None:
        kept.extend(rows for level in range(len(levels.starts)) for rows in levels.read(level))

    outcome = explore_native(
        Program(model),
        compiled(generated),
        threads=threads,
        limits=limits,
        on_progress=on_progress,
        on_levels=keep,
    )
    words = np.concatenate(kept) if kept else np.empty((0, generated.layout.words), np.int64)
    sample = [generated.layout.unpack(w) for w in words[:: max(1, len(words) // SAMPLE)].tolist()]
    spent = timed(program, sample)
    return Profile(
        model=program.model,
        engine=outcome.engine,
        distinct=outcome.distinct,
        generated=outcome.generated,
        depth=outcome.depth,
        seconds=outcome.seconds,
        limits=outcome.limits,
        variables=_variables(generated.layout, words),
        rules=tuple(
            RuleShare(rule.name, rule.kind, rule.fired, rule.new, seconds)
            for rule, seconds in zip(outcome.rules, spent, strict=True)
        ),
        timed=len(sample),
    )


def _variables(layout: Layout, words: Rows) -> tuple[VariableShare, ...]:
    found = []
    for name, places in zip(layout.names, layout.places, strict=True):
        masks = np.zeros(layout.words, dtype=np.int64)
        for place in places:
            masks[place.word] |= ((1 << place.width) - 1) << place.shift
        found.append(VariableShare(name, _different(words & masks), _different(words & ~masks)))
    return tuple(found)


def _different(rows: Rows) -> int:
    """How many different rows."""
    ranks: Any = np.zeros(len(rows), dtype=np.int64)
    for column in range(rows.shape[1]):
        values, place = np.unique(rows[:, column], return_inverse=True)
        if len(values) > 1:
            ranks = np.unique(ranks * len(values) + place, return_inverse=True)[1]
    return int(ranks.max()) + 1 if len(ranks) else 0
