"""The control flow of a process, cut at its labels.

Owns the graph: which statements follow which, where a step begins and ends, and what the graph
alone decides: every cycle passes a label, which locals may have a value at a label, and which will
still be read. A statement without a label or a jump inside is one node, and is read as in an
action.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..source import Span
from . import diagnostics as d
from .world import Mistake

__all__ = ["DONE", "Cases", "End", "Flow", "Fork", "Head", "Label", "Node", "Plain", "flow_of"]

# What the label variable holds when the process has ended.
DONE = "done"


# ── Nodes ────────────────────────────────────────────────────────────────────────────────────────
# Compared by identity: two equal statements are two places.


@dataclass(eq=False)
class End:
    """The process has ended."""


@dataclass(eq=False)
class Plain:
    """A statement that neither jumps nor passes a label."""

    statement: ast.stmt
    next: Node


@dataclass(eq=False)
class Head:
    """Where the turns of a `while` meet; `next` is set when the loop's body has been read."""

    loop: ast.While
    next: Node


@dataclass(eq=False)
class Fork:
    """Two ways, by a condition."""

    test: ast.expr
    then: Node
    orelse: Node


@dataclass(eq=False)
class Cases:
    """A `match` with a label or a jump in one of its cases; `otherwise` if none matches."""

    match: ast.Match
    ways: tuple[Node, ...]
    otherwise: Node


@dataclass(eq=False)
class Label:
    """A step begins here; `line` is that of its `yield`."""

    name: str
    span: Span
    line: int
    next: Node


Node = End | Plain | Head | Fork | Cases | Label


def following(node: Node) -> tuple[Node, ...]:
    """The nodes right behind, whatever is between them."""
    match node:
        case Plain(_, after) | Head(_, after) | Label(_, _, _, after):
            return (after,)
        case Fork(_, then, orelse):
            return (then, orelse)
        case Cases(_, ways, otherwise):
            return (*ways, otherwise)
    return ()


# ── The graph ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Flow:
    """`labels` stand in the order of the source, `end` where the process has ended."""

    entry: Node
    end: End
    labels: tuple[Label, ...]
    locals: tuple[str, ...]
    given: dict[Label, frozenset[str]] = field(default_factory=dict)
    live: dict[Label | End, frozenset[str]] = field(default_factory=dict)

    @property
    def first(self) -> Label:
        """Where an instance begins; the one label that constants alone lead to."""
        node = self.entry
        while isinstance(node, Plain | Head):
            node = node.next
        return node if isinstance(node, Label) else self.labels[0]

    def nodes(self) -> list[Node]:
        """Every node that a way from the beginning leads to."""
        found: dict[Node, None] = {self.entry: None}
        queue: list[Node] = [self.entry]
        for node in queue:
            for after in following(node):
                if after not in found:
                    found[after] = None
                    queue.append(after)
        return queue

    def label_of(self, line: int) -> str:
        """The label that stands before a line of the source."""
        return max((x.line, x.name) for x in self.labels if x.line <= line)[1]


def flow_of(tree: ast.FunctionDef, span: Callable[[ast.AST], Span]) -> Flow:
    """The graph of a process. Raises: Mistake, where its labels do not cut it into steps."""
    _refuse_other_yields(tree, span)
    end = End()
    builder = _Builder(span, end)
    entry = builder.build(tree.body, end, None)
    if not builder.labels:
        raise Mistake(d.ProcessWithoutLabels(_head(tree, span), tree.name))
    labels = tuple(sorted(builder.labels, key=lambda x: x.line))
    flow = Flow(entry, end, labels, _assigned(tree))
    _refuse_labels(flow)
    _refuse_endless_steps(flow, span)
    flow.given = _given(flow)
    flow.live = _live(flow)
    return flow


def _head(tree: ast.FunctionDef, span: Callable[[ast.AST], Span]) -> Span:
    whole = span(tree)
    return Span(whole.file, whole.line, whole.column, whole.line, whole.column + 4 + len(tree.name))


def _assigned(tree: ast.FunctionDef) -> tuple[str, ...]:
    """The names that assignments make; what a `for` or `case` binds is gone at its end."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)]) | ast.AnnAssign(ast.Name(name)):
                found[name] = None
            case ast.AugAssign(ast.Name(name)):
                found[name] = None
    return tuple(sorted(found, key=list(found).index))


@dataclass
class _Builder:
    """Builds from the end to the beginning, so that what comes next is always there."""

    span: Callable[[ast.AST], Span]
    end: End
    labels: list[Label] = field(default_factory=list)

    def build(
        self, statements: list[ast.stmt], after: Node, loop: tuple[Node, Node] | None
    ) -> Node:
        """`loop` is where `continue` and `break` lead."""
        for statement in reversed(statements):
            after = self.statement(statement, after, loop)
        return after

    def statement(self, node: ast.stmt, after: Node, loop: tuple[Node, Node] | None) -> Node:
        match node:
            case ast.Expr(ast.Yield(ast.Constant(str(name)))):
                label = Label(name, self.span(node), node.lineno, after)
                self.labels.append(label)
                return label
            case ast.Return(None):
                return self.end
            case ast.Return():
                raise Mistake(_value_returned(self.span(node)))
            case ast.Continue() if loop is not None:
                return loop[0]
            case ast.Break() if loop is not None:
                return loop[1]
            case ast.While():
                return self.loop(node, after)
            case ast.If() if _passes(node):
                then = self.build(node.body, after, loop)
                return Fork(node.test, then, self.build(node.orelse, after, loop))
            case ast.Match() if _passes(node):
                ways = tuple(self.build(case.body, after, loop) for case in node.cases)
                return Cases(node, ways, after)
        return Plain(node, after)

    def loop(self, node: ast.While, after: Node) -> Node:
        if node.orelse:
            raise Mistake(
                d.StatementOutside(
                    self.span(node), "`while` ... `else`", "write the second part after the loop"
                )
            )
        head = Head(node, after)
        body = self.build(node.body, head, (head, after))
        endless = isinstance(node.test, ast.Constant) and node.test.value is True
        head.next = body if endless else Fork(node.test, body, after)
        return head


def _value_returned(span: Span) -> d.StatementOutside:
    return d.StatementOutside(span, "a process that returns a value", "write `return`")


def _passes(node: ast.AST) -> bool:
    """Is there a label or a jump inside that the flow of the process has to know of?"""
    if isinstance(node, ast.Yield | ast.YieldFrom | ast.Return | ast.Break | ast.Continue):
        return True
    if isinstance(node, ast.While):
        return True
    inside = ast.iter_child_nodes(node)
    if isinstance(node, ast.For):  # its own `break` is refused where the loop is read
        return any(isinstance(n, ast.Return) for n in ast.walk(node))
    return any(_passes(child) for child in inside)


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────

_HOLDERS: dict[type, tuple[str, str, str]] = {
    ast.For: (
        "a `for`",
        "the collection may change between two turns",
        "write `while len(left) > 0:` over a copy, and take out one with `choose`",
    ),
    ast.Try: (
        "`try`",
        "a crash runs no handler",
        "branch on an answer: `if either(...) == ...`",
    ),
    ast.With: ("`with`", "a crash runs no exit", "write what happens before and after as steps"),
}


def _refuse_other_yields(tree: ast.FunctionDef, span: Callable[[ast.AST], Span]) -> None:
    for node in ast.walk(tree):
        words = _HOLDERS.get(ast.Try if isinstance(node, ast.TryStar) else type(node))
        if words is None:
            continue
        inside = next((n for n in ast.walk(node) if isinstance(n, ast.Yield | ast.YieldFrom)), None)
        if inside is not None:
            raise Mistake(d.YieldInside(span(inside), *words))
    labels = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Yield)
        and isinstance(node.value.value, ast.Constant)
        and isinstance(node.value.value.value, str)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield | ast.YieldFrom) and id(node) not in labels:
            raise Mistake(d.LabelNotText(span(node), ast.unparse(node).strip("()")))


def _refuse_labels(flow: Flow) -> None:
    known: dict[str, int] = {}
    reachable = set(flow.nodes())
    for label in flow.labels:
        if not label.name.isidentifier() or keyword.iskeyword(label.name):
            raise Mistake(d.LabelName(label.span, label.name, "a step has a name, as a method has"))
        if label.name == DONE:
            raise Mistake(d.LabelName(label.span, DONE, "it says that the process has ended"))
        if label.name.startswith("_") or label.name.endswith("_used"):
            reason = "a leading `_` and the ending `_used` are taken"
            raise Mistake(d.LabelName(label.span, label.name, reason))
        if label.name in known:
            raise Mistake(d.LabelTwice(label.span, label.name, known[label.name]))
        known[label.name] = label.line
        if label not in reachable:
            raise Mistake(d.LabelUnreachable(label.span, label.name))


def _refuse_endless_steps(flow: Flow, span: Callable[[ast.AST], Span]) -> None:
    for head in flow.nodes():
        if not isinstance(head, Head):
            continue
        seen: set[Node] = set()
        queue = [head.next]
        while queue:
            node = queue.pop()
            if node is head:
                whole, last = span(head.loop), span(head.loop.test)
                line = Span(whole.file, whole.line, whole.column, last.end_line, last.end_column)
                raise Mistake(d.LoopWithoutLabel(line))
            if node not in seen and not isinstance(node, Label):
                seen.add(node)
                queue.extend(following(node))


# ── Locals ───────────────────────────────────────────────────────────────────────────────────────


def _given(flow: Flow) -> dict[Label, frozenset[str]]:
    """The locals that some way to the label assigns; any other certainly has no value there."""
    nodes = flow.nodes()
    before: dict[Node, frozenset[str]] = dict.fromkeys(nodes, frozenset())
    changed = True
    while changed:
        changed = False
        for node in nodes:
            after = before[node] | frozenset(_stores(node)) & frozenset(flow.locals)
            for target in following(node):
                if not after <= before[target]:
                    before[target] |= after
                    changed = True
    return {label: before[label] for label in flow.labels}


def _stores(node: Node) -> Iterator[str]:
    if isinstance(node, Plain):
        for part in ast.walk(node.statement):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _live(flow: Flow) -> dict[Label | End, frozenset[str]]:
    """The locals whose value at the label may still be read."""
    nodes = flow.nodes()
    wanted = frozenset(flow.locals)
    before: dict[Node, frozenset[str]] = dict.fromkeys(nodes, frozenset())
    changed = True
    while changed:
        changed = False
        for node in reversed(nodes):
            now = _read_before(node, before) & wanted
            if now != before[node]:
                before[node] = now
                changed = True
    found: dict[Label | End, frozenset[str]] = {label: before[label] for label in flow.labels}
    return {**found, flow.end: frozenset()}


def _read_before(node: Node, before: dict[Node, frozenset[str]]) -> frozenset[str]:
    after = frozenset[str]().union(*(before[n] for n in following(node)))
    match node:
        case Plain(statement):
            return _through([statement], after)
        case Fork(test):
            return after | _reads(test)
        case Cases(match):
            guards = [case.guard for case in match.cases if case.guard is not None]
            patterns = [case.pattern for case in match.cases]
            return after.union(*(_reads(part) for part in (match.subject, *guards, *patterns)))
    return after


def _through(statements: list[ast.stmt], after: frozenset[str]) -> frozenset[str]:
    """What is read before these statements, if `after` is read behind them."""
    for statement in reversed(statements):
        match statement:
            case ast.Assign([ast.Name(name)], value):
                after = (after - {name}) | _reads(value)
            case ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                after = (after - {name}) | _reads(value)
            case ast.AugAssign(ast.Name(name), _, value):
                after = after | {name} | _reads(value)
            case ast.If(test, body, orelse):
                after = _reads(test) | _through(body, after) | _through(orelse, after)
            case _:  # a loop or a `match` may do nothing, so what is read behind it stays read
                after = after | _reads(statement)
    return after


def _reads(node: ast.AST) -> frozenset[str]:
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(name, ast.Load()) | ast.AugAssign(ast.Name(name)):
                found.add(name)
    return frozenset(found)
