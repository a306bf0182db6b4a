"""Random walks: reproducible, shrunk, replayed, and never more certain than a sample is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from by_hand import AT, arrow, at, graph, lit, model, outbox, program, prop, read, rule

from checker import ir
from checker.errors import ExitCode, UsageError
from checker.explore.limits import Limits
from checker.explore.outcome import Outcome, PropertyResult, Verdict
from checker.explore.replay import replay
from checker.explore.simulate import simulate
from checker.passes.bind import bind

KINDS = ir.PropKind
BROKEN = bind(outbox(), constants={"deduplicate": False})


def result(outcome: Outcome, name: str) -> PropertyResult:
    return next(p for p in outcome.properties if p.name == name)


def test_the_same_seed_walks_the_same_way() -> None:
    one, two = (simulate(program(BROKEN), seed=7, walks_max=50) for _ in range(2))
    assert replace(one, seconds=0.0) == replace(two, seconds=0.0)


def test_sampling_never_says_that_a_property_holds() -> None:
    outcome = simulate(program(outbox()), seed=1, walks_max=100)
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.exit_code() is ExitCode.UNKNOWN
    for found in outcome.properties:
        assert found.verdict is Verdict.UNKNOWN or found.kind == "witness"
    assert "sampled 100 walks" in result(outcome, "no_event_is_lost").reason
    assert "not checked" in result(outcome, "every_order_ships").reason
    assert result(outcome, "a_duplicate_is_in_flight").verdict is Verdict.HOLDS


@pytest.mark.parametrize("seed", range(5))
def test_a_violation_is_shrunk_to_steps_that_are_all_needed(seed: int) -> None:
    outcome = simulate(program(BROKEN), seed=seed, walks_max=200)
    failed = result(outcome, "no_order_ships_twice")
    assert failed.verdict is Verdict.FAILS
    assert failed.trace is not None and replay(program(BROKEN), failed.trace) == []
    assert failed.blame
    made = program(BROKEN)
    holds = made.holds("no_order_ships_twice")
    steps = list(failed.trace.steps)
    assert 5 <= len(steps) <= 7  # the shortest has 5; removing steps alone need not reach it
    for place in range(len(steps)):
        fewer = steps[:place] + steps[place + 1 :]
        state = failed.trace.initial
        for step in fewer:
            ends = [end for _, end in made.rule(step.rule).step(state, step.args)]
            state = ends[0] if ends else state  # type: ignore[assignment]
        assert holds(state, ()), "a step could be left out"


def test_a_long_detour_is_taken_out() -> None:
    # A counter that anything can raise, and one switch that matters.
    bump = rule("bump", [ir.Guard(ir.Cmp("<", read("n"), lit(60)))], {"n": _plus(1)})
    flip = rule("flip", [ir.Guard(ir.Cmp("<", lit(5), read("n")))], {"on": lit(True)})
    made = model(
        {"n": (AT, 0), "on": (ir.BOOL, False)},
        [bump, flip],
        [prop(KINDS.INVARIANT, ir.Not(read("on", ir.BOOL)))],
    )
    failed = result(simulate(program(made), seed=3, walks_max=50), "invariant")
    assert failed.steps == 7  # six bumps, and the switch


def _plus(n: int) -> ir.Expr:
    return ir.Arith("+", read("n"), lit(n))


def test_a_step_error_and_a_false_rest_are_found() -> None:
    wrong = rule("wrong", [ir.Guard(at(2)), ir.Check(lit(False), ir.CheckKind.ASSERT, "x")])
    arrows = [arrow(0, 1), arrow(1, 2), arrow(0, 3), wrong]
    made = graph(arrows, [prop(KINDS.AT_REST, lit(False))])
    outcome = simulate(program(made), seed=0, walks_max=50)
    assert (result(outcome, "no_step_error").verdict, result(outcome, "no_step_error").steps) == (
        Verdict.FAILS,
        3,
    )
    assert (result(outcome, "at_rest").verdict, result(outcome, "at_rest").steps) == (
        Verdict.FAILS,
        1,
    )


def test_a_cut_is_named() -> None:
    full = ir.Check(lit(False), ir.CheckKind.CAPACITY, "queue")
    made = graph([rule("fill", [full])], [prop(KINDS.INVARIANT, lit(True))])
    outcome = simulate(program(made), seed=0, walks_max=2)
    assert [limit.name for limit in outcome.limits] == ["capacity"]
    assert outcome.verdict is Verdict.UNKNOWN


def test_a_walk_ends_at_its_depth_and_a_run_at_its_time() -> None:
    ring = graph([arrow(0, 1), arrow(1, 0)])
    outcome = simulate(program(ring), seed=0, walks_max=3, depth_max=10)
    assert (outcome.walks, outcome.transitions, outcome.depth) == (3, 30, 10)
    stopped = simulate(program(ring), seed=0, limits=Limits(seconds_max=0.0))
    assert [limit.name for limit in stopped.limits] == ["seconds"]


def test_stopping_at_the_first_violation() -> None:
    outcome = simulate(program(BROKEN), seed=1, walks_max=10_000, stop_at_first=True)
    assert outcome.verdict is Verdict.FAILS
    assert outcome.walks is not None and outcome.walks < 10_000


def test_a_model_without_an_initial_state_is_refused() -> None:
    made = model({"at": (AT, 0)}, [], initial=rule("setup", [ir.Guard(lit(False))]))
    with pytest.raises(UsageError, match="no initial state"):
        simulate(program(made), seed=0)
