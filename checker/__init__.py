"""crashproof: check the algorithms that keep messages from being lost, duplicated or half-applied.

A model's file imports its words from here; docs/reference/language.md explains them.
"""

from .model import (
    AlwaysEventually,
    Bounds,
    Capacity,
    Eventually,
    EventuallyAlways,
    LeadsTo,
    Limit,
    Model,
    action,
    at_rest,
    choose,
    either,
    fault,
    fresh,
    initial,
    invariant,
    liveness,
    pure,
    unlucky,
    when,
    witness,
)
from .values import Bag, Id, Map

__all__ = [
    "AlwaysEventually",
    "Bag",
    "Bounds",
    "Capacity",
    "Eventually",
    "EventuallyAlways",
    "Id",
    "LeadsTo",
    "Limit",
    "Map",
    "Model",
    "action",
    "at_rest",
    "choose",
    "either",
    "fault",
    "fresh",
    "initial",
    "invariant",
    "liveness",
    "pure",
    "unlucky",
    "when",
    "witness",
]
