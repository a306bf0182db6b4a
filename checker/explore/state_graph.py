"""The state graph as liveness needs it: compact edges, and which fairness units are enabled where.

Owns the recording during a search. A unit is enabled by the guards: a step that ends in a cut or an
error counts, and leaves no edge. Standing still is no edge either; every state can.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .. import ir
from ..backends.python import Args, Program
from ..states import State, Value

__all__ = ["StateGraph", "UnitKey", "unit_key"]

# A rule's or process's name with the values of the parameters that tell its units apart.
UnitKey = tuple[str, tuple[Value, ...]]


def unit_key(rule: ir.Rule, args: Args) -> UnitKey | None:
    """The fairness unit that a step of the rule with these values belongs to, if it is fair."""
    if rule.unit is None:
        return None
    values = {p.name: v for p, v in zip(rule.params, args, strict=True)}
    return rule.unit.name, tuple(values[name] for name in rule.unit.params)


@dataclass
class StateGraph:
    """States by number in the order they were found; the first `roots` of them are initial.

    The edges of state n are `targets[offsets[n]:offsets[n + 1]]`, and `units` in the same places:
    the number of the unit that the edge takes, or -1. `enabled[n]` is a bit mask of units. States
    from `expanded` on are known, but not their steps.
    """

    keys: dict[UnitKey, int]
    strong: int
    states: list[State] = field(default_factory=list)
    roots: int = 0
    offsets: array[int] = field(default_factory=lambda: array("q", [0]))
    targets: array[int] = field(default_factory=lambda: array("q"))
    units: array[int] = field(default_factory=lambda: array("i"))
    enabled: list[int] = field(default_factory=list)

    @staticmethod
    def of(program: Program) -> StateGraph:
        """Without states, but with the program's units."""
        keys: dict[UnitKey, int] = {}
        strong = 0
        for rule in program.rules:
            for args in rule.args:
                key = unit_key(rule.rule, args)
                if key is not None and rule.rule.unit is not None:
                    number = keys.setdefault(key, len(keys))
                    strong |= int(rule.rule.unit.strong) << number
        return StateGraph(keys, strong)

    @property
    def weak(self) -> int:
        return ((1 << len(self.keys)) - 1) & ~self.strong

    @property
    def expanded(self) -> int:
        return len(self.enabled)

    def unit_of(self, rule: ir.Rule, args: Args) -> int:
        key = unit_key(rule, args)
        return -1 if key is None else self.keys[key]

    def record(self, enabled: int, edges: Iterable[tuple[int, int]]) -> None:
        """The steps of the next state in order; equal edges are kept once."""
        for target, unit in dict.fromkeys(edges):
            self.targets.append(target)
            self.units.append(unit)
        self.offsets.append(len(self.targets))
        self.enabled.append(enabled)

    def successors(self, node: int) -> Sequence[int]:
        return self.targets[self.offsets[node] : self.offsets[node + 1]]

    def edges(self, node: int) -> Iterable[tuple[int, int]]:
        """(target, unit) of each edge."""
        part = slice(self.offsets[node], self.offsets[node + 1])
        return zip(self.targets[part], self.units[part], strict=True)
