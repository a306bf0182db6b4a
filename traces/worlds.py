"""The model as a slice needs it: its ids, the steps nobody logs, and what was computed before.

Owns the connection to the reference engine. Atoms of a sort are numbered: first the ids that the
slice has seen, in the order of its first lines, then ids that it has not: for the key sort the
*background* (L3), for others one spare (L1). Because a model cannot write an id, its initial states
and steps are closed under renaming, so fixing the numbers of the seen ids loses no explanation.

All results are remembered in `numbered.py`, up to `REMEMBERED_MAX` entries.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from checker import ir
from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.passes.bind import bind
from checker.states import State, Value, sort_sizes, universe

from .locality import looks_at_own, mentions
from .numbered import Numbered
from .obligations import Asked, Obligation, Obligations
from .observe import ANY, Observation, ObservedFact, ObservedRule
from .others import STAND_INS, Others, others
from .unnamed import unnamed_sorts

if TYPE_CHECKING:
    from .subsets import Subsets

__all__ = ["ANY_NUMBER", "UNDEFINED", "Claim", "LostStep", "Step", "World", "Worlds"]

ANY_NUMBER = -1  # of background ids: nothing is known of them (`others.py`)
REMEMBERED_MAX = 800_000  # states and entries of one world's tables, about 200 bytes each
IDS_OF_A_STATE = 4  # that it has room for; a state may say something of every id

Bound = tuple[tuple[str, int], ...]
"""How many ids of each sort the slice has seen."""


Domain = tuple[ir.Type, tuple[Value, ...]]
"""A type, and those of its values that are tried."""

Rule = tuple[str, tuple[Value, ...]]
"""A rule of the model, and its arguments."""


class Step(NamedTuple):
    """A logged line in the model's terms: the event, and values of its parameters and facts."""

    event: str
    args: tuple[Value, ...]
    facts: tuple[Value, ...]


class LostStep(NamedTuple):
    """One step of these rules may have happened without a line.

    `own`: what is known of its arguments, each as a rule, a position, and the value.
    """

    rules: tuple[str, ...]
    own: tuple[tuple[str, int, Value], ...] = ()

    def may_be(self, name: str, args: tuple[Value, ...]) -> bool:
        return all(args[place] == value for rule, place, value in self.own if rule == name)


@dataclass(frozen=True)
class Claim:
    """A fact as functions of a state and the arguments of the step."""

    fact: ObservedFact
    cases: tuple[tuple[str | None, Callable[[State, tuple[Value, ...]], Value]], ...]

    def model_value(self, state: State, args: tuple[Value, ...]) -> tuple[Value, ...]:
        """What the model says: the value, or the names of all true cases. Empty: undefined."""
        if self.cases[0][0] is None:
            value = self.cases[0][1](state, args)
            return () if value is UNDEFINED else (value,)
        return tuple(name for name, test in self.cases if test(state, args) is True)

    def holds(self, said: Value, state: State, args: tuple[Value, ...]) -> bool:
        return said in self.model_value(state, args)


UNDEFINED = object()


class World:
    """The model for slices with these ids, and `background` more of the key sort.

    Collections may hold `widened` times what the model declares: a capacity bounds a search, not a
    log.
    """

    def __init__(
        self, observation: Observation, bound: Bound, background: int, *, widened: int = 1
    ) -> None:
        self.observation = observation
        self.bound = dict(bound)
        self.background = background
        sizes = {
            sort.name: max(
                1,
                observation.scopes.get(sort.name, 0),
                self.bound.get(sort.name, 0) + self._unseen(sort.name),
            )
            for sort in observation.model.sorts
        }
        self.model = _widened(bind(observation.model, scopes=sizes), widened)
        self.sizes = sort_sizes(self.model)
        self.program = Program(self.model)
        self.rules = {compiled.rule.name: compiled for compiled in self.program.rules}
        self.cuts: set[str] = set()  # capacities and supplies that a step ran into
        self.claims = {
            name: tuple(self._claim(what, fact) for fact in what.facts)
            for name, what in observation.by_event.items()
        }
        self.obligations = tuple(self._obligations())
        invariants = (p.name for p in self.model.props if p.kind is ir.PropKind.INVARIANT)
        self.invariants = () if background == ANY_NUMBER else tuple(invariants)
        self._hidden = list(self._hidden_instances())
        self._own_args: dict[str, tuple[tuple[Value, ...], ...]] = {}
        self._unnamed = unnamed_sorts(observation)
        if self._unnamed:
            from .unnamed_ids import alike, one_of_many  # they take numpy

            self._alike, self._one_of_many = alike, one_of_many
        self._types = tuple(var.type for var in self.model.vars)
        self._owed = Obligations(self.model, *self._asked_obligations(), self._asked_invariants())
        self.others = self._unknown_others() if background == ANY_NUMBER else None
        # States of many ids are large, so fewer are remembered.
        self.weight = 1 + sum(size for _, size in self.sizes) // IDS_OF_A_STATE
        self.numbered = Numbered(self, REMEMBERED_MAX // self.weight)

    def _unseen(self, sort: str) -> int:
        if sort != self.observation.key:
            return 1
        return STAND_INS if self.background == ANY_NUMBER else self.background

    # ── What can happen ──────────────────────────────────────────────────────────────────────────

    def initial(self) -> tuple[State, ...]:
        return tuple(dict.fromkeys(map(self._plain, self.program.initial_states())))

    def _plain(self, state: State) -> State:
        """The state, or one that differs from it in ids that no line can name."""
        if not self._unnamed:
            return state
        return self._one_of_many(state, self._types, self._unnamed, self.sizes)

    def hidden(self, state: State) -> list[tuple[int, State]]:
        """One step that nobody logs: a hidden rule, or any keyed rule of a background id.

        What it costs, 1 for a fault, and where it leads.
        """
        return self.numbered.after_hidden(state)

    def after_hidden(self, state: State) -> Iterable[tuple[State, int]]:
        """The same, not remembered: each state and what it costs."""
        moves: dict[State, int] = {}
        for name, args, cost in self._hidden:
            for after in map(self._plain, self._hidden_after(name, state, args)):
                if after != state and cost < moves.get(after, 2):
                    moves[after] = cost
        return moves.items()

    def named(self, before: State, after: State, lost: LostStep | None = None) -> Iterator[Rule]:
        """The hidden steps that lead there, or what a lost one may have been that does."""
        moves: Iterable[Rule] = (move[:2] for move in self._hidden)
        if lost is not None:
            moves = self._may_be(lost)
        return (move for move in moves if self.leads(before, after, move))

    def _may_be(self, lost: LostStep) -> Iterator[Rule]:
        for name in lost.rules:
            yield from ((name, args) for args in self.own_args(name) if lost.may_be(name, args))

    def leads(self, before: State, after: State, move: Rule) -> bool:
        return after in map(self._plain, self._hidden_after(move[0], before, move[1]))

    def _hidden_after(self, name: str, state: State, args: tuple[Value, ...]) -> Iterator[State]:
        if self.others is None:
            yield from self._after(name, state, args)
            return
        seen = self.bound.get(self.observation.key or "", 0)
        for atom in self._key_atoms(name, args):
            for guess in self.others.guessed(name, state, atom) if atom >= seen else (state,):
                for after in self._after(name, guess, args):
                    yield self.others.forgotten(after, seen)
            return
        yield from self._after(name, state, args)  # no id among its arguments

    def step(self, step: Step | LostStep, state: State) -> list[State]:
        """The states after a logged step whose facts are as the line says; or after one of an id of
        the slice that an instance did and did not log."""
        return self.numbered.after(step, state)

    def after(self, step: Step | LostStep, state: State) -> Iterable[State]:
        """The same, not remembered."""
        return self._lost(step, state) if isinstance(step, LostStep) else self._logged(step, state)

    def _logged(self, step: Step, state: State) -> Iterable[State]:
        what = self.observation.by_event[step.event]
        claims = self.claims[step.event]
        found: dict[State, None] = {}
        is_enabled = False
        for args in self._tried(what.rule.name, step.args, state):
            nexts = self._after(what.rule.name, state, args)
            is_enabled = is_enabled or bool(nexts)
            if nexts and not _all_hold(claims, step.facts, state, args, before=True):
                continue
            for after in nexts:
                if _all_hold(claims, step.facts, after, args, before=False):
                    found[self._plain(after)] = None
        if not is_enabled and self._is_observation(what, step, state):
            found[state] = None
        return found

    def _is_observation(self, what: ObservedRule, step: Step, state: State) -> bool:
        """A line that is no step, because it need not be: its facts hold in the state all the same.

        Without that, a line of a message that nobody has would be free to say anything of it.
        """
        claims = self.claims[step.event]
        return what.entry.if_enabled and any(
            _all_hold(claims, step.facts, state, args, before=True)
            and _all_hold(claims, step.facts, state, args, before=False)
            for args in self.instances(what.rule.name, step.args)
        )

    def _lost(self, lost: LostStep, state: State) -> Iterable[State]:
        found: dict[State, None] = {}
        for name, args in self._may_be(lost):
            found.update(dict.fromkeys(map(self._plain, self._after(name, state, args))))
        found.pop(state, None)
        return found

    def owed_at_first(self, state: State) -> int:
        """The obligations open in an initial state: an `Eventually` is, unless it is true there."""
        owed = (self.model.prop(each.prop).kind for each in self.obligations)
        eventually = sum((kind is ir.PropKind.EVENTUALLY) << bit for bit, kind in enumerate(owed))
        return self.opened(eventually, state)

    def opened(self, mask: int, state: State) -> int:
        """The obligations open in this state, as bits, when those in `mask` were open before.

        Behind them come the invariants that were violated on the way (L6): such a bit is never
        cleared, so explanations that never violated one are those without its bit.
        """
        begins, kept = self.numbered.owed(state)
        return (mask | begins) & kept

    def owed(self, state: State) -> tuple[int, int]:
        """The obligations that the state begins, and those that it leaves open, as bits."""
        begins, discharges = self._owed.bits(state)
        return begins, ~discharges

    def moves_on(self, state: State) -> bool:
        """Can an action of an id of the slice change something? If not, the slice is at rest."""
        return any(
            after != state
            for name, compiled in self.rules.items()
            if compiled.rule.kind is ir.Kind.ACTION
            for args in self.own_args(name)
            for after in self._after(name, state, args)
        )

    def _after(self, name: str, state: State, args: tuple[Value, ...]) -> list[State]:
        found = []
        for _, after in self.rules[name].step(state, args):
            if not isinstance(after, Failure):
                found.append(after)
            elif after.is_cut:
                self.cuts.add(after.message)
        return found

    def instances(self, name: str, args: tuple[Value, ...]) -> Iterator[tuple[Value, ...]]:
        """The arguments of a rule that agree with what a line tells."""
        return itertools.product(*(domain for _, domain in self._domains(name, args)))

    def _tried(
        self, name: str, args: tuple[Value, ...], state: State
    ) -> Iterator[tuple[Value, ...]]:
        """The instances whose steps from this state differ in more than the names of ids."""
        return itertools.product(*self._values(self._domains(name, args), state))

    def _domains(self, name: str, args: tuple[Value, ...]) -> tuple[Domain, ...]:
        params = self.rules[name].rule.params
        return tuple(
            (param.type, universe(param.type, self.sizes) if told == ANY else (told,))
            for param, told in zip(params, args, strict=True)
        )

    def _values(self, domains: tuple[Domain, ...], state: State) -> Iterator[tuple[Value, ...]]:
        """The domains without ids that are like others in this state and that no line names."""
        sorts = [type_.name for type_, _ in domains if isinstance(type_, ir.Sort)]
        sizes = dict(self.sizes)
        for type_, domain in domains:
            if isinstance(type_, ir.Sort) and type_.name in self._unnamed:
                most = sorts.count(type_.name)
                yield self._alike(state, self._types, type_.name, sizes[type_.name], most)
            else:
                yield domain

    def own_args(self, name: str) -> tuple[tuple[Value, ...], ...]:
        """The arguments of a rule that name no id of the background."""
        if name not in self._own_args:
            every = self.rules[name].args
            self._own_args[name] = tuple(a for a in every if not any(self.is_background(name, a)))
        return self._own_args[name]

    def names_key(self, step: Step) -> bool:
        """Does the line say which id of the key sort it is of?"""
        return bool(self._key_atoms(self.observation.by_event[step.event].rule.name, step.args))

    def is_background(self, name: str, args: tuple[Value, ...]) -> list[bool]:
        """Of each id of the key sort among the arguments: is it of the background?"""
        seen = self.bound.get(self.observation.key or "", 0)
        return [atom >= seen for atom in self._key_atoms(name, args)]

    def _key_atoms(self, name: str, args: tuple[Value, ...]) -> list[int]:
        key = self.observation.key
        if key is None:
            return []
        params = self.rules[name].rule.params
        pairs = zip(args, params, strict=True)
        return [atom for value, param in pairs for atom in _atoms(value, param.type, key)]

    def _hidden_instances(self) -> Iterator[tuple[str, tuple[Value, ...], int]]:
        keyed = self._keyed()
        for name, compiled in self.rules.items():
            cost = int(compiled.rule.kind is ir.Kind.FAULT)
            for args in compiled.args:
                background = self.is_background(name, args)
                if name in self.observation.hidden or (
                    name in keyed and background and all(background)
                ):
                    yield name, args, cost

    def _keyed(self) -> set[str]:
        """The mapped rules whose lines tell the key: a step of another id is in another slice."""
        key = self.observation.key
        keyed = {what.rule.name for what in self.observation.by_event.values()}
        for what in self.observation.by_event.values():
            for param, told in zip(what.rule.params, what.fields, strict=True):
                if told is None and key is not None and mentions(param.type, ir.Sort(key)):
                    keyed.discard(what.rule.name)
        return keyed

    def _unknown_others(self) -> Others | None:
        """The background left unknown, if all that the search reads allows it."""
        key = self.observation.key
        found = others(self.model, key, self.sizes) if key is not None else None
        if found is None or key is None:
            return None
        shared = {var.name for n, var in enumerate(self.model.vars) if n not in found.indexed}
        exprs = list(self.observation.claims())
        for prop in self.model.props:
            if prop.kind is ir.PropKind.LEADS_TO and prop.consequent is not None:
                exprs += [(prop.params, prop.expr), (prop.params, prop.consequent)]
        local = (looks_at_own(expr, params, key, shared=shared) for params, expr in exprs)
        return found if all(local) else None

    @property
    def is_usable(self) -> bool:
        """False if the background was to be left unknown and the model does not allow it."""
        return self.background != ANY_NUMBER or self.others is not None

    # ── Facts and obligations ────────────────────────────────────────────────────────────────────

    def _claim(self, what: ObservedRule, fact: ObservedFact) -> Claim:
        cases = tuple((value, self.function(expr, what.rule.params)) for value, expr in fact.cases)
        return Claim(fact, cases)

    def function(
        self, expr: ir.Expr, params: tuple[ir.Param, ...], program: Program | None = None
    ) -> Callable[[State, tuple[Value, ...]], Value]:
        """An expression as a function that gives `UNDEFINED` where it has no value."""
        from checker.backends.runtime import Undefined

        compiled = (program or self.program).compile_expr(expr, params)

        def value(state: State, args: tuple[Value, ...]) -> Value:
            try:
                return compiled(state, args)
            except Undefined:
                return UNDEFINED

        return value

    def _obligations(self) -> Iterator[Obligation]:
        key = self.observation.key
        for prop in self._owing():
            is_own = key is None or any(mentions(param.type, ir.Sort(key)) for param in prop.params)
            for args in self._seen_args(prop.params):
                yield Obligation(prop.name, args, is_own)

    def _owing(self) -> list[ir.Prop]:
        owing = (ir.PropKind.LEADS_TO, ir.PropKind.EVENTUALLY)
        return [prop for prop in self.model.props if prop.kind in owing]

    def _seen_args(self, params: tuple[ir.Param, ...]) -> Iterator[tuple[Value, ...]]:
        return itertools.product(*(self._seen(param.type) for param in params))

    def _seen(self, type_: ir.Type) -> tuple[Value, ...]:
        if isinstance(type_, ir.Sort):
            return tuple(range(self.bound.get(type_.name, 0)))
        return universe(type_, self.sizes)

    def _asked_obligations(self) -> tuple[list[Asked], list[Asked]]:
        """What begins each obligation, and what discharges it."""

        def asked(prop: ir.Prop, expr: ir.Expr) -> Asked:
            return Asked(
                expr, prop.params, self.function(expr, prop.params),
                lambda _: self._seen_args(prop.params),
            )  # fmt: skip

        owing = self._owing()
        return [asked(prop, prop.expr) for prop in owing], [
            asked(prop, prop.consequent if prop.consequent is not None else prop.expr)
            for prop in owing
        ]

    def _asked_invariants(self) -> list[Asked]:
        """The invariants, in the order of their names."""
        if not self.invariants:
            return []
        # `for o in OrderId` means the ids of the slice: another one breaks it in its own slice.
        sizes = dict(self.sizes)
        if self.observation.key is not None:
            sizes[self.observation.key] = max(1, self.bound.get(self.observation.key, 0))
        own = Program(bind(self.observation.model, scopes=sizes))

        def asked(prop: ir.Prop) -> Asked:
            domains = tuple((p.type, universe(p.type, sort_sizes(own.model))) for p in prop.params)
            return Asked(
                prop.expr, prop.params, self.function(prop.expr, prop.params, own),
                lambda state: itertools.product(*self._values(domains, state)),
                is_fixed=not any(t == ir.Sort(name) for t, _ in domains for name in self._unnamed),
            )  # fmt: skip

        return [asked(self.model.prop(name)) for name in self.invariants]


def _all_hold(
    claims: tuple[Claim, ...],
    said: tuple[Value, ...],
    state: State,
    args: tuple[Value, ...],
    *,
    before: bool,
) -> bool:
    return all(
        claim.holds(value, state, args)
        for claim, value in zip(claims, said, strict=True)
        if claim.fact.before is before
    )


def _atoms(value: Value, type_: ir.Type, sort: str) -> Iterator[int]:
    """The atoms of the sort inside a parameter's value."""
    match type_:
        case ir.Sort(name) if name == sort and isinstance(value, int):
            yield value
        case ir.Option(item) if value is not None:
            yield from _atoms(value, item, sort)
        case ir.Record(_, fields) if isinstance(value, tuple):
            for part, (_, inner) in zip(value[1:], fields, strict=True):
                yield from _atoms(part, inner, sort)
        case ir.Union(records) if isinstance(value, tuple):
            record = next(r for r in records if r.name == value[0])
            yield from _atoms(value, record, sort)


def _widened(model: ir.Model, times: int) -> ir.Model:
    """The model with larger capacities; they stand in checks `len(x) <= n` and nowhere else."""

    def wider(item: ir.Item) -> ir.Item:
        if isinstance(item, ir.Each):
            return replace(item, items=tuple(wider(inner) for inner in item.items))
        if isinstance(item, ir.Check) and item.kind is ir.CheckKind.CAPACITY:
            match item.cond:
                case ir.Cmp("<=", size, ir.Lit(int(capacity)) as most):
                    cond = ir.Cmp("<=", size, replace(most, value=capacity * times))
                    return replace(item, cond=cond)
        return item

    if times == 1:
        return model
    rules = (replace(rule, body=tuple(map(wider, rule.body))) for rule in model.rules)
    return replace(model, rules=tuple(rules))


class Worlds:
    """The worlds of one run, each made once."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self._made: dict[tuple[Bound, int, int], World] = {}
        self._subsets: dict[tuple[int, int], Subsets] = {}

    def of(self, bound: Bound, background: int, widened: int = 1) -> World:
        key = (bound, background, widened)
        if key not in self._made:
            if len(self._made) >= WORLDS_MAX:
                self._made.clear()
                self._subsets.clear()
            self._made[key] = World(self.observation, bound, background, widened=widened)
        return self._made[key]

    def subsets(self, world: World, faults: int) -> Subsets:
        """The table of a world of these, for at most so many hidden faults."""
        from .subsets import Subsets  # it builds on this module

        key = id(world), faults
        if key not in self._subsets:
            self._subsets[key] = Subsets(world, faults)
        return self._subsets[key]


WORLDS_MAX = 64  # numbers of ids met in one run; a log with more kinds of slices makes some anew
