"""A background of any size, by knowing nothing of it: quick and safe rejections.

Searching with one and then two background ids is exact for those numbers, and slow. Here the
entries of other ids are unknown: a step of another id may happen if it could with *some* entries.
That allows more than any number of background ids can do, so what is rejected here is rejected for
every number; what is accepted here means nothing, and is searched again in earnest.

This is sound where ids meet only in one place: every rule is local (`locality.is_local`) but for
shared variables, and of those at most one holds an id, and only one (an `OrderId | None`, say). Two
stand-ins for the others are enough then: the one that the shared variable holds, and one that it
does not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from checker import ir
from checker.ir.walk import item_children, walk
from checker.states import Sizes, State, Value, is_finite, universe

from .locality import indexed, is_local, mentions

__all__ = ["STAND_INS", "Others", "others"]

STAND_INS = 2
ENTRIES_MAX = 512  # combinations of one id's entries tried for one step

Entries = tuple[tuple[int, tuple[Value, ...]], ...]
"""For some variables (by position), what another id's entry in them may be."""


@dataclass(frozen=True)
class Others:
    """How to forget and to guess the entries of other ids.

    `guesses` holds for each rule the entries that it looks at; `scalar` is the position of the
    shared variable that may hold an id.
    """

    model: ir.Model
    indexed: tuple[int, ...]
    guesses: dict[str, Entries]
    scalar: int | None

    def guessed(self, rule: str, state: State, atom: int) -> Iterator[State]:
        """The state with each combination of entries for the atom."""
        entries = self.guesses[rule]
        for values in itertools.product(*(options for _, options in entries)):
            guess = list(state)
            for (position, _), value in zip(entries, values, strict=True):
                type_ = self.model.vars[position].type
                guess[position] = _with_entry(guess[position], type_, atom, value)
            yield tuple(guess)

    def forgotten(self, state: State, first: int) -> State:
        """The state without what it says of atoms from `first` on, but for the shared variable."""
        found = list(state)
        for position in self.indexed:
            found[position] = _without(found[position], self.model.vars[position].type, first)
        if self.scalar is not None:
            value = found[self.scalar]
            if isinstance(value, int) and value > first:
                found[self.scalar] = first
        return tuple(found)


def others(model: ir.Model, key: str, sizes: Sizes) -> Others | None:
    """How to leave the background unknown; None where that might not be sound."""
    sort = ir.Sort(key)
    own = indexed(model, key)
    shared = [var for var in model.vars if var.name not in own]
    holders = [var for var in shared if mentions(var.type, sort)]
    if model.initial is not None or len(holders) > 1:
        return None
    if holders and holders[0].type not in (sort, ir.Option(sort)):
        return None
    names = {var.name for var in shared}
    if not all(is_local(rule, key, shared=names) for rule in model.rules):
        return None
    if any(isinstance(item, ir.Choose) for rule in model.rules for item in rule.body):
        return None  # what could be chosen from an unknown entry is not worth trying
    positions = {var.name: position for position, var in enumerate(model.vars)}
    guesses: dict[str, Entries] = {}
    for rule in model.rules:
        entries = _entries(rule, model, own, positions, sizes)
        if entries is None:
            return None
        guesses[rule.name] = entries
    scalar = positions[holders[0].name] if holders else None
    return Others(model, tuple(sorted(positions[name] for name in own)), guesses, scalar)


def _entries(
    rule: ir.Rule, model: ir.Model, own: set[str], positions: dict[str, int], sizes: Sizes
) -> Entries | None:
    exprs = [e for item in rule.body for e in item_children(item)]
    exprs += [update.value for update in rule.updates]
    nodes = [node for expr in exprs for node in walk(expr)]
    counts = any(isinstance(node, ir.Count) for node in nodes)
    found: dict[int, tuple[Value, ...]] = {}
    for name in dict.fromkeys(node.var for node in nodes if isinstance(node, ir.Read)):
        if name in own:
            options = _options(model.var(name).type, sizes, counts=counts)
            if options is None:
                return None
            found[positions[name]] = options
    combinations = 1
    for options in found.values():
        combinations *= len(options)
    return tuple(found.items()) if combinations <= ENTRIES_MAX else None


def _options(type_: ir.Type, sizes: Sizes, *, counts: bool) -> tuple[Value, ...] | None:
    match type_:
        case ir.Set():
            return (0, 1)
        case ir.Bag():
            # Where a rule only asks whether there is a copy, one copy stands for many: it is put
            # back into the unknown after the step. A rule that counts would have to be given every
            # number.
            return None if counts else (0, 1)
        case ir.Map(_, value) if is_finite(value):
            return universe(value, sizes)
        case ir.Partial(_, value) if is_finite(value):
            return (_ABSENT, *universe(value, sizes))
    return None


_ABSENT = object()


def _with_entry(value: Value, type_: ir.Type, atom: int, entry: Value) -> Value:
    if isinstance(type_, ir.Map):
        assert isinstance(value, tuple)
        return (*value[:atom], entry, *value[atom + 1 :])
    assert isinstance(value, frozenset)
    match type_:
        case ir.Set():
            return value | {atom} if entry else value
        case ir.Bag():
            return value | {(atom, 1)} if entry else value
    return value if entry is _ABSENT else value | {(atom, entry)}


def _without(value: Value, type_: ir.Type, first: int) -> Value:
    if isinstance(type_, ir.Map):
        # None stands for the unknown entry; it is guessed before a rule reads it.
        assert isinstance(value, tuple)
        return (*value[:first], *(None for _ in value[first:]))
    assert isinstance(value, frozenset)
    if isinstance(type_, ir.Set):
        return frozenset(atom for atom in value if _number(atom) < first)
    return frozenset(pair for pair in value if _number(_first(pair)) < first)


def _first(pair: Value) -> Value:
    assert isinstance(pair, tuple)
    return pair[0]


def _number(atom: Value) -> int:
    assert isinstance(atom, int)
    return atom
