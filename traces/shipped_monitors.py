"""The monitors that come with the shipped mappings: what their events must never be.

Only rules that hold of a correct service whatever its kills lose, so that a good log passes: that
something is missing is for the model to judge, which knows of lost lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .event import FieldValue
from .monitors import AtMostOnce, Monitor, Never, Same

__all__ = ["BY_MODEL"]


def _more_than(most: int) -> Callable[[FieldValue], bool]:
    return lambda value: isinstance(value, int) and value > most


_OUTBOX: Mapping[str, Monitor] = {
    "placed_once": AtMostOnce(
        "place_order", key="order", says="an order is committed once"
    ),
    "ships_once": AtMostOnce(
        "consume", key="order", where={"outcome": "shipped"}, says="an order ships once"
    ),
    "shipped_at_most_once": Never(
        "consume", key="order", where={"shipped": _more_than(1)},
        says="no consumer has seen an order shipped more than once",
    ),
    "marked_once": AtMostOnce(
        "mark_sent", key="order", says="the outbox row of an order is deleted once"
    ),
}  # fmt: skip

# Of workers that write key and effect in one transaction, and a key that outlives its message.
_DEDUP: Mapping[str, Monitor] = {
    "begun_once": AtMostOnce(
        "begin", key="message", says="a message is begun once: from then on its key is known"
    ),
    "begun_without_effect": Never(
        "begin", key="message", where={"found": _more_than(0)},
        says="no worker begins a message that has had its effect",
    ),
    "dropped_after_effect": Never(
        "drop", key="message", where={"effects": 0},
        says="no worker drops a message that has had no effect",
    ),
    "one_effect": Never(
        "drop", key="message", where={"effects": _more_than(1)},
        says="no message has two effects",
    ),
    "finished_once": AtMostOnce(
        "finish", key="message", says="a message is finished by one worker, once"
    ),
}  # fmt: skip

_ENDS = ("COMPLETED", "COMPENSATED", "STUCK")

_SAGA: Mapping[str, Monitor] = {
    "started_once": AtMostOnce("start", key="order", says="a saga starts once"),
    "done_once": Never(
        "perform", key=("order", "step"), where={"done": _more_than(1)},
        says="no step is done twice, however often it is asked for",
    ),
    "undone_once": Never(
        "compensate", key=("order", "step"), where={"undone": _more_than(1)},
        says="no step is undone twice",
    ),
    "one_end": Same(
        ("receive_answer", "record", "time_out"), key="order", fields="phase",
        where={"phase": _ENDS}, says="a saga that has ended stays as it ended",
    ),
}  # fmt: skip

_IDEMPOTENCY_KEYS: Mapping[str, Monitor] = {
    "charged_once": Never(
        ("claim", "insert", "charge", "ask_provider", "store_answer"), key="key",
        where={"charges": _more_than(1)},
        says="an order is charged once, whatever the provider answers",
    ),
    "one_answer": Same(
        ("reply", "stored"), key="key", fields="answer",
        says="all that ask with one key are told of the same charge",
    ),
}  # fmt: skip

BY_MODEL: Mapping[str, Mapping[str, Monitor]] = {
    "outbox": _OUTBOX,
    "dedup": _DEDUP,
    "saga": _SAGA,
    "idempotency_keys": _IDEMPOTENCY_KEYS,
}
"""By the name of the model whose shipped mapping names their events."""
