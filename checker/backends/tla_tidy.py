"""Rules as a person would write them: names used once are written out, facts are said once.

Owns the changes that make a printed rule shorter. Each keeps the meaning, definedness included:
what may be undefined is never moved or dropped. Constants stay constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from .. import ir
from ..ir.walk import (
    bound_by,
    children,
    free_names,
    is_total,
    item_children,
    map_item,
    rebuild,
    walk,
)
from ..passes.bind import simplify
from ..passes.known import put

__all__ = ["tidied", "tidy"]


def tidied(rule: ir.Rule) -> ir.Rule:
    """The rule with the same steps, in fewer words."""
    rule = replace(
        rule,
        body=tuple(_collected(map_item(item, tidy)) for item in rule.body),
        updates=tuple(replace(u, value=tidy(u.value)) for u in rule.updates),
    )
    rule = _written_out(_one_more_fits(rule))
    rule = replace(
        rule,
        body=tuple(_without_repeats([map_item(item, tidy) for item in rule.body])),
        updates=tuple(replace(u, value=tidy(u.value)) for u in rule.updates),
    )
    return replace(rule, updates=tuple(u for u in rule.updates if not _keeps(u)))


def _keeps(update: ir.Update) -> bool:
    return isinstance(update.value, ir.Read) and update.value.var == update.var


# ── Expressions ──────────────────────────────────────────────────────────────────────────────────


def tidy(expr: ir.Expr) -> ir.Expr:
    """The same value and definedness in simpler words."""
    return _tidy(simplify(expr))


def _tidy(expr: ir.Expr) -> ir.Expr:
    expr = rebuild(expr, tuple(map(_tidy, children(expr))))
    match expr:
        case ir.Not(ir.Not(body)):
            return body
        case ir.Not(ir.Cmp("==") as body):
            return replace(body, op="!=")
        case ir.Cmp("<=", ir.Size(ir.Insert(collection, item)), bound) if isinstance(
            collection.type, ir.Bag | ir.Seq
        ) and is_total(item):
            # One more element fits.
            return _tidy(ir.Cmp("<", ir.Size(collection), bound, span=expr.span))
        case ir.Cmp("<", ir.Size(ir.Insert(collection, item)), ir.Lit(int(bound))) if isinstance(
            collection.type, ir.Bag | ir.Seq
        ) and is_total(item):
            less = ir.Lit(bound - 1, ir.INT)
            return _tidy(ir.Cmp("<", ir.Size(collection), less, span=expr.span))
        case ir.Cmp("==", ir.Ite(test, ir.Widen(held), ir.Lit(None)), ir.Widen(other)) if is_total(
            other
        ):
            # `d.get(k) == v`: the key is there, and holds the value.
            return ir.And((test, ir.Cmp("==", held, other, span=expr.span)), span=expr.span)
        case ir.LetIn(name, value, body) if is_total(value) and _fits_once(body, name, value):
            return _tidy(put(body, name, value))
        case ir.Field(ir.LetIn(name, value, body), part):
            inner = _tidy(ir.Field(body, part, expr.type, expr.span))
            return _tidy(ir.LetIn(name, value, inner, expr.type, expr.span))
        case ir.Field(ir.Make(record, values), part) if all(map(is_total, values)):
            return values[[n for n, _ in record.fields].index(part)]
        case ir.And(parts):
            flat = [p for part in parts for p in _conjuncts(part)]
            return replace(expr, parts=tuple(flat))
        case ir.Ite(test, then, orelse) if then == orelse and is_total(test):
            return then
    return expr


def _fits_once(body: ir.Expr, name: str, value: ir.Expr) -> bool:
    """Is the name used once, or no shorter than its value, which nothing would capture?"""
    short = isinstance(value, ir.Lit | ir.Read | ir.Arg | ir.Bound | ir.Const)
    taken = free_names(value) | {name}
    captured = any(bound_by(node) in taken for node in walk(body))
    return (short or _uses(body, name) <= 1) and not captured


# ── Loops ────────────────────────────────────────────────────────────────────────────────────────


def _collected(item: ir.Item) -> ir.Item:
    """A loop that only adds to one set is a set of all that it adds."""
    match item:
        case ir.Each(name, domain, (), (carried,)):
            match carried.next:
                case ir.Insert(ir.Bound(so_far), made, ir.Set() as type_) if (
                    so_far == carried.name and so_far not in free_names(made)
                ):
                    value: ir.Expr = ir.Build(name, domain, None, made, type_)
                    if not _is_empty(carried.init):
                        value = ir.Join(carried.init, value, type_)
                    return ir.Let(so_far, value, item.path, item.span)
    return item


def _is_empty(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Lit) and not expr.value


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def _written_out(rule: ir.Rule) -> ir.Rule:
    """Values of names that are used once, or are no longer than the name, in the name's places."""
    done = False
    while not done:
        done = True
        for place, item in enumerate(rule.body):
            if not isinstance(item, ir.Let) or not is_total(item.value):
                continue
            rest = rule.body[place + 1 :]
            exprs = [e for inner in rest for e in item_children(inner)]
            exprs += [u.value for u in rule.updates]
            uses = sum(_uses(e, item.name) for e in exprs)
            short = isinstance(item.value, ir.Lit | ir.Read | ir.Arg | ir.Bound | ir.Const)
            if not (uses <= 1 or short) or _captured(exprs, item):
                continue
            body = [
                *rule.body[:place],
                *(map_item(r, partial(put, name=item.name, value=item.value)) for r in rest),
            ]
            updates = [replace(u, value=put(u.value, item.name, item.value)) for u in rule.updates]
            rule = replace(rule, body=tuple(body), updates=tuple(updates))
            done = False
            break
    return rule


def _one_more_fits(rule: ir.Rule) -> ir.Rule:
    """Whether one more element exceeds a capacity is asked before the element is added."""
    for place, item in enumerate(rule.body):
        match item:
            case ir.Let(name, ir.Insert(collection, value)) if isinstance(
                collection.type, ir.Bag | ir.Seq
            ) and is_total(item.value):
                larger = ir.Insert(collection, value, item.value.type)
                rest = rule.body[place + 1 :]
                bound = ir.Size(ir.Bound(name, item.value.type))
                change = _asking(bound, ir.Size(larger))
                body = (*rule.body[: place + 1], *(map_item(r, change) for r in rest))
                rule = replace(rule, body=body)
    return rule


class _asking:
    """A function that replaces the size of a name by the size of what it stands for."""

    def __init__(self, old: ir.Expr, new: ir.Expr) -> None:
        self.old, self.new = old, new

    def __call__(self, expr: ir.Expr) -> ir.Expr:
        if expr == self.old:
            return self.new
        return _tidy(rebuild(expr, tuple(self(part) for part in children(expr))))


def _uses(expr: ir.Expr, name: str) -> int:
    return sum(isinstance(node, ir.Bound) and node.name == name for node in walk(expr))


def _captured(exprs: Sequence[ir.Expr], item: ir.Let) -> bool:
    # A name that a quantifier binds again would mean something else inside it.
    taken = free_names(item.value) | {item.name}
    return any(bound_by(node) in taken for expr in exprs for node in walk(expr))


# ── Facts ────────────────────────────────────────────────────────────────────────────────────────


def _without_repeats(items: Sequence[ir.Item]) -> Iterator[ir.Item]:
    """Guards and checks, but not those that an earlier one has made sure of."""
    known: list[ir.Expr] = []
    for item in items:
        if not isinstance(item, ir.Guard | ir.Check):
            yield item
            continue
        parts = _conjuncts(item.cond)
        if item.path is None or is_total(item.path):
            left = [p for p in parts if p not in known or not is_total(p)]
            if not left and not all(p == ir.Lit(True, ir.BOOL) for p in parts):
                continue
            if len(left) < len(parts):
                cond = left[0] if len(left) == 1 else ir.And(tuple(left), span=item.cond.span)
                item = replace(item, cond=cond)
        if item.cond == ir.Lit(True, ir.BOOL):
            continue
        if item.path is None:
            known += _conjuncts(item.cond)
        yield item


def _conjuncts(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    return expr.parts if isinstance(expr, ir.And) else (expr,)
