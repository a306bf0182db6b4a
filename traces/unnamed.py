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

__all__ = ["alike", "one_of_many", "unnamed_sorts"]


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
        said = [
            _said(value, type_, sort, size, sorts)
            for value, type_ in zip(state, known, strict=True)
        ]
        marks = list(zip(*(each for each in said if each is not None), strict=True))
        if not marks:
            continue
        order = sorted(range(size), key=marks.__getitem__)
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


def _said(
    value: Value, type_: ir.Type, sort: str, size: int, unnamed: tuple[str, ...]
) -> list[str] | None:
    """What a variable says of each id, without naming another id that may be renamed."""
    found: dict[int, object] = {}
    match type_:
        case ir.Sort(name) | ir.Option(ir.Sort(name)) if name == sort and isinstance(value, int):
            found[value] = True
        case ir.Set(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            found = dict.fromkeys(value, True)
        case ir.Bag(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            found = dict(value)
        case ir.Map(ir.Sort(name), inner) if name == sort and isinstance(value, tuple):
            if not sorts_in(inner) & {*unnamed}:
                found = dict(enumerate(value))
        case ir.Partial(ir.Sort(name), inner) if name == sort and isinstance(value, frozenset):
            is_plain = not sorts_in(inner) & {*unnamed}
            found = {atom: [each] if is_plain else 1 for atom, each in value}
        case ir.Partial(ir.Sort(other), ir.Sort(name)) if name == sort:
            assert isinstance(value, frozenset)
            holders: dict[int, list[int]] = {}
            for holder, atom in value:
                holders.setdefault(atom, []).append(holder)
            for atom, own in holders.items():
                found[atom] = sorted(own) if other not in unnamed else len(own)
        case _:
            return None
    texts = {atom: repr(each) for atom, each in found.items()}
    return [texts.get(atom, "") for atom in range(size)]


def alike(
    state: State, types: Iterable[ir.Type], sort: str, size: int, most: int
) -> tuple[int, ...]:
    """Of ids that could change places without changing the state, so many; and all others.

    Two ids can change places if the state has them only as elements and keys, with equal entries
    that name no id of their sort.
    """
    marks: list[list[object]] = [[] for _ in range(size)]
    single: set[int] = set()
    for value, type_ in zip(state, types, strict=True):
        match type_:
            case ir.Set(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
                for atom in range(size):
                    marks[atom].append(atom in value)
            case ir.Bag(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
                copies = dict(value)
                for atom in range(size):
                    marks[atom].append(copies.get(atom))
            case ir.Map(ir.Sort(name), inner) if name == sort and sort not in sorts_in(inner):
                assert isinstance(value, tuple)
                for atom in range(size):
                    marks[atom].append(value[atom])
            case ir.Partial(ir.Sort(name), inner) if name == sort and sort not in sorts_in(inner):
                assert isinstance(value, frozenset)
                entries = dict(value)
                for atom in range(size):
                    marks[atom].append((atom in entries, entries.get(atom)))
            case ir.Partial(key, ir.Sort(name)) if name == sort and sort not in sorts_in(key):
                assert isinstance(value, frozenset)
                single.update(atom for _, atom in value)
            case ir.Sort(name) | ir.Option(ir.Sort(name)) if name == sort:
                single |= {value} if isinstance(value, int) else set()
            case _:
                if sort in sorts_in(type_):
                    return tuple(range(size))  # not looked into: all are tried
    kept: dict[tuple[object, ...], int] = {}
    found = []
    for atom in range(size):
        mark = tuple(marks[atom])
        if atom in single:
            found.append(atom)
        elif kept.get(mark, 0) < most:
            kept[mark] = kept.get(mark, 0) + 1
            found.append(atom)
    return tuple(found)
