"""Of states that differ in which id is which, one; and of such ids, as many as may be needed.

Owns the renaming of the ids that `unnamed.py` allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from checker import ir
from checker.passes.renaming import renamed_value, sorts_in
from checker.states import Sizes, State, Value

__all__ = ["alike", "one_of_many"]

Numbers: TypeAlias = NDArray[np.int64]


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
        codes = _joined(said, size)
        if codes is None or bool((codes[1:] >= codes[:-1]).all()):
            continue
        names = np.empty(size, np.int64)
        names[np.argsort(codes, kind="stable")] = np.arange(size)
        state = tuple(
            _renamed(value, type_, sort, names, sizes)
            for value, type_ in zip(state, known, strict=True)
        )
    return state


def _joined(said: Iterable[Numbers | None], size: int) -> Numbers | None:
    """One number for each id, equal where all that is said of two ids is; None: nothing is said.

    The order of the numbers is that of what is said, so it is the same in states that differ in
    names alone.
    """
    found: Numbers | None = None
    for each in said:
        if each is None:
            continue
        least, most = int(each.min()), int(each.max())
        found = np.zeros(size, np.int64) if found is None else found
        if most - least >= CODES_MAX or (int(found.max()) + 1) * (most - least + 1) >= CODES_MAX:
            found = np.unique(found, return_inverse=True)[1].astype(np.int64)
            each = np.unique(each, return_inverse=True)[1].astype(np.int64)
            least, most = 0, int(each.max())
        found = found * (most - least + 1) + (each - least)
    return found


CODES_MAX = 1 << 40  # beyond, equal numbers are counted first; there are at most as many as ids


def _pairs(value: frozenset[tuple[int, int]]) -> tuple[Numbers, Numbers]:
    """The keys and the entries, both numbers."""
    pairs = np.fromiter(chain.from_iterable(value), np.int64, 2 * len(value))
    return pairs[::2], pairs[1::2]


def _renamed(value: Value, type_: ir.Type, sort: str, names: Numbers, sizes: Sizes) -> Value:
    """As `renamed_value`, and quickly for the largest collections."""
    if sort not in sorts_in(type_):
        return value
    match type_:
        case ir.Set(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            return frozenset(names[np.fromiter(value, np.int64, len(value))].tolist())
        case ir.Bag(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            atoms, copies = _pairs(value)
            return frozenset(zip(names[atoms].tolist(), copies.tolist(), strict=True))
    return renamed_value(value, type_, {sort: names.tolist()}, sizes)


def _said(
    value: Value, type_: ir.Type, sort: str, size: int, unnamed: tuple[str, ...]
) -> Numbers | None:
    """What a variable says of each id, without naming another id that may be renamed."""
    found: dict[int, object] = {}
    match type_:
        case ir.Sort(name) | ir.Option(ir.Sort(name)) if name == sort and isinstance(value, int):
            found[value] = True
        case ir.Set(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            return _members(value, size)
        case ir.Bag(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
            return _copies(value, size)
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
    ranks = {text: rank for rank, text in enumerate(sorted({*texts.values()}), 1)}
    said: Numbers = np.zeros(size, np.int64)
    for atom, text in texts.items():
        said[atom] = ranks[text]
    return said


def _members(value: frozenset[int], size: int) -> Numbers:
    said: Numbers = np.zeros(size, np.int64)
    said[np.fromiter(value, np.int64, len(value))] = 1
    return said


def _copies(value: frozenset[tuple[int, int]], size: int) -> Numbers:
    said: Numbers = np.zeros(size, np.int64)
    atoms, copies = _pairs(value)
    said[atoms] = copies
    return said


def alike(
    state: State, types: Iterable[ir.Type], sort: str, size: int, most: int
) -> tuple[int, ...]:
    """Of ids that could change places without changing the state, so many; and all others.

    Two ids can change places if the state has them only as elements and keys, with equal entries
    that name no id of their sort.
    """
    said: list[Numbers] = []
    single: set[int] = set()
    for value, type_ in zip(state, types, strict=True):
        match type_:
            case ir.Set(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
                said.append(_members(value, size))
            case ir.Bag(ir.Sort(name)) if name == sort and isinstance(value, frozenset):
                said.append(_copies(value, size))
            case ir.Map(ir.Sort(name), inner) if name == sort and sort not in sorts_in(inner):
                assert isinstance(value, tuple)
                said.append(_kinds(dict(enumerate(value)), size))
            case ir.Partial(ir.Sort(name), inner) if name == sort and sort not in sorts_in(inner):
                assert isinstance(value, frozenset)
                said.append(_kinds(dict(value), size))
            case ir.Partial(key, ir.Sort(name)) if name == sort and sort not in sorts_in(key):
                assert isinstance(value, frozenset)
                single.update(atom for _, atom in value)
            case ir.Sort(name) | ir.Option(ir.Sort(name)) if name == sort:
                single |= {value} if isinstance(value, int) else set()
            case _:
                if sort in sorts_in(type_):
                    return tuple(range(size))  # not looked into: all are tried
    codes = _joined(said, size)
    if codes is None:
        codes = np.zeros(size, np.int64)
    others: Numbers = np.delete(np.arange(size), sorted(single))
    others = others[np.argsort(codes[others], kind="stable")]
    own = codes[others]
    # The first of each kind, and as many behind each as may be needed.
    begins = np.ones(len(others), bool)
    begins[1:] = own[1:] != own[:-1]
    first = np.flatnonzero(begins)
    place = np.arange(len(others)) - np.repeat(first, np.diff(np.append(first, len(others))))
    return tuple(sorted({*single, *others[place < most].tolist()}))


def _kinds(entries: Mapping[int, object], size: int) -> Numbers:
    """Equal numbers for ids with equal entries; 0 for those that have none."""
    known: dict[object, int] = {}
    said: Numbers = np.zeros(size, np.int64)
    for atom, entry in entries.items():
        said[atom] = known.setdefault(entry, len(known) + 1)
    return said
