"""The state graph for other tools, honest when it was cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx
from by_hand import arrow, at, graph, lit, outbox, program, rule

from checker import ir
from checker.explore.graph import state_graph, write_dot, write_graphml
from checker.explore.limits import Limits


def test_the_graph_has_the_states_and_steps_of_the_search() -> None:
    made = state_graph(program(outbox()))
    assert (made.number_of_nodes(), made.number_of_edges()) == (321, 804)
    assert made.graph["truncated"] == ""
    assert made.nodes[0]["initial"] and not made.nodes[1]["initial"]
    _, _, first = next(iter(made.edges(data=True)))
    assert (first["rule"], first["label"]) == ("place_order", "place_order(order0)")


def test_a_cut_graph_says_so_in_every_form(tmp_path: Path) -> None:
    made = state_graph(program(outbox()), Limits(states_max=10))
    assert made.number_of_nodes() == 10
    assert made.graph["truncated"] == "stopped after 10 states"
    assert not all(at["expanded"] for _, at in made.nodes(data=True))
    write_dot(made, tmp_path / "g.dot")
    assert "INCOMPLETE: stopped after 10 states" in (tmp_path / "g.dot").read_text()
    write_graphml(made, tmp_path / "g.graphml")
    assert networkx.read_graphml(tmp_path / "g.graphml").graph["truncated"]


def test_faults_and_failures_look_different(tmp_path: Path) -> None:
    fault = replace(arrow(0, 1, "crash"), kind=ir.Kind.FAULT)
    stuck = rule("stuck", [ir.Guard(at(1)), ir.Check(lit(False), ir.CheckKind.ASSERT, "x < 3")])
    made = state_graph(program(graph([fault, stuck])))
    write_dot(made, tmp_path / "g.dot")
    text = (tmp_path / "g.dot").read_text()
    assert 'label="crash_0_1()", style=dashed' in text
    assert made.nodes[1]["failures"] == ("stuck(): `assert x < 3` is false",)
    assert "color=red" in text
