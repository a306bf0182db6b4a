"""The collections and ids that a model's Python code works with.

Owns `Id`, `Bag` and `Map`: what a model's methods see when they are run by hand, in a debugger or
by
a test. The engines use other, hashable values (`states.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar, cast

__all__ = ["Assigned", "Bag", "Id", "IdType", "Map", "copy_value", "scopes"]

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


@dataclass(frozen=True)
class Assigned:
    """The value of a process's local, where the value itself may be None: it has been assigned."""

    value: object


class IdType(type):
    """The type of a sort: iterating a sort yields its ids."""

    scope: int

    def __iter__(cls: type[T]) -> Iterator[T]:
        sort = cast("Callable[[int], T]", cls)
        return iter([sort(index) for index in range(cast("IdType", cls).scope)])

    def __len__(cls) -> int:
        return cls.scope


class Id(metaclass=IdType):
    """One of finitely many interchangeable ids. They can be compared for equality and nothing else.

    >>> class OrderId(Id, scope=2): ...
    >>> list(OrderId), OrderId(0) == OrderId(1)
    ([OrderId(0), OrderId(1)], False)
    """

    __slots__ = ("_index",)
    _index: int
    scope = 2

    def __init_subclass__(cls, scope: int = 2) -> None:
        if not isinstance(scope, int) or isinstance(scope, bool) or scope < 1:
            raise TypeError(
                f"the scope of {cls.__name__} must be a whole number of at least 1, not {scope!r}"
            )
        cls.scope = scope

    def __init__(self, index: int) -> None:
        object.__setattr__(self, "_index", index)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an id has no attributes")

    if not TYPE_CHECKING:
        # Type checkers refuse to compare ids of two sorts only while no class says how to.

        def __eq__(self, other: object) -> bool:
            return type(self) is type(other) and self._index == other._index

        def __hash__(self) -> int:
            return hash((type(self).__name__, self._index))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._index})"


@contextmanager
def scopes(sizes: Mapping[type[Id], int]) -> Iterator[None]:
    """Run the block with other numbers of ids; for tests that call a model's methods by hand."""
    before = {sort: sort.scope for sort in sizes}
    try:
        for sort, size in sizes.items():
            sort.scope = size
        yield
    finally:
        for sort, size in before.items():
            sort.scope = size


class Bag(Generic[T]):
    """A collection that counts copies and has no order. Iterating yields every copy.

    >>> b = Bag(["a", "b", "a"])
    >>> len(b), b.count("a"), sorted(b.values())
    (3, 2, ['a', 'b'])
    """

    __slots__ = ("_counts",)

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._counts = Counter(items)

    def add(self, item: T) -> None:
        self._counts[item] += 1

    def remove(self, item: T) -> None:
        """Take one copy away; KeyError if there is none."""
        if item not in self._counts:
            raise KeyError(item)
        self._counts[item] -= 1
        if not self._counts[item]:
            del self._counts[item]

    def discard(self, item: T) -> None:
        """Take one copy away, if there is one."""
        if item in self._counts:
            self.remove(item)

    def clear(self) -> None:
        self._counts.clear()

    def update(self, items: Iterable[T]) -> None:
        self._counts.update(list(items))

    def count(self, item: T) -> int:
        return self._counts.get(item, 0)

    def values(self) -> set[T]:
        """The distinct elements."""
        return set(self._counts)

    def copy(self) -> Bag[T]:
        return Bag(self)

    def __add__(self, other: Bag[T]) -> Bag[T]:
        """The copies of both."""
        return Bag([*self, *other])

    def __sub__(self, other: Bag[T]) -> Bag[T]:
        """Without so many copies of each, or without any if there are no more."""
        left = self.copy()
        for item in other:
            left.discard(item)
        return left

    def __contains__(self, item: object) -> bool:
        return item in self._counts

    def __iter__(self) -> Iterator[T]:
        return self._counts.elements()

    def __len__(self) -> int:
        return self._counts.total()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bag) and self._counts == other._counts

    def __repr__(self) -> str:
        return f"Bag({list(self)!r})"


class Map(MutableMapping[K, V]):
    """A total map: every key of a finite type has a value, at first the default.

    >>> m = Map(0)
    >>> m["a"] += 1
    >>> m["a"], m["b"]
    (1, 0)
    """

    __slots__ = ("_default", "_entries")

    def __init__(self, default: V) -> None:
        self._default = copy_value(default)
        self._entries: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        # Each key has a value of its own: a shared default set would change under all keys at once.
        if key not in self._entries:
            self._entries[key] = copy_value(self._default)
        return self._entries[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._entries[key] = copy_value(value)

    def __delitem__(self, key: K) -> None:
        raise TypeError("a Map is total: an entry cannot be deleted")

    def __iter__(self) -> Iterator[K]:
        raise TypeError("iterate the key's type instead: a Map has a value for every key")

    def __len__(self) -> int:
        raise TypeError("a Map has a value for every key of its type")

    def copy(self) -> Map[K, V]:
        twin: Map[K, V] = Map(self._default)
        twin._entries = {key: copy_value(value) for key, value in self._entries.items()}
        return twin

    def _changed(self) -> dict[K, V]:
        return {k: v for k, v in self._entries.items() if v != self._default}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Map)
            and self._default == other._default
            and self._changed() == other._changed()
        )

    def __repr__(self) -> str:
        entries = ", ".join(f"{k!r}: {v!r}" for k, v in self._changed().items())
        return f"Map({self._default!r})" + (f" with {{{entries}}}" if entries else "")


def copy_value(value: T) -> T:
    """The value with collections of its own, so that no two names share one.

    >>> a = [{1}]; b = copy_value(a); b[0].add(2); a
    [{1}]
    """
    copied: object = value
    match value:
        case Bag() | Map():
            copied = value.copy()
        case list():
            copied = [copy_value(item) for item in value]
        case dict():
            copied = {key: copy_value(item) for key, item in value.items()}
        case set():
            copied = set(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            # A record is frozen, the collections in it are not.
            parts = {f.name: getattr(value, f.name) for f in fields(value)}
            twins = {name: copy_value(part) for name, part in parts.items()}
            if any(twins[name] is not part for name, part in parts.items()):
                copied = replace(value, **twins)
    return cast(T, copied)
