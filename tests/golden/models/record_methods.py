"""Records with methods: collections in them, type parameters, what a step assigns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Generic, TypeVar

from checker import Bag, Bounds, Capacity, Id, Map, Model, action, choose, invariant, pure, when, witness

T = TypeVar("T")
K = TypeVar("K")


class OrderId(Id, scope=2):
    """An order."""


class Shelf(Id, scope=2):
    """Where orders lie."""


@dataclass(frozen=True)
class Tried(Generic[T]):
    what: T
    times: Annotated[int, Bounds(0, 1)] = 0


@dataclass(frozen=True)
class Box(Generic[T, K]):
    """One of each collection, and parameters that stand deep inside."""

    copies: Bag[Tried[T]] = field(default_factory=lambda: Bag())
    line: list[T] = field(default_factory=list[T])
    held: dict[K, Tried[T]] = field(default_factory=dict[K, Tried[T]])
    seen: set[T] = field(default_factory=set[T])
    last: Tried[T] | None = None

    @pure
    def put(self, what: T, *, times: int = 0) -> Box[T, K]:
        copy = Tried(what, times)
        return replace(self, copies=self.copies + Bag([copy]), seen=self.seen | {what}, last=copy)

    @pure
    def taken(self, copy: Tried[T], by: K) -> Box[T, K]:
        """A method that calls another, and an operator of each collection."""
        return replace(
            self.lined_up(copy.what),
            copies=self.copies - Bag([copy]),
            held=self.held | {by: copy},
        )

    @pure
    def lined_up(self, what: T) -> Box[T, K]:
        return replace(self, line=self.line + [what])

    @pure
    def served(self) -> Box[T, K]:
        return replace(self, line=self.line[1:])

    @pure
    def without_last(self) -> Box[T, K]:
        return replace(self, line=self.line[:-1])

    @pure
    def emptied(self, of: K) -> Box[T, K]:
        kept: dict[K, Tried[T]] = {k: c for k, c in self.held.items() if k != of}
        return Box(self.copies, self.line, kept)

    @pure
    def has(self, what: T) -> bool:
        return any(c.what == what for c in self.copies.values())


@pure
def weight(box: Box[T, K]) -> int:
    """A generic helper; `T` is another in each call."""
    return len(box.copies) + len(box.line) + len(box.held)


@pure
def newest(box: Box[T, K], otherwise: Tried[T]) -> T:
    return otherwise.what if box.last is None else box.last.what


class RecordMethods(Model):
    box: Annotated[Box[OrderId, Shelf], Capacity(2)] = Box()
    other: Box[Shelf, OrderId] = Box()
    boxes: Map[Shelf, Box[bool, OrderId]] = Map(Box())
    sent: set[OrderId] = set()

    @action
    def put(self, order: OrderId) -> None:
        when(order not in self.sent)
        self.sent.add(order)
        self.box = self.box.put(order, times=1)

    @action
    def take(self, shelf: Shelf) -> None:
        when(shelf not in self.box.held)
        copy = choose(self.box.copies)
        self.box = self.box.taken(copy, shelf)

    @action
    def serve(self, at_the_end: bool) -> None:
        when(weight(self.box) > 1)
        box = self.box.without_last() if at_the_end else self.box.served()
        self.box = box

    @action
    def empty(self, shelf: Shelf) -> None:
        when(shelf in self.box.held)
        self.box = self.box.emptied(shelf)

    @action
    def note(self, shelf: Shelf) -> None:
        when(weight(self.other) == 0 and not self.boxes[shelf].has(True))
        self.other = self.other.put(shelf)
        self.boxes[shelf] = self.boxes[shelf].put(len(self.box.line) > 0)

    @invariant
    def nothing_else_is_held(self, shelf: Shelf) -> bool:
        return shelf not in self.box.held or self.box.held[shelf].what in self.sent

    @invariant
    def newest_was_sent(self, order: OrderId) -> bool:
        return order not in self.sent or newest(self.box, Tried(order)) in self.sent

    @witness
    def both_are_held(self) -> bool:
        return len(self.box.held) == 2
