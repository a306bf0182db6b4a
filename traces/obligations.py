"""What an explanation owes and what it has violated: bits, asked anew where a state differs.

Owns the tests of states. For each `LeadsTo` and `Eventually` and each choice of its parameters:
does the state begin it, does it discharge it? For each invariant: is it violated for some choice?
A state of a long log speaks of thousands of ids and a step changes what it says of one or two, so
a property that looks at its own id alone (`locality.py`) is asked again only for ids of which this
state says something else than the one that was asked before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from checker import ir
from checker.states import State, Value

from .locality import indexed, own_parameter

__all__ = ["Asked", "Obligation", "Obligations", "Test"]

Test = Callable[[State, tuple[Value, ...]], Value]


class Obligation(NamedTuple):
    """A `LeadsTo` or an `Eventually` for values of its parameters. `is_own`: it names an id of the
    slice."""

    prop: str
    args: tuple[Value, ...]
    is_own: bool


@dataclass(frozen=True)
class Asked:
    """One expression, to be asked of a state for each of `args(state)`.

    `is_fixed`: the arguments are the same for every state.
    """

    expr: ir.Expr
    params: tuple[ir.Param, ...]
    test: Test
    args: Callable[[State], Iterable[tuple[Value, ...]]]
    is_fixed: bool = True


class Obligations:
    """The bits of each state: first the obligations, behind them the violated invariants."""

    def __init__(
        self,
        model: ir.Model,
        begins: Iterable[Asked],
        discharges: Iterable[Asked],
        invariants: Iterable[Asked],
    ) -> None:
        """One of each for a property, the first two with the same arguments."""
        self._begins = [_Answer(model, asked) for asked in begins]
        self._discharges = [_Answer(model, asked) for asked in discharges]
        self._invariants = [_Answer(model, asked) for asked in invariants]
        every = (*self._begins, *self._discharges, *self._invariants)
        self._indexed: dict[str, list[tuple[int, ir.Type]]] = {}
        for sort in {each.sort for each in every if each.sort is not None}:
            names = indexed(model, sort)
            own = [(n, var.type) for n, var in enumerate(model.vars) if var.name in names]
            self._indexed[sort] = own
        self._before: State | None = None

    def bits(self, state: State) -> tuple[int, int]:
        """What the state opens, and what it discharges. Violations are never discharged."""
        differing = self._differing(state)
        self._before = state
        opened = discharged = size = 0
        for begins, discharges in zip(self._begins, self._discharges, strict=True):
            opened |= begins.ask(state, differing) << size
            discharged |= discharges.ask(state, differing) << size
            size += begins.size
        for bit, invariant in enumerate(self._invariants, size):
            is_violated = invariant.ask(state, differing) != (1 << invariant.size) - 1
            opened |= is_violated << bit
        return opened, discharged

    def _differing(self, state: State) -> Mapping[str, set[int]]:
        """Of each sort, the ids of which this state says something else than the last one."""
        found: dict[str, set[int]] = {sort: set() for sort in self._indexed}
        if self._before is not None:
            for sort, variables in self._indexed.items():
                for n, type_ in variables:
                    found[sort].update(_differing(type_, self._before[n], state[n]))
        return found


class _Answer:
    """For which arguments an expression is true, as bits; of which id it reads what is said."""

    def __init__(self, model: ir.Model, asked: Asked) -> None:
        self._asked = asked
        self._args: list[tuple[Value, ...]] = []
        self._by_id: dict[Value, list[int]] = {}
        self._bits: int | None = None
        self._own = own_parameter(model, asked.expr, asked.params) if asked.is_fixed else None
        own = asked.params[self._own].type if self._own is not None else None
        self.sort = own.name if isinstance(own, ir.Sort) else None

    @property
    def size(self) -> int:
        """For how many arguments it was asked last."""
        return len(self._args)

    def ask(self, state: State, differing: Mapping[str, set[int]]) -> int:
        if self._bits is None or self.sort is None:
            return self._ask_all(state)
        for atom in differing[self.sort]:
            for bit in self._by_id.get(atom, ()):
                is_true = self._asked.test(state, self._args[bit]) is True
                self._bits = self._bits & ~(1 << bit) | is_true << bit
        return self._bits

    def _ask_all(self, state: State) -> int:
        self._args = list(self._asked.args(state))
        test = self._asked.test
        digits = ("1" if test(state, args) is True else "0" for args in reversed(self._args))
        self._bits = int("".join(digits) or "0", 2)
        if self._own is not None:
            for bit, args in enumerate(self._args):
                self._by_id.setdefault(args[self._own], []).append(bit)
        return self._bits


def _differing(type_: ir.Type, before: Value, after: Value) -> Iterable[int]:
    """The ids for which two values of an indexed variable differ."""
    if before is after:
        return ()
    if isinstance(type_, ir.Map):
        assert isinstance(before, tuple) and isinstance(after, tuple)
        pairs = enumerate(zip(before, after, strict=True))
        return (atom for atom, (old, new) in pairs if old != new)
    assert isinstance(before, frozenset) and isinstance(after, frozenset)
    differing = before ^ after
    return differing if isinstance(type_, ir.Set) else (atom for atom, _ in differing)
