"""A bound model as formulas: its states, its first states, its steps, its properties.

Owns the variables of states and steps, paths of several steps, and what can be read from a solver's
model. What is asked of paths stands in `checker/prove`. Nothing here assumes a property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from ... import ir
from ...passes.renaming import uneven_sorts
from ...states import State as Values
from ...states import Value, sort_sizes, universe
from . import solver, values
from .expressions import Evaluation, Failed, State
from .numbers import Unsupported
from .rules import Effect, effects, every_choice, one_choice
from .solver import Bit, Solver, Term, conj, disj, implies, neg
from .values import Look, Sym
from .variables import Layout, leaves

__all__ = ["Path", "Step", "System", "Unsupported"]


@dataclass(frozen=True)
class Step:
    """All rules as one relation between the variables of two states and those of the choices.

    `relation` is true of a step with a successor; `failures` are the ways to have none, each with
    its rule. `rules` tells which rule is taken, `args` its parameters.
    """

    relation: Bit
    failures: tuple[tuple[str, Failed], ...]
    rules: dict[Value, Bit]
    args: Mapping[str, Mapping[str, Sym]]
    inputs: tuple[Term, ...]
    facts: Bit


@dataclass
class System:
    """The formulas of one model, over one set of variables for "now" and one for "next"."""

    model: ir.Model

    def __post_init__(self) -> None:
        self.sizes = sort_sizes(self.model)
        self.now, layout = self.variables("now")
        self.now_terms = tuple(layout.terms)
        self.now_facts = conj(*layout.facts)

    # ── States ──

    def variables(self, name: str) -> tuple[State, Layout]:
        """A state of which nothing is known. Raises: Unsupported."""
        layout = Layout(self.sizes)
        state = {v.name: layout.fresh(v.type, f"{name}.{v.name}") for v in self.model.vars}
        return state, layout

    def known(self, state: Values) -> State:
        """A concrete state in symbolic form."""
        return {
            v.name: values.constant(value, v.type, self.sizes)
            for v, value in zip(self.model.vars, state, strict=True)
        }

    def terms(self, state: State) -> list[Term]:
        """What stands in the place of a state's variables."""
        return [t for v in self.model.vars for t in leaves(state[v.name], v.type, self.sizes)]

    def read(self, state: State, look: Look) -> Values:
        return tuple(values.read(state[v.name], look) for v in self.model.vars)

    def into(self, bits: Sequence[Bit], state: State) -> list[Bit]:
        """Formulas over "now" as formulas about another state."""
        pairs = list(zip(self.now_terms, self.terms(state), strict=True))
        return solver.substitute_all(bits, pairs)

    # ── Properties ──

    def violated(self, prop: ir.Prop, args: Sequence[Value]) -> Bit:
        """Is the property false or undefined now?"""
        at = Evaluation(self.sizes, self.now, self.args_of(prop.params, args))
        value = at.bit(prop.expr, {})
        return disj(neg(value), *(f.when for f in at.failures))

    def truth(self, expr: ir.Expr, params: Sequence[ir.Param], args: Sequence[Value]) -> Bit:
        """Is the expression defined and true now?"""
        at = Evaluation(self.sizes, self.now, self.args_of(params, args))
        value = at.bit(expr, {})
        return conj(value, neg(disj(*(f.when for f in at.failures))))

    def args_of(self, params: Sequence[ir.Param], args: Sequence[Value]) -> dict[str, Sym]:
        pairs = zip(params, args, strict=True)
        return {p.name: values.constant(v, p.type, self.sizes) for p, v in pairs}

    def moves(self, rule: ir.Rule, args: Sequence[Value]) -> Bit:
        """Does the rule lead to another state now, by any of its choices? A failing one counts, as
        it does for the explorer: where it would have led is not known.
        """
        given = self.args_of(rule.params, args)
        found: list[Bit] = []
        for effect in effects(self.model, rule, self.now, given, self.sizes, every_choice):
            same = conj(*(values.equal(effect.after[n], self.now[n]) for n in self.now))
            found += [conj(effect.alive, neg(same)), *(f.when for f in effect.failures)]
        return disj(*found)

    @cached_property
    def at_rest(self) -> Bit:
        """Does no action or process step lead to another state now (language.md, Semantics 19)?"""
        moves = [
            self.moves(rule, args)
            for rule in self.model.rules
            if rule.kind is ir.Kind.ACTION
            for args in product(*(universe(p.type, self.sizes) for p in rule.params))
        ]
        return neg(disj(*moves))

    # ── Steps ──

    def effect(
        self, rule: ir.Rule, state: State, args: Mapping[str, Sym], layout: Layout
    ) -> Effect:
        """The rule with choices that are variables of the layout."""
        chosen = one_choice(layout, rule.name)
        found = effects(self.model, rule, state, args, self.sizes, chosen)
        return found[0] if found else Effect(False, (), state)

    @cached_property
    def step(self) -> Step:
        """Raises: Unsupported."""
        after, following = self.variables("next")
        inputs = Layout(self.sizes)
        rules = inputs.one_of("rule", tuple(r.name for r in self.model.rules))
        shared: dict[tuple[ir.Type, int], Sym] = {}
        args: dict[str, dict[str, Sym]] = {}
        cases: list[tuple[Bit, Effect]] = []
        failures: list[tuple[str, Failed]] = []
        for rule in self.model.rules:
            for place, param in enumerate(rule.params):
                if (param.type, place) not in shared:
                    name = f"arg{place}.{len(shared)}"
                    shared[param.type, place] = inputs.fresh(param.type, name)
            given = {p.name: shared[p.type, i] for i, p in enumerate(rule.params)}
            args[rule.name] = given
            taken = rules[rule.name]
            effect = self.effect(rule, self.now, given, inputs)
            cases.append((taken, effect))
            failures += [
                (rule.name, Failed(conj(taken, f.when), f.is_cut, f.kind, f.subject, f.span))
                for f in effect.failures
            ]
        relation = self._relation(cases, following.terms)
        facts = conj(*inputs.facts)
        self.next, self.next_terms = after, tuple(following.terms)
        return Step(relation, tuple(failures), rules, args, tuple(inputs.terms), facts)

    def _relation(self, cases: list[tuple[Bit, Effect]], following: Sequence[Term]) -> Bit:
        columns: list[list[tuple[Bit, Term]]] = [[] for _ in following]
        idle: list[list[Bit]] = [[] for _ in following]
        parts: list[Bit] = []
        for taken, effect in cases:
            parts.append(implies(taken, effect.alive))
            if effect.alive is False:
                continue
            for place, term in enumerate(self.terms(effect.after)):
                if solver.equal_terms(term, self.now_terms[place]):
                    idle[place].append(taken)
                else:
                    columns[place].append((taken, term))
        for place, target in enumerate(following):
            same = solver.equation(target, self.now_terms[place])
            parts.append(implies(disj(*idle[place]), same))
            parts += [implies(c, solver.equation(target, term)) for c, term in columns[place]]
        return conj(*parts)

    def begin(self, defaults: Values) -> tuple[Effect, tuple[Term, ...], Bit]:
        """The first state as an effect on the field defaults, its variables and their facts."""
        start = self.known(defaults)
        first = self.model.initial
        if first is None:
            return Effect(True, (), start), (), True
        layout = Layout(self.sizes)
        args = {p.name: layout.fresh(p.type, f"begin.{p.name}") for p in first.params}
        effect = self.effect(first, start, args, layout)
        return effect, tuple(layout.terms), conj(*layout.facts)

    # ── Symmetry ──

    @cached_property
    def is_symmetric(self) -> bool:
        """Does renaming ids lead from steps to steps?"""
        return not uneven_sorts(self.model)


# ── Paths ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Path:
    """States one step after the other in one solver, beginning anywhere or in a first state."""

    system: System
    solver: Solver
    states: list[State] = field(default_factory=list)
    inputs: list[list[Term]] = field(default_factory=list)

    def begin_anywhere(self) -> None:
        self.states.append(self.system.now)
        self.solver.add(self.system.now_facts)

    def begin_at(self, effect: Effect, facts: Bit) -> None:
        state, layout = self.system.variables("s0")
        self.states.append(state)
        self.solver.add(facts, effect.alive)
        if effect.alive is not False:
            for variable, term in zip(layout.terms, self.system.terms(effect.after), strict=True):
                self.solver.add(solver.equation(variable, term))

    def at(self, time: int, bits: Sequence[Bit]) -> list[Bit]:
        """Formulas over "now", about the state at a time."""
        if self.states[time] is self.system.now:
            return list(bits)
        return self.system.into(bits, self.states[time])

    def stepped(self, time: int, bits: Sequence[Bit]) -> list[Bit]:
        """Formulas over "now" and the choices of a step, about the step from a time on."""
        step = self.system.step
        while len(self.inputs) <= time:
            number = len(self.inputs)
            self.inputs.append([solver.renamed(t, f"@{number}") for t in step.inputs])
            self.solver.add(solver.substitute(step.facts, self._pairs(number)))
        pairs = self._pairs(time)
        pairs += zip(self.system.now_terms, self.system.terms(self.states[time]), strict=True)
        return solver.substitute_all(bits, pairs)

    def _pairs(self, time: int) -> list[tuple[Term, Term]]:
        return list(zip(self.system.step.inputs, self.inputs[time], strict=True))

    def extend(self) -> None:
        """One step more."""
        time = len(self.states) - 1
        state, layout = self.system.variables(f"s{time + 1}")
        relation = self.stepped(time, [self.system.step.relation])
        pairs = list(zip(self.system.next_terms, layout.terms, strict=True))
        self.states.append(state)
        self.solver.add(solver.substitute(relation[0], pairs))

    # ── Reading the solver's model ──

    def look(self) -> Look:
        return Look(self.solver.bit, self.solver.number)

    def read(self) -> list[Values]:
        look = self.look()
        return [self.system.read(state, look) for state in self.states]

    def taken(self, time: int) -> tuple[str, tuple[Value, ...]]:
        """The rule of the step from a time on, and its parameters."""
        pairs = self._pairs(time)

        def bit(found: Bit) -> bool:
            return self.solver.bit(solver.substitute(found, pairs))

        def number(term: Term) -> int:
            return self.solver.number(solver.substitute_term(term, pairs))

        look = Look(bit, number)
        step = self.system.step
        name = next(str(n) for n, b in step.rules.items() if look.bit(b))
        return name, tuple(values.read(v, look) for v in step.args[name].values())
