"""Checks of events alone: what the lines of one key must never be, whatever the model says.

Owns what a monitor is and the usual ones. A monitor keeps one small state for each key and gets the
lines one at a time, in the single reading that validation uses; it goes on after a rejection and
needs no mapping to a model. It says in which order it needs the lines of a key: `"any"` (its answer
is the same in every order), `"node"` (each node's own lines, in their order) or `"file"` (a log
whose mapping says that its lines happened as they stand). Nothing else orders lines: a log of two
nodes in which the second shipment stands above the first is a good log.

A monitor of your own is a few lines:

    class ShipsOnce(Monitor):
        '''An order ships once.'''

        events = ("consume",)
        key = ("order",)
        fields = ("outcome",)
        order = "any"

        def step(self, state, event, at, outcome):
            if outcome != "shipped":
                return state
            if state is not None:
                raise Broken("it ships again", earlier=state)
            return at
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from .event import FieldValue

__all__ = [
    "At", "AtMostOnce", "Broken", "Contiguous", "Monitor", "Needs", "Never", "Order", "Rising",
    "Same", "TooMany", "Unfit", "Where", "matches",
]  # fmt: skip

At = int
"""A line, to be handed back in `Broken(earlier=…)`; it is neither a line number nor ordered."""

Order = Literal["any", "node", "file"]
Where = Mapping[str, object]
"""Of a field, the value it must have, several that it may have (a tuple), or a function of it."""

DIGITS_MAX = 20  # of a number that is written as a text
RUNS_MAX = 64  # pieces of a sequence that `Contiguous` remembers for one key


class Broken(Exception):
    """Raised by `step` or `merge`: the line breaks the rule.

    `earlier` is another line, which it contradicts. The state is then `state`, by default
    unchanged. `at` is needed in `merge` alone: the line that breaks the rule.
    """

    def __init__(
        self, message: str, *, earlier: At | None = None, state: Any = ..., at: At | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.earlier = earlier
        self.state = state
        self.at = at


class Monitor:
    """What the lines of one key must never be. The docstring is what it says.

    `events`: names of the events it looks at. `key`: the fields that name what it keeps a state
    for. `fields`: what `step` gets beside, in this order. `where`: of other lines it sees nothing.
    """

    events: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    where: Where = {}
    order: Order | None = None

    @property
    def says(self) -> str:
        """What is claimed, in a line."""
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0]

    def step(self, *told: Any, **none: Any) -> Any:
        """`step(state, event, at, *values)`: the state of the key after a line.

        `state` is None before the first line, and never changed in place; `values` are those of
        `fields`, by position. Raises: Broken.
        """
        raise NotImplementedError

    def end(self, state: Any) -> str | None:
        """What is missing when no more lines come, if anything is."""
        return None

    def merge(self, first: Any, second: Any) -> Any:
        """The state after the lines of both, `second` reached from None by the later lines.

        Only monitors that have it let a long log be read by two processes. Raises: Broken.
        """
        raise NotImplementedError


class _Told(Monitor):
    """A monitor that is made by a call: its words are an argument."""

    def __init__(
        self,
        events: str | tuple[str, ...],
        key: str | tuple[str, ...],
        says: str,
        where: Where | None,
    ) -> None:
        self.events = (events,) if isinstance(events, str) else events
        self.key = (key,) if isinstance(key, str) else key
        self.where = where or {}
        self._says = says

    @property
    def says(self) -> str:
        return self._says


class Never(_Told):
    """No line is like this."""

    order: Order | None = "any"

    def __init__(
        self, events: str | tuple[str, ...], *, key: str | tuple[str, ...], where: Where, says: str
    ) -> None:
        super().__init__(events, key, says, where)

    def step(self, state: bool | None, event: str, at: At) -> bool:
        raise Broken("there is such a line", state=True)

    def merge(self, first: bool, second: bool) -> bool:
        return True


class AtMostOnce(_Told):
    """At most one such line for each key: a message is committed once, an order ships once."""

    order: Order | None = "any"

    def __init__(
        self,
        events: str | tuple[str, ...],
        *,
        key: str | tuple[str, ...],
        says: str,
        where: Where | None = None,
    ) -> None:
        super().__init__(events, key, says, where)

    def step(self, state: At | None, event: str, at: At) -> At:
        if state is not None:
            raise Broken("again", earlier=state)
        return at

    def merge(self, first: At, second: At) -> At:
        raise Broken("again", earlier=first, at=second)


Content = tuple[tuple[FieldValue, ...], At]


class Same(_Told):
    """All lines of a key agree in these fields: a copy of an output has the same content."""

    order: Order | None = "any"

    def __init__(
        self,
        events: str | tuple[str, ...],
        *,
        key: str | tuple[str, ...],
        fields: str | tuple[str, ...],
        says: str,
        where: Where | None = None,
    ) -> None:
        super().__init__(events, key, says, where)
        self.fields = (fields,) if isinstance(fields, str) else fields

    def step(self, state: Content | None, event: str, at: At, *values: FieldValue) -> Content:
        if state is None:
            return values, at
        self._compare(state, (values, at))
        return state

    def merge(self, first: Content, second: Content) -> Content:
        self._compare(first, second)
        return first

    def _compare(self, first: Content, second: Content) -> None:
        if _equal(first[0], second[0]):
            return
        for name, before, now in zip(self.fields, first[0], second[0], strict=True):
            if not _equal((before,), (now,)):
                what = f"{name} is {now!r}, and was {before!r}"
                raise Broken(what, earlier=first[1], at=second[1])


def _equal(left: tuple[FieldValue, ...], right: tuple[FieldValue, ...]) -> bool:
    """Equal in type too: 1 is not true."""
    return left == right and all(type(a) is type(b) for a, b in zip(left, right, strict=True))


Climb = tuple[int, At, int, At]
"""The first number and the last, with their lines."""


class Rising(_Told):
    """A number never goes back: a fencing token, a version, an epoch.

    Of each node alone, because no order is known between lines of two; in a log whose lines
    happened as they stand, `order="file"` holds all nodes against each other. `strictly`: nor does
    it stay.
    """

    def __init__(
        self,
        events: str | tuple[str, ...],
        *,
        key: str | tuple[str, ...],
        field: str,
        says: str,
        where: Where | None = None,
        strictly: bool = False,
        order: Literal["node", "file"] = "node",
    ) -> None:
        super().__init__(events, key, says, where)
        self.fields = (field,)
        self.order = order
        self.strictly = strictly

    def step(self, state: Climb | None, event: str, at: At, value: FieldValue) -> Climb:
        number = _whole(value, self.fields[0])
        if state is None:
            return number, at, number, at
        first, began, last, earlier = state
        self._check(last, number, earlier, at)
        return first, began, number, at

    def merge(self, first: Climb, second: Climb) -> Climb:
        begins, began, last, earlier = first
        number, at, ends, ended = second
        state = begins, began, max(last, ends), ended
        try:
            self._check(last, number, earlier, at)
        except Broken as why:
            why.state = state
            raise
        return state

    def _check(self, last: int, number: int, earlier: At, at: At) -> None:
        if number < last or (self.strictly and number == last):
            how = "goes back" if number < last else "stays"
            raise Broken(f"{self.fields[0]} {how}: {number} after {last}", earlier=earlier, at=at)


Runs = tuple[tuple[int, int], ...]
"""The numbers that have come, as runs without a hole (from, to), in their order."""


class Contiguous(_Told):
    """The numbers of a key follow each other, none is missing and none comes twice.

    In any order, as long as no more than `RUNS_MAX` runs are apart at a time. `first`: where they
    begin; None: anywhere.
    """

    order: Order | None = "any"

    def __init__(
        self,
        events: str | tuple[str, ...],
        *,
        key: str | tuple[str, ...],
        field: str,
        says: str,
        where: Where | None = None,
        first: int | None = None,
    ) -> None:
        super().__init__(events, key, says, where)
        self.fields = (field,)
        self.first = first

    def step(self, state: Runs | None, event: str, at: At, value: FieldValue) -> Runs:
        number = _whole(value, self.fields[0])
        if state is None:
            return ((number, number),)
        low, high = state[-1]
        if number == high + 1:  # the usual case
            return (*state[:-1], (low, number))
        return self._joined(state, ((number, number),))

    def merge(self, first: Runs, second: Runs) -> Runs:
        return self._joined(first, second)

    def _joined(self, first: Runs, second: Runs) -> Runs:
        found: list[tuple[int, int]] = []
        twice: int | None = None
        for low, high in sorted((*first, *second)):
            if found and low <= found[-1][1]:
                twice = low
            if found and low <= found[-1][1] + 1:
                found[-1] = found[-1][0], max(high, found[-1][1])
            else:
                found.append((low, high))
        if len(found) > RUNS_MAX:
            raise TooMany
        if twice is not None:
            raise Broken(f"{self.fields[0]} is {twice} a second time", state=tuple(found))
        return tuple(found)

    def end(self, state: Runs) -> str | None:
        if len(state) > 1:
            (_, after), (before, _) = state[:2]
            return f"between {self.fields[0]} {after} and {before} some are missing"
        if self.first is not None and state[0][0] > self.first:
            return f"{self.fields[0]} begins at {state[0][0]} instead of {self.first}"
        return None


class TooMany(Exception):
    """A monitor cannot say more of this key in constant memory; it is then undecided."""


class Needs(_Told):
    """Each key with a line of `event` has one of `by`, before or after it.

    Only the end of the log can decide it (`--ended`), and a line that was lost can excuse it.
    """

    order: Order | None = "any"

    def __init__(
        self,
        event: str,
        *,
        by: str,
        key: str | tuple[str, ...],
        says: str,
    ) -> None:
        super().__init__((event, by), key, says, None)

    def step(self, state: int | None, event: str, at: At) -> int:
        return (state or 0) | (1 if event == self.events[0] else 2)

    def merge(self, first: int, second: int) -> int:
        return first | second

    def end(self, state: int) -> str | None:
        return f"{self.events[0]} without {self.events[1]}" if state == 1 else None


def _whole(value: FieldValue, name: str) -> int:
    """The number; also one that is written as a text, as some formats write all values."""
    if isinstance(value, str) and len(value) <= DIGITS_MAX and _NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(name)
    return value


_NUMBER = re.compile(r"-?[0-9]+")


class Unfit(Exception):
    """A field is not of the type that the monitor needs; the line is counted as not seen."""


def matches(where: Where) -> Callable[[tuple[FieldValue, ...]], bool]:
    """Do values, in the order of `where`, fit it?"""
    tests = [_test(wanted) for wanted in where.values()]
    if len(tests) == 1:
        (test,) = tests
        return lambda values: test(values[0])
    return lambda values: all(test(value) for test, value in zip(tests, values, strict=True))


def _test(wanted: object) -> Callable[[FieldValue], bool]:
    if callable(wanted):
        return cast("Callable[[FieldValue], bool]", wanted)
    several = wanted if isinstance(wanted, tuple) else (wanted,)
    return lambda value: any(value == each and type(value) is type(each) for each in several)
