"""Ids that no line can name: of states that differ in which is which, one is enough.

Owns the condition and the renaming. It is sound where the set of explanations is closed under
renaming these ids, and it is as long as no line ever tells one of them: initial states and steps
are (S23), and a line without the parameter may be of any of them. Where a line can name an id of
the sort nothing is renamed: an id that a hidden step has used must not take the place of a logged
one.
"""

from __future__ import annotations

from collections.abc import Iterable

from checker import ir
from checker.passes.renaming import renamed_value, sorts_in, uneven_sorts
from checker.states import Sizes, State, Value

from .observe import Observation

__all__ = ["one_of_many", "unnamed_sorts"]


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


def one_of_many(
    state: State, types: Iterable[ir.Type], sorts: tuple[str, ...], sizes: Sizes
) -> State:
    """The state with the ids of these sorts numbered by what it says of them.

    Two states that differ in names alone are mostly made equal, and always into states that differ
    from themselves in names alone; which is all that is needed.
    """
    known = tuple(types)
    for sort in sorts:
        size = dict(sizes)[sort]
        marks = [
            tuple(
                _said(value, type_, sort, atom, sorts)
                for value, type_ in zip(state, known, strict=True)
            )
            for atom in range(size)
        ]
        order = sorted(range(size), key=lambda atom: marks[atom])
        if order == list(range(size)):
            continue
        names = [0] * size
        for new, old in enumerate(order):
            names[old] = new
        state = tuple(
            renamed_value(value, type_, {sort: names}, sizes)
            for value, type_ in zip(state, known, strict=True)
        )
    return state


def _said(value: Value, type_: ir.Type, sort: str, atom: int, unnamed: tuple[str, ...]) -> str:
    """What a variable says of an id, without naming another id that may be renamed."""
    found: object = ""
    match type_:
        case ir.Sort(name) | ir.Option(ir.Sort(name)) if name == sort:
            found = value == atom
        case ir.Set(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            found = atom in value
        case ir.Bag(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            found = [copies for each, copies in value if each == atom]
        case ir.Map(ir.Sort(name), inner) if name == sort and isinstance(value, tuple):
            found = value[atom] if not sorts_in(inner) & {*unnamed} else ""
        case ir.Partial(ir.Sort(name), inner) if name == sort and isinstance(value, frozenset):
            own = [item for each, item in value if each == atom]
            found = own if not sorts_in(inner) & {*unnamed} else len(own)
        case ir.Partial(ir.Sort(other), ir.Sort(name)) if name == sort:
            assert isinstance(value, frozenset)
            holders = sorted(each for each, item in value if item == atom)
            found = holders if other not in unnamed else len(holders)
    return repr(found)
