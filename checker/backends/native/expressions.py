"""From IR expressions to statements and texts over machine ints.

Owns what each node means in generated code, but for collections (`collections.py`). Parts are
evaluated from left to right; what Python skips is skipped. An undefined evaluation writes the
statement that ends the function.
"""

from __future__ import annotations

from collections.abc import Sequence

from ... import ir
from ...errors import InternalError
from ...states import Sizes, Value
from . import collections
from .access import converted, field_value, made, some, tagged, unwrapped
from .codec import encode
from .emitter import Emitter, Val
from .shapes import (
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
    Un,
    Unsupported,
    declared,
    is_narrow,
    joined,
)

__all__ = ["Expressions", "shape_of_value"]

_INT_MAX = 1 << 61  # intermediate results stay in a signed 64-bit word, with room for one addition


class Expressions:
    """The expressions of one function."""

    def __init__(self, out: Emitter, sizes: Sizes) -> None:
        self.out = out
        self.sizes = sizes

    def condition(self, expr: ir.Expr) -> str:
        """The text of a bool."""
        return self.value(expr).text

    def held(self, expr: ir.Expr, wanted: str = "t") -> Val:
        """The value under a name."""
        return self.out.hold(self.value(expr), wanted)

    def value(self, expr: ir.Expr) -> Val:
        """The value; what it takes to compute it is written at once."""
        out = self.out
        match expr:
            case ir.Lit(value):
                return self.literal(value, expr.type)
            case ir.Read(name):
                return _known(out.reads, name, expr)
            case ir.Arg(name):
                return _known(out.args, name, expr)
            case ir.Bound(name):
                return _known(out.bound, name, expr)
            case ir.LetIn(name, value, body):
                given = self.held(value, name)
                with out.binding(name, given):
                    return self.value(body)
            case ir.Not(body):
                return Val(_negated(self.condition(body)), Flag())
            case ir.And(parts) | ir.Or(parts):
                return Val(self._junction(parts, isinstance(expr, ir.And)), Flag())
            case ir.Ite(test, then, orelse):
                return self._either(self.condition(test), then, orelse)
            case ir.Cmp():
                return self._compared(expr)
            case ir.Arith():
                return self._arith(expr)
            case ir.Make(record, values):
                fields = [
                    (name, self.held(v, name))
                    for (name, _), v in zip(record.fields, values, strict=True)
                ]
                return made(out, record.name, fields)
            case ir.Field(record, name):
                return field_value(out, self.held(record, "record"), name)
            case ir.Is(body, record):
                return self._is(body, record)
            case ir.Widen(body):
                return self.widened(self.value(body), declared_loosely(expr.type, self.sizes))
            case ir.Narrow(body):
                return self._narrowed(self.held(body), expr)
        return collections.value(self, expr)

    def literal(self, value: Value, type_: ir.Type) -> Val:
        shape = shape_of_value(value, type_, self.sizes)
        match shape:
            case Num():
                number = int(value)  # type: ignore[call-overload]
                return Val(str(number) if number >= 0 else f"({number})", shape)
            case Flag():
                return Val(str(bool(value)), shape)
        code = encode(value, shape)
        return Val(str(code[0]) if is_narrow(shape) else str(code), shape)

    # ── Bools ──

    def _junction(self, parts: Sequence[ir.Expr], is_and: bool) -> str:
        out = self.out
        if not parts:
            return str(is_and)
        word = "and" if is_and else "or"
        result = self.condition(parts[0])
        for part in parts[1:]:
            with out.captured(deeper=1) as lines:
                text = self.condition(part)
            if not lines:
                result = f"({result} {word} {text})"
                continue
            name = out.let(result, "test")
            out.write(f"if {name if is_and else f'not {name}'}:")
            out.lines += lines
            out.write(f"    {name} = {text}")
            result = name
        return result

    def _either(self, test: str, then: ir.Expr, orelse: ir.Expr) -> Val:
        out = self.out
        if test in ("True", "False"):
            return self.value(then if test == "True" else orelse)
        with out.captured(deeper=1) as first_lines:
            first = self.value(then)
        with out.captured(deeper=1) as second_lines:
            second = self.value(orelse)
        shape = joined(first.shape, second.shape)
        with out.captured(deeper=1) as more:
            first = self.fitted(first, shape)
        first_lines += more
        with out.captured(deeper=1) as more:
            second = self.fitted(second, shape)
        second_lines += more
        if not first_lines and not second_lines:
            return Val(f"({first.text} if {test} else {second.text})", shape)
        name = out.name("either")
        out.write(f"if {test}:")
        out.lines += first_lines
        out.write(f"    {name} = {first.text}")
        out.write("else:")
        out.lines += second_lines
        out.write(f"    {name} = {second.text}")
        return Val(name, shape)

    def fitted(self, val: Val, shape: Shape) -> Val:
        """The value in a shape that is known to hold it."""
        changed, ok = converted(self.out, val, shape)
        self.out.demand(ok, "overflow")
        return changed

    def _compared(self, expr: ir.Cmp) -> Val:
        left = self.value(expr.left)
        with self.out.captured() as lines:
            right = self.value(expr.right)
        if lines:
            left = self.out.hold(left)
        self.out.lines += lines
        if not isinstance(left.shape, Num | Flag) and left.shape != right.shape:
            shape = joined(left.shape, right.shape)
            left = self.fitted(self.out.hold(left), shape)
            right = self.fitted(right, shape)
        return Val(f"({left.text} {expr.op} {right.text})", Flag())

    # ── Numbers ──

    def _arith(self, expr: ir.Arith) -> Val:
        left = self.value(expr.left)
        if expr.op == "neg":
            a = _number(left)
            return Val(f"(-{left.text})", _checked(-a.hi, -a.lo))
        with self.out.captured() as lines:
            right = self.value(expr.right)
        if lines:
            left = self.out.hold(left)
        self.out.lines += lines
        a, b = _number(left), _number(right)
        if a.lo > a.hi or b.lo > b.hi:
            return Val("0", Num(0, -1))
        if expr.op in ("//", "%"):
            if b.lo <= 0:
                right = self.out.hold(right, "divisor")
                self.out.demand(f"{right.text} > 0", "division")
            most = max(1, b.hi)
            if expr.op == "%":
                return Val(f"({left.text} % {right.text})", _checked(0, most - 1))
            ends = [x // d for x in (a.lo, a.hi) for d in (max(1, b.lo), most)]
        else:
            ends = [_apply(expr.op, x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        return Val(f"({left.text} {expr.op} {right.text})", _checked(min(ends), max(ends)))

    # ── Options and unions ──

    def _is(self, body: ir.Expr, record: ir.Record) -> Val:
        held = self.held(body, "union")
        if isinstance(held.shape, Rec):
            return Val(str(held.shape.name == record.name), Flag())
        return Val(tagged(held, record.name)[0], Flag())

    def widened(self, val: Val, to: Shape) -> Val:
        """From an item to its option, from a record to its union; `to` has no bounds to check."""
        a = val.shape
        match to:
            case Opt(item) if not isinstance(a, Opt):
                return some(self.out, self.widened(val, item))
            case Opt(item) if isinstance(a, Opt):
                if isinstance(item, Un) and (isinstance(a.item, Rec) or _fewer(a.item, item)):
                    return self._widened_inside(val, a.item, item)
                return val
            case Un(records) if isinstance(a, Rec):
                union = Un(tuple(a if r.name == a.name else r for r in records))
                return self.fitted(val, union)
            case Un(records) if isinstance(a, Un) and _fewer(a, to):
                known = {r.name: r for r in a.records}
                return self.fitted(val, Un(tuple(known.get(r.name, r) for r in records)))
        return val

    def _widened_inside(self, option: Val, item: Shape, to: Un) -> Val:
        out = self.out
        held = out.hold(option)
        with out.captured(deeper=1) as lines:
            inner = some(out, self.widened(unwrapped(out, held), to))
        name = out.let(out.zero(inner.shape), "option")
        out.write(f"if {out.is_some(held)}:")
        out.lines += lines
        out.write(f"    {name} = {inner.text}")
        return Val(name, inner.shape)

    def _narrowed(self, val: Val, expr: ir.Narrow) -> Val:
        out, to = self.out, expr.type
        if isinstance(val.shape, Opt) and not isinstance(to, ir.Option):
            out.demand(out.is_some(val), "none")
            val = out.hold(unwrapped(out, val))
        if isinstance(val.shape, Un):
            records = to.records if isinstance(to, ir.Union) else (to,)
            names = [r.name for r in records if isinstance(r, ir.Record)]
            if names != [r.name for r in val.shape.records]:
                return self._one_of(val, names)
        return val

    def _one_of(self, val: Val, names: list[str]) -> Val:
        out = self.out
        assert isinstance(val.shape, Un)
        if len(names) == 1:
            is_it, record = tagged(val, names[0])
            out.demand(is_it, "class")
            return record
        shapes = {r.name: r for r in val.shape.records}
        result, ok = converted(out, val, Un(tuple(shapes[n] for n in names)))
        out.demand(ok, "class")
        return result


def _known(names: dict[str, Val], name: str, expr: ir.Expr) -> Val:
    if name not in names:
        raise InternalError(f"{type(expr).__name__} {name} at {expr.span} stands for nothing")
    return names[name]


def _negated(text: str) -> str:
    return {"True": "False", "False": "True"}.get(text, f"(not {text})")


def _number(val: Val) -> Num:
    if not isinstance(val.shape, Num):
        raise InternalError(f"{val.text} is no number")
    return val.shape


def _apply(op: str, x: int, y: int) -> int:
    return x + y if op == "+" else x - y if op == "-" else x * y


def _checked(lo: int, hi: int) -> Num:
    if lo < -_INT_MAX or hi > _INT_MAX:
        raise Unsupported("a number that may not fit into 62 bits")
    return Num(lo, hi)


def _fewer(a: Shape, b: Shape) -> bool:
    if not isinstance(a, Un) or not isinstance(b, Un):
        return False
    return [r.name for r in a.records] != [r.name for r in b.records]


# ── Shapes of literals and of types without bounds ───────────────────────────────────────────────


def declared_loosely(type_: ir.Type, sizes: Sizes) -> Shape:
    """The shape of a type whose unbounded ints have no values yet."""
    match type_:
        case ir.Int(lo, hi) if lo is None or hi is None:
            return Num(0, -1)
        case ir.Option(item):
            return Opt(declared_loosely(item, sizes))
        case ir.Record(name, fields):
            return Rec(name, tuple((f, declared_loosely(t, sizes)) for f, t in fields))
        case ir.Union(records):
            made = [declared_loosely(record, sizes) for record in records]
            return Un(tuple(r for r in made if isinstance(r, Rec)))
        case ir.Set(item):
            return SetOf(declared_loosely(item, sizes))
        case ir.Bag(item):
            return BagOf(declared_loosely(item, sizes), 0, True)
        case ir.Seq(item):
            return SeqOf(declared_loosely(item, sizes), 0)
        case ir.Map(key, value):
            return MapOf(declared_loosely(key, sizes), declared_loosely(value, sizes))
        case ir.Partial(key, value):
            return PartOf(declared_loosely(key, sizes), declared_loosely(value, sizes))
    return declared(type_, sizes)


def shape_of_value(value: Value, type_: ir.Type, sizes: Sizes) -> Shape:
    """The tightest shape of one value, with the classes of its type."""
    loose = declared_loosely(type_, sizes)
    match type_, value:
        case ir.Int(), int():
            return Num(value, value)
        case ir.Option(item), _ if value is not None:
            return Opt(shape_of_value(value, item, sizes))
        case ir.Record(name, fields), tuple():
            pairs = zip(fields, value[1:], strict=True)
            return Rec(name, tuple((f, shape_of_value(v, t, sizes)) for (f, t), v in pairs))
        case ir.Union(records), tuple():
            return _union_of_value(value, records, sizes)
        case ir.Set(item), frozenset():
            return SetOf(_all_of(loose, [shape_of_value(v, item, sizes) for v in value]))
        case ir.Bag(item), frozenset():
            shapes = [shape_of_value(v, item, sizes) for v, _ in value]
            return BagOf(_all_of(loose, shapes), sum(n for _, n in value), True)
        case ir.Seq(item), tuple():
            shapes = [shape_of_value(v, item, sizes) for v in value]
            return SeqOf(_all_of(loose, shapes), len(value))
        case ir.Map(_, item), tuple() if isinstance(loose, MapOf):
            shape = loose.value
            for v in value:
                shape = joined(shape, shape_of_value(v, item, sizes))
            return MapOf(loose.key, shape)
        case ir.Partial(key, item), frozenset() if isinstance(loose, PartOf):
            keys, shape = loose.key, loose.value
            for k, v in value:
                keys = joined(keys, shape_of_value(k, key, sizes))
                shape = joined(shape, shape_of_value(v, item, sizes))
            return PartOf(keys, shape)
    return loose


def _union_of_value(value: tuple[Value, ...], records: Sequence[ir.Record], sizes: Sizes) -> Shape:
    made = [
        shape_of_value(value, r, sizes) if r.name == value[0] else declared_loosely(r, sizes)
        for r in records
    ]
    return Un(tuple(r for r in made if isinstance(r, Rec)))


def _all_of(loose: Shape, shapes: list[Shape]) -> Shape:
    assert isinstance(loose, SetOf | BagOf | SeqOf)
    shape = loose.item
    for one in shapes:
        shape = joined(shape, one)
    return shape
