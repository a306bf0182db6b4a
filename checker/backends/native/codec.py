"""Values of the reference engine as codes and chunks, and back.

Owns the one place where an encoded value (`states.py`) meets its bits outside of generated code.
The generated code does the same arithmetic; that both agree is tested on every state of every
model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from ...errors import InternalError
from ...states import Value, copies
from .shapes import (
    Atom,
    BagOf,
    Flag,
    MapOf,
    Num,
    Opt,
    PartOf,
    Rec,
    SeqOf,
    SetOf,
    Shape,
    Slots,
    Un,
    is_narrow,
    slots,
    space,
)
from .shapes import chunks as widths_of

__all__ = ["decode", "encode", "field_of", "record_offset"]

Chunks = tuple[int, ...]


def encode(value: Value, shape: Shape) -> Chunks:
    """The chunks of a value; one, if the shape is narrow.

    Raises: InternalError, if the value is not of the shape.

    >>> encode(frozenset({0, 2}), SetOf(Atom("OrderId", 3)))
    (5,)
    """
    match shape:
        case Num(lo, hi):
            number = cast(int, value)
            if not lo <= number <= hi:
                raise InternalError(f"{number} is not between {lo} and {hi}")
            return (number - lo,)
        case Flag():
            return (int(cast(bool, value)),)
        case Atom(_, _, members):
            return (members.index(cast(str, value)) if members else cast(int, value),)
        case Opt(item):
            if value is None:
                return (0,) * len(widths_of(shape))
            return _some(encode(value, item), item)
        case Rec(_, fields):
            parts = cast("tuple[Value, ...]", value)[1:]
            return _encode_record(parts, shape, fields)
        case Un(records):
            tag = cast("tuple[Value, ...]", value)[0]
            record = next(r for r in records if r.name == tag)
            return (record_offset(shape, record.name) + encode(value, record)[0],)
    return _encode_slots(value, shape)


def _some(inner: Chunks, item: Shape) -> Chunks:
    """Of an option that is not None; what it holds may be an option again, in a dict."""
    return (inner[0] + 1,) if is_narrow(Opt(item)) else (1, *inner)


def _encode_record(
    parts: Sequence[Value], shape: Rec, fields: Sequence[tuple[str, Shape]]
) -> Chunks:
    inner = [encode(v, s) for v, (_, s) in zip(parts, fields, strict=True)]
    if not is_narrow(shape):
        return tuple(chunk for one in inner for chunk in one)
    code = 0
    for one, (_, field) in zip(inner, fields, strict=True):
        code = code * space(field) + one[0]
    return (code,)


def _encode_slots(value: Value, shape: Shape) -> Chunks:
    held = slots(shape)
    length = 0
    codes: list[Chunks] = []
    match shape:
        case SetOf(item):
            members = {encode(v, item)[0] for v in cast("Iterable[Value]", value)}
            codes = [(int(i in members),) for i in range(held.count)]
        case BagOf(item, _, counts):
            elements = sorted(encode(v, item) for v in copies(value))
            length = len(elements)
            codes = [(elements.count((i,)),) for i in range(held.count)] if counts else elements
        case SeqOf(item):
            codes = [encode(v, item) for v in cast("tuple[Value, ...]", value)]
            length = len(codes)
        case MapOf(_, item):
            codes = [encode(v, item) for v in cast("tuple[Value, ...]", value)]
        case PartOf(key, item):
            pairs = cast("Iterable[tuple[Value, Value]]", value)
            known = {encode(k, key)[0]: _some(encode(v, item), item) for k, v in pairs}
            codes = [known.get(i, (0,) * held.item_chunks) for i in range(held.count)]
    if len(codes) > held.count:
        raise InternalError(f"{len(codes)} elements do not fit into {held.count} places")
    codes += [(0,) * held.item_chunks] * (held.count - len(codes))
    return _pack(codes, length, held)


def _pack(codes: Sequence[Chunks], length: int, held: Slots) -> Chunks:
    if held.narrow:
        places = sum(c[0] << (held.head + i * held.width) for i, c in enumerate(codes))
        return (places | length if held.head else places,)
    head = (length,) if held.head else ()
    if not is_narrow(held.item):
        return (*head, *(chunk for code in codes for chunk in code))
    per = held.per_chunk
    groups = [codes[i : i + per] for i in range(0, len(codes), per)]
    return (*head, *(sum(c[0] << (j * held.width) for j, c in enumerate(g)) for g in groups))


# ── Back ─────────────────────────────────────────────────────────────────────────────────────────


def decode(chunks: Chunks, shape: Shape) -> Value:
    """The inverse of `encode`.

    >>> decode((5,), SetOf(Atom("OrderId", 3))) == frozenset({0, 2})
    True
    """
    code = chunks[0]
    match shape:
        case Num(lo):
            return code + lo
        case Flag():
            return bool(code)
        case Atom(_, _, members):
            return members[code] if members else code
        case Opt(item):
            if not code:
                return None
            return decode((code - 1,) if is_narrow(shape) else chunks[1:], item)
        case Rec(name, fields):
            return (name, *(decode(field_of(chunks, shape, f), s) for f, s in fields))
        case Un(records):
            record = next(r for r in reversed(records) if code >= record_offset(shape, r.name))
            return decode((code - record_offset(shape, record.name),), record)
    return _decode_slots(chunks, shape)


def field_of(chunks: Chunks, shape: Rec, name: str) -> Chunks:
    """The chunks of one field of a record."""
    below, place = 1, 0
    if not is_narrow(shape):
        for field, inner in shape.fields:
            width = len(widths_of(inner))
            if field == name:
                return chunks[place : place + width]
            place += width
    for field, inner in reversed(shape.fields):
        if field == name:
            return (chunks[0] // below % space(inner),)
        below *= space(inner)
    raise InternalError(f"{shape.name} has no field {name}")


def record_offset(shape: Un, name: str) -> int:
    """The first code of a record in its union."""
    offset = 0
    for record in shape.records:
        if record.name == name:
            return offset
        offset += space(record)
    raise InternalError(f"no {name} in the union")


def _decode_slots(chunks: Chunks, shape: Shape) -> Value:
    held = slots(shape)
    codes = _unpack(chunks, held)
    length = chunks[0] & ((1 << held.head) - 1) if held.head else 0
    match shape:
        case SetOf(item):
            return frozenset(decode((i,), item) for i, (bit,) in enumerate(codes) if bit)
        case BagOf(item, _, True):
            return frozenset((decode((i,), item), n) for i, (n,) in enumerate(codes) if n)
        case BagOf(item):
            found = [decode(code, item) for code in codes[:length]]
            return frozenset((v, found.count(v)) for v in found)
        case SeqOf(item):
            return tuple(decode(code, item) for code in codes[:length])
        case MapOf(_, item):
            return tuple(decode(code, item) for code in codes)
        case PartOf(key, item):
            present = [(i, code) for i, code in enumerate(codes) if code[0]]
            return frozenset((decode((i,), key), decode(c, Opt(item))) for i, c in present)
    raise InternalError(f"no value of {cast(Any, shape)}")


def _unpack(chunks: Chunks, held: Slots) -> list[Chunks]:
    places = range(held.count)
    mask = (1 << held.width) - 1
    if held.narrow:
        return [((chunks[0] >> (held.head + i * held.width)) & mask,) for i in places]
    base, k = held.base, held.item_chunks
    if not is_narrow(held.item):
        return [chunks[base + i * k : base + (i + 1) * k] for i in places]
    per = held.per_chunk
    return [((chunks[base + i // per] >> (i % per * held.width)) & mask,) for i in places]
