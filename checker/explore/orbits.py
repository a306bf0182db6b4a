"""Parameter values up to renaming ids.

Owns when two tuples of parameter values are the same but for which id is which: ids of one sort are
interchangeable, so a witness seen for one of them is seen for the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import ir
from ..states import Value

__all__ = ["renamed"]


def renamed(types: Sequence[ir.Type], values: Sequence[Value]) -> tuple[Value, ...]:
    """The values with the ids of each sort renamed to 0, 1, ... in the order of their first use.

    Two tuples can be renamed into each other exactly if this is the same for both: a parameter
    holds no unordered collection, so its ids stand in a fixed order.

    >>> order = ir.Sort("OrderId")
    >>> renamed([order, order], (2, 1)), renamed([order, order], (1, 1))
    ((0, 1), (0, 0))
    """
    seen: dict[str, dict[Value, int]] = {}
    return tuple(_rename(t, v, seen) for t, v in zip(types, values, strict=True))


def _rename(type_: ir.Type, value: Value, seen: dict[str, dict[Value, int]]) -> Value:
    match type_:
        case ir.Sort(name):
            known = seen.setdefault(name, {})
            return known.setdefault(value, len(known))
        case ir.Option(item):
            return None if value is None else _rename(item, value, seen)
        case ir.Record(_, fields) if isinstance(value, tuple):
            inner = (_rename(t, v, seen) for (_, t), v in zip(fields, value[1:], strict=True))
            return (value[0], *inner)
        case ir.Union(records) if isinstance(value, tuple):
            record = next(r for r in records if r.name == value[0])
            return _rename(record, value, seen)
    return value
