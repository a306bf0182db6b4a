"""From IR expressions to TLA+, as `tla_layout.Code`.

Owns what each expression node is in TLA+, and the helper operators that a module defines when it
needs them. An expression is printed where it is defined; the conditions for that come from
`tla_defined.py`, and whoever prints puts them in front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .. import ir
from ..errors import InternalError
from ..ir.walk import bound_by, free_names, walk
from ..passes.known import put
from ..states import Sizes, Value, atom_name, copies, in_order, universe
from . import tla_layout as t
from .tla_layout import Code, atom, binary, call, ite, let, prefixed
from .tla_names import Encoding, Scope

__all__ = ["Expressions"]


@dataclass
class Expressions:
    """`helpers` collects the names of the operators that the module has to define."""

    scope: Scope
    encoding: Encoding
    sizes: Sizes
    helpers: set[str] = field(default_factory=set)
    enums: dict[tuple[str, ...], str] = field(default_factory=dict)

    # ── Types ──

    def values_of(self, type_: ir.Type) -> Code | None:
        """The set of all values of the type; None, if TLA+ has no short name for it."""
        match type_:
            case ir.Bool():
                return atom("BOOLEAN")
            case ir.Int(None, None):
                return atom("Int")
            case ir.Int(lo, hi):
                return Code(f"{lo}..{hi}", t.JOINED)
            case ir.Sort(name):
                return atom(self.scope.names[name])
            case ir.Enum(_, members) if members in self.enums:
                return atom(self.enums[members])
            case ir.Enum(_, members):
                return call("{", [atom(f'"{m}"') for m in members], "}")
            case ir.Option(item):
                inner = self.values_of(item)
                return inner and binary(inner, "\\cup", atom("{None}"), t.JOINED)
            case ir.Record(name, fields):
                return self._records(name, fields)
            case ir.Union(records):
                return self._union([self.values_of(record) for record in records])
            case ir.Set(item):
                inner = self.values_of(item)
                return inner and prefixed("SUBSET ", t.inside(inner)).at(t.JOINED)
            case ir.Seq(item):
                inner = self.values_of(item)
                return inner and call("Seq(", [inner])
            case ir.Map(key, value):
                sides = self.values_of(key), self.values_of(value)
                return sides[0] and sides[1] and Code(f"[{sides[0].flat} -> {sides[1].flat}]")
        return None

    def _records(self, name: str, fields: tuple[tuple[str, ir.Type], ...]) -> Code | None:
        parts = [f'{self.encoding.tag} : {{"{name}"}}'] if name in self.encoding.tagged else []
        for field_name, type_ in fields:
            values = self.values_of(type_)
            if values is None:
                return None
            parts.append(f"{self.encoding.field(name, field_name)} : {values.flat}")
        return call("[", [atom(p) for p in parts], "]")

    def _union(self, sets: list[Code | None]) -> Code | None:
        found = [s for s in sets if s is not None]
        if len(found) < len(sets):
            return None
        return _chain(found, "\\cup")

    # ── Expressions ──

    def code(self, expr: ir.Expr) -> Code:
        match expr:
            case ir.Lit(value, type_):
                return self.value(value, type_)
            case ir.Read(name) | ir.Const(name):
                return atom(self.scope.names[name])
            case ir.Arg(name) | ir.Bound(name):
                return self._bound(expr, name)
            case ir.LetIn(name, value, body) if _is_used_once(name, value, body):
                return self.code(put(body, name, value))
            case ir.LetIn(name, value, body):
                given = self.code(value)
                with self.scope.binding(name) as (inner,):
                    return let(inner, given, self.code(body))
            case ir.Not(body):
                return self._not(body)
            case ir.And(parts):
                return t.conjunction([self.code(p) for p in parts])
            case ir.Or(parts):
                return self._or(parts)
            case ir.Ite(test, then, orelse):
                return ite(self.code(test), self.code(then), self.code(orelse))
            case ir.Cmp(op, left, right):
                return self._compare(op, left, right)
            case ir.Arith(op, left, right):
                return self._arith(op, left, right)
            case ir.All() | ir.Any():
                return self._quantifier(expr)
        return self._collection(expr)

    def _bound(self, expr: ir.Expr, name: str) -> Code:
        if name not in self.scope.bound:
            raise InternalError(f"{name} stands for nothing in the twin ({expr.span})")
        return atom(self.scope.bound[name])

    def _not(self, body: ir.Expr) -> Code:
        match body:
            case ir.Has(collection, item) if not isinstance(collection.type, ir.Bag):
                return self._member(collection, item, "\\notin")
            case ir.Cmp("==" | "!=" as op, left, right):
                return self._compare("!=" if op == "==" else "==", left, right)
            case ir.Cmp("<" | "<=" as op, left, right):
                return self._compare("<=" if op == "<" else "<", right, left)
        return t.negation(self.code(body))

    def _or(self, parts: tuple[ir.Expr, ...]) -> Code:
        if len(parts) == 2 and isinstance(parts[0], ir.Not):
            return t.implication(self.code(parts[0].body), self.code(parts[1]))
        return t.disjunction([self.code(p) for p in parts])

    def _compare(self, op: str, left: ir.Expr, right: ir.Expr) -> Code:
        sign = {"==": "=", "!=": "#", "<": "<", "<=": "<="}[op]
        if isinstance(left, ir.Lit) and not isinstance(right, ir.Lit):
            left, right = right, left
            sign = {"<": ">", "<=": ">="}.get(sign, sign)
        return binary(self.code(left), sign, self.code(right), t.COMPARED)

    def _arith(self, op: str, left: ir.Expr, right: ir.Expr) -> Code:
        a = self.code(left)
        if op == "neg":
            return Code(f"-{t.inside(a).flat}", t.JOINED)
        sign = {"//": "\\div", "%": "%"}.get(op, op)
        return binary(a, sign, self.code(right), t.JOINED)

    def _quantifier(self, expr: ir.All | ir.Any) -> Code:
        domain = self.domain(expr.domain)
        sign = "\\A" if isinstance(expr, ir.All) else "\\E"
        with self.scope.binding(expr.name) as (name,):
            body = expr.body
            if expr.filter is not None and isinstance(expr, ir.All):
                code = t.implication(self.code(expr.filter), self.code(body))
            elif expr.filter is not None:
                code = t.conjunction([self.code(expr.filter), self.code(body)])
            else:
                code = self.code(body)
            return t.opening(t.ranging(f"{sign} {name} \\in ", domain), code)

    # ── Domains ──

    def domain(self, expr: ir.Expr) -> Code:
        """The set of the distinct elements."""
        match expr, expr.type:
            case ir.Range(lo, hi), _:
                return self._interval(lo, hi)
            case _, ir.Seq():
                return self._helper("Range", expr)
            case _, ir.Bag():
                return call("BagToSet(", [self.code(expr)])
            case _, ir.Partial():
                return Code(f"DOMAIN {t.inside(self.code(expr)).flat}", t.JOINED)
        return self.code(expr)

    def _interval(self, lo: ir.Expr, hi: ir.Expr) -> Code:
        if isinstance(hi, ir.Lit) and isinstance(hi.value, int):
            last = self.value(hi.value - 1, ir.INT)
        else:
            last = binary(self.code(hi), "-", atom("1"), t.JOINED)
        return binary(self.code(lo), "..", last, t.JOINED)

    def _helper(self, name: str, *arguments: ir.Expr | Code) -> Code:
        self.helpers.add(name)
        codes = [a if isinstance(a, Code) else self.code(a) for a in arguments]
        return call(f"{name}(", codes)

    def selected(self, expr: ir.Build | ir.Fold | ir.All | ir.Any) -> Code:
        """The distinct elements of the domain that pass the filter."""
        domain = self.domain(expr.domain)
        match expr.filter:
            case None:
                return domain
            case ir.Has(ir.Universe(), _):
                pass
            case ir.Has(other, ir.Bound(name)) if name == expr.name and _is_set(other, name):
                return binary(domain, "\\cap", self.code(other), t.JOINED)
            case ir.Not(ir.Has(other, ir.Bound(name))) if name == expr.name and _is_set(
                other, name
            ):
                return binary(domain, "\\", self.code(other), t.JOINED)
        with self.scope.binding(expr.name) as (name,):
            return _subset(name, domain, self.code(expr.filter))

    # ── Collections ──

    def _collection(self, expr: ir.Expr) -> Code:
        match expr:
            case ir.Has(collection, item):
                return self._member(collection, item, "\\in")
            case ir.Count(collection, item):
                return self._count(collection, item)
            case ir.Size(collection):
                return self._size(collection)
            case ir.At(collection, key):
                return self._at(collection, key)
            case ir.Keys(collection):
                return Code(f"DOMAIN {t.inside(self.code(collection)).flat}", t.JOINED)
            case ir.Universe(ir.Set(item)):
                return self._universe(item)
            case ir.Range(lo, hi):
                return self._helper("Upto", lo, hi)
            case ir.Fresh(sort, used):
                with self.scope.binding("id") as (name,):
                    free = binary(atom(name), "\\notin", self.code(used), t.COMPARED)
                    return t.opening(f"CHOOSE {name} \\in {self.scope.names[sort.name]} :", free)
            case ir.Make(record, values):
                return self._record(record, [self.code(v) for v in values])
            case ir.Field(record, name):
                return Code(f"{t.inside(self.code(record)).flat}.{self._field(record, name)}")
            case ir.Is(body, record):
                tag = Code(f"{t.inside(self.code(body)).flat}.{self.encoding.tag}")
                return binary(tag, "=", atom(f'"{record.name}"'), t.COMPARED)
            case ir.Widen(body) | ir.Narrow(body):
                return self.code(body)
            case ir.Build():
                return self._build(expr)
            case ir.Fold():
                return self._fold(expr)
        return self._changed(expr)

    def _member(self, collection: ir.Expr, item: ir.Expr, sign: str) -> Code:
        if isinstance(collection.type, ir.Bag):
            return call("BagIn(", [self.code(item), self.code(collection)])
        where = self.domain(collection)
        return binary(self.code(item), sign, where, t.COMPARED)

    def _count(self, collection: ir.Expr, item: ir.Expr) -> Code:
        if isinstance(collection.type, ir.Bag):
            return call("CopiesIn(", [self.code(item), self.code(collection)])
        return self._helper("Occurrences", item, collection)

    def _size(self, collection: ir.Expr) -> Code:
        match collection.type:
            case ir.Bag():
                return call("BagCardinality(", [self.code(collection)])
            case ir.Seq():
                return call("Len(", [self.code(collection)])
        return call("Cardinality(", [self.domain(collection)])

    def _at(self, collection: ir.Expr, key: ir.Expr) -> Code:
        if not isinstance(collection.type, ir.Seq):
            return _indexed(self.code(collection), self.code(key))
        if isinstance(key, ir.Lit) and key.value == 0:
            return call("Head(", [self.code(collection)])
        return _indexed(self.code(collection), self._place(collection, key))

    def _place(self, collection: ir.Expr, key: ir.Expr) -> Code:
        """Python counts from 0, and from the end with negative numbers; TLA+ from 1."""
        if isinstance(key, ir.Lit) and isinstance(key.value, int) and key.value >= 0:
            return atom(str(key.value + 1))
        if isinstance(key, ir.Lit) and key.value == -1:
            return call("Len(", [self.code(collection)])
        return self._helper("Place", collection, key)

    def _universe(self, item: ir.Type) -> Code:
        found = self.values_of(item)
        if found is not None:
            return found
        raise InternalError(f"the values of {item} cannot be written as a set")

    def _field(self, record: ir.Expr, name: str) -> str:
        if not isinstance(record.type, ir.Record):
            raise InternalError(f"{record.type} has no field {name} ({record.span})")
        return self.encoding.field(record.type.name, name)

    def _record(self, record: ir.Record, values: list[Code]) -> Code:
        tag = self.encoding.tag
        parts = [atom(f'{tag} |-> "{record.name}"')] if record.name in self.encoding.tagged else []
        for (name, _), value in zip(record.fields, values, strict=True):
            parts.append(prefixed(f"{self.encoding.field(record.name, name)} |-> ", value))
        return call("[", parts, "]")

    # ── Comprehensions ──

    def _build(self, expr: ir.Build) -> Code:
        match expr.type:
            case ir.Set():
                return self._image(expr)
            case ir.Bag():
                return self._bag(expr)
            case ir.Seq():
                return self._mapped(expr)
            case ir.Partial():
                return self._function(expr.name, self.selected(expr), expr.body)
            case ir.Map(key):
                return self._function(expr.name, self._universe(key), expr.body)
        raise InternalError(f"a {expr.type} cannot be built ({expr.span})")

    def _image(self, expr: ir.Build | ir.Fold) -> Code:
        domain = self.selected(expr)
        if _is_itself(expr):
            return domain
        with self.scope.binding(expr.name) as (name,):
            where = f" : {name} \\in "
            body = self.code(expr.body)
            head = Code(f"{body.flat}{where}{domain.flat}", t.OPEN)

            def broken(width: int) -> list[str]:
                first = t.lines_of(body, width)
                return [*first, *_hung(t.lines_of(domain, width - 10), f"  : {name} \\in ")]

            return call("{", [Code(head.flat, t.OPEN, broken)], "}")

    def _function(self, bound: str, domain: Code, body: ir.Expr) -> Code:
        with self.scope.binding(bound) as (name,):
            head = f"[{name} \\in {t.inside(domain, t.COMPARED).flat} |-> "
            inner = self.code(body)

            def broken(width: int) -> list[str]:
                lines = [head.rstrip(), *(f"    {x}" for x in t.lines_of(inner, width - 5))]
                return [*lines[:-1], lines[-1] + "]"]

            return Code(f"{head}{inner.flat}]", t.ATOM, broken)

    def _lambda(self, name: str, body: Callable[[], Code]) -> Code:
        with self.scope.binding(name) as (inner,):
            return t.opening(f"LAMBDA {inner} :", body())

    def _bag(self, expr: ir.Build) -> Code:
        """Each element counts with all its copies."""
        match expr.domain.type:
            case ir.Bag():
                source = self.code(expr.domain)
            case ir.Seq():
                source = self._helper("SeqToBag", expr.domain)
            case _:
                source = call("SetToBag(", [self.selected(expr)])
        if expr.filter is not None and isinstance(expr.domain.type, ir.Bag | ir.Seq):
            with self.scope.binding(expr.name) as (name,):
                kept = _subset(
                    name, atom(f"DOMAIN {t.inside(source).flat}"), self.code(expr.filter)
                )
                source = Code(f"[{name} \\in {kept.flat} |-> {_indexed(source, atom(name)).flat}]")
        if _is_itself(expr):
            return source
        self.helpers.update(("ImageBag", "Sum"))
        body = self._lambda(expr.name, lambda: self.code(expr.body))
        return call("ImageBag(", [body, source])

    def _mapped(self, expr: ir.Build) -> Code:
        source = self._ordered(expr.domain)
        if expr.filter is not None:
            test = expr.filter
            source = call("SelectSeq(", [source, self._lambda(expr.name, lambda: self.code(test))])
        if _is_itself(expr):
            return source
        self.helpers.add("MapSeq")
        body = self._lambda(expr.name, lambda: self.code(expr.body))
        return call("MapSeq(", [body, source])

    def _ordered(self, domain: ir.Expr) -> Code:
        if isinstance(domain.type, ir.Seq):
            return self.code(domain)
        if isinstance(domain, ir.Universe):
            values = universe(domain.type.item, self.sizes)
            return call("<<", [self.value(v, domain.type.item) for v in values], ">>")
        raise InternalError(f"a list is built from what has no order ({domain.span})")

    def _fold(self, expr: ir.Fold) -> Code:
        if expr.op != "sum":
            self.helpers.add("Min" if expr.op == "min" else "Max")
            return call("Min(" if expr.op == "min" else "Max(", [self._image(expr)])
        if isinstance(expr.domain.type, ir.Seq) and not isinstance(expr.domain, ir.Range):
            return self._sum_of_sequence(expr)
        domain = self.selected(expr)
        is_bag = isinstance(expr.domain.type, ir.Bag)
        if isinstance(expr.body, ir.Lit) and expr.body.value == 1 and not is_bag:
            return call("Cardinality(", [domain])
        body = expr.body
        if isinstance(expr.domain.type, ir.Bag):
            each = ir.Bound(expr.name, expr.domain.type.item)
            body = ir.Arith("*", body, ir.Count(expr.domain, each))
        self.helpers.add("Sum")
        return call("Sum(", [self._lambda(expr.name, lambda: self.code(body)), domain])

    def _sum_of_sequence(self, expr: ir.Fold) -> Code:
        self.helpers.add("Sum")
        body: ir.Expr = expr.body
        if expr.filter is not None:
            body = ir.Ite(expr.filter, body, ir.Lit(0, ir.INT), ir.INT)
        source = self.code(expr.domain)
        with self.scope.binding("i") as (i,), self.scope.binding(expr.name) as (name,):
            inner = let(name, _indexed(source, atom(i)), self.code(body))
            each = t.opening(f"LAMBDA {i} :", inner)
        return call("Sum(", [each, Code(f"DOMAIN {t.inside(source).flat}", t.JOINED)])

    # ── Changed collections ──

    def _changed(self, expr: ir.Expr) -> Code:
        match expr:
            case ir.Insert():
                return self._inserted(expr)
            case ir.Erase(collection, item):
                match collection.type:
                    case ir.Bag():
                        single = call("SetToBag(", [call("{", [self.code(item)], "}")])
                        return binary(self.code(collection), "(-)", single, t.JOINED)
                    case ir.Seq():
                        return self._helper("RemoveFirst", collection, item)
                single = call("{", [self.code(item)], "}")
                return binary(self.code(collection), "\\", single, t.JOINED)
            case ir.Put(collection, key, value):
                return self._put(collection, key, value)
            case ir.Without(collection, key):
                if isinstance(collection.type, ir.Seq):
                    if isinstance(key, ir.Lit) and key.value == 0:
                        return call("Tail(", [self.code(collection)])
                    place = self._place(collection, key)
                    return self._helper("RemoveAt", self.code(collection), place)
                return self._helper("Without", collection, key)
            case ir.Join(left, right):
                a, b = self.code(left), self.code(right)
                match expr.type:
                    case ir.Bag():
                        return binary(a, "(+)", b, t.JOINED)
                    case ir.Partial():
                        return binary(b, "@@", a, t.JOINED)
                    case ir.Seq():
                        return binary(a, "\\o", b, t.JOINED)
                return binary(a, "\\cup", b, t.JOINED)
        raise InternalError(f"the TLA+ printer does not know {type(expr).__name__}")

    def _inserted(self, expr: ir.Insert) -> Code:
        """Insertions into one set or bag after another are written as one."""
        items: list[ir.Expr] = []
        base: ir.Expr = expr
        while isinstance(base, ir.Insert):
            items.insert(0, base.item)
            base = base.collection
        codes = [self.code(item) for item in items]
        empty = isinstance(base, ir.Lit) and base.value in (frozenset(), ())
        match expr.type:
            case ir.Seq():
                if empty:
                    return call("<<", codes, ">>")
                code = self.code(base)
                for item in codes:
                    code = call("Append(", [code, item])
                return code
            case ir.Bag():
                singles = [call("SetToBag(", [call("{", [c], "}")]) for c in codes]
                return _chain([*([] if empty else [self.code(base)]), *singles], "(+)")
        added = call("{", codes, "}")
        return added if empty else binary(self.code(base), "\\cup", added, t.JOINED)

    def _put(self, collection: ir.Expr, key: ir.Expr, value: ir.Expr) -> Code:
        c, v = self.code(collection), self.code(value)
        if isinstance(collection.type, ir.Partial):
            entry = binary(self.code(key), ":>", v, t.JOINED)
            if isinstance(collection, ir.Lit) and not collection.value:
                return entry
            return binary(entry, "@@", c, t.JOINED)
        ordered = isinstance(collection.type, ir.Seq)
        place = self._place(collection, key) if ordered else self.code(key)
        return call("[", [prefixed(f"{c.flat} EXCEPT ![{place.flat}] = ", v)], "]")

    # ── Values ──

    def value(self, value: Value, type_: ir.Type) -> Code:
        """A value of the model, written out."""
        match type_, value:
            case _, None:
                return atom("None")
            case ir.Bool(), _:
                return atom("TRUE" if value else "FALSE")
            case ir.Int(), int(number):
                return atom(str(number)) if number >= 0 else Code(f"-{-number}", t.JOINED)
            case ir.Sort(name), int(index):
                return atom(atom_name(name, index))
            case ir.Enum(), _:
                return atom(f'"{value}"')
            case ir.Option(item), _:
                return self.value(value, item)
            case ir.Record(_, fields), (_, *parts):
                kinds = [kind for _, kind in fields]
                return self._record(type_, list(map(self.value, parts, kinds)))
            case ir.Union(records), (tag, *_):
                return self.value(value, next(r for r in records if r.name == tag))
            case ir.Set(item), frozenset():
                return call("{", [self.value(v, item) for v in in_order(value)], "}")
            case ir.Seq(item), tuple():
                return call("<<", [self.value(v, item) for v in value], ">>")
            case ir.Bag(item), frozenset():
                singles = [call("SetToBag({", [self.value(v, item)], "})") for v in copies(value)]
                return _chain(singles, "(+)") if singles else atom("EmptyBag")
            case ir.Partial(key, item), frozenset():
                return self._entries(in_order(value), key, item)
            case ir.Map(key, item), tuple():
                return self._entries(zip(universe(key, self.sizes), value, strict=True), key, item)
        raise InternalError(f"{value!r} is no {type_}")

    def _entries(self, pairs: object, key: ir.Type, item: ir.Type) -> Code:
        found = []
        for k, v in pairs:  # type: ignore[attr-defined]
            found.append(binary(self.value(k, key), ":>", self.value(v, item), t.JOINED))
        if not found:
            self.helpers.add("EmptyMap")
            return atom("EmptyMap")
        return _chain(found, "@@")


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────


def _hung(lines: list[str], head: str) -> list[str]:
    return [head + lines[0], *(" " * len(head) + line for line in lines[1:])]


def _chain(codes: list[Code], operator: str) -> Code:
    found = codes[0]
    for place, code in enumerate(codes[1:]):
        found = binary(found, operator, code, t.JOINED, chain=place > 0)
    return found


def _indexed(collection: Code, key: Code) -> Code:
    return call(f"{t.inside(collection).flat}[", [key], "]")


def _subset(name: str, domain: Code, test: Code) -> Code:
    head = f"{name} \\in {t.inside(domain, t.COMPARED).flat} : "
    return call("{", [prefixed(head, test)], "}")


def _is_used_once(name: str, value: ir.Expr, body: ir.Expr) -> bool:
    """Can the value be written where the name stands? Whether it has one was asked before."""
    taken = free_names(value) | {name}
    uses = sum(isinstance(node, ir.Bound) and node.name == name for node in walk(body))
    return uses <= 1 and not any(bound_by(node) in taken for node in walk(body))


def _is_itself(expr: ir.Build | ir.Fold) -> bool:
    body = expr.body
    while isinstance(body, ir.Widen):
        body = body.body
    return isinstance(body, ir.Bound) and body.name == expr.name


def _is_set(other: ir.Expr, name: str) -> bool:
    return isinstance(other.type, ir.Set) and name not in free_names(other)
