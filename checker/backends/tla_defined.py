"""When an expression has a value, as an expression that always has one.

Owns the definedness of every node for engines that cannot catch an exception in the middle of an
evaluation: `defined(e)` is true exactly where the reference engine evaluates `e` to a value, and
`broken(e, cut=...)` where it ends in a step error, or in a cut (an exhausted `fresh`). Knows
nothing of TLA+. Where elements of one unordered quantifier fail in both ways, the error is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .. import ir
from ..ir.walk import children, is_total, rebuild, walk

__all__ = ["FALSE", "TRUE", "both", "broken", "defined", "either", "implies", "negated"]

TRUE = ir.Lit(True, ir.BOOL)
FALSE = ir.Lit(False, ir.BOOL)


# ── Formulas without trivial parts ───────────────────────────────────────────────────────────────


def both(parts: Iterable[ir.Expr]) -> ir.Expr:
    """The conjunction.

    >>> both([TRUE, both([])])
    Lit(value=True, type=Bool())
    """
    kept: list[ir.Expr] = []
    for part in parts:
        for each in part.parts if isinstance(part, ir.And) else (part,):
            if each == FALSE:
                return FALSE
            if each != TRUE and each not in kept:
                kept.append(each)
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else ir.And(tuple(kept))


def either(parts: Iterable[ir.Expr]) -> ir.Expr:
    """The disjunction."""
    kept: list[ir.Expr] = []
    for part in parts:
        for each in part.parts if isinstance(part, ir.Or) else (part,):
            if each == TRUE:
                return TRUE
            if each != FALSE and each not in kept:
                kept.append(each)
    if not kept:
        return FALSE
    return kept[0] if len(kept) == 1 else ir.Or(tuple(kept))


def negated(expr: ir.Expr) -> ir.Expr:
    if expr in (TRUE, FALSE):
        return FALSE if expr == TRUE else TRUE
    return expr.body if isinstance(expr, ir.Not) else ir.Not(expr)


def implies(test: ir.Expr | None, expr: ir.Expr) -> ir.Expr:
    """`expr`, where the test is true; without a test everywhere."""
    if test is None or test == TRUE or expr == TRUE:
        return expr
    known = test.parts if isinstance(test, ir.And) else (test,)
    expr = both(p for p in (expr.parts if isinstance(expr, ir.And) else (expr,)) if p not in known)
    return TRUE if test == FALSE or expr == TRUE else ir.Or((negated(test), expr))


# ── Definedness ──────────────────────────────────────────────────────────────────────────────────


def defined(expr: ir.Expr) -> ir.Expr:
    """True exactly where the expression has a value; itself defined everywhere.

    >>> at = ir.At(ir.Read("busy", ir.Partial(ir.INT, ir.INT)), ir.Arg("w", ir.INT), ir.INT)
    >>> type(defined(at)).__name__
    'Has'
    """
    if is_total(expr):
        return TRUE
    match expr:
        case ir.And(parts) | ir.Or(parts):
            return _skipping(parts, isinstance(expr, ir.And))
        case ir.Ite(test, then, orelse):
            inside = defined(then), defined(orelse)
            same = inside[0] == inside[1]
            sides = inside[0] if same else ir.Ite(test, *inside, ir.BOOL)
            return both([defined(test), sides])
        case ir.LetIn(name, value, body):
            inner = defined(body)
            kept = inner if inner == TRUE else ir.LetIn(name, value, inner, ir.BOOL)
            return both([defined(value), kept])
        case ir.All() | ir.Any() | ir.Build() | ir.Fold():
            return _quantified(expr)
    return both([*map(defined, children(expr)), _own(expr)])


def broken(expr: ir.Expr, *, cut: bool) -> ir.Expr:
    """True exactly where evaluation ends in a cut, or in a step error."""
    if not any(isinstance(node, ir.Fresh) for node in walk(expr)):
        return FALSE if cut else negated(defined(expr))
    match expr:
        case ir.And(parts) | ir.Or(parts):
            return _broken_parts(parts, cut, ends_at=isinstance(expr, ir.Or))
        case ir.Ite(test, then, orelse):
            sides = ir.Ite(test, broken(then, cut=cut), broken(orelse, cut=cut), ir.BOOL)
            return either([broken(test, cut=cut), both([defined(test), sides])])
        case ir.LetIn(name, value, body):
            inner = ir.LetIn(name, value, broken(body, cut=cut), ir.BOOL)
            return either([broken(value, cut=cut), both([defined(value), inner])])
        case ir.All() | ir.Any() | ir.Build() | ir.Fold():
            return _broken_quantified(expr, cut)
        case ir.Fresh(_, used):
            own = negated(_own(expr)) if cut else FALSE
            return either([broken(used, cut=cut), both([defined(used), own])])
    parts = children(expr)
    rest = FALSE if cut else both([*map(defined, parts), negated(_own(expr))])
    return either([*_in_order(parts, cut), rest])


def _skipping(parts: Sequence[ir.Expr], conjunction: bool) -> ir.Expr:
    """Each part is evaluated where all before it were true (of `or`: false)."""
    first, rest = parts[0], parts[1:]
    if not rest or all(map(is_total, rest)):
        return defined(first)
    after = _skipping(rest, conjunction)
    goes_on = implies(first, after) if conjunction else either([first, after])
    return both([defined(first), goes_on])


def _broken_parts(parts: Sequence[ir.Expr], cut: bool, *, ends_at: bool) -> ir.Expr:
    first, rest = parts[0], parts[1:]
    own = broken(first, cut=cut)
    if not rest:
        return own
    reached = negated(first) if ends_at else first
    after = _broken_parts(rest, cut, ends_at=ends_at)
    return either([own, both([defined(first), reached, after])])


def _in_order(parts: Sequence[ir.Expr], cut: bool) -> list[ir.Expr]:
    found = []
    for place, part in enumerate(parts):
        found.append(both([*map(defined, parts[:place]), broken(part, cut=cut)]))
    return found


Quantified = ir.All | ir.Any | ir.Build | ir.Fold


def _domain(expr: Quantified) -> ir.Expr:
    # A total map is built over all its keys, whatever the domain says.
    if isinstance(expr, ir.Build) and isinstance(expr.type, ir.Map):
        return ir.Universe(ir.Set(expr.type.key), expr.span)
    return expr.domain


def _quantified(expr: Quantified) -> ir.Expr:
    domain, test = _domain(expr), expr.filter if expr.filter is not None else TRUE
    inside = both([defined(test), implies(test, defined(expr.body))])
    every = inside if inside == TRUE else ir.All(expr.name, domain, None, inside)
    return both([defined(domain), every, _own(expr)])


def _broken_quantified(expr: Quantified, cut: bool) -> ir.Expr:
    domain, test = _domain(expr), expr.filter if expr.filter is not None else TRUE
    body = broken(expr.body, cut=cut)
    inside = either([broken(test, cut=cut), both([defined(test), test, body])])
    somewhere: ir.Expr = FALSE if inside == FALSE else ir.Any(expr.name, domain, None, inside)
    if cut and inside != FALSE:
        errors = either(
            [
                broken(test, cut=False),
                both([defined(test), test, broken(expr.body, cut=False)]),
            ]
        )
        if errors != FALSE:
            somewhere = both([somewhere, negated(ir.Any(expr.name, domain, None, errors))])
    own = FALSE if cut else both([negated(_own(expr)), *_all_defined(expr, domain, test)])
    return either([broken(domain, cut=cut), both([defined(domain), either([somewhere, own])])])


def _all_defined(expr: Quantified, domain: ir.Expr, test: ir.Expr) -> list[ir.Expr]:
    inside = both([defined(test), implies(test, defined(expr.body))])
    return [inside if inside == TRUE else ir.All(expr.name, domain, None, inside)]


def _own(expr: ir.Expr) -> ir.Expr:
    """What the node asks of its parts, all of which have values."""
    match expr:
        case ir.At(collection, key) | ir.Put(collection, key) | ir.Without(collection, key):
            return _entry(expr, collection, key)
        case ir.Narrow(body):
            return _narrow(expr, body)
        case ir.Fresh(sort, used):
            free = ir.Bound("free", sort)
            taken = ir.Has(used, free)
            return ir.Any("free", ir.Universe(ir.Set(sort)), None, ir.Not(taken))
        case ir.Fold("min" | "max", name, domain, test):
            return ir.Any(name, domain, test, TRUE)
        case ir.Arith("//" | "%", _, right) if not isinstance(right, ir.Lit):
            return ir.Cmp("<", ir.Lit(0, ir.INT), right)
    return TRUE


def _entry(expr: ir.Expr, collection: ir.Expr, key: ir.Expr) -> ir.Expr:
    match collection.type:
        case ir.Seq():
            size = ir.Size(collection)
            low = ir.Cmp("<=", ir.Arith("neg", size, size), key)
            if isinstance(key, ir.Lit) and isinstance(key.value, int):
                least = key.value + 1 if key.value >= 0 else -key.value
                return ir.Cmp("<=", ir.Lit(least, ir.INT), size)
            return both([low, ir.Cmp("<", key, size)])
        case ir.Map(key_type):
            total = is_total(rebuild(expr, tuple(map(_total, children(expr)))))
            return TRUE if total else ir.Has(ir.Universe(ir.Set(key_type)), key)
        case ir.Partial() if isinstance(expr, ir.At):
            return ir.Has(collection, key)
    return TRUE


def _total(expr: ir.Expr) -> ir.Expr:
    return ir.Bound("any", expr.type)


def _narrow(expr: ir.Narrow, body: ir.Expr) -> ir.Expr:
    asked: list[ir.Expr] = []
    type_ = body.type
    if isinstance(type_, ir.Option) and not isinstance(expr.type, ir.Option):
        asked.append(ir.Cmp("!=", body, ir.Lit(None, type_)))
        type_ = type_.item
    if isinstance(type_, ir.Union) and expr.type != type_:
        records = expr.type.records if isinstance(expr.type, ir.Union) else (expr.type,)
        classes = [r for r in records if isinstance(r, ir.Record)]
        asked.append(either(ir.Is(body, record) for record in classes))
    return both(asked)
