"""Shapes: how the values of an expression are held in machine integers.

Owns how many codes a shape has, how many bits they take, and how a value that needs more than one
word is divided into chunks. A shape is an IR type with its bounds known: the ints of an expression
have an interval, and a list that has grown by one has room for one more, so that nothing is lost
before its bounds and its capacity are checked. Writes no code.

A *code* is an int from 0 up to and without `space(shape)`; equal values have equal codes. What is
too wide for one word is a tuple of chunks; unused slots are 0, so equal values have equal chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ... import ir
from ...states import Sizes

__all__ = [
    "WORD_BITS",
    "Atom",
    "BagOf",
    "Flag",
    "MapOf",
    "Num",
    "Opt",
    "PartOf",
    "Rec",
    "SeqOf",
    "SetOf",
    "Shape",
    "Slots",
    "Un",
    "Unsupported",
    "bits",
    "chunks",
    "declared",
    "is_narrow",
    "joined",
    "max_count",
    "slots",
    "space",
]

# Bits of a word that hold a state. The table marks a free place with 0 and so stores words plus
# one, which must not reach the sign.
WORD_BITS = 62

_SET_ITEMS_MAX = 4096  # a set is a bit map; beyond this, its loops cost more than the reference


class Unsupported(Exception):
    """The native engine cannot hold this model; the sentence says which part of it."""


@dataclass(frozen=True, slots=True)
class Num:
    """An int between `lo` and `hi`, held as itself; there is none if `lo > hi`."""

    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A bool, held as itself."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A member of a sort (no `members`) or of an enum, held as its index."""

    name: str
    size: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opt:
    item: Shape


@dataclass(frozen=True, slots=True)
class Rec:
    name: str
    fields: tuple[tuple[str, Shape], ...]


@dataclass(frozen=True, slots=True)
class Un:
    records: tuple[Rec, ...]


@dataclass(frozen=True, slots=True)
class SetOf:
    item: Shape


@dataclass(frozen=True, slots=True)
class BagOf:
    """`counts`: a number for each possible item; otherwise the items' codes, sorted."""

    item: Shape
    capacity: int
    counts: bool


@dataclass(frozen=True, slots=True)
class SeqOf:
    item: Shape
    capacity: int


@dataclass(frozen=True, slots=True)
class MapOf:
    key: Shape
    value: Shape


@dataclass(frozen=True, slots=True)
class PartOf:
    key: Shape
    value: Shape


Shape = Num | Flag | Atom | Opt | Rec | Un | SetOf | BagOf | SeqOf | MapOf | PartOf


# ── From types ───────────────────────────────────────────────────────────────────────────────────


@cache
def declared(type_: ir.Type, sizes: Sizes) -> Shape:
    """The shape of a variable, parameter or universe of this type.

    Raises: Unsupported, for a type without bounds.
    """
    match type_:
        case ir.Bool():
            return Flag()
        case ir.Int(lo, hi):
            if lo is None or hi is None:
                raise Unsupported("an int without bounds")
            return Num(lo, hi)
        case ir.Sort(name):
            return Atom(name, dict(sizes)[name])
        case ir.Enum(name, members):
            return Atom(name, len(members), members)
        case ir.Option(item):
            if isinstance(item, ir.Option):
                raise Unsupported("an optional value that is optional again")
            return Opt(declared(item, sizes))
        case ir.Record(name, fields):
            return Rec(name, tuple((f, declared(t, sizes)) for f, t in fields))
        case ir.Union(records):
            made = [declared(record, sizes) for record in records]
            return Un(tuple(r for r in made if isinstance(r, Rec)))
        case ir.Set(item):
            return SetOf(declared(item, sizes))
        case ir.Bag(item, capacity):
            return bag_of(declared(item, sizes), capacity)
        case ir.Seq(item, capacity):
            return SeqOf(declared(item, sizes), capacity)
        case ir.Map(key, value):
            return MapOf(declared(key, sizes), declared(value, sizes))
        case ir.Partial(key, value):
            return PartOf(declared(key, sizes), declared(value, sizes))


def bag_of(item: Shape, capacity: int) -> BagOf:
    """A bag in the cheaper of its two forms."""
    counted, listed = BagOf(item, capacity, True), BagOf(item, capacity, False)
    if not is_narrow(item) or space(item) > _SET_ITEMS_MAX:
        return listed
    return counted if bits(counted) <= bits(listed) else listed


# ── Sizes ────────────────────────────────────────────────────────────────────────────────────────


@cache
def space(shape: Shape) -> int:
    """How many codes there are; of a wide shape, how many there would be."""
    match shape:
        case Num(lo, hi):
            return max(0, hi - lo + 1)
        case Flag():
            return 2
        case Atom(_, size):
            return size
        case Opt(item):
            return space(item) + 1
        case Rec(_, fields):
            product = 1
            for _, field in fields:
                product *= space(field)
            return product
        case Un(records):
            return sum(space(record) for record in records)
    held = slots(shape)
    return 1 << (held.head + held.count * bits(held.item))


def bits(shape: Shape) -> int:
    """How many bits a code takes."""
    return max(0, space(shape) - 1).bit_length()


def is_narrow(shape: Shape) -> bool:
    """Does a value fit into one word?"""
    return space(shape) <= 1 << WORD_BITS


@dataclass(frozen=True, slots=True)
class Slots:
    """A collection as places of equal width, after a head that holds the length (or no head)."""

    count: int
    item: Shape
    head: int

    @property
    def width(self) -> int:
        return bits(self.item)

    @property
    def narrow(self) -> bool:
        return is_narrow(self.item) and self.head + self.count * self.width <= WORD_BITS

    @property
    def item_chunks(self) -> int:
        return len(chunks(self.item))

    @property
    def base(self) -> int:
        """The chunk that the first slot of a wide collection is in."""
        return 1 if self.head else 0

    @property
    def per_chunk(self) -> int:
        return WORD_BITS // max(1, self.width)


@cache
def slots(shape: Shape) -> Slots:
    """Raises: Unsupported, if there are too many places."""
    match shape:
        case SetOf(item):
            return Slots(_places(item, "a set"), Flag(), 0)
        case BagOf(item, capacity, True):
            return Slots(_places(item, "a bag"), Num(0, capacity), 0)
        case BagOf(item, capacity) | SeqOf(item, capacity):
            return Slots(capacity, item, capacity.bit_length())
        case MapOf(key, value):
            return Slots(_places(key, "a map"), value, 0)
        case PartOf(key, value):
            return Slots(_places(key, "a dict"), Opt(value), 0)
    raise TypeError(f"{shape} has no slots")


def _places(item: Shape, what: str) -> int:
    count = space(item)
    if count > _SET_ITEMS_MAX:
        raise Unsupported(f"{what} over {count:,} possible items (the most is {_SET_ITEMS_MAX:,})")
    return count


@cache
def chunks(shape: Shape) -> tuple[int, ...]:
    """The bits of each chunk; a narrow shape has one.

    Raises: Unsupported, for a union that is wider than a word.
    """
    if is_narrow(shape):
        return (bits(shape),)
    match shape:
        case Opt(item):
            return (1, *chunks(item))
        case Rec(_, fields):
            return tuple(width for _, field in fields for width in chunks(field))
        case Un(records):
            names = ", ".join(r.name for r in records)
            raise Unsupported(f"a union wider than {WORD_BITS} bits ({names})")
    held = slots(shape)
    head = (held.head,) if held.head else ()
    if not is_narrow(held.item):
        return (*head, *(chunks(held.item) * held.count))
    full, rest = divmod(held.count, held.per_chunk)
    widths = [held.per_chunk * held.width] * full + ([rest * held.width] if rest else [])
    return (*head, *widths)


def max_count(shape: Shape) -> int:
    """The most elements that a collection of this shape can have."""
    match shape:
        case SetOf(item):
            return space(item)
        case PartOf(key, _):
            return space(key)
        case BagOf(_, capacity) | SeqOf(_, capacity):
            return capacity
    raise TypeError(f"{shape} has no elements")


# ── Joining ──────────────────────────────────────────────────────────────────────────────────────


def joined(a: Shape, b: Shape) -> Shape:
    """A shape that holds the values of both.

    >>> joined(Num(0, 1), Num(3, 4))
    Num(lo=0, hi=4)
    """
    if a == b:
        return a
    match a, b:
        case Num(), Num():
            if a.lo > a.hi:
                return b
            return a if b.lo > b.hi else Num(min(a.lo, b.lo), max(a.hi, b.hi))
        case Opt(x), Opt(y):
            return Opt(joined(x, y))
        case Rec(name, xs), Rec(other, ys) if name == other:
            fields = zip(xs, ys, strict=True)
            return Rec(name, tuple((f, joined(x, y)) for (f, x), (_, y) in fields))
        case Un(xs), Un(ys) if [r.name for r in xs] == [r.name for r in ys]:
            both = [joined(x, y) for x, y in zip(xs, ys, strict=True)]
            return Un(tuple(r for r in both if isinstance(r, Rec)))
        case SetOf(x), SetOf(y):
            return SetOf(joined(x, y))
        case BagOf(x, n, p), BagOf(y, m, q):
            # An empty bag's form says nothing; otherwise counts, which need no order.
            form = q if not n else p if not m else p or q
            return BagOf(joined(x, y), max(n, m), form)
        case SeqOf(x, n), SeqOf(y, m):
            return SeqOf(joined(x, y), max(n, m))
        case MapOf(k, x), MapOf(m, y):
            return MapOf(joined(k, m), joined(x, y))
        case PartOf(k, x), PartOf(m, y):
            return PartOf(joined(k, m), joined(x, y))
    raise Unsupported(f"values of two kinds in one place ({type(a).__name__}, {type(b).__name__})")
