"""Other capacities for the bags and lists of some fields, for one run.

Owns the two places that a capacity stands in: the field's type, and the checks before its stores.
Says nothing about which capacity is enough; a run that exceeds the new one is cut as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .. import ir
from ..errors import UsageError
from ..ir.walk import children, rebuild

__all__ = ["with_capacities"]


def with_capacities(model: ir.Model, capacities: Mapping[str, int]) -> ir.Model:
    """The model with these capacities; the field has to be a bag or a list itself.

    Raises: UsageError, for a name that is no such field.
    """
    old: dict[str, int] = {}
    for name in capacities:
        found = next((v.type for v in model.vars if v.name == name), None)
        if not isinstance(found, ir.Bag | ir.Seq):
            named = [v.name for v in model.vars if isinstance(v.type, ir.Bag | ir.Seq)]
            listed = f"it has {', '.join(named)}" if named else "it has none"
            raise UsageError(f"{model.name} has no bag or list {name!r}", help=listed)
        old[name] = found.capacity

    def item_of(item: ir.Item) -> ir.Item:
        match item:
            case ir.Check(cond, ir.CheckKind.CAPACITY, subject) if subject in capacities:
                return replace(item, cond=_raised(cond, old[subject], capacities[subject]))
            case ir.Each():
                return replace(item, items=tuple(map(item_of, item.items)))
        return item

    def rule_of(rule: ir.Rule) -> ir.Rule:
        return replace(rule, body=tuple(map(item_of, rule.body)))

    return replace(
        model,
        vars=tuple(_with_type(var, capacities) for var in model.vars),
        initial=rule_of(model.initial) if model.initial is not None else None,
        rules=tuple(map(rule_of, model.rules)),
    )


def _with_type(var: ir.Var, capacities: Mapping[str, int]) -> ir.Var:
    if var.name in capacities and isinstance(var.type, ir.Bag | ir.Seq):
        return replace(var, type=replace(var.type, capacity=capacities[var.name]))
    return var


def _raised(cond: ir.Expr, old: int, new: int) -> ir.Expr:
    match cond:
        case ir.Cmp("<=", ir.Size() as size, ir.Lit(value)) if value == old:
            return replace(cond, left=size, right=ir.Lit(new, ir.INT, cond.span))
    return rebuild(cond, tuple(_raised(child, old, new) for child in children(cond)))
