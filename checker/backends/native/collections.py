"""Collections in generated code: loops over them, questions to them, changed copies of them.

Owns the meaning of every collection node. A result has a shape with room for what the operation may
add, so nothing is lost before its capacity is checked. Elements of sets and bags are met in the
order of `states.in_order`, as in the reference: which of two failing elements comes first decides
what is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ... import ir
from ...errors import InternalError
from ...ir.walk import is_total
from ...states import in_order
from .access import (
    bag_insert,
    length,
    put_slot,
    size,
    slot,
    some,
    unwrapped,
)
from .changes import erased, inserted, join, put, without
from .codec import decode, encode
from .emitter import Emitter, Val
from .places import appended, coded, index_of, interval, length_allowed, place_of, with_bit
from .shapes import (
    BagOf,
    Flag,
    MapOf,
    Num,
    PartOf,
    SeqOf,
    SetOf,
    Shape,
    Unsupported,
    bag_of,
    declared,
    is_narrow,
    max_count,
    slots,
    space,
)

if TYPE_CHECKING:
    from .expressions import Expressions

__all__ = ["Elements", "elements", "value"]

_ORDERED_MAX = 128  # possible items of a set whose order is written down


@dataclass(frozen=True)
class Elements:
    """What a loop goes through: the element, and may the loop be left by `break`?"""

    element: Val
    breakable: bool
    count_max: int


@contextmanager
def elements(ex: Expressions, domain: ir.Expr, *, copies: bool) -> Iterator[Elements]:
    """A loop over the domain; its body is what is written inside the `with`."""
    out = ex.out
    depth = out.depth
    yield _header(ex, domain, copies)
    if out.lines[-1].endswith(":"):
        out.write("pass")
    out.depth = depth


def _header(ex: Expressions, domain: ir.Expr, copies: bool) -> Elements:
    out = ex.out
    match domain:
        case ir.Universe(ir.Set(type_)):
            every = declared(type_, ex.sizes)
            _for(out, f"range({space(every)})", index := out.name("x"))
            return Elements(out.value(index, every), True, space(every))
        case ir.Range(lo, hi):
            low, high = ex.held(lo), ex.held(hi)
            a, b = interval(low), interval(high)
            _for(out, f"range({low.text}, {high.text})", index := out.name("x"))
            number = Num(a.lo, b.hi - 1) if a.lo < b.hi else Num(0, -1)
            return Elements(Val(index, number), True, max(0, b.hi - a.lo))
        case ir.Keys(keyed):
            return _header(ex, keyed, False)
    return _through(out, ex.held(domain, "among"), copies)


def _through(out: Emitter, collection: Val, copies: bool) -> Elements:
    """Over a collection that is held under a name."""
    shape = collection.shape
    match shape:
        case SetOf(item) | PartOf(item, _):
            return _keyed(out, collection, item)
        case BagOf(item, _, True):
            index = _ordered(out, item)
            count = slot(out, collection.text, slots(shape), index)
            if copies:
                _for(out, f"range({count})", out.name("copy"))
                return Elements(out.value(index, item), False, max_count(shape))
            _if(out, count)
            return Elements(out.value(index, item), True, max_count(shape))
        case BagOf(item) | SeqOf(item):
            held = slots(shape)
            _for(out, f"range({length(collection.text, held)})", index := out.name("i"))
            code = out.hold(Val(slot(out, collection.text, held, index), item), "x").text
            if isinstance(shape, BagOf) and not copies:
                before = out.let(f"{index} - 1 if {index} else 0", "before")
                other = slot(out, collection.text, held, before)
                _if(out, f"{index} == 0 or {code} != {other}")
            return Elements(out.value(code, item), True, max_count(shape))
    raise InternalError(f"a {type(shape).__name__} cannot be iterated")


def _keyed(out: Emitter, collection: Val, item: Shape) -> Elements:
    """Over the elements of a set or the keys of a dict."""
    index = _ordered(out, item)
    held = slots(collection.shape)
    entry = Val(slot(out, collection.text, held, index), held.item)
    if isinstance(collection.shape, PartOf):
        entry = out.hold(entry, "entry")
        _if(out, out.is_some(entry))
    else:
        _if(out, entry.text)
    return Elements(out.value(index, item), True, space(item))


def _ordered(out: Emitter, item: Shape) -> str:
    """A loop over all codes of the item, in the order of their values; the code's name."""
    order = _value_order(item)
    if order is None:
        _for(out, f"range({space(item)})", index := out.name("x"))
        return index
    table = out.helpers.order(order)
    _for(out, f"range({space(item)})", place := out.name("place"))
    return out.let(f"{table}[{place}]", "x")


@cache
def _value_order(item: Shape) -> tuple[int, ...] | None:
    """The codes by the order of their values; None, if that is the order of the codes."""
    if space(item) > _ORDERED_MAX:
        return None
    values = [decode((code,), item) for code in range(space(item))]
    order = tuple(encode(v, item)[0] for v in in_order(values))
    return None if list(order) == sorted(order) else order


def _for(out: Emitter, iterable: str, name: str) -> None:
    out.write(f"for {name} in {iterable}:")
    out.depth += 1


def _if(out: Emitter, condition: str) -> None:
    out.write(f"if {condition}:")
    out.depth += 1


# ── The nodes ────────────────────────────────────────────────────────────────────────────────────


def value(ex: Expressions, expr: ir.Expr) -> Val:
    """The value of a collection node."""
    match expr:
        case ir.Has(collection, item):
            return _has(ex, collection, item)
        case ir.Count(collection, item):
            return _count(ex, ex.held(collection, "among"), ex.held(item))
        case ir.Size(ir.Range(lo, hi)):
            low, high = ex.held(lo), ex.held(hi)
            most = max(0, interval(high).hi - interval(low).lo)
            difference = ex.out.let(f"{high.text} - {low.text}", "size")
            return Val(f"({difference} if {difference} > 0 else 0)", Num(0, most))
        case ir.Size(collection):
            held = ex.held(collection, "among")
            return Val(size(ex.out, held), Num(0, max_count(held.shape)))
        case ir.At(collection, key):
            return _at(ex, ex.held(collection, "among"), ex.held(key, "key"))
        case ir.Universe(ir.Set(item)):
            return _universe(declared(item, ex.sizes))
        case ir.Keys(collection):
            return _built(ex, expr, _set_of)
        case ir.Range():
            return _built(ex, expr, _seq_of)
        case ir.Fresh(_, used):
            return _fresh(ex, ex.held(used, "used"))
        case ir.All() | ir.Any():
            return _quantified(ex, expr)
        case ir.Fold():
            return _folded(ex, expr)
        case ir.Build():
            return _build(ex, expr)
        case ir.Insert(collection, item):
            return inserted(ex, ex.held(collection, "old"), ex.held(item, "item"))
        case ir.Erase(collection, item):
            return erased(ex, ex.held(collection, "old"), ex.held(item, "item"))
        case ir.Put(collection, key, entry):
            old, at = ex.held(collection, "old"), ex.held(key, "key")
            return put(ex, old, at, ex.held(entry, "entry"))
        case ir.Without(collection, key):
            return without(ex, ex.held(collection, "old"), ex.held(key, "key"))
        case ir.Join(left, right):
            return join(ex, ex.held(left, "left"), ex.held(right, "right"))
    raise Unsupported(f"the node {type(expr).__name__} ({expr.span})")


def _has(ex: Expressions, collection: ir.Expr, item: ir.Expr) -> Val:
    out = ex.out
    among = ex.held(collection, "among")
    wanted = ex.held(item)
    held = slots(among.shape)
    match among.shape:
        case SetOf(to) | BagOf(to, _, True):
            code, fits = place_of(ex, wanted, to)
            text = out.where(
                fits, "False", lambda: f"({slot(out, among.text, held, code)} != 0)", "has"
            )
            return Val(text, Flag())
        case PartOf(to, _):
            code, fits = place_of(ex, wanted, to)

            def entry() -> str:
                return out.is_some(out.hold(Val(slot(out, among.text, held, code), held.item)))

            return Val(out.where(fits, "False", entry, "has"), Flag())
    return Val(f"({_count(ex, among, wanted).text} != 0)", Flag())


def _count(ex: Expressions, among: Val, wanted: Val) -> Val:
    out, held = ex.out, slots(among.shape)
    shape = among.shape
    assert isinstance(shape, BagOf | SeqOf)
    code, fits = place_of(ex, wanted, shape.item)
    most = Num(0, shape.capacity)
    if isinstance(shape, BagOf) and shape.counts:
        return Val(out.where(fits, "0", lambda: slot(out, among.text, held, code), "count"), most)
    total, index = out.let("0", "count"), out.name("i")
    if fits != "False":
        with out.inside(f"for {index} in range({length(among.text, held)}):"):
            there = slot(out, among.text, held, index)
            same = f"{there} == {code}" if fits == "True" else f"{fits} and {there} == {code}"
            out.write(f"if {same}:")
            out.write(f"    {total} += 1")
    return Val(total, most)


def _at(ex: Expressions, among: Val, key: Val) -> Val:
    out, held = ex.out, slots(among.shape)
    match among.shape:
        case SeqOf(item, capacity):
            place = index_of(ex, among, key)
            text = slot(out, among.text, held, place) if capacity else out.zero(coded(item))
            return out.value(text, item)
        case MapOf(keys, item):
            code, fits = place_of(ex, key, keys)
            out.demand(fits, "key")
            return out.value(slot(out, among.text, held, code), item)
        case PartOf(keys, _):
            code, fits = place_of(ex, key, keys)
            out.demand(fits, "key")
            entry = out.hold(Val(slot(out, among.text, held, code), held.item), "entry")
            out.demand(out.is_some(entry), "key")
            return out.hold(unwrapped(out, entry))
    raise InternalError(f"a {type(among.shape).__name__} has no entries")


def _universe(item: Shape) -> Val:
    shape = SetOf(item)
    full = encode(frozenset(decode((i,), item) for i in range(slots(shape).count)), shape)
    return Val(str(full[0]) if is_narrow(shape) else str(full), shape)


def _fresh(ex: Expressions, used: Val) -> Val:
    out, held = ex.out, slots(used.shape)
    assert isinstance(used.shape, SetOf)
    found, index = out.let("-1", "fresh"), out.name("x")
    with out.inside(f"for {index} in range({held.count}):"):
        out.write(f"if not {slot(out, used.text, held, index)}:")
        out.write(f"    {found} = {index}")
        out.write("    break")
    out.demand(f"{found} >= 0", "fresh")
    return Val(found, used.shape.item)


# ── Quantifiers ──────────────────────────────────────────────────────────────────────────────────


def _filtered(ex: Expressions, test: ir.Expr | None) -> None:
    if test is not None:
        condition = ex.condition(test)
        if condition != "True":
            _if(ex.out, condition)


def _quantified(ex: Expressions, expr: ir.All | ir.Any) -> Val:
    out = ex.out
    is_all = isinstance(expr, ir.All)
    result = out.let(str(is_all), "every" if is_all else "some")
    total = is_total(expr.body) and (expr.filter is None or is_total(expr.filter))
    with elements(ex, expr.domain, copies=False) as found, out.binding(expr.name, found.element):
        _filtered(ex, expr.filter)
        body = ex.condition(expr.body)
        out.write(f"if {f'not {body}' if is_all else body}:")
        out.write(f"    {result} = {not is_all}")
        # One that may be undefined has to be evaluated for every element.
        if total and found.breakable:
            out.write("    break")
    return Val(result, Flag())


def _folded(ex: Expressions, expr: ir.Fold) -> Val:
    out = ex.out
    result, there = out.name(expr.op), out.name("found")
    depth = out.depth
    with out.captured() as lines, elements(ex, expr.domain, copies=True) as found:
        out.bound, before = {**out.bound, expr.name: found.element}, out.bound
        _filtered(ex, expr.filter)
        body = ex.held(expr.body)
        out.bound = before
        a, text = interval(body), ex.out.code(body) if body.shape == Flag() else body.text
        if expr.op == "sum":
            out.write(f"{result} += {text}")
        else:
            sign = "<" if expr.op == "min" else ">"
            out.write(f"if not {there} or {text} {sign} {result}:")
            out.write(f"    {result} = {text}")
            out.write(f"{there} = True")
        most = found.count_max
    out.depth = depth
    out.write(f"{result} = 0")
    if expr.op != "sum":
        out.write(f"{there} = False")
    out.lines += lines
    if expr.op == "sum":
        if a.lo > a.hi:
            return Val(result, Num(0, 0))
        from .expressions import _checked

        return Val(result, _checked(min(0, most * a.lo), max(0, most * a.hi)))
    out.demand(there, "nothing")
    return Val(result, a)


Add = Callable[["Expressions", str, Elements, Val], Shape]


def _set_of(ex: Expressions, result: str, found: Elements, body: Val) -> Shape:
    shape = SetOf(body.shape)
    code = ex.out.hold(Val(ex.out.code(body), body.shape), "code").text
    ex.out.write(f"{result} = {with_bit(ex.out, result, shape, code)}")
    return shape


def _seq_of(ex: Expressions, result: str, found: Elements, body: Val) -> Shape:
    shape = SeqOf(body.shape, length_allowed(found.count_max))
    if shape.capacity:
        ex.out.write(f"{result} = {appended(ex.out, Val(result, shape), body)}")
    return shape


def _bag_of(ex: Expressions, result: str, found: Elements, body: Val) -> Shape:
    shape = bag_of(body.shape, length_allowed(found.count_max))
    if shape.capacity and space(body.shape):
        text = bag_insert(ex.out, Val(result, shape), ex.out.hold(body))
        ex.out.write(f"{result} = {text}")
    return shape


def _partial_of(ex: Expressions, result: str, found: Elements, body: Val) -> Shape:
    out = ex.out
    shape = PartOf(found.element.shape, body.shape)
    key = out.hold(Val(out.code(found.element), found.element.shape), "key").text
    out.write(f"{result} = {put_slot(out, result, slots(shape), key, some(out, body).text)}")
    return shape


def _map_of(ex: Expressions, result: str, found: Elements, body: Val) -> Shape:
    out = ex.out
    shape = MapOf(found.element.shape, body.shape)
    key = out.hold(Val(out.code(found.element), found.element.shape), "key").text
    out.write(f"{result} = {put_slot(out, result, slots(shape), key, out.code(body))}")
    return shape


_ADDERS: dict[type, Add] = {
    ir.Set: _set_of,
    ir.Bag: _bag_of,
    ir.Seq: _seq_of,
    ir.Partial: _partial_of,
    ir.Map: _map_of,
}


def _build(ex: Expressions, expr: ir.Build) -> Val:
    add = _ADDERS[type(expr.type)]
    if isinstance(expr.type, ir.Map):
        every = ir.Universe(ir.Set(expr.type.key), expr.span)
        return _collected(ex, every, True, expr.name, None, expr.body, add)
    copies = isinstance(expr.type, ir.Bag | ir.Seq)
    return _collected(ex, expr.domain, copies, expr.name, expr.filter, expr.body, add)


def _built(ex: Expressions, domain: ir.Expr, add: Add) -> Val:
    """The elements of a domain themselves."""
    return _collected(ex, domain, False, "", None, None, add)


def _collected(
    ex: Expressions,
    domain: ir.Expr,
    copies: bool,
    name: str,
    test: ir.Expr | None,
    body: ir.Expr | None,
    add: Add,
) -> Val:
    out = ex.out
    result = out.name("built")
    before, depth = out.bound, out.depth
    # What the result looks like is known once its parts are; only then can it begin empty.
    with out.captured() as lines, elements(ex, domain, copies=copies) as found:
        out.bound = {**before, name: found.element}
        _filtered(ex, test)
        part = found.element if body is None else ex.held(body)
        shape = add(ex, result, found, part)
    out.bound, out.depth = before, depth
    out.write(f"{result} = {out.zero(shape)}")
    out.lines += lines
    return Val(result, shape)
