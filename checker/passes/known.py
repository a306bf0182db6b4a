"""What is known at a place in a rule, and conditions without what is known.

Owns the reasoning of a reader who follows a body from the top: a guard that has passed is true, a
name stands for its value, an element drawn from a set is in it, and what was read from the state
keeps the bounds of its type. `Known.reduced` says the same as the expression in every state in
which the facts hold and the expression has a value; it decides nothing by enumeration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from .. import ir
from ..ir.walk import bound_by, children, free_names, rebuild, walk

__all__ = ["FALSE", "TRUE", "Known", "all_of", "any_of", "opposite", "put"]

TRUE = ir.Lit(True, ir.BOOL)
FALSE = ir.Lit(False, ir.BOOL)

_EXPANDED_MAX = 300  # nodes; what is longer stays behind its name

Interval = tuple[int | None, int | None]


@dataclass(frozen=True)
class Known:
    """`facts` are true; `values` is what names stand for, names in them written out; `stored` are
    the names of values that were read from the state, and so keep the bounds of their types.
    """

    facts: frozenset[ir.Expr] = frozenset()
    values: Mapping[str, ir.Expr] = field(default_factory=dict)
    stored: frozenset[str] = frozenset()

    # ── What becomes known ──

    def learning(self, *exprs: ir.Expr) -> Known:
        """Behind a place where the expressions were true."""
        found = set(self.facts)
        for expr in exprs:
            for form in (expr, self._of(self.expanded(expr))):
                found |= {_plain(fact) for fact in _facts(form)}
        return replace(self, facts=frozenset(found))

    def naming(self, name: str, value: ir.Expr) -> Known:
        """Behind `let name = value`."""
        known = self.without(name)
        whole = self.expanded(value)
        if _size(whole) > _EXPANDED_MAX or name in free_names(whole):
            return known
        return replace(known, values={**known.values, name: whole})

    def drawing(self, name: str, domain: ir.Expr) -> Known:
        """Inside a quantifier or behind a choice."""
        known = self.without(name)
        whole = self.expanded(domain)
        if self.is_stored(whole) or isinstance(whole, ir.Universe):
            known = replace(known, stored=known.stored | {name})
        element = ir.Bound(name, _element(domain.type))
        match whole:
            case ir.Build(each, among, test, ir.Bound(same), ir.Set()) if each == same and test:
                # `x for x in among if test`
                if name == each or not _captured(test, each, element):
                    known = known.learning(ir.Has(among, element), put(test, each, element))
                if self.is_stored(among):
                    known = replace(known, stored=known.stored | {name})
        return known.learning(ir.Has(domain, element))

    def without(self, name: str) -> Known:
        """Where the name begins to mean something else."""
        return Known(
            frozenset(f for f in self.facts if name not in free_names(f)),
            {n: v for n, v in self.values.items() if n != name and name not in free_names(v)},
            self.stored - {name},
        )

    # ── Values ──

    def expanded(self, expr: ir.Expr) -> ir.Expr:
        """The expression with its names written out, where that hides no other name."""
        if isinstance(expr, ir.Bound):
            return self.values.get(expr.name, expr)
        inner = bound_by(expr)
        if inner is None:
            return rebuild(expr, tuple(map(self.expanded, children(expr))))
        first, *rest = children(expr)
        body = self.without(inner)
        if any(inner in free_names(value) for value in self.values.values()):
            return rebuild(expr, (self.expanded(first), *rest))
        return rebuild(expr, (self.expanded(first), *map(body.expanded, rest)))

    def is_stored(self, expr: ir.Expr) -> bool:
        """Was the value read from the state, so that it is one of its type?"""
        match expr:
            case ir.Read() | ir.Arg():
                return True
            case ir.Bound(name):
                return name in self.stored
            case ir.At(body) | ir.Field(body) | ir.Narrow(body) | ir.Widen(body) | ir.Keys(body):
                return self.is_stored(body)
        return False

    def interval(self, expr: ir.Expr) -> Interval:
        """Bounds of an int, None where there is none."""
        match expr:
            case ir.Lit(int(value)):
                return value, value
            case ir.Size():
                return 0, None
            case ir.Arith("+" | "-" as op, left, right):
                (a, b), (c, d) = self.interval(left), self.interval(right)
                if op == "-":
                    c, d = (None if d is None else -d), (None if c is None else -c)
                low = None if a is None or c is None else a + c
                return low, None if b is None or d is None else b + d
        if isinstance(expr.type, ir.Int) and self.is_stored(expr):
            return expr.type.lo, expr.type.hi
        return None, None

    # ── Conditions ──

    def decides(self, expr: ir.Expr) -> bool | None:
        """Is the condition known to be true, or to be false?"""
        found = self.reduced(expr)
        return found.value is True if isinstance(found, ir.Lit) else None

    def reduced(self, expr: ir.Expr) -> ir.Expr:
        """The condition without what is known, in the shorter of two forms: names kept, or not."""
        whole = self._of(self.expanded(expr))
        if isinstance(whole, ir.Lit):
            return whole
        named = self._named(expr)
        return whole if _size(whole) < _size(named) else named

    def _named(self, expr: ir.Expr) -> ir.Expr:
        """As `_of`, and names stay."""
        match expr:
            case ir.And(parts):
                known, kept = self, list[ir.Expr]()
                for part in parts:
                    kept.append(known.reduced(part))
                    known = known.learning(kept[-1])
                return all_of(kept)
            case ir.Or(parts):
                known, kept = self, []
                for part in parts:
                    kept.append(known.reduced(part))
                    known = known.learning(opposite(kept[-1]))
                return any_of(kept)
            case ir.Not(body):
                return opposite(self.reduced(body))
            case ir.Ite(test, then, orelse) if expr.type == ir.BOOL:
                asked = self.reduced(test)
                if isinstance(asked, ir.Lit):
                    return self.reduced(then if asked.value else orelse)
                return _chosen(
                    asked,
                    self.learning(asked).reduced(then),
                    self.learning(opposite(asked)).reduced(orelse),
                )
        return expr

    def _of(self, expr: ir.Expr) -> ir.Expr:
        """The expression, whose names are written out, in simpler words."""
        match expr:
            case ir.And(parts):
                return self._all(parts)
            case ir.Or(parts):
                return opposite(self._all([opposite(p) for p in parts]))
            case ir.Not(body):
                return opposite(self._of(body))
            case ir.Ite():
                return self._ite(expr)
            case ir.LetIn(name, value, body):
                if _captured(body, name, value):
                    return expr
                return self._of(put(body, name, value))
            case ir.All() | ir.Any():
                return self._quantified(expr)
            case ir.Build() | ir.Fold():
                return expr
        return self._plain_node(rebuild(expr, tuple(map(self._of, children(expr)))))

    def _all(self, parts: tuple[ir.Expr, ...] | list[ir.Expr]) -> ir.Expr:
        known, kept = self, list[ir.Expr]()
        for part in parts:
            found = known._of(part)
            known = known.learning(found)
            kept.append(found)
        return all_of(kept)

    def _ite(self, expr: ir.Ite) -> ir.Expr:
        test = self._of(expr.test)
        if isinstance(test, ir.Lit):
            return self._of(expr.then if test.value else expr.orelse)
        then = self.learning(test)._of(expr.then)
        orelse = self.learning(opposite(test))._of(expr.orelse)
        if then == orelse:
            return then
        if expr.type == ir.BOOL:
            return _chosen(test, then, orelse)
        return replace(expr, test=test, then=then, orelse=orelse)

    def _quantified(self, expr: ir.All | ir.Any) -> ir.Expr:
        domain = self._of(expr.domain)
        inner = self.drawing(expr.name, domain)
        test = inner._of(expr.filter) if expr.filter is not None else None
        if test is not None:
            inner = inner.learning(test)
        body = inner._of(expr.body)
        every = isinstance(expr, ir.All)
        if body == (TRUE if every else FALSE) or test == FALSE:
            return TRUE if every else FALSE
        expr = replace(expr, domain=domain, filter=None if test == TRUE else test, body=body)
        one = self._one_more(expr) if every else None
        return one if one is not None else expr

    def _one_more(self, expr: ir.All | ir.Any) -> ir.Expr | None:
        """All elements of what was read, and one more that was put there."""
        if expr.filter is not None:
            return None
        match expr.domain:
            case ir.Build(name, domain, test, made, ir.Set()) if not _captured(
                expr.body, expr.name, made
            ):
                body = put(expr.body, expr.name, made)
                return self._of(ir.All(name, domain, test, body))
            case ir.Insert(old, item) if not _captured(expr.body, expr.name, item):
                rest = self._of(replace(expr, domain=old))
                return all_of([rest, self._of(put(expr.body, expr.name, item))])
            case ir.Keys(ir.Put(old, key, value) as larger) if isinstance(old.type, ir.Partial):
                held = ir.At(larger, ir.Bound(expr.name, key.type), value.type)
                entry = _swapped(expr.body, held, value)
                other = _swapped(expr.body, held, replace(held, collection=old))
                if expr.name in free_names(entry):
                    return None
                # The key's old entry is asked too, which says more unless all of that is known.
                keys = ir.Keys(old, ir.Set(key.type))
                if self._of(replace(expr, domain=keys, body=other)) == TRUE:
                    return self._of(entry)
        return None

    # ── Nodes ──

    def _plain_node(self, expr: ir.Expr) -> ir.Expr:
        """A node whose parts are simple already."""
        if expr.type == ir.BOOL:
            found = self._truth(expr)
            if found is not None:
                return TRUE if found else FALSE
        match expr:
            case ir.Cmp(op, ir.Ite(test, then, orelse), other) | ir.Cmp(
                op, other, ir.Ite(test, then, orelse)
            ):
                return self._of(
                    ir.Ite(test, ir.Cmp(op, then, other), ir.Cmp(op, orelse, other), ir.BOOL)
                    if expr.right == other
                    else ir.Ite(test, ir.Cmp(op, other, then), ir.Cmp(op, other, orelse), ir.BOOL)
                )
            case ir.Cmp("<" | "<=" as op, ir.Arith("+", left, ir.Lit(int(more))), ir.Lit(int(hi))):
                # One more fits where there are less.
                least = ir.Lit(hi - more + (op == "<="), ir.INT)
                return self._of(ir.Cmp("<", left, least))
            case ir.Narrow(ir.Widen(body), type_) if body.type == type_ or isinstance(
                type_, ir.Int
            ):
                return body
            case ir.Narrow(ir.Ite(test, then, orelse), type_):
                return self._of(
                    ir.Ite(test, ir.Narrow(then, type_), ir.Narrow(orelse, type_), type_)
                )
            case ir.Field(ir.Make(record, values), name):
                return values[[n for n, _ in record.fields].index(name)]
            case ir.Field(ir.Ite(test, then, orelse), name):
                one, other = (ir.Field(side, name, expr.type) for side in (then, orelse))
                return self._of(ir.Ite(test, one, other, expr.type))
            case ir.At(ir.Put(_, key, value), other) if key == other and not isinstance(
                expr.collection.type, ir.Seq
            ):
                return value
            case ir.Size(ir.Insert(old, _)) if isinstance(old.type, ir.Bag | ir.Seq):
                return ir.Arith("+", ir.Size(old), ir.Lit(1, ir.INT))
        return expr

    def _truth(self, expr: ir.Expr) -> bool | None:
        if _plain(expr) in self.facts:
            return True
        if _plain(opposite(expr)) in self.facts:
            return False
        match expr:
            case ir.Cmp("==" | "!=" as op, left, right):
                same = self._same(left, right)
                return None if same is None else same is (op == "==")
            case ir.Cmp("<" | "<=" as op, left, right):
                return _ordered(op, self.interval(left), self.interval(right))
            case ir.Has(collection, item):
                return True if self._is_in(collection, item) else None
        return None

    def _same(self, left: ir.Expr, right: ir.Expr) -> bool | None:
        if left == right:
            return True
        if isinstance(left, ir.Lit) and not isinstance(right, ir.Lit):
            left, right = right, left
        match left, right:
            case ir.Lit(a), ir.Lit(b):
                return a == b
            case ir.Widen() | ir.Make(), ir.Lit(None):
                return False
            case ir.Widen(a), ir.Lit(b, type_):
                return self._same(a, ir.Lit(b, a.type)) if isinstance(type_, ir.Option) else None
            case _, ir.Lit(value):
                for fact in self.facts:
                    match fact:
                        case ir.Cmp("==", body, ir.Lit(other)) if body == left:
                            return value == other
        return None

    def _is_in(self, collection: ir.Expr, item: ir.Expr) -> bool:
        match collection:
            case ir.Insert(old, other):
                return item == other or self._is_in(old, item)
            case ir.Put(old, key) if isinstance(collection.type, ir.Partial):
                return item == key or self._is_in(old, item)
            case ir.Universe(ir.Set(type_)):
                return type_ == item.type and (self.is_stored(item) or not _bounded(type_))
        return _plain(ir.Has(collection, item)) in self.facts


# ── Formulas ─────────────────────────────────────────────────────────────────────────────────────


def all_of(parts: list[ir.Expr]) -> ir.Expr:
    """The conjunction of conditions that are evaluated in order, each where the others held."""
    kept: list[ir.Expr] = []
    for part in parts:
        for each in part.parts if isinstance(part, ir.And) else (part,):
            if each == FALSE:
                return FALSE
            if each != TRUE and each not in kept:
                kept.append(each)
    return TRUE if not kept else kept[0] if len(kept) == 1 else ir.And(tuple(kept))


def any_of(parts: list[ir.Expr]) -> ir.Expr:
    """The disjunction."""
    kept: list[ir.Expr] = []
    for part in parts:
        for each in part.parts if isinstance(part, ir.Or) else (part,):
            if each == TRUE:
                return TRUE
            if each != FALSE and each not in kept:
                kept.append(each)
    return FALSE if not kept else kept[0] if len(kept) == 1 else ir.Or(tuple(kept))


def opposite(expr: ir.Expr) -> ir.Expr:
    """True where the condition is false."""
    match expr:
        case ir.Lit(value):
            return FALSE if value else TRUE
        case ir.Not(body):
            return body
        case ir.And(parts):
            return any_of([opposite(p) for p in parts])
        case ir.Or(parts):
            return all_of([opposite(p) for p in parts])
        case ir.Cmp("==" | "!=" as op):
            return replace(expr, op="!=" if op == "==" else "==")
        case ir.Cmp("<" | "<=" as op, left, right):
            return replace(expr, op="<=" if op == "<" else "<", left=right, right=left)
    return ir.Not(expr)


def _chosen(test: ir.Expr, then: ir.Expr, orelse: ir.Expr) -> ir.Expr:
    """`then if test else orelse` of conditions."""
    if then == orelse:
        return then
    match then, orelse:
        case ir.Lit(True), _:
            return any_of([test, orelse])
        case ir.Lit(False), _:
            return all_of([opposite(test), orelse])
        case _, ir.Lit(True):
            return any_of([opposite(test), then])
        case _, ir.Lit(False):
            return all_of([test, then])
    return ir.Ite(test, then, orelse, ir.BOOL)


def _facts(expr: ir.Expr) -> Iterator[ir.Expr]:
    if isinstance(expr, ir.And):
        for part in expr.parts:
            yield from _facts(part)
    elif isinstance(expr, ir.Not) and isinstance(expr.body, ir.Or):
        yield from _facts(opposite(expr.body))
    else:
        yield expr


def _plain(expr: ir.Expr) -> ir.Expr:
    """One form for conditions that say the same."""
    match expr:
        case ir.Not(body) if (other := opposite(body)) != expr:
            return _plain(other)
        case ir.Cmp("==" | "!=" as op, ir.Lit() as left, right) if not isinstance(right, ir.Lit):
            return ir.Cmp(op, right, left)
        case ir.Has(ir.Keys(collection), item) if isinstance(collection.type, ir.Partial):
            return ir.Has(collection, item)
        case ir.Cmp("<", left, ir.Lit(int(value))):
            return ir.Cmp("<=", left, ir.Lit(value - 1, ir.INT))
        case ir.Cmp("<", ir.Lit(int(value)), right):
            return ir.Cmp("<=", ir.Lit(value + 1, ir.INT), right)
    return expr


def _ordered(op: str, left: Interval, right: Interval) -> bool | None:
    (a, b), (c, d) = left, right
    if b is not None and c is not None and (b < c or (op == "<=" and b == c)):
        return True
    if a is not None and d is not None and (a > d or (op == "<" and a == d)):
        return False
    return None


# ── Expressions ──────────────────────────────────────────────────────────────────────────────────


def put(expr: ir.Expr, name: str, value: ir.Expr) -> ir.Expr:
    """The value in the name's places; the caller has seen that nothing in it is captured."""
    if isinstance(expr, ir.Bound) and expr.name == name:
        return value
    parts = children(expr)
    if bound_by(expr) == name:
        return rebuild(expr, (put(parts[0], name, value), *parts[1:]))
    return rebuild(expr, tuple(put(part, name, value) for part in parts))


def _captured(expr: ir.Expr, name: str, value: ir.Expr) -> bool:
    taken = free_names(value)
    return any(bound_by(node) in taken for node in walk(expr))


def _swapped(expr: ir.Expr, old: ir.Expr, new: ir.Expr) -> ir.Expr:
    if expr == old:
        return new
    return rebuild(expr, tuple(_swapped(part, old, new) for part in children(expr)))


def _size(expr: ir.Expr) -> int:
    return sum(1 for _ in walk(expr))


def _element(type_: ir.Type) -> ir.Type:
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return item
        case ir.Partial(key) | ir.Map(key):
            return key
    return ir.INT


def _bounded(type_: ir.Type) -> bool:
    """Can an expression of the type have a value that is none of the type's?"""
    match type_:
        case ir.Int():
            return True
        case ir.Option(item):
            return _bounded(item)
        case ir.Record(_, fields):
            return any(_bounded(t) for _, t in fields)
        case ir.Union(records):
            return any(_bounded(r) for r in records)
    return not isinstance(type_, ir.Bool | ir.Enum | ir.Sort)
