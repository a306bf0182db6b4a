"""The types of the IR. Bounds and capacities are part of a type, and checked where a value is
stored.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BOOL",
    "INT",
    "Bag",
    "Bool",
    "Enum",
    "Int",
    "Map",
    "Option",
    "Partial",
    "Record",
    "Seq",
    "Set",
    "Sort",
    "Type",
    "Union",
]


@dataclass(frozen=True, slots=True)
class Bool:
    pass


@dataclass(frozen=True, slots=True)
class Int:
    """Unbounded inside an expression; stored only between `lo` and `hi`. Leaving a `limit` is a
    cut.
    """

    lo: int | None = None
    hi: int | None = None
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """Interchangeable atoms; how many is written in `Model.sorts`."""

    name: str


@dataclass(frozen=True, slots=True)
class Enum:
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    item: Type


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    fields: tuple[tuple[str, Type], ...]

    def field(self, name: str) -> Type | None:
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class Union:
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Set:
    item: Type


@dataclass(frozen=True, slots=True)
class Bag:
    item: Type
    capacity: int = 8


@dataclass(frozen=True, slots=True)
class Seq:
    item: Type
    capacity: int = 8


@dataclass(frozen=True, slots=True)
class Map:
    """Total: every key of a finite type has a value."""

    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class Partial:
    """A dict: some keys have a value."""

    key: Type
    value: Type


Type = Bool | Int | Sort | Enum | Option | Record | Union | Set | Bag | Seq | Map | Partial

BOOL = Bool()
INT = Int()
