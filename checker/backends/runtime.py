"""What generated Python calls: the operations on encoded values that Python has no operator for.

Owns the definedness of these operations: where the language says "undefined", they raise
`Undefined`. Values are those of `states.py`; every function returns a new value and changes
nothing. A `Site` is a place in the user's source that can fail; it makes the message when it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .. import ir
from ..source import Span
from ..states import Value, atom_name, in_order, show
from .failure import Failure

__all__ = ["CALLED", "Blocked", "Site", "Undefined"]

# The names that generated code sees.
CALLED = (
    "Blocked", "Undefined", "bag_count", "bag_elements", "bag_erase", "bag_has", "bag_insert",
    "bag_join", "bag_of", "bag_size", "distinct", "divided", "fresh", "greatest", "keys", "least",
    "map_at", "map_put", "of_class", "ordered", "partial_at", "partial_has", "partial_join",
    "partial_put", "partial_without", "remainder", "seq_at", "seq_erase", "seq_put",
    "seq_without", "some",
)  # fmt: skip

Bag = frozenset[tuple[Value, int]]
Partial = frozenset[tuple[Value, Value]]
Seq = tuple[Value, ...]


class Undefined(Exception):
    """An expression has no value, or a check was false. `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Blocked(Exception):
    """A guard inside a loop is false: there is no step."""


@dataclass(frozen=True)
class Site:
    """A place that can fail. `type` is that of the value which its message shows."""

    text: str
    span: Span
    type: ir.Type = ir.INT
    subject: str = ""
    kind: str = "undefined"
    bounds: tuple[int, int] | None = None

    def _fail(self, message: str, *, is_cut: bool = False) -> Undefined:
        return Undefined(Failure(is_cut, message, self.subject, self.span, self.kind))

    def no_entry(self, key: Value) -> Undefined:
        return self._fail(f"`{self.text}`: no entry for {_shown(key, self.type)}")

    def no_index(self, index: Value, length: int) -> Undefined:
        return self._fail(f"`{self.text}`: index {index} of a list of {length}")

    def is_none(self) -> Undefined:
        return self._fail(f"`{self.text}` is None")

    def other_class(self, tag: Value) -> Undefined:
        return self._fail(f"`{self.text}` is a {tag}")

    def of_nothing(self) -> Undefined:
        return self._fail(f"`{self.text}`: min or max of nothing")

    def no_division(self, divisor: int) -> Undefined:
        return self._fail(f"`{self.text}`: the divisor is {divisor}")

    def exhausted(self, size: int) -> Undefined:
        last = atom_name(self.subject, size - 1)
        return self._fail(
            f"`{self.text}`: all {size} of {self.subject}, up to {last}, are in use", is_cut=True
        )

    def untrue(self, *values: Value) -> Undefined:
        """A check was false; the value, where there is one, is what was to be stored or removed."""
        match self.kind:
            case "assert":
                return self._fail(f"`{self._assertion()}` is false")
            case "bounds":
                return self._fail(self._outside("outside Bounds", *values))
            case "limit":
                return self._fail(self._outside("beyond Limit", *values), is_cut=True)
            case "capacity":
                of = f"the capacity {self.bounds[1]}" if self.bounds else "the capacity"
                return self._fail(f"{of} of `{self.subject}` is exceeded", is_cut=True)
        what = f": {_shown(values[0], self.type)} is not there" if values else " finds nothing"
        return self._fail(f"`{self.text}`{what}")

    def _assertion(self) -> str:
        text = self.subject or self.text
        return text if text.startswith("assert") else f"assert {text}"

    def _outside(self, words: str, *values: Value) -> str:
        value = str(values[0]) if values else "a value"
        bounds = str(self.bounds) if self.bounds is not None else ""
        return f"`{self.subject}` would become {value}, {words}{bounds}"


def _shown(value: Value, type_: ir.Type) -> str:
    return show(value, type_)


# ── Bags ─────────────────────────────────────────────────────────────────────────────────────────


def bag_has(bag: Bag, item: Value) -> bool:
    return bag_count(bag, item) > 0


def bag_count(bag: Bag, item: Value) -> int:
    if (item, 1) in bag:
        return 1
    for each, count in bag:
        if each == item:
            return count
    return 0


def bag_size(bag: Bag) -> int:
    return sum([count for _, count in bag])


def bag_insert(bag: Bag, item: Value) -> Bag:
    for pair in bag:
        if pair[0] == item:
            return (bag - {pair}) | {(item, pair[1] + 1)}
    return bag | {(item, 1)}


def bag_erase(bag: Bag, item: Value) -> Bag:
    for pair in bag:
        if pair[0] == item:
            rest = bag - {pair}
            return rest | {(item, pair[1] - 1)} if pair[1] > 1 else rest
    return bag


def bag_of(items: Iterable[Value]) -> Bag:
    return frozenset(Counter(items).items())


def bag_join(left: Bag, right: Bag) -> Bag:
    counts = Counter(dict(left))
    counts.update(dict(right))
    return frozenset(counts.items())


def bag_elements(bag: Bag) -> list[Value]:
    return [item for item, count in bag for _ in range(count)]


# ── Partial maps ─────────────────────────────────────────────────────────────────────────────────


def partial_has(partial: Partial, key: Value) -> bool:
    return any(each == key for each, _ in partial)


def partial_at(partial: Partial, key: Value, site: Site) -> Value:
    for each, value in partial:
        if each == key:
            return value
    raise site.no_entry(key)


def partial_put(partial: Partial, key: Value, value: Value) -> Partial:
    return frozenset([pair for pair in partial if pair[0] != key] + [(key, value)])


def partial_without(partial: Partial, key: Value) -> Partial:
    return frozenset([pair for pair in partial if pair[0] != key])


def partial_join(left: Partial, right: Partial) -> Partial:
    return frozenset((dict(left) | dict(right)).items())


def keys(pairs: Iterable[tuple[Value, Value]]) -> frozenset[Value]:
    return frozenset([key for key, _ in pairs])


# ── Maps ─────────────────────────────────────────────────────────────────────────────────────────
# `places` tells for each key where its value stands; an int outside the key's type has no place.


def map_at(values: Seq, key: Value, places: dict[Value, int], site: Site) -> Value:
    if key not in places:
        raise site.no_entry(key)
    return values[places[key]]


def map_put(values: Seq, key: Value, value: Value, places: dict[Value, int], site: Site) -> Seq:
    if key not in places:
        raise site.no_entry(key)
    place = places[key]
    return (*values[:place], value, *values[place + 1 :])


# ── Sequences ────────────────────────────────────────────────────────────────────────────────────


def _place(seq: Seq, index: int, site: Site) -> int:
    if not -len(seq) <= index < len(seq):
        raise site.no_index(index, len(seq))
    return index % len(seq)


def seq_at(seq: Seq, index: int, site: Site) -> Value:
    return seq[_place(seq, index, site)]


def seq_put(seq: Seq, index: int, value: Value, site: Site) -> Seq:
    place = _place(seq, index, site)
    return (*seq[:place], value, *seq[place + 1 :])


def seq_without(seq: Seq, index: int, site: Site) -> Seq:
    place = _place(seq, index, site)
    return seq[:place] + seq[place + 1 :]


def seq_erase(seq: Seq, item: Value) -> Seq:
    if item not in seq:
        return seq
    place = seq.index(item)
    return seq[:place] + seq[place + 1 :]


def distinct(seq: Sequence[Value]) -> list[Value]:
    """In the order of their first occurrence."""
    return list(dict.fromkeys(seq))


# ── Options, unions, numbers, ids ────────────────────────────────────────────────────────────────


def some(value: Value, site: Site) -> Value:
    if value is None:
        raise site.is_none()
    return value


def of_class(record: tuple[Value, ...], tags: tuple[str, ...], site: Site) -> Value:
    if record[0] not in tags:
        raise site.other_class(record[0])
    return record


def least(values: list[int], site: Site) -> int:
    if not values:
        raise site.of_nothing()
    return min(values)


def greatest(values: list[int], site: Site) -> int:
    if not values:
        raise site.of_nothing()
    return max(values)


def divided(left: int, right: int, site: Site) -> int:
    if right <= 0:
        raise site.no_division(right)
    return left // right


def remainder(left: int, right: int, site: Site) -> int:
    if right <= 0:
        raise site.no_division(right)
    return left % right


def fresh(atoms: tuple[Value, ...], used: frozenset[Value], site: Site) -> Value:
    for atom in atoms:
        if atom not in used:
            return atom
    raise site.exhausted(len(atoms))


def ordered(values: Iterable[Value]) -> list[Value]:
    """Sorted by themselves, so that no order of a hash table is seen."""
    return in_order(values)
