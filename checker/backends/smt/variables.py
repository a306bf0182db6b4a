"""Variables of the solver for values of a type, and the terms that values put in their place.

Owns the layout: which variables stand for a value, in which order, what is true of them, and
whether a value can be stored in them at all. A state's variables are its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from ... import ir
from ...states import Sizes, Value, universe
from . import numbers, solver
from .numbers import Number, Unsupported
from .solver import Bit, Term, conj, disj, implies, neg
from .values import (
    Atom,
    BagOf,
    MapOf,
    Maybe,
    OneOf,
    PartialOf,
    Rec,
    SeqOf,
    SetOf,
    Sym,
    as_bit,
    default,
    elements_of,
)

__all__ = ["Layout", "fits", "leaves"]

# Each operation on a sequence of n items costs n² terms; longer ones belong to the other engines.
_ITEMS_MAX = 12


@dataclass
class Layout:
    """Makes variables, and keeps them with what is true of them."""

    sizes: Sizes
    terms: list[Term] = field(default_factory=list)
    facts: list[Bit] = field(default_factory=list)

    def bit(self, name: str) -> Term:
        # The number keeps names apart that are spelled alike, as of an option in a partial map.
        term = solver.variable(f"{name}/{len(self.terms)}")
        self.terms.append(term)
        return term

    def number(self, name: str, lo: int, hi: int) -> Number:
        made = numbers.fresh(f"{name}/{len(self.terms)}", lo, hi)
        if made.term is not None:
            self.terms.append(made.term)
            # `made` says that it is in the interval, so the fact has to be asked of the vector.
            wide = Number(_least(made), _most(made), made.term)
            self.facts.append(numbers.less(numbers.constant(lo), wide, or_equal=True))
            self.facts.append(numbers.less(wide, numbers.constant(hi), or_equal=True))
        return made

    def one_of(self, name: str, options: tuple[Value, ...]) -> dict[Value, Bit]:
        if len(options) == 1:
            return {options[0]: True}
        if len(options) == 2:
            bit = self.bit(name)
            return {options[0]: neg(bit), options[1]: bit}
        bits: dict[Value, Bit] = {v: self.bit(f"{name}={v}") for v in options}
        self.facts.append(disj(*bits.values()))
        self.facts.append(solver.at_most_one(list(bits.values())))
        return bits

    def fresh(self, type_: ir.Type, name: str) -> Sym:
        """Any value of the type. Raises: Unsupported."""
        match type_:
            case ir.Bool():
                return self.bit(name)
            case ir.Int(lo, hi):
                if lo is None or hi is None:
                    raise Unsupported(f"`{name}`, an int without bounds")
                return self.number(name, lo, hi)
            case ir.Sort() | ir.Enum():
                return Atom(self.one_of(name, universe(type_, self.sizes)))
            case ir.Option(item):
                if isinstance(item, ir.Option):
                    raise Unsupported(f"`{name}`, an option of an option")
                return Maybe(self.bit(f"{name}?"), self.fresh(item, name))
            case ir.Record(record, fields):
                return Rec(record, tuple(self.fresh(t, f"{name}.{f}") for f, t in fields))
            case ir.Union(records):
                tags = self.one_of(f"{name}#", tuple(r.name for r in records))
                parts = {r.name: cast(Rec, self.fresh(r, f"{name}.{r.name}")) for r in records}
                return OneOf(cast("dict[str, Bit]", tags), parts)
        return self._collection(type_, name)

    def _collection(self, type_: ir.Type, name: str) -> Sym:
        match type_:
            case ir.Set(item):
                return SetOf({v: self.bit(f"{name}[{v}]") for v in self._all(item, name)})
            case ir.Bag(item, capacity):
                bag = BagOf(
                    {v: self.number(f"{name}[{v}]", 0, capacity) for v in self._all(item, name)}
                )
                self.facts.append(_holds_at_most(bag, capacity))
                return bag
            case ir.Seq(item, capacity):
                if capacity > _ITEMS_MAX:
                    raise Unsupported(f"`{name}`, a list of up to {capacity} items")
                length = self.number(f"{name}.length", 0, capacity)
                items = (self.fresh(item, f"{name}[{i}]") for i in range(capacity))
                return SeqOf(length, tuple(items))
            case ir.Map(key, item):
                keys = self._all(key, name)
                return MapOf({k: self.fresh(item, f"{name}[{k}]") for k in keys})
            case ir.Partial(key, item):
                return PartialOf(
                    {
                        k: (self.bit(f"{name}[{k}]?"), self.fresh(item, f"{name}[{k}]"))
                        for k in self._all(key, name)
                    }
                )
        raise Unsupported(f"`{name}`, of type {type(type_).__name__}")

    def _all(self, type_: ir.Type, name: str) -> tuple[Value, ...]:
        try:
            return elements_of(type_, self.sizes)
        except Unsupported as problem:
            raise Unsupported(f"`{name}`, {problem.what}") from None


def _least(number: Number) -> int:
    return -(1 << (numbers.width(number.lo, number.hi) - 1))


def _most(number: Number) -> int:
    return -_least(number) - 1


def _holds_at_most(bag: BagOf, capacity: int) -> Bit:
    return numbers.less(
        numbers.total(list(bag.counts.values())), numbers.constant(capacity), or_equal=True
    )


# ── A value in the place of variables ────────────────────────────────────────────────────────────


def leaves(value: Sym, type_: ir.Type, sizes: Sizes) -> list[Term]:
    """The terms that stand for the variables which `Layout.fresh` makes, in the same order."""
    found: list[Term] = []
    _Leaves(sizes, found).give(value, type_)
    return found


@dataclass(frozen=True)
class _Leaves:
    sizes: Sizes
    found: list[Term]

    def bit(self, bit: Bit) -> None:
        self.found.append(solver.bit_term(bit))

    def number(self, number: Number, lo: int, hi: int) -> None:
        if lo < hi:
            self.found.append(numbers.at_width(number, numbers.width(lo, hi)))

    def one_of(self, bits: dict[Value, Bit], options: tuple[Value, ...]) -> None:
        if len(options) == 2:
            self.bit(bits.get(options[1], False))
        elif len(options) > 2:
            for option in options:
                self.bit(bits.get(option, False))

    def give(self, value: Sym, type_: ir.Type) -> None:
        match type_, value:
            case ir.Int(lo, hi), Number():
                assert lo is not None and hi is not None
                self.number(value, lo, hi)
            case ((ir.Sort() | ir.Enum()), Atom(bits)):
                self.one_of(bits, universe(type_, self.sizes))
            case ir.Option(item), Maybe(present, inner):
                self.bit(present)
                self.give(inner if inner is not None else default(item, self.sizes), item)
            case ir.Record(_, fields), Rec(_, values):
                for (_, field_type), part in zip(fields, values, strict=True):
                    self.give(part, field_type)
            case ir.Union(records), OneOf(tags, parts):
                names = tuple(r.name for r in records)
                self.one_of(cast("dict[Value, Bit]", tags), names)
                for record in records:
                    known = parts.get(record.name)
                    self.give(known if known is not None else default(record, self.sizes), record)
            case ir.Bool(), _:
                self.bit(as_bit(value))
            case _:
                self.collection(value, type_)

    def collection(self, value: Sym, type_: ir.Type) -> None:
        match type_, value:
            case ir.Set(item), SetOf(has):
                for v in elements_of(item, self.sizes):
                    self.bit(has.get(v, False))
            case ir.Bag(item, capacity), BagOf(counts):
                for v in elements_of(item, self.sizes):
                    self.number(counts.get(v, numbers.constant(0)), 0, capacity)
            case ir.Seq(item, capacity), SeqOf(length, items):
                self.number(length, 0, capacity)
                for index in range(capacity):
                    self.give(
                        items[index] if index < len(items) else default(item, self.sizes), item
                    )
            case ir.Map(_, item), MapOf(entries):
                for v in entries.values():
                    self.give(v, item)
            case ir.Partial(key, item), PartialOf(pairs):
                for k in elements_of(key, self.sizes):
                    present, v = pairs.get(k) or (False, default(item, self.sizes))
                    self.bit(present)
                    self.give(v, item)


# ── Does it fit? ─────────────────────────────────────────────────────────────────────────────────


def fits(value: Sym, type_: ir.Type, sizes: Sizes) -> Bit:
    """Is the value one of the type, with its bounds and capacities? Only what is there is asked.

    The front end puts checks before every store, so this is true of its models; it is asked all the
    same, because a free state is assumed to have it.
    """
    match type_, value:
        case ir.Int(lo, hi), Number():
            low = (
                numbers.less(numbers.constant(lo), value, or_equal=True) if lo is not None else True
            )
            return conj(
                low,
                numbers.less(value, numbers.constant(hi), or_equal=True)
                if hi is not None
                else True,
            )
        case ir.Option(item), Maybe(present, inner):
            return implies(present, fits(inner, item, sizes)) if inner is not None else True
        case ir.Record(_, fields), Rec(_, values):
            pairs = zip(fields, values, strict=True)
            return conj(*(fits(part, t, sizes) for (_, t), part in pairs))
        case ir.Union(records), OneOf(tags, parts):
            known = {r.name: r for r in records}
            return conj(*(implies(tags[n], fits(parts[n], known[n], sizes)) for n in tags))
        case ir.Set(item), SetOf(has):
            return _no_others(dict(has), item, sizes)
        case ir.Bag(item, capacity), BagOf(counts):
            some = {v: numbers.less(numbers.constant(0), n) for v, n in counts.items()}
            return conj(_no_others(some, item, sizes), _holds_at_most(value, capacity))
        case ir.Seq(item, capacity), SeqOf(length, items):
            each = (
                implies(numbers.less(numbers.constant(i), length), fits(v, item, sizes))
                for i, v in enumerate(items)
            )
            short = numbers.less(length, numbers.constant(capacity), or_equal=True)
            return conj(short, *each)
        case ir.Map(_, item), MapOf(entries):
            return conj(*(fits(v, item, sizes) for v in entries.values()))
        case ir.Partial(key, item), PartialOf(pairs2):
            held: dict[Value, Bit] = {k: bit for k, (bit, _) in pairs2.items()}
            inside = (implies(bit, fits(v, item, sizes)) for bit, v in pairs2.values())
            return conj(_no_others(held, key, sizes), *inside)
    return True


def _no_others(bits: dict[Value, Bit], type_: ir.Type, sizes: Sizes) -> Bit:
    known = set(elements_of(type_, sizes))
    return conj(*(neg(bit) for v, bit in bits.items() if v not in known))
