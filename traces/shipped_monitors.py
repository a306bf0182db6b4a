"""The monitors that come with the shipped mappings: what their events must never be.

Only rules that hold of a correct service whatever its kills lose, so that a good log passes: that
something is missing is for the model to judge, which knows of lost lines.
"""

from __future__ import annotations

from collections.abc import Mapping

from .event import FieldValue
from .monitors import AtMostOnce, Monitor, Never

__all__ = ["BY_MODEL"]


def _more_than_one(value: FieldValue) -> bool:
    return isinstance(value, int) and value > 1


_OUTBOX: Mapping[str, Monitor] = {
    "placed_once": AtMostOnce(
        "place_order", key="order", says="an order is committed once"
    ),
    "ships_once": AtMostOnce(
        "consume", key="order", where={"outcome": "shipped"}, says="an order ships once"
    ),
    "shipped_at_most_once": Never(
        "consume", key="order", where={"shipped": _more_than_one},
        says="no consumer has seen an order shipped more than once",
    ),
    "marked_once": AtMostOnce(
        "mark_sent", key="order", says="the outbox row of an order is deleted once"
    ),
}  # fmt: skip

BY_MODEL: Mapping[str, Mapping[str, Monitor]] = {"outbox": _OUTBOX}
"""By the name of the model whose shipped mapping names their events."""
