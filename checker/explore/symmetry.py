"""Symmetry: one state of each orbit stands for all that differ only in which id is which.

Owns which sorts are interchangeable in a run, the representative of an orbit and the orbit's size.
It is the plain form of what `backends/native/orbits.py` does on packed words; both are exact, so
both engines count the same orbits, whichever member of an orbit each of them keeps.

The ids of each sort are put in the order of their *marks*: what a state looks like with this id
painted and all others alike. A mark moves with its id, so members of one orbit are arranged alike;
ids with equal marks are tied, and all their orders are tried, the least state being the
representative. How often it comes out is the number of renamings that leave the state as it is,
and so says how large the orbit is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, islice, pairwise, permutations, product
from math import factorial, prod
from typing import Any

from .. import ir
from ..passes.renaming import renamed_value, sorts_in, uneven_sorts
from ..states import State, Value, sort_sizes, universe
from .outcome import Reduction

__all__ = ["TRIED_MAX", "Orbit", "Symmetry", "symmetry_of"]

# Orders of tied ids that are tried for one state. Beyond, a state may have several
# representatives: still sound, but the size of its orbit is not known.
TRIED_MAX = 5040

_REMEMBERED_MAX = 1 << 16  # values of one variable whose renamings are kept

Names = tuple[tuple[int, ...], ...]  # for each sort the new index of each id


def symmetry_of(model: ir.Model) -> tuple[Symmetry | None, Reduction | None]:
    """The symmetry that a search of the model may use, and what the report says of it.

    A model with liveness is searched in full: a cycle of orbits need not be one of states, and the
    ids that a behaviour is fair to would change on the way round.
    """
    sorts = [s for s in model.sorts if s.size > 1]
    if not sorts:
        return None, None
    live = [p.name for p in model.props if p.kind.is_liveness]
    if live:
        return None, Reduction(off=f"{', '.join(live)} (liveness) needs every state")
    uneven = uneven_sorts(model)
    even = tuple(s.name for s in sorts if s.name not in uneven)
    told = tuple((s.name, uneven[s.name]) for s in sorts if s.name in uneven)
    if not even:
        return None, Reduction(off="no sort has interchangeable ids", uneven=told)
    return Symmetry(model, even), Reduction(even, uneven=told)


@dataclass(frozen=True)
class Orbit:
    """`size` is None where too many ids are tied; the representative may then be one of several."""

    representative: State
    size: int | None


class Symmetry:
    """The renamings of some sorts of a bound model."""

    def __init__(
        self, model: ir.Model, sorts: tuple[str, ...], *, tried_max: int = TRIED_MAX
    ) -> None:
        sizes = dict(sort_sizes(model))
        self.sorts = sorts
        self.sizes = tuple(sizes[name] for name in sorts)
        self.order = prod(map(factorial, self.sizes))
        self._tried_max = tried_max
        self._columns = [_Column(model, v.type, sorts, self.sizes) for v in model.vars]

    def orbit(self, state: State) -> Orbit:
        """The orbit of a state."""
        ties = self._ties(state)
        if not ties.open:  # as nearly always
            return Orbit(self.renamed(state, ties.names), self.order // ties.alike)
        best, best_key, times = state, None, 0
        for names in islice(ties.all_names(), self._tried_max):
            one = self.renamed(state, names)
            key = self._key(one)
            if best_key is None or key < best_key:
                best, best_key, times = one, key, 1
            elif key == best_key:
                times += 1
        if prod(factorial(len(group)) for _, group in ties.open) > self._tried_max:
            return Orbit(best, None)
        return Orbit(best, self.order // (times * ties.alike))

    def renamed(self, state: State, names: Names) -> State:
        """The state with other ids."""
        return tuple(
            [column.renamed(v, names) for column, v in zip(self._columns, state, strict=True)]
        )

    def is_same_orbit(self, one: State, other: State) -> bool:
        """Can one be renamed into the other?"""
        wanted = self.renamed(other, self._ties(other).names)
        return any(self.renamed(one, names) == wanted for names in self._ties(one).all_names())

    def all_names(self) -> Iterator[Names]:
        """Every renaming."""
        return product(*(permutations(range(size)) for size in self.sizes))

    # ── Marks and ties ──

    def _ties(self, state: State) -> _Ties:
        marks = [c.marks(v) for c, v in zip(self._columns, state, strict=True) if c.has_ids]
        ties = _Ties()
        for place, size in enumerate(self.sizes):
            of_id = list(zip(*[mark[place] for mark in marks], strict=True))
            order = sorted(range(size), key=of_id.__getitem__) if of_id else list(range(size))
            ties.orders.append(order)
            if len(set(of_id)) == size:
                continue
            for _, tied in groupby(order, of_id.__getitem__ if of_id else lambda _: ()):
                group = list(tied)
                if len(group) > 1 and self._are_alike(state, place, group):
                    ties.alike *= factorial(len(group))
                elif len(group) > 1:
                    ties.open.append((place, group))
        return ties

    def _are_alike(self, state: State, place: int, group: Sequence[int]) -> bool:
        """Does the state stay as it is when these ids of one sort change places?"""
        for a, b in pairwise(group):
            names = [tuple(range(size)) for size in self.sizes]
            swapped = list(names[place])
            swapped[a], swapped[b] = b, a
            names[place] = tuple(swapped)
            given = tuple(names)
            if any(c.renamed(v, given) != v for c, v in zip(self._columns, state, strict=True)):
                return False
        return True

    def _key(self, state: State) -> tuple[Any, ...]:
        columns = zip(self._columns, state, strict=True)
        return tuple([column.key(value) for column, value in columns if column.has_ids])


@dataclass
class Representatives:
    """The orbits that one search has met. `states` and `generated` count what the visited states
    stand for; None, if the size of an orbit is not known.
    """

    symmetry: Symmetry
    states: int | None = 0
    generated: int | None = 0
    _known: dict[State, State] = field(default_factory=dict)
    _sizes: dict[State, int | None] = field(default_factory=dict)

    def of(self, state: State) -> State:
        """The state that is visited for this one."""
        found = self._known.get(state)
        if found is None:
            orbit = self.symmetry.orbit(state)
            found = orbit.representative
            self._sizes[found] = orbit.size
            _forget(self._known)
            self._known[state] = found
        return found

    def count(self, representative: State, steps: int) -> None:
        """A representative was expanded, and has so many successors."""
        size = self._sizes.pop(representative, None)
        if size is None or self.states is None or self.generated is None:
            self.states = self.generated = None
        else:
            self.states += size
            self.generated += size * steps

    def counted(self, reduction: Reduction, initial: int) -> Reduction:
        """With the counts of the full graph, once it is complete."""
        generated = None if self.generated is None else self.generated + initial
        return replace(reduction, states=self.states, generated=generated)


@dataclass
class _Ties:
    """The ids of each sort in the order of their marks. `alike` is the number of renamings that
    move only ids which may change places anyway; the groups of other tied ids are `open`, each with
    the place of its sort.
    """

    orders: list[list[int]] = field(default_factory=list)
    open: list[tuple[int, list[int]]] = field(default_factory=list)
    alike: int = 1

    @property
    def names(self) -> Names:
        """One of the renamings that put ids in the order of their marks."""
        return tuple([_ranks(order) for order in self.orders])

    def all_names(self) -> Iterator[Names]:
        """All of them; of alike ids, one order."""
        for chosen in product(*(permutations(group) for _, group in self.open)):
            orders = [list(order) for order in self.orders]
            for (place, group), ids in zip(self.open, chosen, strict=True):
                begin = orders[place].index(group[0])
                orders[place][begin : begin + len(ids)] = ids
            yield tuple([_ranks(order) for order in orders])


def _ranks(order: Sequence[int]) -> tuple[int, ...]:
    new = [0] * len(order)
    for rank, old in enumerate(order):
        new[old] = rank
    return tuple(new)


# ── One variable ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Column:
    """The values of one variable: renamed, marked, and in an order of their own.

    Variables take few values, so what was found for one is kept.
    """

    model: ir.Model
    type: ir.Type
    sorts: tuple[str, ...]
    counts: tuple[int, ...]
    _renamed: dict[tuple[Value, Names], Value] = field(default_factory=dict)
    _marks: dict[Value, tuple[tuple[Any, ...], ...]] = field(default_factory=dict)
    _keys: dict[Value, Any] = field(default_factory=dict)

    @cached_property
    def has_ids(self) -> bool:
        return not sorts_in(self.type).isdisjoint(self.sorts)

    def renamed(self, value: Value, names: Names) -> Value:
        if not self.has_ids:
            return value
        asked = (value, names)
        if asked not in self._renamed:
            _forget(self._renamed)
            given = dict(zip(self.sorts, names, strict=True))
            self._renamed[asked] = renamed_value(value, self.type, given, sort_sizes(self.model))
        return self._renamed[asked]

    def marks(self, value: Value) -> tuple[tuple[Any, ...], ...]:
        """For each sort and each of its ids, how the value looks with this id painted."""
        if value not in self._marks:
            _forget(self._marks)
            self._marks[value] = tuple(
                tuple(self._painted(value, self.type, (name, i)) for i in range(count))
                for name, count in zip(self.sorts, self.counts, strict=True)
            )
        return self._marks[value]

    def key(self, value: Value) -> Any:
        if value not in self._keys:
            _forget(self._keys)
            self._keys[value] = self._painted(value, self.type, None)
        return self._keys[value]

    def _painted(self, value: Value, type_: ir.Type, paint: tuple[str, int] | None) -> Any:
        """The value as something that has an order: painted ids are 1 and others 0.

        Without `paint`, ids are themselves, and different values are different.
        """

        def of(inner: Value, inner_type: ir.Type) -> Any:
            return self._painted(inner, inner_type, paint)

        inside: Any = value
        match type_:
            case ir.Sort(name):
                if paint is None or name not in self.sorts:
                    return inside
                return int(paint == (name, inside))
            case ir.Option(item):
                return () if value is None else (of(value, item),)
            case ir.Record(_, fields):
                return tuple([of(v, t) for v, (_, t) in zip(inside[1:], fields, strict=True)])
            case ir.Union(records):
                record = next(r for r in records if r.name == inside[0])
                return inside[0], of(value, record)
            case ir.Set(item):
                return tuple(sorted([of(v, item) for v in inside]))
            case ir.Bag(item):
                return tuple(sorted([(of(v, item), copies) for v, copies in inside]))
            case ir.Seq(item):
                return tuple([of(v, item) for v in inside])
            case ir.Partial(key, item):
                return tuple(sorted([(of(k, key), of(v, item)) for k, v in inside]))
            case ir.Map(key, item):
                keys = universe(key, sort_sizes(self.model))
                pairs = zip(keys, inside, strict=True)
                return tuple(sorted([(of(k, key), of(v, item)) for k, v in pairs]))
        return value


def _forget(kept: dict[Any, Any]) -> None:
    if len(kept) >= _REMEMBERED_MAX:
        kept.clear()
