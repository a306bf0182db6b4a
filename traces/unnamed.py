"""Ids that no line can name: of states that differ in which is which, one is enough.

Owns the condition; the renaming is `unnamed_ids.py`. It is sound where the set of explanations is
closed under renaming these ids, and it is as long as no line ever tells one of them: initial states
and steps are (S23), and a line without the parameter may be of any of them. Where a line can name
an id of the sort nothing is renamed: an id that a hidden step has used must not take the place of a
logged one.
"""

from __future__ import annotations

from checker.passes.renaming import sorts_in, uneven_sorts

from .observe import Observation

__all__ = ["unnamed_sorts"]


def unnamed_sorts(observation: Observation) -> tuple[str, ...]:
    """The sorts of which no line can name an id, and which no slice is cut by."""
    named: set[str] = {observation.key} if observation.key is not None else set()
    for what in observation.by_event.values():
        for field, param in zip(what.fields, what.rule.params, strict=True):
            if field is not None:
                named |= sorts_in(param.type)
        for fact in what.facts:
            named |= sorts_in(fact.type)
    named |= set(uneven_sorts(observation.model))
    return tuple(sort.name for sort in observation.model.sorts if sort.name not in named)
