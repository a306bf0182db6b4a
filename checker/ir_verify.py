"""Checks that a model is well formed: every name is bound, every node has the type that its parts
give.

Owns no repair and no user's mistake: what it finds is a bug of the front end or of a pass, and is
raised as
such. It runs after every pass.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ir
from .errors import InternalError
from .ir_text import expr_text, type_text

__all__ = ["compatible", "verify"]


def verify(model: ir.Model) -> ir.Model:
    """The model itself. Raises: InternalError, naming the node that breaks the grammar."""
    _unique([v.name for v in model.vars] + [c.name for c in model.consts], "variable")
    _unique([r.name for r in model.rules], "rule")
    _unique([p.name for p in model.props], "property")
    checker = _Verifier(model)
    for var in model.vars:
        checker.expect(var.init, var.type, {}, f"first value of {var.name}")
    for rule in (*model.rules, *([model.initial] if model.initial else [])):
        checker.rule(rule)
    for prop in model.props:
        names = {p.name: p.type for p in prop.params}
        checker.expect(prop.expr, ir.BOOL, names, prop.name)
        if (prop.kind is ir.PropKind.LEADS_TO) != (prop.consequent is not None):
            raise InternalError(f"{prop.name}: only a leads-to has a consequent")
        if prop.consequent is not None:
            checker.expect(prop.consequent, ir.BOOL, names, prop.name)
    return model


def _unique(names: list[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise InternalError(f"two of one {what} name: {names}")


Names = Mapping[str, ir.Type]


class _Verifier:
    """Knows the model's variables and constants while it walks."""

    def __init__(self, model: ir.Model) -> None:
        self.vars = {v.name: v.type for v in model.vars}
        self.consts = {c.name: c.type for c in model.consts}
        self.sorts = {s.name for s in model.sorts}
        self.where = model.name

    def fail(self, expr: ir.Expr, why: str) -> InternalError:
        return InternalError(f"{self.where}: `{expr_text(expr)}` {why}")

    def rule(self, rule: ir.Rule) -> None:
        self.where = rule.name
        params = {p.name: p.type for p in rule.params}
        names = dict(params)
        self.items(rule.body, names)
        _unique([u.var for u in rule.updates], "updated variable")
        for update in rule.updates:
            self.expect(update.value, self.vars[update.var], names, rule.name)
        if rule.unit is not None and not set(rule.unit.params) <= set(params):
            raise InternalError(f"{rule.name}: a fairness unit over unknown parameters")
        if rule.counter is not None and rule.counter not in self.vars:
            raise InternalError(f"{rule.name}: no counter {rule.counter}")

    def items(self, items: tuple[ir.Item, ...], names: dict[str, ir.Type]) -> None:
        for item in items:
            if item.path is not None:
                self.expect(item.path, ir.BOOL, names, self.where)
            match item:
                case ir.Guard(cond) | ir.Check(cond):
                    self.expect(cond, ir.BOOL, names, self.where)
                case ir.Let(name, value):
                    self.bind(name, self.check(value, names), names)
                case ir.Choose(name, domain, type_):
                    self.expect(domain, ir.Set(type_), names, self.where)
                    self.bind(name, type_, names)
                case ir.Each():
                    self.each(item, names)

    def each(self, item: ir.Each, names: dict[str, ir.Type]) -> None:
        element = self.element(item.domain, names)
        inner = dict(names)
        self.bind(item.name, element, inner)
        for carried in item.carried:
            self.expect(carried.init, carried.type, names, self.where)
            self.bind(carried.name, carried.type, inner)
            names[carried.name] = carried.type
        self.items(item.items, inner)
        for carried in item.carried:
            self.expect(carried.next, carried.type, inner, self.where)

    def bind(self, name: str, type_: ir.Type, names: dict[str, ir.Type]) -> None:
        if name in names or name in self.vars:
            raise InternalError(f"{self.where}: {name} is bound twice")
        names[name] = type_

    def expect(self, expr: ir.Expr, type_: ir.Type, names: Names, where: str) -> None:
        self.where = where
        actual = self.check(expr, names)
        if not compatible(actual, type_):
            raise self.fail(expr, f"is {type_text(actual)}, not {type_text(type_)}")

    def element(self, domain: ir.Expr, names: Names) -> ir.Type:
        type_ = self.check(domain, names)
        if not isinstance(type_, ir.Set | ir.Bag | ir.Seq):
            raise self.fail(domain, "is no domain")
        return type_.item

    def check(self, expr: ir.Expr, names: Names) -> ir.Type:
        """The node's own type, after everything below it has been checked."""
        match expr:
            case ir.Read(name):
                self.lookup(expr, self.vars, name)
            case ir.Const(name):
                self.lookup(expr, self.consts, name)
            case ir.Arg(name) | ir.Bound(name):
                self.lookup(expr, names, name)
            case ir.LetIn(name, value, body):
                inner = {**names, name: self.check(value, names)}
                self.agree(expr, self.check(body, inner))
            case ir.And(parts) | ir.Or(parts):
                for part in parts:
                    self.expect(part, ir.BOOL, names, self.where)
            case ir.Not(body):
                self.expect(body, ir.BOOL, names, self.where)
            case ir.Ite(test, then, orelse):
                self.expect(test, ir.BOOL, names, self.where)
                self.expect(then, expr.type, names, self.where)
                self.expect(orelse, expr.type, names, self.where)
            case ir.Cmp(op, left, right):
                self.expect(right, self.check(left, names), names, self.where)
                if op in ("<", "<="):
                    self.expect(left, ir.INT, names, self.where)
            case ir.Arith(_, left, right):
                self.expect(left, ir.INT, names, self.where)
                self.expect(right, ir.INT, names, self.where)
            case ir.All() | ir.Any() | ir.Build() | ir.Fold():
                self.quantified(expr, names)
            case _:
                self.operation(expr, names)
        return expr.type

    def lookup(self, expr: ir.Expr, table: Names, name: str) -> None:
        if name not in table:
            raise self.fail(expr, "is not bound")
        self.agree(expr, table[name])

    def agree(self, expr: ir.Expr, actual: ir.Type) -> None:
        if not compatible(expr.type, actual):
            raise self.fail(expr, f"says {type_text(expr.type)}, and is {type_text(actual)}")

    def quantified(self, expr: ir.All | ir.Any | ir.Build | ir.Fold, names: Names) -> None:
        inner = {**names, expr.name: self.element(expr.domain, names)}
        if expr.filter is not None:
            self.expect(expr.filter, ir.BOOL, inner, self.where)
        match expr:
            case ir.All() | ir.Any():
                self.expect(expr.body, ir.BOOL, inner, self.where)
            case ir.Fold():
                self.expect(expr.body, ir.INT, inner, self.where)
            case ir.Build(_, _, _, body, ir.Set(item) | ir.Bag(item) | ir.Seq(item)):
                self.expect(body, item, inner, self.where)
            case ir.Build(name, _, _, body, ir.Map(key, value) | ir.Partial(key, value)):
                self.expect(body, value, inner, self.where)
                self.agree(ir.Bound(name, key), inner[name])

    def operation(self, expr: ir.Expr, names: Names) -> None:
        match expr:
            case ir.Has(collection, item) | ir.Count(collection, item):
                self.expect(item, _held(self.check(collection, names)), names, self.where)
            case ir.Insert(collection, item) | ir.Erase(collection, item):
                self.agree(expr, self.check(collection, names))
                self.expect(item, _held(collection.type), names, self.where)
            case ir.At(collection, key):
                self.check(collection, names)
                self.expect(key, _key(collection.type), names, self.where)
                self.agree(expr, _entry(collection.type))
            case ir.Put(collection, key, value):
                self.agree(expr, self.check(collection, names))
                self.expect(key, _key(collection.type), names, self.where)
                self.expect(value, _entry(collection.type), names, self.where)
            case ir.Without(collection, key):
                self.agree(expr, self.check(collection, names))
                self.expect(key, _key(collection.type), names, self.where)
            case ir.Join(left, right):
                self.expect(left, expr.type, names, self.where)
                self.expect(right, expr.type, names, self.where)
            case ir.Field(record, name):
                type_ = self.check(record, names)
                field = type_.field(name) if isinstance(type_, ir.Record) else None
                if field is None:
                    raise self.fail(expr, "is no field")
                self.agree(expr, field)
            case ir.Make(record, values):
                for (_, type_), value in zip(record.fields, values, strict=True):
                    self.expect(value, type_, names, self.where)
            case ir.Size(collection) | ir.Keys(collection):
                self.check(collection, names)
            case ir.Is(body) | ir.Narrow(body) | ir.Widen(body):
                self.check(body, names)
            case ir.Range(lo, hi):
                self.expect(lo, ir.INT, names, self.where)
                self.expect(hi, ir.INT, names, self.where)
            case ir.Fresh(sort, used):
                self.expect(used, ir.Set(sort), names, self.where)


def compatible(a: ir.Type, b: ir.Type) -> bool:
    """Equal up to bounds and capacities, which are no part of an expression's type."""
    match a, b:
        case ir.Int(), ir.Int():
            return True
        case (ir.Set(x), ir.Set(y)) | (ir.Bag(x), ir.Bag(y)) | (ir.Seq(x), ir.Seq(y)):
            return compatible(x, y)
        case ir.Option(x), ir.Option(y):
            return compatible(x, y)
        case (ir.Map(k, x), ir.Map(m, y)) | (ir.Partial(k, x), ir.Partial(m, y)):
            return compatible(k, m) and compatible(x, y)
        case ir.Record(n, xs), ir.Record(m, ys):
            # Two records of one generic class have one name and different fields.
            return n == m and _compatible_fields(xs, ys)
        case ir.Union(xs), ir.Union(ys):
            return len(xs) == len(ys) and all(map(compatible, xs, ys))
    return a == b


def _compatible_fields(
    xs: tuple[tuple[str, ir.Type], ...], ys: tuple[tuple[str, ir.Type], ...]
) -> bool:
    return len(xs) == len(ys) and all(
        f == g and compatible(x, y) for (f, x), (g, y) in zip(xs, ys, strict=True)
    )


def _held(type_: ir.Type) -> ir.Type:
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return item
        case ir.Partial(key, _):
            return key
    raise InternalError(f"{type_text(type_)} holds nothing")


def _key(type_: ir.Type) -> ir.Type:
    match type_:
        case ir.Map(key, _) | ir.Partial(key, _):
            return key
        case ir.Seq():
            return ir.INT
    raise InternalError(f"{type_text(type_)} has no keys")


def _entry(type_: ir.Type) -> ir.Type:
    match type_:
        case ir.Map(_, value) | ir.Partial(_, value):
            return value
        case ir.Seq(item):
            return item
    raise InternalError(f"{type_text(type_)} has no entries")
