"""States of a running native search, expanded by the reference as well.

Owns what has to be equal: for each rule with its parameter values the same successors in the same
order, and the same kind of failure. A difference is a bug of ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ...backends.native.emit import Generated
from ...backends.python import Failure, Program
from ...errors import InternalError
from ..symmetry import Symmetry

__all__ = ["cross_check"]


def cross_check(
    program: Program,
    generated: Generated,
    words: Sequence[int],
    rows: Sequence[Sequence[int]],
    tags: Sequence[int],
    symmetry: Symmetry | None = None,
) -> None:
    """The steps that compiled code found for one state are those of the reference; with symmetry,
    up to renaming.

    Raises: InternalError, naming the rule and the state.
    """
    layout = generated.layout
    state = layout.unpack(words)
    found: dict[int, list[object]] = defaultdict(list)
    for row, tag in zip(rows, tags, strict=True):
        if tag < 0:
            found[-1 - tag].append(generated.sites[row[0]].failure_kind)
        else:
            found[tag].append(layout.unpack(row))
    for number, instance in enumerate(generated.instances):
        rule = program.rules[instance.rule]
        ends = [end for _, end in rule.step(state, instance.args)]
        wanted = [e.kind if isinstance(e, Failure) else e for e in ends]
        if not _are_same(found[number], wanted, symmetry):
            raise InternalError(
                f"the native engine and the reference disagree about {rule.rule.name} in {state}"
            )


def _are_same(found: Sequence[object], wanted: Sequence[object], symmetry: Symmetry | None) -> bool:
    if symmetry is None or len(found) != len(wanted):
        return found == wanted
    return all(
        symmetry.is_same_orbit(one, other)
        if isinstance(one, tuple) and isinstance(other, tuple)
        else one == other
        for one, other in zip(found, wanted, strict=True)
    )
