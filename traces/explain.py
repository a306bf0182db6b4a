"""Why a slice is rejected: the first line that nothing explains, and what stands against it.

Owns the choice of that line and the words for states. Works on the explanations of the longest part
of the slice that has one: each line that may come next is tried in each of them. A line whose guard
holds and whose facts do not is nearer to being explained than one whose guard fails; of guards, the
one with fewer false parts is nearer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checker import ir
from checker.ir.walk import walk
from checker.passes.wording import wording
from checker.source import Span
from checker.states import State, Value, atom_name, show

from .event import Event, printable
from .instances import Line
from .observe import LogId
from .remedies import Remedy, remedies
from .slices import Slice
from .story import Story, story
from .validate import Answer, Logged, Node, Shape, stuck_lines
from .worlds import UNDEFINED, Claim, World, Worlds

__all__ = [
    "Candidate", "CutDown", "Diagnosis", "FailedFact", "FailedGuard", "conjuncts", "explain",
]  # fmt: skip

AGREED_MAX = 12  # parts of the state shown
CANDIDATES_MAX = 5


@dataclass(frozen=True)
class FailedFact:
    """The line says one value, the model others.

    `in_all`: no explanation says what the line says.
    """

    field: str
    said: str
    model: tuple[str, ...]
    in_all: bool
    text: str
    place: str


@dataclass(frozen=True)
class FailedGuard:
    """A part of a guard that is false in the nearest explanation, and what it reads there."""

    text: str
    span: Span
    readings: tuple[tuple[str, str], ...]
    in_all: bool


@dataclass(frozen=True)
class Candidate:
    """A line that may come next and cannot, with its reasons."""

    event: Event
    rule: str
    facts: tuple[FailedFact, ...] = ()
    guards: tuple[FailedGuard, ...] = ()

    @property
    def distance(self) -> tuple[int, int]:
        """How far from being explained."""
        return (1, len(self.guards)) if self.guards else (0, len(self.facts))


@dataclass(frozen=True)
class CutDown:
    """Lines of the slice that are rejected as the whole is. `is_least`: all of them are needed."""

    events: tuple[Event, ...]
    is_least: bool


@dataclass(frozen=True)
class Diagnosis:
    """`candidates` come nearest first; `agreed` is what all explanations say of the state.

    `remedies` are the shortest ways to make the first candidate fit. `cut_down` are lines of the
    slice that are rejected for the same reason, and `story` one way to explain what can be; both
    only if they were asked for.
    """

    explained: int
    lines: int
    survivors: int
    candidates: tuple[Candidate, ...]
    agreed: tuple[str, ...]
    remedies: tuple[Remedy, ...] = ()
    cut_down: CutDown | None = None
    story: Story | None = None


def explain(
    part: Slice,
    shape: Shape,
    answer: Answer,
    worlds: Worlds,
    names: Mapping[LogId, int],
    *,
    told: bool = False,
) -> Diagnosis:
    """The diagnosis of a rejected slice. `told`: with the story of one explanation."""
    world = worlds.of(shape.bound, answer.budget.background, answer.budget.widened)
    words = _Words(world, names)
    used = shape if answer.budget.lost else shape.without_lost()
    lines = _lines(part, with_lost=answer.budget.lost > 0, with_empty=shape.has_needs())
    ready: dict[tuple[int, int], list[Node]] = {}
    for node, chain, position in stuck_lines(shape, answer, worlds):
        ready.setdefault((chain, position), []).append(node)
    tried = []
    for at, nodes in ready.items():
        logged = used.chains[at[0]][at[1]]
        assert isinstance(logged, Logged)
        event = lines[at[0]][at[1]].observed.event
        states = dict.fromkeys(node.state for node in nodes)
        tried += [
            (_candidate(event, each, states, world, words), each, nodes)
            for each in (logged, *(logged._replace(step=step) for step in logged.others))
        ]
    tried.sort(key=lambda each: (each[0].distance, each[0].event.place))
    survivors = {node.state for node in answer.stuck}
    events = [{n: line.observed.event for n, line in chain.items()} for chain in lines]
    fits = [
        remedies(logged, nodes, used, world, events, words.value) for _, logged, nodes in tried[:1]
    ]
    before = tried[0][2][0] if tried and told else None
    return Diagnosis(
        answer.explained,
        used.lines(),
        len(survivors),
        tuple(candidate for candidate, _, _ in tried[:CANDIDATES_MAX]),
        tuple(words.agreed(survivors)[:AGREED_MAX]),
        fits[0] if fits else (),
        story=story(shape, answer, worlds, before, events, words.value) if before else None,
    )


def _lines(part: Slice, *, with_lost: bool, with_empty: bool) -> list[dict[int, Line]]:
    """The slice's lines by chain and position, as the search has numbered them."""
    found = []
    for chain in part.chains:
        items = [item for item in chain if with_lost or isinstance(item, Line)]
        if items or with_empty:
            found.append({n: item for n, item in enumerate(items) if isinstance(item, Line)})
    return found


# ── One line ─────────────────────────────────────────────────────────────────────────────────────


def _candidate(
    event: Event, logged: Logged, states: Iterable[State], world: World, words: _Words
) -> Candidate:
    rule = world.observation.by_event[logged.step.event].rule
    tried = [
        (state, args, [after for _, after in world.rules[rule.name].step(state, args)])
        for state in states
        for args in world.instances(rule.name, logged.step.args)
    ]
    enabled = [
        (state, args, after)
        for state, args, afters in tried
        for after in afters
        if isinstance(after, tuple)
    ]
    if enabled:
        facts = _failed_facts(logged, enabled, world, words)
        return Candidate(event, rule.name, facts=tuple(facts))
    guards = _failed_guards(rule, [(state, args) for state, args, _ in tried], world, words)
    return Candidate(event, rule.name, guards=tuple(guards))


Edge = tuple[State, tuple[Value, ...], State]


def _failed_facts(
    logged: Logged, edges: list[Edge], world: World, words: _Words
) -> Iterator[FailedFact]:
    """The facts that no explanation agrees with; if there is none, those of the nearest one."""
    claims = list(zip(world.claims[logged.step.event], logged.step.facts, strict=True))

    def said_by(claim: Claim, edge: Edge) -> tuple[Value, ...]:
        before, args, after = edge
        return claim.model_value(before if claim.fact.before else after, args)

    everywhere = [
        (claim, said)
        for claim, said in claims
        if not any(said in said_by(claim, edge) for edge in edges)
    ]
    nearest = min(edges, key=lambda edge: sum(v not in said_by(c, edge) for c, v in claims))
    shown = everywhere or [(c, v) for c, v in claims if v not in said_by(c, nearest)]
    for claim, said in shown:
        among = edges if everywhere else [nearest]
        values = dict.fromkeys(value for edge in among for value in said_by(claim, edge))
        model = tuple(sorted(words.value(value, claim.fact.type) for value in values))
        yield FailedFact(
            claim.fact.field, words.value(said, claim.fact.type), model, bool(everywhere),
            claim.fact.texts[0] if claim.cases[0][0] is None else "", str(claim.fact.place),
        )  # fmt: skip


def _failed_guards(
    rule: ir.Rule, tried: list[tuple[State, tuple[Value, ...]]], world: World, words: _Words
) -> Iterator[FailedGuard]:
    parts = list(conjuncts(rule))
    tests = [world.function(expr, rule.params) for _, expr in parts]
    results = [
        (state, args, [test(state, args) is False for test in tests]) for state, args in tried
    ]
    if not results:
        return
    state, args, nearest = min(results, key=lambda result: (sum(result[2]) or 99, result[2]))
    for number, is_false in enumerate(nearest):
        if is_false:
            written, expr = parts[number]
            yield FailedGuard(
                wording(written),
                written.span,
                tuple(words.readings(expr, rule, state, args)),
                in_all=all(each[number] for _, _, each in results),
            )


def conjuncts(rule: ir.Rule) -> Iterator[tuple[ir.Expr, ir.Expr]]:
    """The parts of the guards before the first choice: as written, and with their names bound."""
    lets: list[ir.Let] = []
    for item in rule.body:
        if isinstance(item, ir.Choose | ir.Each):
            return
        if isinstance(item, ir.Let) and item.path is None:
            lets.append(item)
        if isinstance(item, ir.Guard):
            parts = item.cond.parts if isinstance(item.cond, ir.And) else (item.cond,)
            for part in parts:
                closed = part if item.path is None else ir.Ite(item.path, part, _TRUE, ir.BOOL)
                for let in reversed(lets):
                    closed = ir.LetIn(let.name, let.value, closed, ir.BOOL)
                yield part, closed


_TRUE = ir.Lit(True, ir.BOOL)


# ── Words ────────────────────────────────────────────────────────────────────────────────────────


class _Words:
    """Values and states with the names that the log gives to ids."""

    def __init__(self, world: World, names: Mapping[LogId, int]) -> None:
        self.world = world
        self.by_atom = {(each.sort, atom): printable(each.name) for each, atom in names.items()}
        self._shown = {}
        for sort, size in world.sizes:
            for atom in range(size):
                other = f"<other {_stem(sort)} {atom + 1 - world.bound.get(sort, 0)}>"
                self._shown[atom_name(sort, atom)] = self.by_atom.get((sort, atom), other)
        atoms = sorted(map(re.escape, self._shown), key=len, reverse=True)
        self._atoms = re.compile(rf"\b({'|'.join(atoms)})\b") if atoms else None

    def value(self, value: Value, type_: ir.Type) -> str:
        if value is UNDEFINED:
            return "undefined"
        if isinstance(value, str):
            return printable(value)
        text = show(value, type_)
        if self._atoms is None:
            return text
        return self._atoms.sub(lambda found: self._shown[found[0]], text)

    def readings(
        self, expr: ir.Expr, rule: ir.Rule, state: State, args: tuple[Value, ...]
    ) -> Iterator[tuple[str, str]]:
        """The variables and parameters that the expression reads, with their values."""
        types = {var.name: var.type for var in self.world.model.vars}
        values = dict(zip((var.name for var in self.world.model.vars), state, strict=True))
        names = dict.fromkeys(node.var for node in walk(expr) if isinstance(node, ir.Read))
        for name in names:
            yield f"self.{name}", self.value(values[name], types[name])
        used = {node.name for node in walk(expr) if isinstance(node, ir.Arg)}
        for param, value in zip(rule.params, args, strict=True):
            if param.name in used:
                yield param.name, self.value(value, param.type)

    def agreed(self, states: Iterable[State]) -> list[str]:
        """What is true in all of the states, about the ids of the slice."""
        common: dict[str, None] | None = None
        for state in states:
            parts = set(self._facets(state))
            if common is None:
                common = dict.fromkeys(self._facets(state))
            common = {text: None for text in common if text in parts}
        return list(common or ())

    def _facets(self, state: State) -> Iterator[str]:
        for var, value in zip(self.world.model.vars, state, strict=True):
            yield from self._parts(f"self.{var.name}", var.type, value)

    def _parts(self, name: str, type_: ir.Type, value: Value) -> Iterator[str]:
        match type_:
            case ir.Set(ir.Sort(sort)) if isinstance(value, frozenset):
                for atom, shown in self._own(sort):
                    yield f"{shown} {'in' if atom in value else 'not in'} {name}"
            case ir.Bag(ir.Sort(sort)) if isinstance(value, frozenset):
                copies = dict(value)
                for atom, shown in self._own(sort):
                    yield f"{name}.count({shown}) == {copies.get(atom, 0)}"
            case ir.Map(ir.Sort(sort), inner) if isinstance(value, tuple):
                for atom, shown in self._own(sort):
                    yield from self._parts(f"{name}[{shown}]", inner, value[atom])
            case ir.Partial(ir.Sort(sort), inner) if isinstance(value, frozenset):
                entries = dict(value)
                for atom, shown in self._own(sort):
                    if atom in entries:
                        yield from self._parts(f"{name}[{shown}]", inner, entries[atom])
                    else:
                        yield f"{shown} not in {name}"
            case _:
                yield f"{name} == {self.value(value, type_)}"

    def _own(self, sort: str) -> list[tuple[int, str]]:
        return [(atom, name) for (of, atom), name in sorted(self.by_atom.items()) if of == sort]


def _stem(sort: str) -> str:
    return atom_name(sort, 0)[:-1]
