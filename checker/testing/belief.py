"""The model's states that agree with what the system has answered so far.

Owns the step from one such set to the next: a call leads to all states that the model allows
after it, whatever the system chose; an answer or an observation then leaves those that agree with
it. This makes a deterministic machine of a model with choices (the subset construction), whose
parts are built when they are first needed and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .. import ir
from ..backends.python import Failure, Picks, Program, Undefined
from ..errors import UsageError
from ..states import State, Value, in_order
from .adapter import Interface
from .subject import Call, Driven, Subject, choices_of

__all__ = ["Belief", "Edges", "Harness", "Outcome"]

HIDDEN_MAX = 10_000  # states that steps which nobody sees may lead to, from one set
KEPT_MAX = 50_000  # sets that are kept; beyond, they are built again

Outcome = tuple[Picks, State]
Edges = dict[Call, tuple[Outcome, ...]]


@dataclass(eq=False)
class Belief:
    """A set of states, in an order that is the same in every process.

    `menu` are the steps that the test may take: those that every state of the set allows.
    `broken` names what no state of the set satisfies, if there is such a thing.
    """

    states: tuple[State, ...]
    menu: tuple[Call, ...]
    is_resting: bool
    broken: str
    after: dict[Call, Belief] = field(default_factory=dict)
    seen: dict[Any, Belief | None] = field(default_factory=dict)
    weights: dict[Any, list[int]] = field(default_factory=dict)


class Harness:
    """The machine of sets for one model and one kind of adapter."""

    def __init__(self, subject: Subject, interface: Interface) -> None:
        self.subject = subject
        self.interface = interface
        self.program: Program = subject.program
        self._rules = [r for r in self.program.rules if r.rule.name in interface.driven]
        self.hidden_rules = [r for r in self.program.rules if r.rule.name in interface.hidden]
        # Only who takes every action knows when none is left.
        self._sees_all = all(
            r.rule.kind is ir.Kind.FAULT or r.rule.name in interface.driven
            for r in self.program.rules
        )
        self._edges: dict[State, tuple[Edges, frozenset[Call], bool]] = {}
        self._beliefs: dict[frozenset[State], Belief] = {}
        self._invariants = [
            (p, self.program.holds(p.name), self.program.prop_args(p))
            for p in subject.model.props
            if p.kind is ir.PropKind.INVARIANT
        ]
        self._at_rest = [
            (p, self.program.holds(p.name), self.program.prop_args(p))
            for p in subject.model.props
            if p.kind is ir.PropKind.AT_REST
        ]
        self.first = self.belief(self.program.initial_states())

    # ── Steps of one state ──

    def edges(self, state: State) -> Edges:
        """What each call leads to from a state, in the order of the source."""
        return self._expanded(state)[0]

    def _expanded(self, state: State) -> tuple[Edges, frozenset[Call], bool]:
        """The edges; the calls that the model's own limits cut off; can actions do anything?"""
        known = self._edges.get(state)
        if known is not None:
            return known
        edges: Edges = {}
        cut: set[Call] = set()
        rests = True
        for rule in self._rules:
            places = self.interface.driven[rule.rule.name]
            for args in rule.args:
                found: dict[Driven, list[Outcome]] = {}
                for picks, end in rule.step(state, args):
                    driven = tuple((p, picks[p] if p < len(picks) else None) for p in places)
                    if isinstance(end, Failure):
                        cut.add(self.subject.call(rule, args, driven))
                        rests = False
                        continue
                    found.setdefault(driven, []).append((picks, end))
                    rests = rests and (rule.rule.kind is ir.Kind.FAULT or end == state)
                # A pair of a place and a value is a tuple, and so is ordered as a value is.
                for driven in cast("list[Driven]", in_order(found)):
                    edges[self.subject.call(rule, args, driven)] = tuple(found[driven])
        if len(self._edges) >= KEPT_MAX:
            self._edges.clear()
        # Where the model itself is at an end, the test would judge the system by nothing.
        for call in cut:
            edges.pop(call, None)
        self._edges[state] = result = (edges, frozenset(cut), rests)
        return result

    def hidden_steps(self, state: State) -> Iterable[State]:
        """Where the steps lead that the system takes on its own."""
        for rule in self.hidden_rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if not isinstance(end, Failure):
                        yield end

    # ── Sets ──

    def belief(self, states: Iterable[State]) -> Belief:
        """The set of these states and of all that hidden steps lead to from them."""
        closed = self._closed(states)
        known = self._beliefs.get(closed)
        if known is not None:
            return known
        ordered = tuple(cast("list[State]", in_order(closed)))
        menu, rests = self._menu(ordered)
        made = Belief(ordered, menu, rests, self._broken(ordered, rests))
        if len(self._beliefs) >= KEPT_MAX:
            self._beliefs.clear()
        self._beliefs[closed] = made
        return made

    def _closed(self, states: Iterable[State]) -> frozenset[State]:
        found = dict.fromkeys(states)
        if self.hidden_rules:
            queue = list(found)
            for state in queue:
                for end in self.hidden_steps(state):
                    if end not in found:
                        found[end] = None
                        queue.append(end)
                if len(found) > HIDDEN_MAX:
                    names = ", ".join(sorted(self.interface.hidden))
                    raise UsageError(
                        f"the hidden steps {names} lead to more than {HIDDEN_MAX:,} states",
                        help="give the adapter a method for one of them, or switch faults off",
                    )
        return frozenset(found)

    def _menu(self, states: tuple[State, ...]) -> tuple[tuple[Call, ...], bool]:
        expanded = [self._expanded(state) for state in states]
        cut = frozenset().union(*(c for _, c, _ in expanded))
        everywhere = [
            call
            for call in expanded[0][0]
            if call not in cut and all(call in edges for edges, _, _ in expanded)
        ]
        somewhere = {
            call
            for edges, _, _ in expanded
            for call in edges
            if call.name in self.interface.refuses and call not in cut
        }
        # The order of a set of calls is that of their addresses; their labels are always the same.
        more = sorted(somewhere.difference(everywhere), key=lambda c: c.label)
        menu = sorted([*everywhere, *more], key=lambda c: c.order)
        return tuple(menu), self._sees_all and all(rests for _, _, rests in expanded)

    def _broken(self, states: tuple[State, ...], rests: bool) -> str:
        asked = [*self._invariants, *(self._at_rest if rests else [])]
        for prop, holds, all_args in asked:
            if all(_fails(holds, state, all_args) for state in states):
                return prop.name
        return ""

    def outcomes(self, belief: Belief, call: Call) -> tuple[Outcome, ...]:
        """All that the model allows after the call."""
        found: dict[Outcome, None] = {}
        for state in belief.states:
            found.update(dict.fromkeys(self.edges(state).get(call, ())))
        return tuple(found)

    def after(self, belief: Belief, call: Call) -> Belief:
        """The set after a call that answered nothing."""
        known = belief.after.get(call)
        if known is None:
            ends = [end for _, end in self.outcomes(belief, call)]
            known = belief.after[call] = self.belief(ends)
        return known

    def refused(self, belief: Belief, call: Call) -> list[State]:
        """The states in which the step is not possible."""
        return [state for state in belief.states if call not in self.edges(state)]

    def answered(self, call: Call, outcomes: Iterable[Outcome], answer: object) -> list[Outcome]:
        """The outcomes in which the system chose what it says it chose.

        Raises: UsageError, for an answer that is no choice of the step.
        """
        said = self._said(call, answer)
        places = {c.show or c.name: n for n, c in enumerate(choices_of(call.rule.rule))}
        return [
            (picks, end)
            for picks, end in outcomes
            if all(picks[places[name]] == value for name, value in said.items())
        ]

    def _said(self, call: Call, answer: object) -> dict[str, Value]:
        from .observed import Misfit, read_value

        types = {c.show or c.name: c.type for c in choices_of(call.rule.rule)}
        if not isinstance(answer, Mapping) and len(types) == 1:
            answer = {next(iter(types)): answer}
        if not isinstance(answer, Mapping) or not set(answer) <= set(types):
            known = f"a dict of {', '.join(types)}" if types else "nothing: the step has no choice"
            raise UsageError(
                f"{call.name} of the adapter returned {answer!r}, which says nothing of the step",
                help=f"it may return {known}; what the system shows is for observe()",
            )
        said: dict[str, Value] = {}
        for name, value in answer.items():
            if value is None and not isinstance(types[name], ir.Option):
                said[name] = None  # on a branch that was not taken nothing is chosen
                continue
            try:
                said[name] = read_value(value, types[name], self.subject)
            except Misfit as misfit:
                raise UsageError(
                    f"{call.name} of the adapter returned {value!r} for {name}, "
                    f"which is not {misfit.expected}"
                ) from None
        return said


def _fails(holds: Any, state: State, all_args: Iterable[tuple[Value, ...]]) -> bool:
    try:
        return not all(holds(state, args) for args in all_args)
    except Undefined:
        return True
