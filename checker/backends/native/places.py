"""Finding the place of an item, and putting one there: what loops, questions and changes share.

Owns the condition under which an int is an item, a key or an index at all. A place outside of its
collection is never used for a shift or a chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InternalError
from .access import converted, length, put_slot, with_length
from .emitter import Emitter, Val
from .shapes import Flag, Num, SetOf, Shape, Unsupported, slots, space

if TYPE_CHECKING:
    from .expressions import Expressions

__all__ = ["appended", "coded", "index_of", "interval", "length_allowed", "place_of", "with_bit"]

_LENGTH_MAX = 256  # of a list or bag inside an expression


def interval(val: Val) -> Num:
    if isinstance(val.shape, Flag):
        return Num(0, 1)
    if not isinstance(val.shape, Num):
        raise InternalError(f"{val.text} is no number")
    return val.shape


def place_of(ex: Expressions, item: Val, to: Shape) -> tuple[str, str]:
    """The code of an item under a name, and the condition under which it is one of `to`."""
    part, fits = converted(ex.out, item, to)
    if fits == "False" or not space(to):
        return "0", "False"
    if fits == "True":
        return ex.out.hold(Val(ex.out.code(part), to), "code").text, "True"
    # Outside of the type the code means nothing, and must not be used as the distance of a shift.
    return ex.out.let(f"{ex.out.code(part)} if {fits} else {ex.out.zero(coded(to))}"), fits


def coded(shape: Shape) -> Shape:
    return Num(0, 1) if isinstance(shape, Flag) else shape


def index_of(ex: Expressions, seq: Val, key: Val) -> str:
    """The place of an index that is inside the list; negative ones count from the end."""
    out, held = ex.out, slots(seq.shape)
    count = out.let(length(seq.text, held), "count")
    out.demand(f"-{count} <= {key.text} < {count}", "index")
    if interval(key).lo >= 0:
        return key.text
    return out.let(f"{key.text} + {count} if {key.text} < 0 else {key.text}", "place")


def with_bit(out: Emitter, collection: str, shape: SetOf, code: str) -> str:
    held = slots(shape)
    if held.narrow:
        return f"({collection} | (1 << {code}))"
    return put_slot(out, collection, held, code, "1")


def length_allowed(count: int) -> int:
    if count > _LENGTH_MAX:
        raise Unsupported(f"a list or bag of up to {count:,} elements inside an expression")
    return count


def appended(out: Emitter, seq: Val, item: Val) -> str:
    """The list (held under a name, with room) with one more item of its own shape."""
    held = slots(seq.shape)
    count = out.let(length(seq.text, held), "count")
    code = out.hold(Val(out.code(item), item.shape), "code").text
    longer = out.let(put_slot(out, seq.text, held, count, code), "longer")
    return with_length(out, longer, held, f"({count} + 1)")
