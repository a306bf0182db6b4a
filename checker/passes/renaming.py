"""Renaming ids: what a value becomes when the ids of its sorts change places, and for which sorts
of a model this changes nothing but names.

Owns the argument of Semantics 23. Ids are only compared, no id is written in a model, and loops do
not depend on order; so renaming them leads from steps to steps. The exceptions are nodes that see
the order in which the ids happen to be numbered, and `uneven_sorts` lists the sorts they see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .. import ir
from ..ir.walk import children, is_total, item_children, walk
from ..states import Sizes, Value, sort_sizes, universe

__all__ = ["Renaming", "renamed_value", "sorts_in", "uneven_sorts"]

# For each sort that is renamed: the new index of each of its ids.
Renaming = Mapping[str, Sequence[int]]


def renamed_value(value: Value, type_: ir.Type, names: Renaming, sizes: Sizes) -> Value:
    """The value with other ids.

    >>> order = ir.Sort("OrderId")
    >>> renamed_value((0, 0, 1), ir.Seq(order), {"OrderId": (1, 0)}, (("OrderId", 2),))
    (1, 1, 0)
    """
    inside: Any = value
    of = partial(renamed_value, names=names, sizes=sizes)
    match type_:
        case ir.Sort(name):
            return names[name][inside] if name in names else value
        case ir.Option(item):
            return None if value is None else of(value, item)
        case ir.Record(name, fields):
            values = zip(inside[1:], fields, strict=True)
            return (name, *(of(v, t) for v, (_, t) in values))
        case ir.Union(records):
            return of(value, next(r for r in records if r.name == inside[0]))
        case ir.Set(item):
            return frozenset([of(v, item) for v in inside])
        case ir.Bag(item):
            return frozenset([(of(v, item), copies) for v, copies in inside])
        case ir.Seq(item):
            return tuple([of(v, item) for v in inside])
        case ir.Partial(key, item):
            return frozenset([(of(k, key), of(v, item)) for k, v in inside])
        case ir.Map(key, item):
            keys = universe(key, sizes)
            entries = {of(k, key): of(v, item) for k, v in zip(keys, inside, strict=True)}
            return tuple([entries[k] for k in keys])
    return value


def sorts_in(type_: ir.Type) -> frozenset[str]:
    """The sorts whose ids a value of the type may hold.

    >>> sorted(sorts_in(ir.Partial(ir.Sort("OrderId"), ir.Set(ir.Sort("Worker")))))
    ['OrderId', 'Worker']
    """
    match type_:
        case ir.Sort(name):
            return frozenset({name})
        case ir.Option(item) | ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return sorts_in(item)
        case ir.Record(_, fields):
            return frozenset().union(*(sorts_in(t) for _, t in fields))
        case ir.Union(records):
            return frozenset().union(*map(sorts_in, records))
        case ir.Map(key, item) | ir.Partial(key, item):
            return sorts_in(key) | sorts_in(item)
    return frozenset()


# ── What sees the numbers of ids ─────────────────────────────────────────────────────────────────


def uneven_sorts(model: ir.Model) -> dict[str, str]:
    """The sorts of a bound model whose ids are not interchangeable, each with the reason."""
    found: dict[str, str] = {}
    sizes = sort_sizes(model)
    for expr in _expressions(model):
        for name, reason in _seen(expr, sizes):
            found.setdefault(name, reason)
    for rule in _rules(model):
        for item in rule.body:
            for name, reason in _seen_by_loop(item):
                found.setdefault(name, reason)
    return {sort.name: found[sort.name] for sort in model.sorts if sort.name in found}


def _rules(model: ir.Model) -> Iterator[ir.Rule]:
    yield from model.rules
    if model.initial is not None:
        yield model.initial


def _expressions(model: ir.Model) -> Iterator[ir.Expr]:
    yield from (var.init for var in model.vars)
    for prop in model.props:
        yield prop.expr
        if prop.consequent is not None:
            yield prop.consequent
    for rule in _rules(model):
        yield from (expr for item in rule.body for expr in item_children(item))
        yield from (update.value for update in rule.updates)


def _seen(expr: ir.Expr, sizes: Sizes) -> Iterator[tuple[str, str]]:
    match expr:
        case ir.Fresh(sort):
            yield sort.name, "`fresh` takes the first free one"
        case ir.Lit(value, type_):
            for name in sorts_in(type_):
                if not _is_even(value, type_, name, sizes):
                    yield name, "one of its ids is written down"
        case ir.Build(_, domain, _, _, ir.Seq()) if _has_no_order(domain):
            yield from _each(domain, "a list is made from what has no order")
        case ir.Build() | ir.All() | ir.Any() | ir.Fold() if _has_no_order(expr.domain):
            inner = [part for part in (expr.filter, expr.body) if part is not None]
            if len(_ends(inner)) > 1:
                yield from _each(expr.domain, "the first of two different ends decides")
    for child in children(expr):
        yield from _seen(child, sizes)


def _seen_by_loop(item: ir.Item) -> Iterator[tuple[str, str]]:
    if not isinstance(item, ir.Each):
        return
    if _has_no_order(item.domain):
        if any(_holds_a_list(carried.type) for carried in item.carried):
            yield from _each(item.domain, "a loop without order makes a list")
        if len(_ends_of_items(item)) > 1:
            yield from _each(item.domain, "the first of two different ends decides")
    for inner in item.items:
        yield from _seen_by_loop(inner)


def _each(domain: ir.Expr, reason: str) -> Iterator[tuple[str, str]]:
    yield from ((name, reason) for name in sorted(sorts_in(domain.type)))


def _has_no_order(domain: ir.Expr) -> bool:
    return not isinstance(domain.type, ir.Seq)


def _is_even(value: Value, type_: ir.Type, name: str, sizes: Sizes) -> bool:
    """Do neighbours that change places leave the value as it is? Then any renaming does."""
    size = dict(sizes).get(name, 0)
    for first in range(size - 1):
        swapped = list(range(size))
        swapped[first], swapped[first + 1] = first + 1, first
        if renamed_value(value, type_, {name: swapped}, sizes) != value:
            return False
    return True


def _holds_a_list(type_: ir.Type) -> bool:
    match type_:
        case ir.Seq():
            return True
        case ir.Option(item) | ir.Map(_, item) | ir.Partial(_, item):
            return _holds_a_list(item)
        case ir.Record(_, fields):
            return any(_holds_a_list(t) for _, t in fields)
        case ir.Union(records):
            return any(map(_holds_a_list, records))
    return False


# ── How an evaluation may end early ──────────────────────────────────────────────────────────────
# A turn that is blocked, a turn that fails and a turn that is cut: which comes first decides how
# the step ends, so a loop without order may have one of these kinds only.


def _ends(exprs: Iterable[ir.Expr]) -> frozenset[str]:
    every = list(exprs)
    # What stands around a `Fresh` may be undefined without it.
    if any(isinstance(node, ir.Fresh) for expr in every for node in walk(expr)):
        return frozenset({"cut", "error"})
    return frozenset() if all(map(is_total, every)) else frozenset({"error"})


def _ends_of_items(loop: ir.Each) -> frozenset[str]:
    found = set(_ends([carried.next for carried in loop.carried]))
    for item in loop.items:
        found |= _ends(item_children(item))
        match item:
            case ir.Guard():
                found.add("blocked")
            case ir.Check(_, kind):
                found.add("cut" if kind.is_cut else "error")
            case ir.Each():
                found |= _ends_of_items(item)
    return frozenset(found)
