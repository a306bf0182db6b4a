"""Walking expressions: their parts, rebuilding them, which names are free, and which cannot be
undefined.

Owns the one list of each node's sub-expressions, in the order of their evaluation. Every pass and
engine that looks inside expressions uses it, so a new node is added here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from .. import ir

__all__ = [
    "bound_by",
    "children",
    "free_names",
    "is_total",
    "item_children",
    "map_item",
    "rebuild",
    "walk",
]

# A name in the table holds one expression, a tuple of them, or None.
_PARTS: dict[type, tuple[str, ...]] = {
    ir.Lit: (),
    ir.Const: (),
    ir.Read: (),
    ir.Arg: (),
    ir.Bound: (),
    ir.LetIn: ("value", "body"),
    ir.Not: ("body",),
    ir.And: ("parts",),
    ir.Or: ("parts",),
    ir.Ite: ("test", "then", "orelse"),
    ir.Cmp: ("left", "right"),
    ir.Arith: ("left", "right"),
    ir.Has: ("collection", "item"),
    ir.Count: ("collection", "item"),
    ir.Size: ("collection",),
    ir.At: ("collection", "key"),
    ir.Field: ("record",),
    ir.Is: ("body",),
    ir.Narrow: ("body",),
    ir.Widen: ("body",),
    ir.Make: ("values",),
    ir.Insert: ("collection", "item"),
    ir.Erase: ("collection", "item"),
    ir.Put: ("collection", "key", "value"),
    ir.Without: ("collection", "key"),
    ir.Join: ("left", "right"),
    ir.Keys: ("collection",),
    ir.Universe: (),
    ir.Range: ("lo", "hi"),
    ir.Fresh: ("used",),
    ir.All: ("domain", "filter", "body"),
    ir.Any: ("domain", "filter", "body"),
    ir.Build: ("domain", "filter", "body"),
    ir.Fold: ("domain", "filter", "body"),
}


def children(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    """The expressions directly inside, in the order of evaluation.

    >>> children(ir.Not(ir.Arg("flag", ir.BOOL)))
    (Arg(name='flag', type=Bool()),)
    """
    found: list[ir.Expr] = []
    for name in _PARTS[type(expr)]:
        part = getattr(expr, name)
        if isinstance(part, tuple):
            found.extend(part)
        elif part is not None:
            found.append(part)
    return tuple(found)


def rebuild(expr: ir.Expr, parts: Sequence[ir.Expr]) -> ir.Expr:
    """The same node with other children, given as `children` gives them."""
    left = iter(parts)
    changed: dict[str, Any] = {}
    for name in _PARTS[type(expr)]:
        part = getattr(expr, name)
        if isinstance(part, tuple):
            changed[name] = tuple(next(left) for _ in part)
        elif part is not None:
            changed[name] = next(left)
    return replace(expr, **changed) if changed else expr


def walk(expr: ir.Expr) -> Iterator[ir.Expr]:
    """The expression and everything inside it, outside first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def bound_by(expr: ir.Expr) -> str | None:
    """The name that the node binds: in the body of a `LetIn`, in filter and body of a
    quantifier.
    """
    if isinstance(expr, ir.LetIn | ir.All | ir.Any | ir.Build | ir.Fold):
        return expr.name
    return None


def free_names(expr: ir.Expr) -> frozenset[str]:
    """The `Bound` names that the expression takes from outside.

    >>> sorted(free_names(ir.Not(ir.Bound("x", ir.BOOL))))
    ['x']
    """
    if isinstance(expr, ir.Bound):
        return frozenset({expr.name})
    name = bound_by(expr)
    parts = [free_names(child) for child in children(expr)]
    inside = frozenset[str]().union(*parts[1:])
    # The value of a `LetIn` and the domain of a quantifier come first, and are outside the name's
    # scope.
    return frozenset[str]().union(*parts[:1]) | (inside - {name} if name is not None else inside)


# ── Definedness ──────────────────────────────────────────────────────────────────────────────────


def is_total(expr: ir.Expr) -> bool:
    """Can the expression never be undefined? May say no of one that never is, and never the
    reverse.

    >>> is_total(ir.Narrow(ir.Read("last", ir.Option(ir.INT)), ir.INT))
    False
    """
    return _node_is_total(expr) and all(is_total(child) for child in children(expr))


def _node_is_total(expr: ir.Expr) -> bool:
    match expr:
        case ir.Narrow() | ir.Fresh():
            return False
        case ir.At(collection) | ir.Put(collection) | ir.Without(collection):
            match collection.type:
                case ir.Map(key):
                    return not _holds_int(key)
                case ir.Partial():
                    return not isinstance(expr, ir.At)
            return False
        case ir.Fold(op):
            return op == "sum"
        case ir.Arith("//" | "%", _, right):
            return isinstance(right, ir.Lit) and isinstance(right.value, int) and right.value > 0
    return True


def _holds_int(type_: ir.Type) -> bool:
    # An int expression may leave the bounds of its type, and so be no key of the map; no other can.
    match type_:
        case ir.Int():
            return True
        case ir.Option(item):
            return _holds_int(item)
        case ir.Record(_, fields):
            return any(_holds_int(t) for _, t in fields)
        case ir.Union(records):
            return any(_holds_int(record) for record in records)
    return False


# ── Items ────────────────────────────────────────────────────────────────────────────────────────


def item_children(item: ir.Item) -> tuple[ir.Expr, ...]:
    """The expressions of an item of a body, those of a loop's items included, its path first."""
    own: list[ir.Expr | None] = [item.path]
    match item:
        case ir.Guard(cond) | ir.Check(cond):
            own.append(cond)
        case ir.Choose(_, domain):
            own.append(domain)
        case ir.Let(_, value):
            own.append(value)
        case ir.Each(_, domain, items, carried):
            own += [c.init for c in carried]
            own.append(domain)
            own += [expr for inner in items for expr in item_children(inner)]
            own += [c.next for c in carried]
    return tuple(expr for expr in own if expr is not None)


def map_item(item: ir.Item, change: Callable[[ir.Expr], ir.Expr]) -> ir.Item:
    """The item with each of its expressions changed."""
    path = change(item.path) if item.path is not None else None
    match item:
        case ir.Guard() | ir.Check():
            return replace(item, cond=change(item.cond), path=path)
        case ir.Choose():
            return replace(item, domain=change(item.domain), path=path)
        case ir.Let():
            return replace(item, value=change(item.value), path=path)
        case ir.Each():
            return replace(
                item,
                domain=change(item.domain),
                items=tuple(map_item(inner, change) for inner in item.items),
                carried=tuple(
                    replace(c, init=change(c.init), next=change(c.next)) for c in item.carried
                ),
                path=path,
            )
