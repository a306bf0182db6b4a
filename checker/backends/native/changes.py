"""Changed copies of collections: more, less, other entries, two as one.

Owns the shape of each result, which has room for what the operation may add.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InternalError
from .access import bag_insert, length, put_slot, slot, some, with_length
from .emitter import Emitter, Val
from .places import appended, index_of, length_allowed, place_of, with_bit
from .shapes import (
    BagOf,
    MapOf,
    PartOf,
    SeqOf,
    SetOf,
    Shape,
    bag_of,
    chunks,
    is_narrow,
    joined,
    slots,
)

if TYPE_CHECKING:
    from .expressions import Expressions

__all__ = ["erased", "inserted", "join", "put", "without"]


def inserted(ex: Expressions, old: Val, item: Val) -> Val:
    out = ex.out
    match old.shape:
        case SetOf(x):
            shape: SetOf | BagOf | SeqOf = SetOf(joined(x, item.shape))
        case BagOf(x, capacity, counts):
            to = joined(x, item.shape)
            grown = BagOf(to, length_allowed(capacity + 1), counts)
            shape = grown if capacity else bag_of(to, 1)
        case SeqOf(x, capacity):
            shape = SeqOf(joined(x, item.shape), length_allowed(capacity + 1))
        case _:
            raise InternalError(f"nothing is inserted into a {type(old.shape).__name__}")
    grown_old = out.hold(ex.fitted(old, shape), "grown")
    part = out.hold(ex.fitted(item, shape.item), "item")
    if isinstance(shape, SetOf):
        code = out.hold(Val(out.code(part), shape.item), "code").text
        return Val(with_bit(out, grown_old.text, shape, code), shape)
    if isinstance(shape, BagOf):
        return Val(bag_insert(out, grown_old, part), shape)
    return Val(appended(out, grown_old, part), shape)


def erased(ex: Expressions, old: Val, item: Val) -> Val:
    out, held, shape = ex.out, slots(old.shape), old.shape
    assert isinstance(shape, SetOf | BagOf | SeqOf)
    if not held.count:
        return old
    code, fits = place_of(ex, item, shape.item)
    if isinstance(shape, SetOf):
        if held.narrow and fits == "True":
            return Val(f"({old.text} & ~(1 << {code}))", shape)
        return Val(
            out.where(fits, old.text, lambda: put_slot(out, old.text, held, code, "0")), shape
        )
    if isinstance(shape, BagOf) and shape.counts:

        def fewer() -> str:
            count = out.let(slot(out, old.text, held, code), "copies")
            less = f"({count} - 1 if {count} > 0 else 0)"
            return put_slot(out, old.text, held, code, less)

        return Val(out.where(fits, old.text, fewer), shape)
    result, place, index = out.let(old.text, "erased"), out.let("-1", "place"), out.name("i")
    with out.inside(f"for {index} in range({length(old.text, held)}):"):
        there = slot(out, old.text, held, index)
        same = f"{there} == {code}" if fits == "True" else f"{fits} and {there} == {code}"
        out.write(f"if {same}:")
        out.write(f"    {place} = {index}")
        out.write("    break")
    with out.inside(f"if {place} >= 0:"):
        out.write(f"{result} = {_deleted(out, Val(result, shape), place)}")
    return Val(result, shape)


def _deleted(out: Emitter, seq: Val, place: str) -> str:
    """A list or sorted bag without the element at a place that it has."""
    held = slots(seq.shape)
    result, index = out.let(seq.text, "shorter"), out.name("i")
    last = out.let(f"{length(seq.text, held)} - 1", "last")
    with out.inside(f"for {index} in range({place}, {last}):"):
        after = out.let(f"{index} + 1", "after")
        moved = slot(out, result, held, after)
        out.write(f"{result} = {put_slot(out, result, held, index, moved)}")
    nothing = "0" if is_narrow(held.item) else "(" + "0, " * (held.item_chunks - 1) + "0)"
    out.write(f"{result} = {put_slot(out, result, held, last, nothing)}")
    return with_length(out, result, held, last)


def put(ex: Expressions, old: Val, key: Val, entry: Val) -> Val:
    out = ex.out
    match old.shape:
        case SeqOf(item, capacity):
            place = index_of(ex, old, key)
            shape: Shape = SeqOf(joined(item, entry.shape), capacity)
            if not capacity:
                return old
        case MapOf(keys, item):
            place, fits = place_of(ex, key, keys)
            out.demand(fits, "key")
            shape = MapOf(keys, joined(item, entry.shape))
        case PartOf(keys, item):
            shape = PartOf(joined(keys, key.shape), joined(item, entry.shape))
            place, _ = place_of(ex, key, shape.key)
        case _:
            raise InternalError(f"a {type(old.shape).__name__} has no entries")
    grown = out.hold(ex.fitted(old, shape), "grown")
    held = slots(shape)
    inner = shape.value if isinstance(shape, PartOf) else held.item
    part = ex.fitted(entry, inner)
    code = some(out, part).text if isinstance(shape, PartOf) else out.code(part)
    return Val(put_slot(out, grown.text, held, place, code), shape)


def without(ex: Expressions, old: Val, key: Val) -> Val:
    out, held = ex.out, slots(old.shape)
    match old.shape:
        case SeqOf(_, capacity):
            place = index_of(ex, old, key)
            return Val(_deleted(out, old, place), old.shape) if capacity else old
        case PartOf(keys, _):
            code, fits = place_of(ex, key, keys)
            nothing = out.zero(held.item)
            text = out.where(
                fits, old.text, lambda: put_slot(out, old.text, held, code, nothing), "without"
            )
            return Val(text, old.shape)
    raise InternalError(f"a {type(old.shape).__name__} has no entries")


def join(ex: Expressions, left: Val, right: Val) -> Val:
    out = ex.out
    shape = joined(left.shape, right.shape)
    if isinstance(shape, BagOf | SeqOf):
        both = length_allowed(left.shape.capacity + right.shape.capacity)  # type: ignore[union-attr]
        shape = bag_of(shape.item, both) if isinstance(shape, BagOf) else SeqOf(shape.item, both)
    a = out.hold(ex.fitted(left, shape), "left")
    b = out.hold(ex.fitted(right, shape), "right")
    if isinstance(shape, SetOf):
        if is_narrow(shape):
            return Val(f"({a.text} | {b.text})", shape)
        parts = (f"{a.text}[{n}] | {b.text}[{n}]" for n in range(len(chunks(shape))))
        return Val(f"({', '.join(parts)})", shape)
    held, result = slots(shape), out.let(a.text, "joined")
    if not held.count:
        return a
    many, index = length(b.text, held) if held.head else str(held.count), out.name("i")
    with out.inside(f"for {index} in range({many}):"):
        code = out.hold(Val(slot(out, b.text, held, index), held.item), "code").text
        match shape:
            case BagOf(_, _, True):
                sum_ = f"({slot(out, result, held, index)} + {code})"
                out.write(f"{result} = {put_slot(out, result, held, index, sum_)}")
            case BagOf(item):
                text = bag_insert(out, Val(result, shape), out.value(code, item))
                out.write(f"{result} = {text}")
            case SeqOf(item):
                out.write(f"{result} = {appended(out, Val(result, shape), out.value(code, item))}")
            case PartOf():
                with out.inside(f"if {out.is_some(Val(code, held.item))}:"):
                    out.write(f"{result} = {put_slot(out, result, held, index, code)}")
    return Val(result, shape)
