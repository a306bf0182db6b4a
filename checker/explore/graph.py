"""The state graph as a `networkx` graph, and as DOT and GraphML files for other tools.

Owns the labels of nodes and edges. A graph that a limit has cut says so, in its attributes and in
the file; failing steps stand at their state, because they lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import ir
from ..backends.python import Failure, Program
from ..states import State, Value, show
from .limits import NO_LIMITS, LimitReached, Limits, Watch
from .outcome import Limit

if TYPE_CHECKING:
    import networkx

__all__ = ["state_graph", "write_dot", "write_graphml"]

_LOOK_EVERY = 64


def state_graph(
    program: Program,
    limits: Limits = NO_LIMITS,
) -> networkx.MultiDiGraph[int]:
    """All reachable states and steps, numbered in the order of a breadth-first search.

    Nodes have `state`, `label`, `initial`, `expanded`, `failures`; edges have `rule`, `args`,
    `picks`, `kind`, `label`; the graph has `name` and `truncated`: why it is cut, or nothing.
    """
    import networkx

    graph: networkx.MultiDiGraph[int] = networkx.MultiDiGraph(name=program.model.name, truncated="")
    index: dict[State, int] = {}
    states: list[State] = []
    watch = Watch(limits, None)

    def node(state: State, *, initial: bool = False) -> int:
        if state not in index:
            if limits.states_max is not None and len(states) >= limits.states_max:
                detail = f"stopped after {len(states):,} states"
                raise LimitReached(Limit("states", detail))
            index[state] = len(states)
            states.append(state)
            label = _state_label(program.model, state)
            graph.add_node(
                index[state],
                state=state, label=label, initial=initial, expanded=False, failures=(),
            )  # fmt: skip
        return index[state]

    try:
        for state in program.initial_states():
            node(state, initial=True)
        for number, state in enumerate(states):
            if number % _LOOK_EVERY == 0:
                watch.check()
            for label, end, attributes in _steps(program, state):
                if isinstance(end, Failure):
                    graph.nodes[number]["failures"] += (f"{label}: {end.message}",)
                else:
                    graph.add_edge(number, node(end), label=label, **attributes)
            graph.nodes[number]["expanded"] = True
    except LimitReached as reached:
        graph.graph["truncated"] = reached.limit.detail
    return graph


def _steps(program: Program, state: State) -> Iterable[tuple[str, State | Failure, dict[str, Any]]]:
    for compiled in program.rules:
        rule = compiled.rule
        for args in compiled.args:
            for picks, end in compiled.step(state, args):
                label = _step_label(rule, args, picks)
                yield label, end, {
                    "rule": rule.name, "args": args, "picks": picks, "kind": rule.kind.value
                }  # fmt: skip


def _step_label(rule: ir.Rule, args: tuple[Value, ...], picks: tuple[Value, ...]) -> str:
    given = [show(v, p.type) for p, v in zip(rule.params, args, strict=True)]
    choices = [item for item in rule.body if isinstance(item, ir.Choose)]
    given += [
        f"{c.show or c.name}={show(v, c.type)}"
        for c, v in zip(choices, picks, strict=False)
        if v is not None or isinstance(c.type, ir.Option)
    ]
    return f"{rule.name}({', '.join(given)})"


def _state_label(model: ir.Model, state: State) -> str:
    lines = (
        f"{v.name} = {show(value, v.type)}" for v, value in zip(model.vars, state, strict=True)
    )
    return "\n".join(lines)


# ── Files ────────────────────────────────────────────────────────────────────────────────────────


def write_dot(graph: networkx.MultiDiGraph[int], path: Path) -> None:
    """The graph for Graphviz; faults are dashed, states that were not expanded dotted."""
    lines = [f"digraph {_quoted(graph.graph['name'])} {{", "  node [shape=box];"]
    if graph.graph["truncated"]:
        lines.append(f"  label={_quoted('INCOMPLETE: ' + graph.graph['truncated'])};")
    for number, at in graph.nodes(data=True):
        text = "\n".join([at["label"], *at["failures"]])
        look = ", peripheries=2" if at["initial"] else ""
        look += "" if at["expanded"] else ", style=dotted"
        look += ", color=red" if at["failures"] else ""
        lines.append(f"  {number} [label={_quoted(text)}{look}];")
    for source, target, at in graph.edges(data=True):
        look = ", style=dashed" if at["kind"] == ir.Kind.FAULT.value else ""
        lines.append(f"  {source} -> {target} [label={_quoted(at['label'])}{look}];")
    Path(path).write_text("\n".join([*lines, "}", ""]), encoding="utf-8")


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inner}"'


def write_graphml(graph: networkx.MultiDiGraph[int], path: Path) -> None:
    """The graph for other tools; values are written as text, because GraphML has no others."""
    import networkx

    plain: networkx.MultiDiGraph[int] = networkx.MultiDiGraph(**graph.graph)
    for number, at in graph.nodes(data=True):
        plain.add_node(number, **{k: _plain(v) for k, v in at.items() if k != "state"})
    for source, target, at in graph.edges(data=True):
        named = {k: _plain(v) for k, v in at.items() if k not in ("args", "picks")}
        plain.add_edge(source, target, **named)
    networkx.write_graphml(plain, str(path))


def _plain(value: Any) -> str | bool:
    if isinstance(value, bool):
        return value
    return "\n".join(value) if isinstance(value, tuple) else str(value)
