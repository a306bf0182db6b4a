"""Makes what `statements.py` wrote readable: names that are used once, or never, are put in place.

Owns no meaning. Only an expression that is always defined may move or go: where it is evaluated
decides whether an undefined one is a step error or hidden behind a false guard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from .. import ir

__all__ = ["is_total", "tidy"]

N = TypeVar("N")

_PARTIAL = (ir.Narrow, ir.Fresh)


def is_total(expr: object) -> bool:
    """Can the expression never be undefined?

    >>> is_total(ir.Not(ir.Lit(True, ir.BOOL)))
    True
    """
    if isinstance(expr, _PARTIAL):
        return False
    if isinstance(expr, ir.At | ir.Put | ir.Without) and not _has_every_key(expr):
        return False
    if isinstance(expr, ir.Fold) and expr.op != "sum":
        return False
    return all(is_total(part) for part in _parts(expr))


def _has_every_key(expr: ir.At | ir.Put | ir.Without) -> bool:
    match expr.collection.type:
        case ir.Map(key):
            return not _holds_int(key)  # an int may be outside the bounds of the keys
        case ir.Partial():
            return not isinstance(expr, ir.At)
    return False


def _holds_int(type_: ir.Type) -> bool:
    match type_:
        case ir.Int():
            return True
        case ir.Option(item):
            return _holds_int(item)
        case ir.Record(_, parts):
            return any(_holds_int(t) for _, t in parts)
        case ir.Union(records):
            return any(_holds_int(record) for record in records)
    return False


def _parts(node: object) -> Iterator[object]:
    """The nodes directly below, through tuples; types and spans are no parts."""
    if is_dataclass(node):
        for f in fields(node):
            if f.name not in ("type", "span", "record") or isinstance(node, ir.Field):
                value = getattr(node, f.name)
                if isinstance(value, tuple):
                    yield from (v for v in value if is_dataclass(v))
                elif is_dataclass(value) and not isinstance(value, type):
                    yield value


def _uses(node: object, counts: Counter[str]) -> None:
    if isinstance(node, ir.Bound):
        counts[node.name] += 1
    for part in _parts(node):
        _uses(part, counts)


def tidy(
    items: list[ir.Item], updates: dict[str, ir.Expr]
) -> tuple[tuple[ir.Item, ...], dict[str, ir.Expr]]:
    """The same body and updates with fewer names."""
    body = tuple(items)
    while True:
        counts: Counter[str] = Counter()
        for node in (*body, *updates.values()):
            _uses(node, counts)
        moved = dict(_movable(body, counts))
        if not moved:
            return body, updates
        body = _without(body, moved)
        updates = {n: _substitute(v, moved) for n, v in updates.items()}


def _movable(body: tuple[ir.Item, ...], counts: Counter[str]) -> Iterator[tuple[str, ir.Expr]]:
    for item in body:
        if isinstance(item, ir.Let) and counts[item.name] <= 1 and is_total(item.value):
            yield item.name, item.value
        if isinstance(item, ir.Each):
            yield from _movable(item.items, counts)


def _without(body: tuple[ir.Item, ...], moved: Mapping[str, ir.Expr]) -> tuple[ir.Item, ...]:
    kept: list[ir.Item] = []
    for item in body:
        if isinstance(item, ir.Let) and item.name in moved:
            continue
        if isinstance(item, ir.Each):
            item = replace(item, items=_without(item.items, moved))
        kept.append(_substitute(item, moved))
    return tuple(kept)


def _substitute(node: N, moved: Mapping[str, ir.Expr]) -> N:
    if isinstance(node, ir.Bound):
        value = moved.get(node.name)
        return node if value is None else _substitute(value, moved)  # type: ignore[return-value]
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed: dict[str, Any] = {}
    for f in fields(node):
        if f.name in ("type", "span", "record") and not isinstance(node, ir.Field):
            continue
        before = getattr(node, f.name)
        if isinstance(before, tuple):
            after: Any = tuple(_substitute(v, moved) if is_dataclass(v) else v for v in before)
            if any(a is not b for a, b in zip(after, before, strict=True)):
                changed[f.name] = after
        elif is_dataclass(before):
            after = _substitute(before, moved)
            if after is not before:
                changed[f.name] = after
    return replace(node, **changed) if changed else node
