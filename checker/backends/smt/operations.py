"""What expressions do to symbolic collections: one function for each operation and kind.

Owns membership, counting, entries, and changed collections. Where an operation can be undefined,
it gives the condition under which it is defined beside the value. The reference's `runtime.py` says
what each of them means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...states import Value, in_order
from . import numbers
from .numbers import Number, Unsupported
from .solver import Bit, conj, disj, neg
from .values import (
    BagOf,
    MapOf,
    PartialOf,
    SeqOf,
    SetOf,
    Sym,
    cases,
    equal,
    merge,
    select,
)

__all__ = ["Element", "at", "count", "elements", "erase", "has", "insert", "join", "put", "size"]

ZERO, ONE = numbers.constant(0), numbers.constant(1)


@dataclass(frozen=True, slots=True)
class Element:
    """A possible element of a domain: is it there, and how often.

    `value` is its concrete value where there is one, and None where it depends on the state.
    """

    there: Bit
    sym: Sym
    copies: Number = ONE


def concrete(bits: dict[Value, Bit]) -> list[tuple[Value, Bit]]:
    """Elements with their conditions, in the order of values."""
    return [(v, bits[v]) for v in in_order(bits) if bits[v] is not False]


def some(number: Number) -> Bit:
    return numbers.less(ZERO, number)


def _before(index: int, length: Number) -> Bit:
    return numbers.less(numbers.constant(index), length)


def elements(value: Sym, known: dict[Value, Sym]) -> list[Element]:
    """What a collection may hold, in order; `known` gives the symbolic form of concrete values.

    A bag's element comes once, with its number of copies; a sequence's as often as it is there.
    """
    match value:
        case SetOf(bits):
            return [Element(there, known[v]) for v, there in concrete(bits)]
        case BagOf(counts):
            bits = {v: some(n) for v, n in counts.items()}
            return [Element(there, known[v], counts[v]) for v, there in concrete(bits)]
        case PartialOf(pairs):
            bits = {k: present for k, (present, _) in pairs.items()}
            return [Element(there, known[k]) for k, there in concrete(bits)]
        case SeqOf(length, items):
            found = [Element(_before(i, length), item) for i, item in enumerate(items)]
            return [e for e in found if e.there is not False]
    raise Unsupported(f"a loop over {type(value).__name__}")


# ── Questions ────────────────────────────────────────────────────────────────────────────────────


def has(collection: Sym, item: Sym) -> Bit:
    match collection:
        case SetOf(bits):
            return disj(*(conj(c, bits[v]) for v, c in cases(item) if v in bits))
        case BagOf(counts):
            return disj(*(conj(c, some(counts[v])) for v, c in cases(item) if v in counts))
        case PartialOf(pairs):
            return disj(*(conj(c, pairs[v][0]) for v, c in cases(item) if v in pairs))
        case SeqOf(length, items):
            return disj(*(conj(_before(i, length), equal(x, item)) for i, x in enumerate(items)))
    raise Unsupported(f"`in` of {type(collection).__name__}")


def count(collection: Sym, item: Sym) -> Number:
    match collection:
        case BagOf(counts):
            found = [(c, counts.get(v, ZERO)) for v, c in cases(item)]
            chosen = select(list(found))
            assert isinstance(chosen, Number)
            return chosen
        case SeqOf(length, items):
            same = (conj(_before(i, length), equal(x, item)) for i, x in enumerate(items))
            return numbers.total([numbers.of_bit(bit) for bit in same])
    raise Unsupported(f"`count` of {type(collection).__name__}")


def size(collection: Sym) -> Number:
    match collection:
        case SetOf(bits):
            return numbers.total([numbers.of_bit(bit) for bit in bits.values()])
        case BagOf(counts):
            return numbers.total(list(counts.values()))
        case PartialOf(pairs):
            return numbers.total([numbers.of_bit(present) for present, _ in pairs.values()])
        case SeqOf(length):
            return length
        case MapOf(entries):
            return numbers.constant(len(entries))
    raise Unsupported(f"`len` of {type(collection).__name__}")


def keys(collection: Sym) -> SetOf:
    match collection:
        case PartialOf(pairs):
            return SetOf({k: present for k, (present, _) in pairs.items()})
        case BagOf(counts):
            return SetOf({v: some(n) for v, n in counts.items()})
    raise Unsupported(f"the keys of {type(collection).__name__}")


# ── Entries ──────────────────────────────────────────────────────────────────────────────────────


def at(collection: Sym, key: Sym, otherwise: Sym) -> tuple[Sym, Bit]:
    """The entry, and whether there is one."""
    match collection:
        case MapOf(entries):
            found = cases(key)
            inside = [(c, entries[v]) for v, c in found if v in entries]
            outside = disj(*(c for v, c in found if v not in entries))
            return (select(inside) if inside else otherwise), neg(outside)
        case PartialOf(pairs):
            held = [(c, pairs[v]) for v, c in cases(key) if v in pairs]
            defined = disj(*(conj(c, present) for c, (present, _) in held))
            return (select([(c, v) for c, (_, v) in held]) if held else otherwise), defined
        case SeqOf(length, items):
            place, defined = _place(key, length)
            options = [(_is(place, i), item) for i, item in enumerate(items)]
            options = [(c, item) for c, item in options if c is not False]
            return (select(options) if options else otherwise), defined
    raise Unsupported(f"an entry of {type(collection).__name__}")


def _place(index: Sym, length: Number) -> tuple[Number, Bit]:
    """The index from the front, and whether it is one."""
    assert isinstance(index, Number)
    place = numbers.merge(numbers.less(index, ZERO), numbers.add(index, length), index)
    return place, conj(numbers.less(ZERO, place, or_equal=True), numbers.less(place, length))


def _is(number: Number, value: int) -> Bit:
    return numbers.equal(number, numbers.constant(value))


def put(collection: Sym, key: Sym, value: Sym) -> tuple[Sym, Bit]:
    """The collection with another entry, and whether that is defined."""
    match collection:
        case MapOf(entries):
            changed = dict(entries)
            outside: list[Bit] = []
            for v, c in cases(key):
                if v in entries:
                    changed[v] = merge(c, value, entries[v])
                else:
                    outside.append(c)
            return MapOf(changed), neg(disj(*outside))
        case PartialOf(pairs):
            held = dict(pairs)
            for v, c in cases(key):
                old = pairs.get(v)
                held[v] = (disj(old[0], c), merge(c, value, old[1])) if old else (c, value)
            return PartialOf(held), True
        case SeqOf(length, items):
            place, defined = _place(key, length)
            replaced = (merge(_is(place, i), value, item) for i, item in enumerate(items))
            return SeqOf(length, tuple(replaced)), defined
    raise Unsupported(f"an entry of {type(collection).__name__}")


def without(collection: Sym, key: Sym) -> tuple[Sym, Bit]:
    """The collection without an entry, and whether that is defined."""
    match collection:
        case PartialOf(pairs):
            held = dict(pairs)
            for v, c in cases(key):
                if v in pairs:
                    held[v] = (conj(pairs[v][0], neg(c)), pairs[v][1])
            return PartialOf(held), True
        case SeqOf(length, items):
            place, defined = _place(key, length)
            gone = [
                numbers.less(place, numbers.constant(i), or_equal=True) for i in range(len(items))
            ]
            return _closed_up(length, items, gone, defined), defined
    raise Unsupported(f"`del` of {type(collection).__name__}")


def _closed_up(length: Number, items: tuple[Sym, ...], gone: Sequence[Bit], shorter: Bit) -> SeqOf:
    """The items from where `gone` begins to be true moved one place to the front."""
    moved = [merge(gone[i], items[i + 1], items[i]) for i in range(len(items) - 1)]
    left = numbers.arith("-", length, numbers.of_bit(shorter))
    return SeqOf(numbers.within(left, 0, len(items)), (*moved, *items[-1:]))


# ── Changed collections ──────────────────────────────────────────────────────────────────────────


def insert(collection: Sym, item: Sym, when: Bit = True) -> Sym:
    """With one more element; unchanged, if `when` is false."""
    match collection:
        case SetOf(bits):
            held = dict(bits)
            for v, c in cases(item):
                held[v] = disj(held.get(v, False), conj(c, when))
            return SetOf(held)
        case BagOf(counts):
            more = dict(counts)
            for v, c in cases(item):
                more[v] = numbers.add(more.get(v, ZERO), numbers.of_bit(conj(c, when)))
            return BagOf(more)
        case SeqOf(length, items):
            placed = [merge(conj(when, _is(length, i)), item, old) for i, old in enumerate(items)]
            longer = numbers.add(length, numbers.of_bit(when))
            return SeqOf(longer, (*placed, *([item] if longer.hi > len(items) else [])))
    raise Unsupported(f"adding to {type(collection).__name__}")


def insert_copies(collection: BagOf, item: Sym, copies: Number, when: Bit) -> BagOf:
    more = dict(collection.counts)
    for v, c in cases(item):
        more[v] = numbers.add(more.get(v, ZERO), numbers.merge(conj(c, when), copies, ZERO))
    return BagOf(more)


def erase(collection: Sym, item: Sym) -> Sym:
    """Without one such element; unchanged, if there is none."""
    match collection:
        case SetOf(bits):
            held = dict(bits)
            for v, c in cases(item):
                if v in held:
                    held[v] = conj(held[v], neg(c))
            return SetOf(held)
        case BagOf(counts):
            fewer = dict(counts)
            for v, c in cases(item):
                if v in fewer:
                    one = numbers.of_bit(conj(c, some(fewer[v])))
                    left = numbers.arith("-", fewer[v], one)
                    fewer[v] = numbers.within(left, 0, counts[v].hi)
            return BagOf(fewer)
        case SeqOf(length, items):
            found: Bit = False
            gone: list[Bit] = []
            for i, x in enumerate(items):
                found = disj(found, conj(_before(i, length), equal(x, item)))
                gone.append(found)
            return _closed_up(length, items, gone, found)
    raise Unsupported(f"removing from {type(collection).__name__}")


def join(left: Sym, right: Sym) -> Sym:
    match left, right:
        case SetOf(x), SetOf(y):
            return SetOf({v: disj(x.get(v, False), y.get(v, False)) for v in x | y})
        case BagOf(x), BagOf(y):
            return BagOf({v: numbers.add(x.get(v, ZERO), y.get(v, ZERO)) for v in x | y})
        case PartialOf(x), PartialOf(y):
            pairs = dict(x)
            for k, (present, value) in y.items():
                old = x.get(k)
                pairs[k] = (
                    (disj(old[0], present), merge(present, value, old[1]))
                    if old
                    else (present, value)
                )
            return PartialOf(pairs)
        case SeqOf(), SeqOf(length, items):
            joined: Sym = left
            for i, item in enumerate(items):
                joined = insert(joined, item, _before(i, length))
            return joined
    raise Unsupported(f"joining {type(left).__name__}")


def distinct(found: Sequence[Element]) -> list[Element]:
    """Each value at its first place only."""
    kept: list[Element] = []
    for element in found:
        seen = disj(*(conj(e.there, equal(e.sym, element.sym)) for e in found[: len(kept)]))
        kept.append(Element(conj(element.there, neg(seen)), element.sym))
    return kept
