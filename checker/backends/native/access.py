"""Reading and writing inside values: slots of collections, fields of records, options, unions.

Owns the arithmetic of packed values in generated code, and `converted`: a value in another shape,
with the condition under which it fits. The names and texts are those of an `Emitter`.
"""

from __future__ import annotations

from ...errors import InternalError
from .codec import record_offset
from .emitter import Emitter, Val
from .shapes import (
    BagOf,
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
    Unsupported,
    chunks,
    is_narrow,
    slots,
    space,
)

__all__ = [
    "bag_insert",
    "both",
    "converted",
    "field_value",
    "length",
    "made",
    "put_slot",
    "size",
    "slot",
    "some",
    "tagged",
    "unwrapped",
    "with_length",
]


def both(a: str, b: str) -> str:
    """The conjunction of two conditions."""
    if "False" in (a, b):
        return "False"
    if a == "True" or b == "True":
        return b if a == "True" else a
    return f"({a} and {b})"


# ── Slots ────────────────────────────────────────────────────────────────────────────────────────


def _shift(held: Slots, index: str) -> str:
    width = held.width
    if index.isdigit():
        return str(held.head + int(index) * width)
    text = index if width == 1 else f"{index} * {width}"
    if held.head:
        return f"({held.head} + {text})"
    return text if width == 1 else f"({text})"


def _chunk(held: Slots, index: str) -> tuple[str, str]:
    """The chunk of a wide collection that a slot is in, and the shift there."""
    per, width = held.per_chunk, held.width
    if index.isdigit():
        number = int(index)
        return str(held.base + number // per), str(number % per * width)
    place = f"{index} // {per}"
    return (f"{held.base} + {place}" if held.base else place), f"({index} % {per} * {width})"


def slot(out: Emitter, collection: str, held: Slots, index: str) -> str:
    """The code in a slot; `collection` and `index` are names or numbers."""
    mask = (1 << held.width) - 1 if is_narrow(held.item) else 0
    if held.narrow:
        if not held.width:
            return "0"
        return f"(({collection} >> {_shift(held, index)}) & {mask})"
    if is_narrow(held.item):
        place, shift = _chunk(held, index)
        return f"(({collection}[{place}] >> {shift}) & {mask})"
    wide = held.item_chunks
    first = out.let(f"{held.base} + {index} * {wide}", "first")
    return "(" + ", ".join(f"{collection}[{first} + {n}]" for n in range(wide)) + ")"


def put_slot(out: Emitter, collection: str, held: Slots, index: str, code: str) -> str:
    """The collection with another code in a slot."""
    mask = (1 << held.width) - 1 if is_narrow(held.item) else 0
    if held.narrow:
        if not held.width:
            return collection
        shift = _shift(held, index)
        moved = code if shift == "0" else f"({code} << {shift})"
        hole = str(~(mask << int(shift))) if shift.isdigit() else f"~({mask} << {shift})"
        return f"(({collection} & {hole}) | {moved})"
    put = out.helpers.put(_width(held))
    if is_narrow(held.item):
        place, shift = _chunk(held, index)
        old = f"{collection}[{place}] & ~({mask} << {shift})"
        return f"{put}({collection}, {place}, ({old}) | ({code} << {shift}))"
    wide = held.item_chunks
    name = code if code.isidentifier() else out.let(code, "item")
    first = out.let(f"{held.base} + {index} * {wide}", "first")
    for n in range(wide):
        collection = f"{put}({collection}, {first} + {n}, {name}[{n}])"
    return collection


def _width(held: Slots) -> int:
    if not is_narrow(held.item):
        return held.base + held.count * held.item_chunks
    return held.base + -(-held.count // held.per_chunk)


def length(collection: str, held: Slots) -> str:
    """What the head holds."""
    if not held.head:
        return "0"
    return f"({collection} & {(1 << held.head) - 1})" if held.narrow else f"{collection}[0]"


def with_length(out: Emitter, collection: str, held: Slots, count: str) -> str:
    if not held.head:
        return collection
    if held.narrow:
        return f"(({collection} & {~((1 << held.head) - 1)}) | {count})"
    return f"{out.helpers.put(_width(held))}({collection}, 0, {count})"


# ── Records, options, unions ─────────────────────────────────────────────────────────────────────


def field_value(out: Emitter, record: Val, name: str) -> Val:
    """A field of a record that is held under a name."""
    shape = record.shape
    if not isinstance(shape, Rec):
        raise InternalError(f"a {type(shape).__name__} has no field {name}")
    if not is_narrow(shape):
        place = 0
        for field, inner in shape.fields:
            width = len(chunks(inner))
            if field == name:
                if is_narrow(inner):
                    return out.value(f"{record.text}[{place}]", inner)
                parts = (f"{record.text}[{n}]" for n in range(place, place + width))
                return Val(f"({', '.join(parts)})", inner)
            place += width
    below = 1
    for field, inner in reversed(shape.fields):
        if field == name:
            above = space(shape) // max(1, below * space(inner))
            code = f"({record.text} // {below})" if below > 1 else record.text
            code = f"({code} % {space(inner)})" if above > 1 and space(inner) else code
            return out.value(code, inner)
        below *= space(inner)
    raise InternalError(f"{shape.name} has no field {name}")


def made(out: Emitter, name: str, fields: list[tuple[str, Val]]) -> Val:
    """A record of these fields."""
    shape = Rec(name, tuple((field, val.shape) for field, val in fields))
    codes = [out.code(val) for _, val in fields]
    if not is_narrow(shape):
        parts: list[str] = []
        for (_, val), code in zip(fields, codes, strict=True):
            if is_narrow(val.shape):
                parts.append(code)
            else:
                held = code if code.isidentifier() else out.let(code, "part")
                parts += [f"{held}[{n}]" for n in range(len(chunks(val.shape)))]
        return Val(f"({', '.join(parts)})", shape)
    text = ""
    for (_, val), code in zip(fields, codes, strict=True):
        if space(val.shape) > 1 or not text:
            text = f"({text} * {space(val.shape)} + {code})" if text and text != "0" else code
    return Val(text or "0", shape)


def some(out: Emitter, item: Val) -> Val:
    """An option that is not None."""
    shape = Opt(item.shape)
    code = out.code(item)
    if is_narrow(shape):
        return Val(str(int(code) + 1) if code.isdigit() else f"({code} + 1)", shape)
    if is_narrow(item.shape):
        return Val(f"(1, {code})", shape)
    held = code if code.isidentifier() else out.let(code, "item")
    parts = ", ".join(f"{held}[{n}]" for n in range(len(chunks(item.shape))))
    return Val(f"(1, {parts})", shape)


def unwrapped(out: Emitter, option: Val) -> Val:
    """The item of an option that is held under a name and not None."""
    if not isinstance(option.shape, Opt):
        raise InternalError("only an option has an item")
    item = option.shape.item
    if is_narrow(option.shape):
        return out.value(f"({option.text} - 1)", item)
    if is_narrow(item):
        return out.value(f"{option.text}[1]", item)
    parts = ", ".join(f"{option.text}[{n + 1}]" for n in range(len(chunks(item))))
    return Val(f"({parts})", item)


def tagged(union: Val, name: str) -> tuple[str, Val]:
    """Is the union's value (held under a name) this record, and the record, if it is."""
    shape = union.shape
    if not isinstance(shape, Un):
        raise InternalError("only a union has records")
    if not is_narrow(shape):
        chunks(shape)  # says which union is too wide
    record = next(r for r in shape.records if r.name == name)
    first = record_offset(shape, name)
    last = first + space(record) - 1
    if last < first:
        return "False", Val("0", record)
    if len([r for r in shape.records if space(r)]) == 1:
        return "True", Val(union.text, record)
    if first == last:
        return f"({union.text} == {first})", Val("0", record)
    low = f"{union.text} >= {first}" if first else ""
    high = f"{union.text} <= {last}" if last < space(shape) - 1 else ""
    is_it = f"({low} and {high})" if low and high else f"({low or high})"
    return is_it, Val(f"({union.text} - {first})" if first else union.text, record)


# ── Another shape ────────────────────────────────────────────────────────────────────────────────


def converted(out: Emitter, val: Val, to: Shape) -> tuple[Val, str]:
    """The value in the other shape, and the condition under which it fits there.

    Where the condition is false, the value means nothing.
    """
    a = val.shape
    if a == to:
        return val, "True"
    match a, to:
        case Num(), Num():
            return _number(out, val, a, to)
        case Opt(x), Opt(y):
            if not space(x) or val.text == out.zero(a):  # a None that is written as such
                return Val(out.zero(to), to), "True"
            return _option(out, val, y)
        case Rec(_, xs), Rec(name, ys):
            held = out.hold(val)
            ok, fields = "True", []
            for (field, _), (_, inner) in zip(xs, ys, strict=True):
                part, fits = converted(out, field_value(out, held, field), inner)
                fields.append((field, part))
                ok = both(ok, fits)
            return made(out, name, fields), ok
        case Un(), Un():
            return _union(out, val, a, to)
        case Rec(name), Un():
            part, ok = converted(out, val, next(r for r in to.records if r.name == name))
            return Val(_plus(part.text, record_offset(to, name)), to), ok
        case _ if type(a) is type(to):
            return _collection(out, val, to)
    raise Unsupported(f"a {type(a).__name__} where a {type(to).__name__} is expected")


def _plus(text: str, number: int) -> str:
    if text.isdigit():
        return str(int(text) + number)
    return f"({text} + {number})" if number else text


def _number(out: Emitter, val: Val, a: Num, to: Num) -> tuple[Val, str]:
    if to.lo > to.hi or a.lo > a.hi:
        return Val(val.text, to), "True" if a.lo > a.hi else "False"
    if a.lo > to.hi or a.hi < to.lo:
        return Val(val.text, to), "False"
    if to.lo <= a.lo and a.hi <= to.hi:
        return Val(val.text, to), "True"
    held = out.hold(val)
    low = f"{to.lo} <= " if a.lo < to.lo else ""
    high = f" <= {to.hi}" if a.hi > to.hi else ""
    return Val(held.text, to), f"({low}{held.text}{high})"


def _option(out: Emitter, val: Val, item: Shape) -> tuple[Val, str]:
    to = Opt(item)
    held = out.hold(val)
    result, ok = out.name("option"), out.name("fits")
    with out.captured(deeper=1) as lines:
        part, fits = converted(out, unwrapped(out, held), item)
        if fits == "True":
            out.write(f"{result} = {some(out, part).text}")
        else:
            out.write(f"{ok} = {fits}")
            with out.inside(f"if {ok}:"):
                out.write(f"{result} = {some(out, part).text}")
    out.write(f"{result} = {out.zero(to)}")
    if fits != "True":
        out.write(f"{ok} = True")
    out.write(f"if {out.is_some(held)}:")
    out.lines += lines
    return Val(result, to), "True" if fits == "True" else ok


def _union(out: Emitter, val: Val, a: Un, to: Un) -> tuple[Val, str]:
    held = out.hold(val)
    result, ok = out.let("0", "union"), out.let("True", "fits")
    known = {r.name: r for r in to.records}
    for record in a.records:
        is_it, part = tagged(held, record.name)
        if is_it == "False":
            continue
        with out.inside(f"if {is_it}:"):
            if record.name not in known:
                out.write(f"{ok} = False")
                continue
            changed, fits = converted(out, part, to)
            if fits != "True":
                out.write(f"{ok} = {fits}")
            with out.inside(f"if {ok}:"):
                out.write(f"{result} = {changed.text}")
    return Val(result, to), ok


def _collection(out: Emitter, val: Val, to: Shape) -> tuple[Val, str]:
    """Element by element, as long as all fit."""
    source, target = slots(val.shape), slots(to)
    if isinstance(to, MapOf) and target.count != source.count:
        raise Unsupported("maps with other keys in one place")
    held = out.hold(val)
    room = "True"
    if isinstance(val.shape, BagOf | SeqOf) and isinstance(to, BagOf | SeqOf):
        if val.shape.capacity > to.capacity:
            room = f"({size(out, held)} <= {to.capacity})"
        if _same_places(val.shape, to):
            return _resized(held, to), room
    result, ok = out.let(out.zero(to), "changed"), out.let(room, "fits")
    if not source.count or (isinstance(to, BagOf | SeqOf) and not to.capacity):
        return Val(result, to), ok
    with out.inside(f"if {ok}:"):
        index = out.name("i")
        count = length(held.text, source) if source.head else str(source.count)
        with out.inside(f"for {index} in range({count}):"):
            _element(out, Val(result, to), held, index, ok)
    return Val(result, to), ok


def _same_places(a: Shape, b: Shape) -> bool:
    """Do both hold an element by the same bits, wherever both have it?"""
    one, other = slots(a), slots(b)
    if isinstance(a, BagOf) and isinstance(b, BagOf) and a.counts != b.counts:
        return False
    same_item = (
        a.item == b.item if isinstance(a, BagOf | SeqOf) and isinstance(b, type(a)) else False
    )
    return (
        same_item
        and (one.head, one.width, one.narrow) == (other.head, other.width, other.narrow)
        and is_narrow(one.item) == is_narrow(other.item)
    )


def _resized(held: Val, to: Shape) -> Val:
    """Chunks taken away or added at the end; a word stays as it is."""
    have, need = len(chunks(held.shape)), len(chunks(to))
    if have == need:
        return Val(held.text, to)
    parts = [f"{held.text}[{n}]" for n in range(min(have, need))] + ["0"] * (need - have)
    return Val(f"({', '.join(parts)})", to)


def _element(out: Emitter, target: Val, source: Val, index: str, ok: str) -> None:
    """Put what is in one slot of the source into the target, or say that it does not fit."""
    result, there, here = target.text, slots(target.shape), slots(source.shape)
    code = out.hold(Val(slot(out, source.text, here, index), here.item), "code").text
    match source.shape, target.shape:
        case SetOf(x), SetOf(y):
            with out.inside(f"if {code}:"):
                part, fits = converted(out, out.value(index, x), y)
                with _fitting(out, ok, fits):
                    place = out.hold(Val(out.code(part), y)).text
                    out.write(f"{result} = {put_slot(out, result, there, place, '1')}")
        case BagOf(x, _, counts), BagOf(y):
            with out.inside(f"for _ in range({code if counts else 1}):"):
                part, fits = converted(out, out.value(index if counts else code, x), y)
                with _fitting(out, ok, fits):
                    out.write(f"{result} = {bag_insert(out, target, out.hold(part))}")
        case SeqOf(x), SeqOf(y):
            part, fits = converted(out, out.value(code, x), y)
            with _fitting(out, ok, fits):
                out.write(f"{result} = {put_slot(out, result, there, index, out.code(part))}")
                out.write(f"{result} = {with_length(out, result, there, f'({index} + 1)')}")
        case MapOf(_, x), MapOf(_, y):
            part, fits = converted(out, out.value(code, x), y)
            with _fitting(out, ok, fits):
                out.write(f"{result} = {put_slot(out, result, there, index, out.code(part))}")
        case PartOf(k, x), PartOf(m, y):
            entry = Val(code, Opt(x))
            with out.inside(f"if {out.is_some(entry)}:"):
                key, fits = converted(out, out.value(index, k), m)
                part, also = converted(out, unwrapped(out, entry), y)
                with _fitting(out, ok, both(fits, also)):
                    place = out.hold(Val(out.code(key), m)).text
                    text = put_slot(out, result, there, place, some(out, part).text)
                    out.write(f"{result} = {text}")
        case _:
            raise Unsupported("two kinds of collection in one place")


def size(out: Emitter, collection: Val) -> str:
    """How many elements a collection (held under a name) has."""
    held = slots(collection.shape)
    if held.head:
        return length(collection.text, held)
    if not held.count:
        return "0"
    if isinstance(collection.shape, SetOf):
        out.helpers.ones = True
        if held.narrow:
            return f"ones({collection.text})"
        parts = (f"ones({collection.text}[{n}])" for n in range(len(chunks(collection.shape))))
        return f"({' + '.join(parts)})"
    if isinstance(collection.shape, BagOf) and held.narrow and held.count <= 8:
        return (
            "("
            + " + ".join(slot(out, collection.text, held, str(i)) for i in range(held.count))
            + ")"
        )
    total, index = out.let("0", "size"), out.name("i")
    with out.inside(f"for {index} in range({held.count}):"):
        code = slot(out, collection.text, held, index)
        if isinstance(collection.shape, BagOf):
            out.write(f"{total} += {code}")
        else:
            entry = out.hold(Val(code, held.item), "code")
            out.write(f"if {out.is_some(entry)}:")
            out.write(f"    {total} += 1")
    return total


class _fitting:
    """`with` the lines that need the condition; where it is false, `ok` becomes false."""

    def __init__(self, out: Emitter, ok: str, fits: str) -> None:
        self.out, self.ok, self.fits = out, ok, fits

    def __enter__(self) -> None:
        if self.fits != "True":
            self.out.unless(self.fits, f"{self.ok} = False")
            self.out.write("else:")
            self.out.depth += 1

    def __exit__(self, *_: object) -> None:
        if self.fits != "True":
            self.out.depth -= 1


def bag_insert(out: Emitter, bag: Val, item: Val) -> str:
    """The bag (held under a name, with room for one more) with one more item of its own shape.

    Sorted items are kept sorted by moving each larger one a place up.
    """
    shape = bag.shape
    if not isinstance(shape, BagOf):
        raise InternalError("only a bag takes copies")
    held = slots(shape)
    code = out.hold(Val(out.code(item), item.shape), "code").text
    if shape.counts:
        count = out.let(slot(out, bag.text, held, code), "copies")
        return put_slot(out, bag.text, held, code, f"({count} + 1)")
    result = out.let(bag.text, "bag")
    moving = out.let(code, "moving")
    count = out.let(length(result, held), "count")
    index = out.name("i")
    with out.inside(f"for {index} in range({count}):"):
        there = out.let(slot(out, result, held, index), "there")
        with out.inside(f"if {moving} < {there}:"):
            out.write(f"{result} = {put_slot(out, result, held, index, moving)}")
            out.write(f"{moving} = {there}")
    out.write(f"{result} = {put_slot(out, result, held, count, moving)}")
    return with_length(out, result, held, f"({count} + 1)")
