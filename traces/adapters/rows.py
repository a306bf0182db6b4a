"""What the formats of changed rows have in common: how an event is called, and its fields.

`insert orders`, `update orders`, `delete orders`, `truncate orders`, `message PREFIX`; a schema
other than public stands before the table. `new.COLUMN` is the row after the change, `old.COLUMN`
what the log tells of the row before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .base import Json, flat

__all__ = ["change_fields", "change_name"]


def change_name(kind: str, schema: object, table: object) -> str:
    """
    >>> change_name("insert", "public", "orders"), change_name("update", "shop", "orders")
    ('insert orders', 'update shop.orders')
    """
    where = f"{schema}." if schema not in ("public", None, "") else ""
    return f"{kind} {where}{table}"


def change_fields(
    new: Iterable[tuple[str, object]], old: Iterable[tuple[str, object]], more: Mapping[str, object]
) -> Json:
    """The fields of one changed row. Columns that hold objects give a field for each key."""
    found: Json = dict(more)
    for name, value in new:
        flat(f"new.{name}", value, found)
    for name, value in old:
        flat(f"old.{name}", value, found)
    return found
