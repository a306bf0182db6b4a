"""What a step changed, as a person would say it: `orders: +order0`, `unmarked: None → order0`.

Owns the wording of differences between two values of a type. Fault counters are left out: a trace
marks its faults, and their counters say nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

from .. import ir
from ..states import State, Value, in_order, show, universe
from .terminal import Page

__all__ = ["changes", "shown_state"]

_ABSENT = "(none)"


def changes(model: ir.Model, old: State, new: State, page: Page) -> list[str]:
    """One phrase for each part of the state that is another after the step."""
    phrases: list[str] = []
    for var, before, after in zip(model.vars, old, new, strict=True):
        if before != after and not var.is_counter:
            phrases += _Differ(model, page).phrases(var.name, before, after, var.type)
    return phrases


def shown_state(model: ir.Model, state: State) -> list[str]:
    """`name = value` for every field; `name[all] = value` for a map of equal values."""
    return [
        _shown(var, value)
        for var, value in zip(model.vars, state, strict=True)
        if not var.is_counter
    ]


def _shown(var: ir.Var, value: Value) -> str:
    if isinstance(var.type, ir.Map) and len(set(_parts(value))) == 1 < len(_parts(value)):
        return f"{var.name}[all] = {show(_parts(value)[0], var.type.value)}"
    return f"{var.name} = {show(value, var.type)}"


class _Differ:
    def __init__(self, model: ir.Model, page: Page) -> None:
        self.sizes = tuple((sort.name, sort.size) for sort in model.sorts)
        self.page = page

    def phrases(self, path: str, old: Value, new: Value, type_: ir.Type) -> list[str]:
        """Also of the parts of maps and records, each under its own path."""
        match type_:
            case ir.Set(item):
                return [f"{path}: {_signed(_set(old), _set(new), item)}"]
            case ir.Bag(item):
                return [f"{path}: {_bag(old, new, item)}"]
            case ir.Seq(item):
                return [f"{path}: {self._sequence(old, new, type_, item)}"]
            case ir.Map(key, item):
                entries = zip(universe(key, self.sizes), _parts(old), _parts(new), strict=True)
                return [
                    phrase
                    for k, a, b in entries
                    if a != b
                    for phrase in self.phrases(f"{path}[{show(k, key)}]", a, b, item)
                ]
            case ir.Partial(key, item):
                return self._partial(path, dict(cast(Any, old)), dict(cast(Any, new)), key, item)
            case ir.Record(_, fields):
                pairs = zip(fields, _parts(old)[1:], _parts(new)[1:], strict=True)
                return [
                    phrase
                    for (name, t), a, b in pairs
                    if a != b
                    for phrase in self.phrases(f"{path}.{name}", a, b, t)
                ]
            case ir.Option(ir.Record() as item) if old is not None and new is not None:
                return self.phrases(path, old, new, item)
        return [f"{path}: {self._arrow(show(old, type_), show(new, type_))}"]

    def _arrow(self, old: str, new: str) -> str:
        return f"{old} {self.page.arrow} {new}"

    def _partial(
        self,
        path: str,
        old: dict[Value, Value],
        new: dict[Value, Value],
        key: ir.Type,
        item: ir.Type,
    ) -> list[str]:
        phrases: list[str] = []
        for k in in_order({*old, *new}):
            place = f"{path}[{show(k, key)}]"
            if k not in new:
                phrases.append(f"{place}: {self._arrow(show(old[k], item), _ABSENT)}")
            elif k not in old:
                phrases.append(f"{place}: {self._arrow(_ABSENT, show(new[k], item))}")
            elif old[k] != new[k]:
                phrases += self.phrases(place, old[k], new[k], item)
        return phrases

    def _sequence(self, old: Value, new: Value, type_: ir.Type, item: ir.Type) -> str:
        a, b = _parts(old), _parts(new)
        if a and len(b) > len(a) and b[: len(a)] == a:
            return " ".join(f"+{show(v, item)}" for v in b[len(a) :]) + " at the end"
        if b and len(b) < len(a) and a[len(a) - len(b) :] == b:
            gone = a[: len(a) - len(b)]
            return " ".join(f"-{show(v, item)}" for v in gone) + " from the front"
        return self._arrow(show(a, type_), show(b, type_))


def _parts(value: Value) -> tuple[Value, ...]:
    return cast("tuple[Value, ...]", value)


def _set(value: Value) -> frozenset[Value]:
    return cast("frozenset[Value]", value)


def _signed(old: frozenset[Value], new: frozenset[Value], item: ir.Type) -> str:
    gone = [f"-{show(v, item)}" for v in in_order(old - new)]
    come = [f"+{show(v, item)}" for v in in_order(new - old)]
    return " ".join(gone + come)


def _bag(old: Value, new: Value, item: ir.Type) -> str:
    a, b = Counter(dict(cast(Any, old))), Counter(dict(cast(Any, new)))
    return " ".join([*_copies("-", a - b, b, item), *_copies("+", b - a, b, item)])


def _copies(sign: str, moved: Counter[Value], now: Counter[Value], item: ir.Type) -> Iterable[str]:
    for value in in_order(moved):
        many = f" ×{moved[value]}" if moved[value] > 1 else ""
        # How many there are now is what most properties of bags are about.
        left = f" (now {now[value]})" if now[value] > (sign == "+") else ""
        yield f"{sign}{show(value, item)}{many}{left}"
