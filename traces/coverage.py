"""What of a model the accepted slices of logs have shown: rules, guards, branches.

Owns the counting. A slice may have many explanations. Something is shown for *certain* if every
explanation with the fewest assumptions shows it, and *possibly* if one of them does. Rejected and
undecided slices show nothing. What is never shown may still happen in production: these logs have
not shown it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from checker import ir
from checker.ir.walk import item_children, walk
from checker.ir_text import model_text
from checker.passes.wording import wording
from checker.source import Span
from checker.states import State, Value

from .explain import conjuncts
from .observe import Observation
from .validate import MANY, Answer, Limits, Logged, Node, Plan, Shape
from .worlds import Rule, World, Worlds

__all__ = ["Coverage", "Shown", "Site", "digest_of", "sites"]

NODES_MAX = 20_000  # explanations of one kind of slice; with more it is not counted


class Site(NamedTuple):
    """Something that logs can show. `kind`: rule, guard or branch; `outcome`: of the latter two."""

    kind: str
    rule: str
    text: str
    source: str
    outcome: bool | None = None


@dataclass
class Shown:
    """In how many slices: in every explanation, and in some."""

    certain: int = 0
    possible: int = 0


@dataclass
class Coverage:
    """Of all accepted slices so far. `left_out`: accepted ones with too many explanations."""

    shown: dict[Site, Shown]
    slices: int = 0
    left_out: int = 0
    others: int = 0  # rejected or undecided
    logs: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, observation: Observation) -> Coverage:
        """Nothing is shown yet."""
        return cls({site: Shown() for site in sites(observation.model)})

    def add(self, shape: Shape, answer: Answer, worlds: Worlds, count: int) -> None:
        """Take in `count` slices of this shape."""
        if not answer.accepted:
            self.others += count
            return
        found = _Explanations.of(shape, answer, worlds)
        if found is None:
            self.left_out += count
            return
        self.slices += count
        for site in self.shown:
            possible, certain = found.shows(site)
            self.shown[site].possible += count * possible
            self.shown[site].certain += count * certain


def digest_of(observation: Observation) -> str:
    """Of the model with its constants: coverage of two models is not added."""
    import hashlib  # it takes OpenSSL, which a short log has no use for

    return hashlib.sha256(model_text(observation.model).encode()).hexdigest()[:16]


# ── What can be shown ────────────────────────────────────────────────────────────────────────────


def sites(model: ir.Model) -> Iterator[Site]:
    """All of a model, in its order."""
    for rule in model.rules:
        yield Site("rule", rule.name, "", str(rule.span))
        for kind, parts in (("guard", conjuncts(rule)), ("branch", branches(rule))):
            for written, _ in parts:
                for outcome in (True, False):
                    yield _site(kind, rule, written, outcome)


def _site(kind: str, rule: ir.Rule, written: ir.Expr, outcome: bool) -> Site:
    span: Span = written.span
    return Site(kind, rule.name, wording(written), str(span), outcome)


def branches(rule: ir.Rule) -> Iterator[tuple[ir.Expr, ir.Expr]]:
    """The tests of `if`s before the first choice: as written, and with their names bound."""
    used = {
        each.test.name
        for item in (*rule.body, *rule.updates)
        for expr in _exprs(item)
        for each in walk(expr)
        if isinstance(each, ir.Ite) and isinstance(each.test, ir.Bound)
    }
    used |= {
        each.name
        for item in rule.body
        if isinstance(path := getattr(item, "path", None), ir.Expr)
        for each in walk(path)
        if isinstance(each, ir.Bound)
    }
    lets: list[ir.Let] = []
    for item in rule.body:
        if isinstance(item, ir.Choose | ir.Each):
            return
        if not isinstance(item, ir.Let):
            continue
        is_test = item.name in used and isinstance(item.value.type, ir.Bool)
        if is_test and not isinstance(item.value, ir.Lit):
            closed = item.value
            for let in reversed(lets):
                closed = ir.LetIn(let.name, let.value, closed, ir.BOOL)
            yield item.value, closed
        if item.path is None:
            lets.append(item)


def _exprs(item: ir.Item | ir.Update) -> Iterable[ir.Expr]:
    return (item.value,) if isinstance(item, ir.Update) else item_children(item)


# ── All explanations of a slice ──────────────────────────────────────────────────────────────────


class _Edge(NamedTuple):
    """`moves` are all steps that it may be; none: the line was no step, or had none."""

    before: Node
    after: Node
    cost: int
    moves: tuple[Rule, ...]


class _Explanations:
    """The graph of the explanations with the fewest hidden faults, from start to end."""

    def __init__(
        self, world: World, edges: list[_Edge], starts: set[Node], ends: set[Node], faults: int
    ) -> None:
        self.world = world
        self.starts = starts
        self.ends = ends
        self.edges = edges
        self.faults = faults
        self.tests = _tests(world)
        self._keep_best()

    @classmethod
    def of(cls, shape: Shape, answer: Answer, worlds: Worlds) -> _Explanations | None:
        """None if there are too many."""
        used = shape if answer.budget.lost else shape.without_lost()
        world = worlds.of(shape.bound, answer.budget.background, answer.budget.widened)
        plan = Plan(used, answer.budget, world, Limits(NODES_MAX, float("inf")), joined=False)
        start = (0,) * len(plan.chains)
        starts = {Node(start, s, world.owed_at_first(s)) for s in world.initial()}
        known = dict.fromkeys(starts, None)
        waiting, edges = list(starts), list[_Edge]()
        while waiting:
            node = waiting.pop()
            for edge in _edges(plan, node):
                edges.append(edge)
                if edge.after not in known:
                    known[edge.after] = None
                    waiting.append(edge.after)
            if len(known) > NODES_MAX:
                return None
        ends = {node for node in known if _is_over(plan, node)}
        return cls(world, edges, starts, ends, answer.faults)

    def _keep_best(self) -> None:
        """Drop what lies on no explanation with so few faults."""
        ahead = _costs(self.starts, [(e.before, e.after, e.cost) for e in self.edges])
        back = _costs(self.ends, [(e.after, e.before, e.cost) for e in self.edges])
        far = MANY
        self.edges = [
            edge
            for edge in self.edges
            if ahead.get(edge.before, far) + edge.cost + back.get(edge.after, far) <= self.faults
        ]
        self.nodes = {node for node in ahead if ahead[node] + back.get(node, far) <= self.faults}

    def shows(self, site: Site) -> tuple[bool, bool]:
        """Possibly, and for certain?"""
        if site.kind == "guard":
            showing = {node for node in self.nodes if self._reads(site, node.state)}
            return bool(showing), bool(showing) and not self._avoids(lambda edge: False, showing)
        possible = any(self._may_show(site, edge) for edge in self.edges)
        if not possible:
            return False, False
        return True, not self._avoids(lambda edge: self._must_show(site, edge), set())

    def _may_show(self, site: Site, edge: _Edge) -> bool:
        return any(self._is(site, edge, move) for move in edge.moves)

    def _must_show(self, site: Site, edge: _Edge) -> bool:
        return bool(edge.moves) and all(self._is(site, edge, move) for move in edge.moves)

    def _is(self, site: Site, edge: _Edge, move: Rule) -> bool:
        name, args = move
        if name != site.rule or any(self.world.is_background(name, args)):
            return False
        if site.kind == "rule":
            return True
        return self._test(site, edge.before.state, args) is site.outcome

    def _reads(self, site: Site, state: State) -> bool:
        """Is this part of the guard so, for arguments of the slice?"""
        return any(
            self._test(site, state, args) is site.outcome for args in self.world.own_args(site.rule)
        )

    def _test(self, site: Site, state: State, args: tuple[Value, ...]) -> Value:
        return self.tests[site._replace(outcome=None)](state, args)

    def _avoids(self, blocked: Callable[[_Edge], bool], nodes: set[Node]) -> bool:
        """Is there an explanation without these nodes and edges?"""
        edges = [
            (e.before, e.after, e.cost)
            for e in self.edges
            if e.before not in nodes and e.after not in nodes and not blocked(e)
        ]
        ahead = _costs(self.starts - nodes, edges)
        return any(ahead.get(end, MANY) <= self.faults for end in self.ends)


def _tests(world: World) -> dict[Site, Callable[[State, tuple[Value, ...]], Value]]:
    found = {}
    for rule in world.model.rules:
        for kind, parts in (("guard", conjuncts(rule)), ("branch", branches(rule))):
            for written, closed in parts:
                site = Site(kind, rule.name, wording(written), str(written.span))
                found[site] = world.function(closed, rule.params)
    return found


def _is_over(plan: Plan, node: Node) -> bool:
    """Are all lines explained? A step that nobody logged may still follow."""
    return all(
        not isinstance(item, Logged)
        for chain, at in zip(plan.chains, node.cut, strict=True)
        for item in chain[at:]
    )


def _edges(plan: Plan, node: Node) -> Iterator[_Edge]:
    world = plan.world
    for cost, state in world.hidden(node.state):
        after = Node(node.cut, state, world.opened(node.open, state), node.lost)
        yield _Edge(node, after, cost, tuple(world.named(node.state, state)))
    for lost in plan.lose(node):
        step = plan.lost_step(node, lost)
        yield _Edge(node, lost, 0, tuple(world.named(node.state, lost.state, step)))
    for chain, position in plan.ready(node.cut):
        line = plan.chains[chain][position]
        assert isinstance(line, Logged)
        for after in dict.fromkeys(plan.consume(node, only=chain)):
            yield _Edge(node, after, 0, tuple(_moves(world, line, node.state, after.state)))


def _moves(world: World, line: Logged, before: State, after: State) -> Iterator[Rule]:
    """The steps that a line may be here."""
    for step in (line.step, *line.others):
        if after in world.step(step, before):
            name = world.observation.by_event[step.event].rule.name
            for args in world.instances(name, step.args):
                if world.leads(before, after, (name, args)):
                    yield name, args


def _costs(starts: Iterable[Node], edges: Iterable[tuple[Node, Node, int]]) -> dict[Node, int]:
    """The fewest hidden faults to each node, by the edges."""
    leaving: dict[Node, list[tuple[Node, int]]] = {}
    for before, after, cost in edges:
        leaving.setdefault(before, []).append((after, cost))
    found = dict.fromkeys(starts, 0)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        for after, cost in leaving.get(node, ()):
            if found[node] + cost < found.get(after, MANY):
                found[after] = found[node] + cost
                waiting.append(after)
    return found
