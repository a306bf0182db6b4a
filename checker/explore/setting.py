"""What a verdict is true for: the constants, scopes, budgets and fairness of a bound model, as
text.

Owns the words for the class of a run and for the values of a property's parameters.
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import ir
from ..states import Value, show

__all__ = ["budgets", "constants", "fairness", "scopes", "shown_args"]


def constants(model: ir.Model) -> tuple[tuple[str, str], ...]:
    """Each constant with its value in this run."""
    return tuple((c.name, show(c.value, c.type)) for c in model.consts)


def scopes(model: ir.Model) -> tuple[tuple[str, int], ...]:
    """Each sort with the number of its ids."""
    return tuple((s.name, s.size) for s in model.sorts)


def budgets(model: ir.Model) -> tuple[tuple[str, int | None], ...]:
    """Each fault, and each unlucky answer, with how often it may happen."""
    found: dict[str, int | None] = {
        r.name: r.at_most for r in model.rules if r.kind is ir.Kind.FAULT
    }
    for rule in model.rules:
        for item in rule.body:
            if isinstance(item, ir.Choose):
                for _, counter in item.unlucky:
                    type_ = model.var(counter).type
                    most = type_.hi if isinstance(type_, ir.Int) else None
                    found[counter.removesuffix("_used")] = most
    return tuple(found.items())


def fairness(model: ir.Model) -> tuple[tuple[str, str], ...]:
    """Each fair unit by name, weak or strong."""
    units = {r.unit.name: r.unit.strong for r in model.rules if r.unit is not None}
    return tuple((name, "strong" if strong else "weak") for name, strong in units.items())


def shown_args(params: Iterable[ir.Param], args: Iterable[Value]) -> tuple[tuple[str, str], ...]:
    """The parameters by name with their values as text."""
    pairs = zip(params, args, strict=True)
    return tuple((param.name, show(value, param.type)) for param, value in pairs)
