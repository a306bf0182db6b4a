"""A rule's body as a tree: one branch for each outcome of its tests.

Owns the change from items under path conditions (docs/decisions/0002) to items that fork, as in
the source, so that what a branch does can be read without its conditions. The steps are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .. import ir
from ..ir.walk import children, free_names, is_total, map_item, rebuild, walk
from .bind import simplify
from .known import FALSE, TRUE

__all__ = ["Body", "Fork", "Leaf", "forked", "leaves"]

_LEAVES_MAX = 12  # a body with more branches stays a list of items under conditions


@dataclass(frozen=True)
class Leaf:
    updates: tuple[ir.Update, ...]


@dataclass(frozen=True)
class Fork:
    test: ir.Expr
    then: Body
    orelse: Body


@dataclass(frozen=True)
class Body:
    items: tuple[ir.Item, ...]
    end: Fork | Leaf


def forked(rule: ir.Rule) -> Body:
    """The rule's body; with too many branches, as it was."""
    found = _forked(rule.body, rule.updates)
    if sum(1 for _ in leaves(found)) > _LEAVES_MAX:
        return Body(rule.body, Leaf(rule.updates))
    return found


def leaves(body: Body) -> Iterator[Leaf]:
    if isinstance(body.end, Leaf):
        yield body.end
    else:
        yield from leaves(body.end.then)
        yield from leaves(body.end.orelse)


def _forked(items: Sequence[ir.Item], updates: tuple[ir.Update, ...]) -> Body:
    for place, item in enumerate(items):
        if item.path is None or item.path == TRUE:
            continue
        test = _first_test(item.path)
        if is_total(test):
            return _split(test, items[:place], items[place:], updates)
    test_of_updates = _shared_test(updates, items)
    if test_of_updates is not None:
        return _split(test_of_updates, items, (), updates)
    return Body(tuple(items), Leaf(updates))


def _split(
    test: ir.Expr,
    before: Sequence[ir.Item],
    after: Sequence[ir.Item],
    updates: tuple[ir.Update, ...],
) -> Body:
    sides = []
    for value in (TRUE, FALSE):
        items = [map_item(item, _assuming(test, value)) for item in after]
        kept = [replace(i, path=None) if i.path == TRUE else i for i in items if i.path != FALSE]
        new = [replace(u, value=_assuming(test, value)(u.value)) for u in updates]
        sides.append(_forked(kept, tuple(new)))
    return Body(tuple(before), Fork(test, *sides))


def _first_test(path: ir.Expr) -> ir.Expr:
    if isinstance(path, ir.And):
        return _first_test(path.parts[0])
    return path.body if isinstance(path, ir.Not) else path


def _shared_test(updates: tuple[ir.Update, ...], items: Sequence[ir.Item]) -> ir.Expr | None:
    """A name on which several new values depend, bound outside any quantifier."""
    bound = {item.name for item in items if isinstance(item, ir.Let | ir.Choose)}
    found: list[ir.Expr] = []
    for update in updates:
        tests = {n.test for n in walk(update.value) if isinstance(n, ir.Ite)}
        # In the order of the text, so that the result does not depend on hashes.
        mine = [n.test for n in walk(update.value) if isinstance(n, ir.Ite)]
        for test in mine:
            simple = isinstance(test, ir.Bound | ir.Const | ir.Read)
            if simple and free_names(test) <= bound and test in tests:
                tests.discard(test)
                if test in found:
                    return test
                found.append(test)
    return None


class _assuming:
    """A function that puts the outcome in a test's places."""

    def __init__(self, test: ir.Expr, value: ir.Lit) -> None:
        self.test, self.value = test, value

    def __call__(self, expr: ir.Expr) -> ir.Expr:
        return simplify(self._put(expr))

    def _put(self, expr: ir.Expr) -> ir.Expr:
        if expr == self.test:
            return self.value
        return rebuild(expr, tuple(self._put(part) for part in children(expr)))
