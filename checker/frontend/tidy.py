"""Makes what `statements.py` wrote readable: names that are used once, or never, are put in place.

Owns no meaning. Only an expression that is always defined may move or go: where it is evaluated
decides whether an undefined one is a step error or hidden behind a false guard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from .. import ir
from ..ir.walk import children, is_total, item_children, map_item, rebuild, walk

__all__ = ["tidy"]

Body = tuple[ir.Item, ...]


def tidy(items: list[ir.Item], updates: dict[str, ir.Expr]) -> tuple[Body, dict[str, ir.Expr]]:
    """The same body and updates with fewer names."""
    body = tuple(items)
    while True:
        read = [expr for item in body for expr in item_children(item)]
        counts = Counter(
            part.name
            for expr in (*read, *updates.values())
            for part in walk(expr)
            if isinstance(part, ir.Bound)
        )
        moved = dict(_movable(body, counts))
        if not moved:
            return body, updates
        body = _without(body, moved)
        updates = {name: _substitute(value, moved) for name, value in updates.items()}


def _movable(body: Body, counts: Counter[str]) -> Iterator[tuple[str, ir.Expr]]:
    for item in body:
        if isinstance(item, ir.Let) and counts[item.name] <= 1 and is_total(item.value):
            yield item.name, item.value
        if isinstance(item, ir.Each):
            yield from _movable(item.items, counts)


def _without(body: Body, moved: Mapping[str, ir.Expr]) -> Body:
    kept: list[ir.Item] = []
    for item in body:
        if isinstance(item, ir.Let) and item.name in moved:
            continue
        if isinstance(item, ir.Each):
            item = replace(item, items=_without(item.items, moved))
        kept.append(map_item(item, lambda expr: _substitute(expr, moved)))
    return tuple(kept)


def _substitute(expr: ir.Expr, moved: Mapping[str, ir.Expr]) -> ir.Expr:
    # Names are unique in a rule, so nothing can be captured.
    if isinstance(expr, ir.Bound):
        value = moved.get(expr.name)
        return expr if value is None else _substitute(value, moved)
    parts = children(expr)
    return rebuild(expr, tuple(_substitute(part, moved) for part in parts)) if parts else expr
