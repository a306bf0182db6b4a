"""Queues, logs and links, as values: what a broker or a network does between two services.

Owns the state of each channel and what its operations make of it, in the modelling language: a
model imports the records, keeps one in a field, and writes the short steps and faults that use
them. Owns no steps, no budgets and no fairness: which faults there are, and how many, is the
model's claim. docs/reference/channels.md says which systems each record stands for.

An operation that the real system would reject (an acknowledgement after the lock has gone) changes
nothing; `holds` and its like tell beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Generic, TypeVar

from .model import Limit, pure
from .remote import Answer, Call, Outcome, answer_of, is_applied, outcome_of
from .values import Bag

__all__ = [
    "Answer",
    "Call",
    "Copy",
    "Fifo",
    "Group",
    "KeyedFifo",
    "Link",
    "Lock",
    "Log",
    "OrderedLink",
    "Outcome",
    "Queue",
    "answer_of",
    "is_applied",
    "outcome_of",
]

T = TypeVar("T")  # a message
W = TypeVar("W")  # who receives: a worker, a consumer
K = TypeVar("K")  # what messages are kept in order for
P = TypeVar("P")  # a partition of a log

# More than the small scopes in which these algorithms go wrong; reaching it ends as UNKNOWN.
DELIVERIES_MAX = 8
OFFSETS_MAX = 8


# ── A queue with locks ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Copy(Generic[T]):
    """A message in a queue, and how many of its deliveries have come to nothing."""

    message: T
    failed: Annotated[int, Limit(0, DELIVERIES_MAX)] = 0


@dataclass(frozen=True)
class Lock(Generic[T, W]):
    """A copy that somebody has received and not settled."""

    copy: Copy[T]
    holder: W


@dataclass(frozen=True)
class Queue(Generic[T, W]):
    """At least once, in any order: what is received stays, locked, until it is settled.

    A lock that expires makes its copy visible again, while whoever held it works on: a zombie,
    whose acknowledgement then changes nothing.

    >>> queue = Queue[str, str]().send("m").receive(Copy("m"), "w")
    >>> queue.acknowledge(Copy("m"), "w") == Queue()
    True
    """

    visible: Bag[Copy[T]] = field(default_factory=lambda: Bag())
    locked: Bag[Lock[T, W]] = field(default_factory=lambda: Bag())
    dead: Bag[T] = field(default_factory=lambda: Bag())

    @pure
    def send(self, message: T) -> Queue[T, W]:
        """One more copy of the message."""
        return replace(self, visible=self.visible + Bag([Copy(message)]))

    @pure
    def receive(self, copy: Copy[T], by: W) -> Queue[T, W]:
        """The copy is locked; it has to be visible."""
        lock = Lock(copy, by)
        return replace(self, visible=self.visible - Bag([copy]), locked=self.locked + Bag([lock]))

    @pure
    def holds(self, copy: Copy[T], by: W) -> bool:
        """Has nobody taken the lock away?"""
        return Lock(copy, by) in self.locked

    @pure
    def acknowledge(self, copy: Copy[T], by: W) -> Queue[T, W]:
        """The copy is gone for good, unless the lock has gone before."""
        return replace(self, locked=self.locked - Bag([Lock(copy, by)]))

    @pure
    def abandon(self, copy: Copy[T], by: W, *, deliveries: int = 0) -> Queue[T, W]:
        """The holder gives the copy back. After so many `deliveries` it is dead; 0: never."""
        return self.expire(Lock(copy, by), deliveries=deliveries)

    @pure
    def expire(self, lock: Lock[T, W], *, deliveries: int = 0) -> Queue[T, W]:
        """The queue takes the copy back. After so many `deliveries` it is dead; 0: never."""
        if lock not in self.locked:
            return self
        failed = lock.copy.failed + 1
        rest = self.locked - Bag([lock])
        if deliveries == 0:
            return replace(self, locked=rest, visible=self.visible + Bag([lock.copy]))
        if failed < deliveries:
            again = Copy(lock.copy.message, failed)
            return replace(self, locked=rest, visible=self.visible + Bag([again]))
        return replace(self, locked=rest, dead=self.dead + Bag([lock.copy.message]))

    @pure
    def dead_letter(self, copy: Copy[T], by: W) -> Queue[T, W]:
        """The holder moves the copy to the dead letters: it will never be handled."""
        if not self.holds(copy, by):
            return self
        rest = self.locked - Bag([Lock(copy, by)])
        return replace(self, locked=rest, dead=self.dead + Bag([copy.message]))

    @pure
    def resubmit(self, message: T) -> Queue[T, W]:
        """A dead letter is sent once more, later and in any order; it has to be dead."""
        sent = self.visible + Bag([Copy(message)])
        return replace(self, dead=self.dead - Bag([message]), visible=sent)

    @pure
    def duplicate(self, copy: Copy[T]) -> Queue[T, W]:
        """The queue itself delivers a visible copy once more."""
        return replace(self, visible=self.visible + Bag([copy]))

    @pure
    def is_settled(self) -> bool:
        """Is every copy acknowledged, or dead?"""
        return len(self.visible) == 0 and len(self.locked) == 0


# ── Queues with an order ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Fifo(Generic[T, W]):
    """One message at a time, in the order sent: while the first is locked, nobody receives.

    >>> fifo = Fifo[str, str]().send("a").send("b").receive("w")
    >>> fifo.is_ready(), fifo.acknowledge("w").first()
    (False, 'b')
    """

    waiting: list[T] = field(default_factory=list[T])
    holder: W | None = None

    @pure
    def send(self, message: T) -> Fifo[T, W]:
        """One more message at the end."""
        return replace(self, waiting=self.waiting + [message])

    @pure
    def is_ready(self) -> bool:
        """Is there a first message that nobody has locked?"""
        return len(self.waiting) > 0 and self.holder is None

    @pure
    def first(self) -> T:
        """The first message; undefined if there is none."""
        return self.waiting[0]

    @pure
    def receive(self, by: W) -> Fifo[T, W]:
        """The first message is locked."""
        return replace(self, holder=by)

    @pure
    def acknowledge(self, by: W) -> Fifo[T, W]:
        """The first message is gone, unless the lock has gone before."""
        if self.holder != by:
            return self
        return Fifo(self.waiting[1:])

    @pure
    def expire(self) -> Fifo[T, W]:
        """The lock is taken away; the first message stays the first."""
        return Fifo(self.waiting)


@dataclass(frozen=True)
class KeyedFifo(Generic[K, T, W]):
    """In the order sent for each key, in any order between keys.

    >>> fifo = KeyedFifo[str, int, str]().send("a", 1).send("b", 2).receive("a", "w")
    >>> sorted(k for k in ("a", "b") if fifo.is_ready(k))
    ['b']
    """

    waiting: dict[K, list[T]] = field(default_factory=dict[K, list[T]])
    holder: dict[K, W] = field(default_factory=dict[K, W])

    @pure
    def send(self, key: K, message: T) -> KeyedFifo[K, T, W]:
        """One more message at the end of its key."""
        none: list[T] = []
        line = self.waiting.get(key, none) + [message]
        return replace(self, waiting=self.waiting | {key: line})

    @pure
    def is_ready(self, key: K) -> bool:
        """Has the key a first message, and nobody its lock?"""
        return key in self.waiting and key not in self.holder

    @pure
    def first(self, key: K) -> T:
        """The first message of the key; undefined if there is none."""
        return self.waiting[key][0]

    @pure
    def receive(self, key: K, by: W) -> KeyedFifo[K, T, W]:
        """The key is locked, with its first message."""
        return replace(self, holder=self.holder | {key: by})

    @pure
    def holds(self, key: K, by: W) -> bool:
        """Has nobody taken the lock away?"""
        return key in self.holder and self.holder[key] == by

    @pure
    def acknowledge(self, key: K, by: W) -> KeyedFifo[K, T, W]:
        """The first message of the key is gone, unless the lock has gone before."""
        if not self.holds(key, by):
            return self
        free = {k: w for k, w in self.holder.items() if k != key}
        if len(self.waiting[key]) == 1:
            return KeyedFifo({k: line for k, line in self.waiting.items() if k != key}, free)
        return KeyedFifo(self.waiting | {key: self.waiting[key][1:]}, free)

    @pure
    def expire(self, key: K) -> KeyedFifo[K, T, W]:
        """The key's lock is taken away; its first message stays the first."""
        return replace(self, holder={k: w for k, w in self.holder.items() if k != key})


# ── A log that is read by offset ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Log(Generic[P, T]):
    """Partitions that only grow; reading takes nothing away.

    >>> log = Log[str, str]().append("p", "a").append("p", "b")
    >>> log.end("p"), log.read("p", 1)
    (2, 'b')
    """

    records: dict[P, list[T]] = field(default_factory=dict[P, list[T]])

    @pure
    def append(self, partition: P, message: T) -> Log[P, T]:
        """One more record at the end of the partition."""
        none: list[T] = []
        line = self.records.get(partition, none) + [message]
        return Log(self.records | {partition: line})

    @pure
    def end(self, partition: P) -> int:
        """The offset that the next record will have."""
        return len(self.records[partition]) if partition in self.records else 0

    @pure
    def read(self, partition: P, offset: int) -> T:
        """The record at the offset; undefined behind the end."""
        return self.records[partition][offset]


@dataclass(frozen=True)
class Group(Generic[P, W]):
    """A consumer group: who reads which partition, and the offset that the group has committed.

    A consumer that has lost its partition reads on until it looks; its commit is rejected.

    >>> group = Group[str, str]().assign("p", "a").commit("p", "a", 1).assign("p", "b")
    >>> group.commit("p", "a", 2).offset("p")
    1
    """

    owner: dict[P, W] = field(default_factory=dict[P, W])
    committed: dict[P, Annotated[int, Limit(0, OFFSETS_MAX)]] = field(default_factory=dict[P, int])

    @pure
    def assign(self, partition: P, to: W) -> Group[P, W]:
        """A rebalance: the partition has another owner, who begins at the committed offset."""
        return replace(self, owner=self.owner | {partition: to})

    @pure
    def revoke(self, partition: P) -> Group[P, W]:
        """A rebalance has begun: nobody owns the partition."""
        return replace(self, owner={p: w for p, w in self.owner.items() if p != partition})

    @pure
    def owns(self, partition: P, who: W) -> bool:
        """Is the partition this consumer's?"""
        return partition in self.owner and self.owner[partition] == who

    @pure
    def offset(self, partition: P) -> int:
        """The offset of the first record that is not committed."""
        return self.committed.get(partition, 0)

    @pure
    def commit(self, partition: P, who: W, offset: int) -> Group[P, W]:
        """Everything before the offset is done, if the partition is still this consumer's."""
        if not self.owns(partition, who):
            return self
        return replace(self, committed=self.committed | {partition: offset})


# ── Links ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Link(Generic[T]):
    """A network that reorders: what is under way arrives in any order, often, or never.

    >>> link = Link[str]().send("a").duplicate("a").receive("a")
    >>> link.lose("a") == Link()
    True
    """

    under_way: Bag[T] = field(default_factory=lambda: Bag())

    @pure
    def send(self, message: T) -> Link[T]:
        """One more message is under way."""
        return Link(self.under_way + Bag([message]))

    @pure
    def receive(self, message: T) -> Link[T]:
        """A message has arrived; it has to be under way."""
        return Link(self.under_way - Bag([message]))

    @pure
    def lose(self, message: T) -> Link[T]:
        """A message under way is lost."""
        return Link(self.under_way - Bag([message]))

    @pure
    def duplicate(self, message: T) -> Link[T]:
        """A message under way will arrive once more."""
        return Link(self.under_way + Bag([message]))

    @pure
    def has_room(self, most: int) -> bool:
        """Are fewer messages under way than the link can hold?"""
        return len(self.under_way) < most


@dataclass(frozen=True)
class OrderedLink(Generic[T]):
    """What is under way, in the order sent, each at a place counted from 0.

    Receiving at place 0 only, it is a connection that may lose; at any place, one that reorders.

    >>> link = OrderedLink[str]().send("a").send("b").lose(0)
    >>> link.at(0), link.receive(0) == OrderedLink()
    ('b', True)
    """

    under_way: list[T] = field(default_factory=list[T])

    @pure
    def send(self, message: T) -> OrderedLink[T]:
        """One more message behind the others."""
        return OrderedLink(self.under_way + [message])

    @pure
    def has_at(self, place: int) -> bool:
        """Is there a message at the place?"""
        return place < len(self.under_way)

    @pure
    def at(self, place: int) -> T:
        """The message at the place; undefined if there is none."""
        return self.under_way[place]

    @pure
    def receive(self, place: int = 0) -> OrderedLink[T]:
        """The message at the place has arrived."""
        return self.lose(place)

    @pure
    def lose(self, place: int) -> OrderedLink[T]:
        """The message at the place is lost."""
        places = range(len(self.under_way))
        return OrderedLink([self.under_way[i] for i in places if i != place])

    @pure
    def duplicate(self, place: int) -> OrderedLink[T]:
        """The message at the place will arrive once more, behind all others."""
        return OrderedLink(self.under_way + [self.under_way[place]])

    @pure
    def has_room(self, most: int) -> bool:
        """Are fewer messages under way than the link can hold?"""
        return len(self.under_way) < most
