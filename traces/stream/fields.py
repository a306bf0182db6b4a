"""Can a log be read slice by slice under this mapping, and what may its fields hold?

Owns the condition: each line names at most one id of the key sort. A mapping that breaks it is
still read, as a whole (`jsonl.read_logs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from checker import ir

from ..event import Extra
from ..observe import Observation, ObservedRule

__all__ = ["Fields", "fields_of"]

_ANYTHING: frozenset[type] = frozenset(
    {str, int, bool, type(None), msgspec.UnsetType}
)  # of a monitor's field
_FIXED = ("ts", "node", "seq", "event")


@dataclass(frozen=True)
class Fields:
    """Of each event, the field that names the slice, if one does; and the types of each field.

    `tie_names`: a line of no slice may name an id that slices name, too. What is said of a slice
    then depends on which ids these are, and not only on which of them are equal.
    """

    keys: Mapping[str, str]
    types: Mapping[tuple[str, str], frozenset[type]]
    tie_names: bool


def fields_of(observation: Observation) -> Fields | None:
    """The fields; None if the log has to be read as a whole."""
    mapping = observation.mapping
    if mapping.order.is_marked or not mapping.order.nodes:
        return None  # where a line stands in the order depends on lines of all slices
    keys: dict[str, str] = {}
    types: dict[tuple[str, str], frozenset[type]] = {}
    tie_names = False
    for event, names in mapping.wanted().items():
        whats = [step for what in observation.entries.get(event, ()) for step in (what, *what.then)]
        found = [_keys(what, observation.key) for what in whats]
        if any(each is None for each in found) or any(name in _FIXED for name in names):
            return None
        own = set[str]().union(*(each for each in found if each is not None))
        if len(own) > 1 or (own and not all(found)):
            return None  # one entry tells the slice and another does not
        if own:
            (keys[event],) = own
        else:
            typed = (type_ for what in whats for _, type_ in _typed(what))
            tie_names = tie_names or any(type_ is not None and _inner(type_) for type_ in typed)
        by_others = {end.event for end in mapping.ends if end.instance}
        if own and event in by_others and not mapping.in_file_order:
            return None  # a step of a slice at the end of another node has no place of its own
        for name in names:
            types[event, name] = _ANYTHING
            if isinstance(name, Extra):
                continue
            kinds = [_types(name, what) for what in whats] or [_types(name, None)]
            types[event, name] = frozenset(set[type]().union(*kinds))
            if {int, bool} <= types[event, name]:
                return None  # a table of kinds could not tell 1 from True
    return Fields(keys, types, tie_names) if keys else None


def _typed(what: ObservedRule) -> list[tuple[str, ir.Type | None]]:
    """The fields that have to be of a type; None stands for any text."""
    found: list[tuple[str, ir.Type | None]] = [
        (name, param.type)
        for name, param in zip(what.fields, what.rule.params, strict=True)
        if name is not None
    ]
    for fact in what.facts:
        found.append((fact.field, None if fact.cases[0][0] is not None else fact.type))
    return found


def _keys(what: ObservedRule, key: str | None) -> set[str] | None:
    """The fields that hold an id of the key sort; None if one may also hold nothing."""
    found = set()
    for name, type_ in _typed(what):
        if isinstance(type_, ir.Sort) and type_.name == key:
            found.add(name)
        elif isinstance(type_, ir.Option) and _inner(type_) == key:
            return None
    return found


def _inner(type_: ir.Type) -> str | None:
    while isinstance(type_, ir.Option):
        type_ = type_.item
    return type_.name if isinstance(type_, ir.Sort) else None


def _types(name: str, what: ObservedRule | None) -> set[type]:
    """What a field may hold; a line that holds something else is read with care."""
    typed = [] if what is None else [type_ for each, type_ in _typed(what) if each == name]
    if not typed:
        return {str, type(None)}  # of a pattern, or the name of a node
    return set().union(*map(_python, typed))


def _python(type_: ir.Type | None) -> set[type]:
    match type_:
        case ir.Option(item):
            return _python(item) | {type(None)}
        case ir.Bool():
            return {bool}
        case ir.Int():
            return {int}
    return {str}
