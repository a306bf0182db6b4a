"""Stores, as values: what a database promises, and what it does not.

Owns the state of each store and what its operations make of it, in the modelling language. Owns no
steps: every call is a step of the model, and may go wrong in the ways of `checker.remote`.
docs/reference/stores.md says which systems each record stands for.

A conditional write whose condition is false changes nothing; `is_at` and `has` tell beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Generic, TypeVar

from .model import Limit, pure
from .remote import Answer, Call, Outcome, answer_of, is_applied, outcome_of

__all__ = [
    "Answer",
    "Call",
    "KeyStore",
    "Outcome",
    "PartitionedStore",
    "Table",
    "answer_of",
    "is_applied",
    "outcome_of",
]

K = TypeVar("K")
V = TypeVar("V")
P = TypeVar("P")  # a partition of a store

# More than the small scopes in which these algorithms go wrong; reaching it ends as UNKNOWN.
VERSIONS_MAX = 8


@dataclass(frozen=True)
class KeyStore(Generic[K, V]):
    """Values under keys, each with a version that every write raises, deleting included.

    One key is written at a time: there is no transaction. A version never comes back, as an ETag
    or a row version does not: deleting and writing anew is seen by whoever read before.

    >>> store = KeyStore[str, int]().insert("a", 1).write_at("a", 2, 1).write_at("a", 3, 1)
    >>> store.get("a"), store.version("a"), store.has("b")
    (2, 2, False)
    """

    items: dict[K, V] = field(default_factory=dict[K, V])
    versions: dict[K, Annotated[int, Limit(0, VERSIONS_MAX)]] = field(default_factory=dict[K, int])

    @pure
    def has(self, key: K) -> bool:
        """Is there a value under the key?"""
        return key in self.items

    @pure
    def get(self, key: K) -> V | None:
        """The value under the key, or None."""
        return self.items.get(key)

    @pure
    def version(self, key: K) -> int:
        """How often the key has been written; 0 for one that never was."""
        return self.versions.get(key, 0)

    @pure
    def is_at(self, key: K, version: int) -> bool:
        """Has nobody written the key since it had this version?"""
        return self.version(key) == version

    @pure
    def write(self, key: K, value: V) -> KeyStore[K, V]:
        """The value is there, whatever was there before: the last write wins."""
        versions = self.versions | {key: self.version(key) + 1}
        return KeyStore(self.items | {key: value}, versions)

    @pure
    def write_at(self, key: K, value: V, version: int) -> KeyStore[K, V]:
        """Compare and set: written if the key still has the version."""
        return self.write(key, value) if self.is_at(key, version) else self

    @pure
    def insert(self, key: K, value: V) -> KeyStore[K, V]:
        """Written if there is no value under the key."""
        return self if self.has(key) else self.write(key, value)

    @pure
    def delete(self, key: K) -> KeyStore[K, V]:
        """The value is gone, if there was one."""
        if not self.has(key):
            return self
        items = {k: v for k, v in self.items.items() if k != key}
        return KeyStore(items, self.versions | {key: self.version(key) + 1})

    @pure
    def delete_at(self, key: K, version: int) -> KeyStore[K, V]:
        """Deleted if the key still has the version."""
        return self.delete(key) if self.is_at(key, version) else self

    @pure
    def refreshed(self, key: K, primary: KeyStore[K, V]) -> KeyStore[K, V]:
        """A replica that has caught up with one key; reading it before is a stale read."""
        items = {k: v for k, v in self.items.items() if k != key}
        versions = self.versions | {key: primary.version(key)}
        if not primary.has(key):
            return KeyStore(items, versions)
        return KeyStore(items | {key: primary.items[key]}, versions)


@dataclass(frozen=True)
class PartitionedStore(Generic[P, K, V]):
    """Keys in partitions; a batch writes several keys of one partition, all or none.

    There is no way to write two partitions at once: that takes two steps, with a crash between.

    >>> store = PartitionedStore[str, str, int]()
    >>> store = store.commit("p", store.partition("p").insert("order", 1).insert("event", 2))
    >>> store.partition("p").has("event"), store.partition("q").has("event")
    (True, False)
    """

    partitions: dict[P, KeyStore[K, V]] = field(default_factory=dict[P, KeyStore[K, V]])

    @pure
    def partition(self, name: P) -> KeyStore[K, V]:
        """What the partition holds."""
        empty: KeyStore[K, V] = KeyStore()
        return self.partitions.get(name, empty)

    @pure
    def commit(self, name: P, batch: KeyStore[K, V]) -> PartitionedStore[P, K, V]:
        """The batch: the partition as it is after all its writes."""
        return PartitionedStore(self.partitions | {name: batch})


@dataclass(frozen=True)
class Table(Generic[K, V]):
    """A table of a database with transactions; several tables are committed in one step.

    A transaction reads and writes a copy of its own, taken when it began, and commits the rows it
    wrote, unless `conflicts` says that somebody was faster. Asked about the rows it wrote, that is
    snapshot isolation (a write skew is possible); about all rows it read as well, serializable; not
    asked at all, the last commit wins and updates get lost.

    >>> table = Table[str, int]().write("a", 1)
    >>> mine, other = table.write("a", 2), table.write("a", 3)
    >>> table = table.commit(other, {"a"})
    >>> table.conflicts(mine, {"a"}), table.rows["a"]
    (True, 3)
    """

    rows: dict[K, V] = field(default_factory=dict[K, V])
    commits: dict[K, Annotated[int, Limit(0, VERSIONS_MAX)]] = field(default_factory=dict[K, int])

    @pure
    def has(self, key: K) -> bool:
        """Is there a row with the key?"""
        return key in self.rows

    @pure
    def get(self, key: K) -> V | None:
        """The row with the key, or None."""
        return self.rows.get(key)

    @pure
    def write(self, key: K, row: V) -> Table[K, V]:
        """The row with the key is this one; a unique key is the model's `when(not t.has(key))`."""
        return replace(self, rows=self.rows | {key: row})

    @pure
    def delete(self, key: K) -> Table[K, V]:
        """The row is gone, if there was one."""
        return replace(self, rows={k: v for k, v in self.rows.items() if k != key})

    @pure
    def conflicts(self, mine: Table[K, V], keys: set[K]) -> bool:
        """Has somebody committed one of these rows since the transaction began?"""
        return any(self.commits.get(k, 0) != mine.commits.get(k, 0) for k in keys)

    @pure
    def commit(self, mine: Table[K, V], written: set[K]) -> Table[K, V]:
        """The rows that the transaction wrote take the place of those that are there."""
        others = {k: v for k, v in self.rows.items() if k not in written}
        own = {k: v for k, v in mine.rows.items() if k in written}
        stamps = {k: self.commits.get(k, 0) + 1 for k in written}
        return Table(others | own, self.commits | stamps)
