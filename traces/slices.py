"""The part of a log that concerns one key.

Owns slicing (L3). Lines without an id of the key sort belong to every slice; a line with two ids
joins their slices. Whether looking at slices alone is exact is `locality.is_product`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .instances import Begin, Chain, Line, Lost, Row, Slot, settled

__all__ = ["Slice", "cut"]


@dataclass(frozen=True)
class Slice:
    """`keys` are the ids of the key sort in it; empty if the log is not sliced, or has none.

    `own`: those of its lines that other slices do not have.
    """

    keys: tuple[str, ...]
    chains: tuple[Chain, ...]
    own: tuple[Line, ...] = ()

    @property
    def lines(self) -> list[Line]:
        return [item for chain in self.chains for item in chain if isinstance(item, Line)]

    def first(self) -> tuple[str, int]:
        """Where the slice's own lines begin, for the order of a report."""
        lines = self.own or self.lines
        place = min((line.observed.event.place for line in lines), default=None)
        return (place.file, place.line) if place is not None else ("", 0)


class _Groups:
    """Ids that belong together, as a forest (union-find with path halving)."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            self.parent[name] = name = self.parent[self.parent[name]]
        return name

    def join(self, names: list[str]) -> None:
        for name in names:
            self.parent[self.find(name)] = self.find(names[0])


def cut(whole: Iterable[Row], key: str | None, each: str | None = None) -> list[Slice]:
    """The slices of a log, in the order of their first lines: for each id of the sort `key`, or for
    each value of the field `each`.

    Complexity: each slice holds all lines without a key, so time is slices times those lines.
    """
    chains = [tuple(item for item in row if not isinstance(item, Slot)) for row in whole]
    if key is None and each is None:
        return [Slice((), _settled(chains))]

    def names_of(line: Line) -> list[str]:
        if each is None:
            return [found.name for found in line.observed.ids() if found.sort == key]
        fields = line.observed.event.fields
        return [str(fields[each])] if each in fields else []

    groups = _Groups()
    for chain in chains:
        for item in chain:
            if isinstance(item, Line) and (names := names_of(item)):
                groups.join(names)
    members: dict[str, list[str]] = {}
    for name in groups.parent:
        members.setdefault(groups.find(name), []).append(name)
    if not members:
        return [Slice((), _settled(chains))]
    parts = _parts(chains, names_of, groups)
    slices = []
    for group, names in members.items():
        own = (chains[at][p] for at, positions in parts[group].items() for p in positions)
        lines = tuple(item for item in own if isinstance(item, Line))
        slices.append(Slice(tuple(names), _settled(_merged(chains, group, parts)), lines))
    return sorted(slices, key=Slice.first)


Items = tuple[Begin | Line | Lost, ...]


def _settled(chains: Iterable[Items]) -> tuple[Chain, ...]:
    return tuple(chain for items in chains if (chain := settled(items)))


Positions = dict[str | None, dict[int, list[int]]]  # group (None: no key) -> chain -> positions


def _parts(
    chains: list[Items], names_of: Callable[[Line], list[str]], groups: _Groups
) -> Positions:
    found: Positions = {None: {}}
    for number, chain in enumerate(chains):
        for position, item in enumerate(chain):
            names = names_of(item) if isinstance(item, Line) else []
            group = groups.find(names[0]) if names else None
            found.setdefault(group, {}).setdefault(number, []).append(position)
    return found


def _merged(chains: list[Items], group: str, parts: Positions) -> Iterable[Items]:
    shared, own = parts[None], parts[group]
    for number in sorted({*shared, *own}):
        positions = sorted([*shared.get(number, ()), *own.get(number, ())])
        yield tuple(chains[number][p] for p in positions)
