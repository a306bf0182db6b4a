"""Expressions of the IR as symbolic values, with the conditions under which they are undefined.

Owns what each node means in this encoding; `backends/python_expressions.py` is what it has to agree
with. Evaluation goes on from left to right: `alive` is the condition that nothing was undefined and
no guard false until now, and the first failure of a step is the one that counts. A node that cannot
be expressed raises `Unsupported` with its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ... import ir
from ...errors import InternalError
from ...passes.wording import wording
from ...source import NOWHERE, Span
from ...states import Sizes, Value
from . import numbers, values
from . import operations as ops
from .numbers import Number, Unsupported
from .operations import Element
from .solver import Bit, conj, disj, implies, neg
from .values import Atom, BagOf, MapOf, Maybe, OneOf, PartialOf, Rec, SeqOf, SetOf, Sym, as_bit

__all__ = ["Evaluation", "Failed", "State"]

State = Mapping[str, Sym]
Under = tuple[Bit, ...]

_ITEMS_MAX = 64  # of a list inside an expression


@dataclass(frozen=True)
class Failed:
    """A way to have no successor: under this condition. `is_cut` and the rest as in `Failure`."""

    when: Bit
    is_cut: bool
    kind: str
    subject: str
    span: Span = NOWHERE


@dataclass
class Evaluation:
    """One evaluation of a property or a rule in one state."""

    sizes: Sizes
    state: State
    args: Mapping[str, Sym] = field(default_factory=dict)
    alive: Bit = True
    failures: list[Failed] = field(default_factory=list)
    _known: dict[ir.Type, dict[Value, Sym]] = field(default_factory=dict)

    def fail(
        self,
        bad: Bit,
        under: Under,
        kind: str = "undefined",
        subject: str = "",
        *,
        is_cut: bool = False,
        span: Span = NOWHERE,
    ) -> None:
        """Under these conditions, if evaluation came so far, it ends here if `bad` is true."""
        if bad is False:
            return
        when = conj(self.alive, *under, bad)
        if when is not False:
            self.failures.append(Failed(when, is_cut, kind, subject, span))
            self.alive = conj(self.alive, neg(conj(*under, bad)))

    def constant(self, value: Value, type_: ir.Type) -> Sym:
        return values.constant(value, type_, self.sizes)

    def known(self, type_: ir.Type) -> dict[Value, Sym]:
        """The symbolic form of all values of a type, as a table that fills itself."""
        if type_ not in self._known:
            self._known[type_] = _Table(type_, self.sizes)
        return self._known[type_]

    # ── Values ──

    def bit(self, expr: ir.Expr, names: Mapping[str, Sym], under: Under = ()) -> Bit:
        return as_bit(self.value(expr, names, under))

    def number(self, expr: ir.Expr, names: Mapping[str, Sym], under: Under) -> Number:
        found = self.value(expr, names, under)
        assert isinstance(found, Number)
        return found

    def value(self, expr: ir.Expr, names: Mapping[str, Sym], under: Under = ()) -> Sym:
        """The value of a node; what is undefined is told to `fail`. Raises: Unsupported."""
        try:
            return self._value(expr, names, under)
        except Unsupported as problem:
            if problem.span.line > 0:
                raise
            raise Unsupported(f"`{wording(expr)}`: {problem.what}", expr.span) from None

    def _value(self, expr: ir.Expr, names: Mapping[str, Sym], under: Under) -> Sym:
        match expr:
            case ir.Lit(value, type_):
                return self.constant(value, type_)
            case ir.Read(name):
                return self._lookup(self.state, name, expr)
            case ir.Arg(name):
                return self._lookup(self.args, name, expr)
            case ir.Bound(name):
                return self._lookup(names, name, expr)
            case ir.LetIn(name, value, body):
                inner = {**names, name: self.value(value, names, under)}
                return self.value(body, inner, under)
            case ir.Not(body):
                return neg(self.bit(body, names, under))
            case ir.And(parts):
                return self._junction(parts, names, under, neutral=True)
            case ir.Or(parts):
                return self._junction(parts, names, under, neutral=False)
            case ir.Ite(test, then, orelse):
                chosen = self.bit(test, names, under)
                if isinstance(chosen, bool):
                    return self.value(then if chosen else orelse, names, under)
                yes = self.value(then, names, (*under, chosen))
                no = self.value(orelse, names, (*under, neg(chosen)))
                return values.merge(chosen, yes, no)
            case ir.Cmp(op, left, right):
                return self._compared(op, left, right, names, under)
            case ir.Arith():
                return self._arith(expr, names, under)
            case ir.All() | ir.Any():
                return self._quantified(expr, names, under)
            case ir.Build():
                return self._build(expr, names, under)
            case ir.Fold():
                return self._fold(expr, names, under)
        return self._structure(expr, names, under)

    def _lookup(self, table: Mapping[str, Sym], name: str, expr: ir.Expr) -> Sym:
        if name not in table:
            raise InternalError(f"{type(expr).__name__} {name} at {expr.span} stands for nothing")
        return table[name]

    # ── Booleans and numbers ──

    def _junction(
        self, parts: tuple[ir.Expr, ...], names: Mapping[str, Sym], under: Under, *, neutral: bool
    ) -> Bit:
        found: list[Bit] = []
        for part in parts:
            bit = self.bit(part, names, under)
            found.append(bit)
            if bit is not neutral and isinstance(bit, bool):
                break  # what comes behind it is not evaluated
            if not isinstance(bit, bool):
                under = (*under, bit if neutral else neg(bit))
        return conj(*found) if neutral else disj(*found)

    def _compared(
        self, op: str, left: ir.Expr, right: ir.Expr, names: Mapping[str, Sym], under: Under
    ) -> Bit:
        a, b = self.value(left, names, under), self.value(right, names, under)
        if op == "==":
            return values.equal(a, b)
        if op == "!=":
            return neg(values.equal(a, b))
        assert isinstance(a, Number) and isinstance(b, Number)
        return numbers.less(a, b, or_equal=op == "<=")

    def _arith(self, expr: ir.Arith, names: Mapping[str, Sym], under: Under) -> Number:
        left = self.number(expr.left, names, under)
        if expr.op == "neg":
            return numbers.arith("-", ops.ZERO, left)
        right = self.number(expr.right, names, under)
        if expr.op not in ("//", "%"):
            return numbers.arith(expr.op, left, right)
        self.fail(numbers.less(right, ops.ONE), under, span=expr.span)
        options = [(by, c) for by, c in values.cases(right) if isinstance(by, int) and by > 0]
        if not options:
            return ops.ZERO
        chosen = values.select(
            [(c, numbers.arith(expr.op, left, numbers.constant(by))) for by, c in options]
        )
        assert isinstance(chosen, Number)
        return chosen

    # ── Domains ──

    def elements(self, domain: ir.Expr, names: Mapping[str, Sym], under: Under) -> list[Element]:
        """What the domain may hold, in the order in which the reference goes through it."""
        if isinstance(domain, ir.Universe):
            found = values.elements_of(domain.type.item, self.sizes)
            return [Element(True, self.constant(v, domain.type.item)) for v in found]
        return ops.elements(self.value(domain, names, under), self.known(_item(domain)))

    def _turns(
        self,
        expr: ir.All | ir.Any | ir.Build | ir.Fold,
        names: Mapping[str, Sym],
        under: Under,
    ) -> list[tuple[Element, Bit, Sym]]:
        """Each element that may be there, whether it passes the filter, and the body for it."""
        turns: list[tuple[Element, Bit, Sym]] = []
        for element in self.elements(expr.domain, names, under):
            inner = {**names, expr.name: element.sym}
            there = element.there
            path = (*under, there) if there is not True else under
            if expr.filter is not None:
                passed = self.bit(expr.filter, inner, path)
                there = conj(there, passed)
                if there is False:
                    continue
                path = (*path, passed)
            turns.append((element, there, self.value(expr.body, inner, path)))
        return turns

    def _quantified(self, expr: ir.All | ir.Any, names: Mapping[str, Sym], under: Under) -> Bit:
        turns = self._turns(expr, names, under)
        if isinstance(expr, ir.All):
            return conj(*(implies(there, as_bit(body)) for _, there, body in turns))
        return disj(*(conj(there, as_bit(body)) for _, there, body in turns))

    def _fold(self, expr: ir.Fold, names: Mapping[str, Sym], under: Under) -> Number:
        turns = self._turns(expr, names, under)
        if expr.op == "sum":
            parts: list[Number] = []
            for element, there, body in turns:
                assert isinstance(body, Number)
                many = numbers.arith("*", element.copies, body)
                parts.append(numbers.merge(there, many, ops.ZERO))
            return numbers.total(parts)
        self.fail(neg(disj(*(there for _, there, _ in turns))), under, span=expr.span)
        best: Number | None = None
        any_yet: Bit = False
        for _, there, body in turns:
            assert isinstance(body, Number)
            if best is None:
                best, any_yet = body, there
                continue
            beats = numbers.less(body, best) if expr.op == "min" else numbers.less(best, body)
            best = numbers.merge(conj(there, disj(neg(any_yet), beats)), body, best)
            any_yet = disj(any_yet, there)
        return best if best is not None else ops.ZERO

    def _build(self, expr: ir.Build, names: Mapping[str, Sym], under: Under) -> Sym:
        if isinstance(expr.type, ir.Map):
            # As the reference does: over all keys, whatever the domain.
            every = ir.Universe(ir.Set(expr.type.key), expr.span)
            expr = ir.Build(expr.name, every, None, expr.body, expr.type, expr.span)
            keys = values.elements_of(every.type.item, self.sizes)
            bodies = [body for _, _, body in self._turns(expr, names, under)]
            return MapOf(dict(zip(keys, bodies, strict=True)))
        built: Sym
        match expr.type:
            case ir.Set():
                built = SetOf({})
            case ir.Bag():
                built = BagOf({})
            case ir.Seq():
                built = SeqOf(ops.ZERO, ())
            case ir.Partial():
                built = PartialOf({})
            case _:
                raise Unsupported(f"a comprehension of {type(expr.type).__name__}")
        for element, there, body in self._turns(expr, names, under):
            match built:
                case BagOf():
                    built = ops.insert_copies(built, body, element.copies, there)
                case PartialOf():
                    changed, _ = ops.put(built, element.sym, body)
                    built = values.merge(there, changed, built)
                case SeqOf():
                    for copy in range(element.copies.hi):
                        more = conj(there, numbers.less(numbers.constant(copy), element.copies))
                        built = ops.insert(built, body, more)
                    _limit(built)
                case _:
                    built = ops.insert(built, body, there)
        return built

    # ── Everything else ──

    def _structure(self, expr: ir.Expr, names: Mapping[str, Sym], under: Under) -> Sym:
        match expr:
            case ir.Make(record, parts):
                return Rec(record.name, tuple(self.value(p, names, under) for p in parts))
            case ir.Field(record, name):
                return self._field(record, name, names, under)
            case ir.Is(body, record):
                found = self.value(body, names, under)
                if isinstance(found, Rec):
                    return found.name == record.name
                assert isinstance(found, OneOf)
                return found.tags.get(record.name, False)
            case ir.Widen(body, type_):
                return values.widened(self.value(body, names, under), type_)
            case ir.Narrow(body):
                return self._narrow(expr, self.value(body, names, under), body.type, under)
            case ir.Universe(type_):
                return SetOf(dict.fromkeys(values.elements_of(type_.item, self.sizes), True))
            case ir.Range(lo, hi):
                return _range(self.number(lo, names, under), self.number(hi, names, under))
            case ir.Fresh(sort, used):
                return self._fresh(expr, sort, self.value(used, names, under), under)
        return self._collection(expr, names, under)

    def _field(self, record: ir.Expr, name: str, names: Mapping[str, Sym], under: Under) -> Sym:
        found = self.value(record, names, under)
        assert isinstance(found, Rec) and isinstance(record.type, ir.Record)
        place = [field_name for field_name, _ in record.type.fields].index(name)
        return found.fields[place]

    def _narrow(self, expr: ir.Narrow, found: Sym, type_: ir.Type, under: Under) -> Sym:
        if isinstance(type_, ir.Option) and not isinstance(expr.type, ir.Option):
            assert isinstance(found, Maybe)
            self.fail(neg(found.present), under, span=expr.span)
            type_ = type_.item
            # What is not there may be anything, for example the type's first value.
            found = found.item if found.item is not None else values.default(type_, self.sizes)
        if isinstance(type_, ir.Union) and expr.type != type_:
            assert isinstance(found, OneOf)
            wanted = expr.type.records if isinstance(expr.type, ir.Union) else (expr.type,)
            tags = [r.name for r in wanted if isinstance(r, ir.Record)]
            self.fail(neg(disj(*(found.tags.get(t, False) for t in tags))), under, span=expr.span)
            left = {t: found.tags[t] for t in tags if t in found.tags}
            if not left:
                return values.default(expr.type, self.sizes)
            if isinstance(expr.type, ir.Union):
                return OneOf(left, {t: found.parts[t] for t in left})
            return found.parts[tags[0]]
        return found

    def _fresh(self, expr: ir.Fresh, sort: ir.Sort, used: Sym, under: Under) -> Sym:
        assert isinstance(used, SetOf)
        atoms = values.elements_of(sort, self.sizes)
        taken: Bit = True
        first: dict[Value, Bit] = {}
        for atom in atoms:
            first[atom] = conj(taken, neg(used.has.get(atom, False)))
            taken = conj(taken, used.has.get(atom, False))
        self.fail(taken, under, "fresh", sort.name, is_cut=True, span=expr.span)
        return Atom({v: bit for v, bit in first.items() if bit is not False} or {atoms[0]: True})

    def _collection(self, expr: ir.Expr, names: Mapping[str, Sym], under: Under) -> Sym:
        match expr:
            case ir.Has(collection, item):
                if isinstance(collection.type, ir.Set | ir.Seq):
                    # As in Python, `x in s` evaluates x first.
                    x = self.value(item, names, under)
                    return ops.has(self.value(collection, names, under), x)
                held = self.value(collection, names, under)
                return ops.has(held, self.value(item, names, under))
            case ir.Count(collection, item):
                held = self.value(collection, names, under)
                return ops.count(held, self.value(item, names, under))
            case ir.Size(collection):
                return ops.size(self.value(collection, names, under))
            case ir.Keys(collection):
                return ops.keys(self.value(collection, names, under))
            case ir.At(collection, key):
                held = self.value(collection, names, under)
                otherwise = values.default(expr.type, self.sizes)
                found, defined = ops.at(held, self.value(key, names, under), otherwise)
                self.fail(neg(defined), under, span=expr.span)
                return found
            case ir.Put(collection, key, value):
                parts = [self.value(e, names, under) for e in (collection, key, value)]
                changed, defined = ops.put(*parts)
                self.fail(neg(defined), under, span=expr.span)
                return changed
            case ir.Without(collection, key):
                held = self.value(collection, names, under)
                changed, defined = ops.without(held, self.value(key, names, under))
                self.fail(neg(defined), under, span=expr.span)
                return changed
            case ir.Insert(collection, item):
                held = self.value(collection, names, under)
                return _limit(ops.insert(held, self.value(item, names, under)))
            case ir.Erase(collection, item):
                held = self.value(collection, names, under)
                return ops.erase(held, self.value(item, names, under))
            case ir.Join(left, right):
                a = self.value(left, names, under)
                return _limit(ops.join(a, self.value(right, names, under)))
        raise Unsupported(f"{type(expr).__name__} has no encoding")


class _Table(dict[Value, Sym]):
    def __init__(self, type_: ir.Type, sizes: Sizes) -> None:
        super().__init__()
        self.type, self.sizes = type_, sizes

    def __missing__(self, value: Value) -> Sym:
        self[value] = values.constant(value, self.type, self.sizes)
        return self[value]


def _item(domain: ir.Expr) -> ir.Type:
    match domain.type:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item) | ir.Partial(item):
            return item
    raise Unsupported(f"a loop over {type(domain.type).__name__}")


def _limit(value: Sym) -> Sym:
    if isinstance(value, SeqOf) and len(value.items) > _ITEMS_MAX:
        raise Unsupported(f"a list that may have {len(value.items)} items")
    return value


def _range(lo: Number, hi: Number) -> Sym:
    longest = max(0, hi.hi - lo.lo)
    if longest > _ITEMS_MAX:
        raise Unsupported(f"a range of up to {longest} numbers")
    span = numbers.arith("-", hi, lo)
    length = numbers.merge(numbers.less(span, ops.ZERO), ops.ZERO, span)
    items = (numbers.add(lo, numbers.constant(i)) for i in range(longest))
    return SeqOf(numbers.within(length, 0, longest), tuple(items))
