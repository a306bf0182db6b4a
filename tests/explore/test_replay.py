"""Replay: a trace that is not a behaviour of the model is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from by_hand import arrow, at, graph, outbox, program, prop

from checker import ir
from checker.errors import InternalError
from checker.explore.outcome import Step, Trace
from checker.explore.replay import assert_real, replay
from checker.explore.search import explore
from checker.passes.bind import bind

MADE = graph([arrow(0, 1), arrow(1, 2)], [prop(ir.PropKind.INVARIANT, ir.Not(at(2)))])


def real() -> Trace:
    trace = explore(program(MADE)).properties[0].trace
    assert trace is not None
    return trace


def test_every_trace_of_a_search_replays() -> None:
    made = program(bind(outbox(), constants={"deduplicate": False}))
    traces = [p.trace for p in explore(made).properties if p.trace is not None]
    assert len(traces) == 2
    for trace in traces:
        assert replay(made, trace) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"initial": (1,)}, "does not begin in an initial state"),
        ({"steps": (Step("move_1_2", (), (), (2,)),)}, "move_1_2 is not possible here"),
        ({"steps": (Step("move_0_1", (), (), (2,)),)}, "leads to another state"),
        ({"steps": (Step("move_0_1", (), (7,), (1,)),)}, "is not possible here"),
        ({"steps": (Step("move_0_1", (0,), (), (1,)),)}, "no such parameter values"),
        ({"steps": (Step("jump", (), (), (1,)),)}, "the model has no rule jump"),
        ({"steps": (Step("move_0_1", (), (), None),)}, "does not fail here"),
        ({"loop": 0}, "the loop does not close"),
        ({"loop": 3}, "the loop begins at no state"),
    ],
)
def test_a_changed_trace_is_found_out(change: dict[str, object], problem: str) -> None:
    changed = replace(real(), **change)  # type: ignore[arg-type]
    assert any(problem in found for found in replay(program(MADE), changed))
    with pytest.raises(InternalError, match="does not replay"):
        assert_real(program(MADE), changed)


def test_the_real_trace_has_no_problem() -> None:
    assert replay(program(MADE), real()) == []
    assert replay(program(MADE), replace(real(), loop=2)) == []  # it may stand still at its end
