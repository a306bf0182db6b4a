"""Which rules the constants of a run exclude.

Owns one question: can it be read off a bound model, without exploring it, that a rule never fires?
Its guard is false, or it belongs to a label of a process to which no other label leads. What is
found is excluded in every state, reachable or not; what is not found may still never fire.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .. import ir
from ..ir.walk import children, item_children
from .known import FALSE
from .labels import asked_label, is_label, processes

__all__ = ["excluded"]


def excluded(model: ir.Model) -> tuple[str, ...]:
    """The names of rules that cannot fire, in the order of the source.

    >>> excluded(ir.Model("M", (), (), (), None, (), ()))
    ()
    """
    labels = {p.label.name: _labels_in(p.label.init) for p in processes(model)}
    if model.initial is not None:
        _reach(labels, model.initial)
    possible: set[str] = set()
    changed = True
    while changed:
        changed = False
        for rule in model.rules:
            if rule.name not in possible and _may_fire(rule, labels):
                possible.add(rule.name)
                _reach(labels, rule)
                changed = True
    return tuple(rule.name for rule in model.rules if rule.name not in possible)


def _may_fire(rule: ir.Rule, labels: Mapping[str, Collection[str]]) -> bool:
    for item in rule.body:
        match item:
            case ir.Guard(cond, None) if cond == FALSE:
                return False
        asked = asked_label(item)
        if asked is not None:
            variable, _, label = asked
            if label not in labels.get(variable, (label,)):
                return False
    return True


def _reach(labels: dict[str, set[str]], rule: ir.Rule) -> None:
    written = {u.var for u in rule.updates} & labels.keys()
    named = [e for item in rule.body for e in item_children(item)] if written else []
    for update in rule.updates:
        if update.var in written:
            labels[update.var].update(*map(_labels_in, (update.value, *named)))


def _labels_in(expr: ir.Expr) -> set[str]:
    """Every label that is named other than to ask for it: more than can be written, never fewer."""
    if isinstance(expr, ir.Lit):
        return {str(expr.value)} if is_label(expr.type) else set()
    parts = children(expr)
    if isinstance(expr, ir.Cmp):
        parts = tuple(part for part in parts if not isinstance(part, ir.Lit))
    return set().union(*map(_labels_in, parts))
