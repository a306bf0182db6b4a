"""Fairness and liveness: one test for each claim of the language (S16 to S20) and its pitfalls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from by_hand import AT, arrow, at, eq, graph, lit, model, program, prop, read, rule

from checker import ir
from checker.errors import InternalError
from checker.explore import lasso
from checker.explore.components import components
from checker.explore.outcome import Outcome, PropertyResult, Trace, Verdict
from checker.explore.search import Limits, explore
from checker.explore.state_graph import StateGraph

KINDS = ir.PropKind
FLAG = ir.BOOL


def run(made: ir.Model, **options: object) -> Outcome:
    return explore(program(made), **options)  # type: ignore[arg-type]


def live(outcome: Outcome) -> PropertyResult:
    return next(p for p in outcome.properties if p.kind == "liveness")


def eventually(*places: int) -> ir.Prop:
    return prop(KINDS.EVENTUALLY, at(*places))


# ── Standing still ───────────────────────────────────────────────────────────────────────────────


def test_standing_still_is_a_counterexample() -> None:
    result = live(run(graph([arrow(0, 1)], [eventually(1)])))
    assert result.verdict is Verdict.FAILS
    assert result.steps == 0
    assert result.trace is not None and result.trace.loop == len(result.trace.steps) == 0


def test_nothing_more_after_a_dead_end_is_a_counterexample() -> None:
    made = graph([arrow(0, 1, fair="weak"), arrow(0, 2, fair="weak")], [eventually(2)])
    result = live(run(made))
    assert (result.verdict, result.steps) == (Verdict.FAILS, 1)
    assert result.trace is not None and result.trace.loop == 1


def test_without_a_fair_action_it_is_said_that_nothing_has_to_happen() -> None:
    outcome = run(graph([arrow(0, 1)], [eventually(1)]))
    assert "no action is fair" in live(outcome).note
    assert [v.kind for v in outcome.vacuity if v.kind == "no-fairness"] == ["no-fairness"]


# ── What a unit is ───────────────────────────────────────────────────────────────────────────────

ANSWER = ir.Enum("Answer", ("OK", "TIMEOUT"))


def _delivery(answer: str) -> ir.Model:
    """`deliver` fails as long as the environment says TIMEOUT; each try flips a bit."""
    flip = {"tried": ir.Not(read("tried", FLAG))}
    ok = ir.Lit("OK", ANSWER)
    guard = ir.Guard(ir.Not(read("delivered", FLAG)))
    if answer == "parameter":
        is_ok = eq(ir.Arg("answer", ANSWER), ok)
        body: list[ir.Item] = [guard]
        params = [ir.Param("answer", ANSWER)]
    else:
        is_ok = eq(ir.Bound("answer", ANSWER), ok)
        universe = ir.Universe(ir.Set(ANSWER))
        body, params = [guard, ir.Choose("answer", universe, ANSWER)], []
    updates = {**flip, "delivered": ir.Or((is_ok, read("delivered", FLAG)))}
    return model(
        {"delivered": (FLAG, False), "tried": (FLAG, False)},
        [rule("deliver", body, updates, params=params, fair="weak", unit_params=())],
        [prop(KINDS.EVENTUALLY, read("delivered", FLAG))],
    )


@pytest.mark.parametrize("answer", ["parameter", "choice"])
def test_a_fair_action_does_not_make_the_environments_answer_fair(answer: str) -> None:
    result = live(run(_delivery(answer)))
    assert result.verdict is Verdict.FAILS
    assert result.steps == 0
    assert (
        result.trace is not None and len(result.trace.steps) == 2
    )  # two timeouts, the bit is back


def test_fair_for_a_parameter_makes_each_of_its_values_a_unit() -> None:
    made = _delivery("parameter")
    (deliver,) = made.rules
    assert deliver.unit is not None
    fair_for = replace(deliver, unit=replace(deliver.unit, params=("answer",)))
    assert live(run(replace(made, rules=(fair_for,)))).verdict is Verdict.HOLDS


@pytest.mark.parametrize("fair", ["weak", "strong"])
def test_an_edge_that_changes_nothing_takes_its_unit(fair: str) -> None:
    # In state 0 the unit `call` can loop on the spot forever, or go on.
    made = graph([arrow(0, 0, "call", fair), arrow(0, 1, "call", fair)], [eventually(1)])
    result = live(run(made))
    assert (result.verdict, result.steps) == (Verdict.FAILS, 0)
    assert result.trace is not None and [s.rule for s in result.trace.steps] == ["call_0_0"]


def test_the_labels_of_one_process_are_one_unit() -> None:
    # Weakly fair as a whole: enabled through 0 and 1, so it is taken until it reaches 2.
    def label(source: int, target: int) -> ir.Rule:
        return replace(arrow(source, target, "worker", "weak"), name=f"label{source}")

    assert live(run(graph([label(0, 1), label(1, 2)], [eventually(2)]))).verdict is Verdict.HOLDS


def test_a_fault_owes_nothing_and_satisfies_nobody() -> None:
    fault = replace(arrow(0, 1), kind=ir.Kind.FAULT, unit=None)
    assert live(run(graph([fault], [eventually(1)]))).verdict is Verdict.FAILS


# ── Weak and strong ──────────────────────────────────────────────────────────────────────────────


def _blinking(fair: str) -> ir.Model:
    """`leave` is enabled in 0 only, and the behaviour may go 0 1 0 1 forever."""
    return graph(
        [arrow(0, 1, "on", "weak"), arrow(1, 0, "off", "weak"), arrow(0, 2, "leave", fair)],
        [eventually(2)],
    )


def test_weak_fairness_may_starve_what_is_not_enabled_all_the_time() -> None:
    assert live(run(_blinking("weak"))).verdict is Verdict.FAILS


def test_strong_fairness_may_not() -> None:
    assert live(run(_blinking("strong"))).verdict is Verdict.HOLDS


def test_strong_fairness_needs_recursive_removal() -> None:
    # The maximal component {0, 1} has `leave` enabled and never taken, but looping in 1 is fair.
    made = graph(
        [arrow(0, 1), arrow(1, 0), arrow(1, 1, "spin"), arrow(0, 2, "leave", "strong")],
        [eventually(2)],
    )
    result = live(run(made))
    assert (result.verdict, result.steps) == (Verdict.FAILS, 1)


def test_a_component_without_edges_is_fair_only_where_no_unit_waits() -> None:
    made = graph([arrow(0, 1, "go", "weak")], [eventually(1)])
    assert live(run(made)).verdict is Verdict.HOLDS


# ── Cuts, errors, limits ─────────────────────────────────────────────────────────────────────────

TOO_MUCH = ir.Check(lit(False), ir.CheckKind.CAPACITY, "queue")
WRONG = ir.Check(lit(False), ir.CheckKind.ASSERT, "x < 3")


@pytest.mark.parametrize("check", [TOO_MUCH, WRONG], ids=["cut", "error"])
def test_a_cut_or_an_error_makes_no_unit_look_disabled(check: ir.Check) -> None:
    # In state 0 the unit is enabled, though its only step there has no successor. If it looked
    # disabled, standing still would be fair and the property would fail.
    blocked = rule("go_0", [ir.Guard(at(0)), check], {"at": lit(9)}, fair="weak", unit="go")
    outcome = run(graph([blocked], [eventually(9)]))
    assert live(outcome).verdict is Verdict.UNKNOWN
    assert outcome.verdict is not Verdict.HOLDS


def test_a_state_that_was_not_expanded_is_on_no_lasso() -> None:
    made = graph([arrow(n, n + 1, "count", "weak") for n in range(20)], [eventually(20)])
    outcome = run(made, limits=Limits(states_max=5))
    assert live(outcome).verdict is Verdict.UNKNOWN
    assert live(run(made)).verdict is Verdict.HOLDS


def test_a_lasso_found_under_a_limit_fails() -> None:
    made = graph([arrow(n, n + 1) for n in range(20)], [eventually(20)])
    outcome = run(made, limits=Limits(states_max=5))
    assert live(outcome).verdict is Verdict.FAILS
    assert [limit.name for limit in outcome.limits] == ["states"]


def test_no_liveness_holds_on_a_graph_that_was_cut() -> None:
    count = arrow(1, 2, "count", "weak")
    cut = replace(count, name="cut", body=(*count.body, TOO_MUCH))
    made = graph([arrow(0, 1, "count", "weak"), cut], [eventually(1)])
    assert live(run(made)).verdict is Verdict.UNKNOWN


# ── The four forms ───────────────────────────────────────────────────────────────────────────────

RING = [arrow(0, 1, "a", "weak"), arrow(1, 2, "b", "weak"), arrow(2, 1, "c", "weak")]


@pytest.mark.parametrize(
    ("promise", "verdict", "stem"),
    [
        (prop(KINDS.EVENTUALLY, at(2)), Verdict.HOLDS, None),
        (prop(KINDS.EVENTUALLY, at(3)), Verdict.FAILS, 1),
        (prop(KINDS.ALWAYS_EVENTUALLY, at(1)), Verdict.HOLDS, None),
        (prop(KINDS.ALWAYS_EVENTUALLY, at(0)), Verdict.FAILS, 1),
        (prop(KINDS.EVENTUALLY_ALWAYS, at(1, 2)), Verdict.HOLDS, None),
        (prop(KINDS.EVENTUALLY_ALWAYS, at(2)), Verdict.FAILS, 1),
        (prop(KINDS.LEADS_TO, at(1), at(2)), Verdict.HOLDS, None),
        (prop(KINDS.LEADS_TO, at(1), at(0)), Verdict.FAILS, 1),
        (prop(KINDS.LEADS_TO, at(2), at(0)), Verdict.FAILS, 1),  # the left side is in the loop
        (prop(KINDS.LEADS_TO, at(0), at(0)), Verdict.HOLDS, None),
    ],
)
def test_each_form_means_what_it_says(promise: ir.Prop, verdict: Verdict, stem: int | None) -> None:
    result = live(run(graph(RING, [promise])))
    assert (result.verdict, result.steps) == (verdict, stem)


def test_the_loop_of_a_leads_to_visits_its_left_side() -> None:
    result = live(run(graph(RING, [prop(KINDS.LEADS_TO, at(2), at(0))])))
    assert result.trace is not None and result.trace.loop == 1
    assert (2,) in result.trace.states()[result.trace.loop :]


def test_the_stem_is_a_shortest_one_over_all_parameter_values() -> None:
    which = ir.Param("which", ir.Int(1, 4))
    reached = eq(read("at"), ir.Arg("which", ir.Int(1, 4)))
    left = prop(KINDS.LEADS_TO, reached, at(9), params=[which])
    result = live(run(graph([arrow(n, n + 1) for n in range(4)], [left])))
    assert (result.steps, result.args) == (1, (("which", "1"),))


def test_an_undefined_promise_fails_with_a_trace_to_the_state() -> None:
    last = ir.Seq(AT)
    undefined = eq(ir.At(ir.Lit((), last), read("at"), AT), lit(0))
    goal = ir.Ite(at(2), undefined, at(0), ir.BOOL)
    result = live(run(graph([arrow(0, 1), arrow(1, 2)], [prop(KINDS.EVENTUALLY, goal)])))
    assert (result.verdict, result.steps) == (Verdict.FAILS, 2)
    assert result.note.startswith("undefined:")
    assert result.trace is not None and result.trace.loop is None


def test_a_leads_to_whose_left_side_never_holds_is_named() -> None:
    outcome = run(graph(RING, [prop(KINDS.LEADS_TO, at(7), at(0))]))
    assert [v.kind for v in outcome.vacuity if v.kind == "never-before"] == ["never-before"]


# ── The check from outside ───────────────────────────────────────────────────────────────────────


def _failing() -> tuple[ir.Model, Trace]:
    made = _blinking("weak")
    result = live(run(made))
    assert result.trace is not None
    return made, result.trace


def test_a_real_lasso_passes_the_check_from_outside() -> None:
    made, trace = _failing()
    lasso.validate_lasso(program(made), trace, made.props[0], ())


def test_an_unfair_loop_is_refused() -> None:
    made, trace = _failing()
    strict = _blinking("strong")
    with pytest.raises(InternalError, match="not fair to leave"):
        lasso.validate_lasso(program(strict), trace, strict.props[0], ())
    still = replace(trace, steps=(), loop=0)
    with pytest.raises(InternalError, match="not fair"):
        lasso.validate_lasso(program(made), still, made.props[0], ())


def test_a_loop_that_breaks_nothing_is_refused() -> None:
    made, trace = _failing()
    kept = replace(made, props=(eventually(0),))
    with pytest.raises(InternalError, match="does not break"):
        lasso.validate_lasso(program(kept), trace, kept.props[0], ())


def test_a_loop_that_does_not_close_is_refused() -> None:
    made, trace = _failing()
    with pytest.raises(InternalError, match="does not close"):
        lasso.validate_lasso(program(made), replace(trace, loop=1), made.props[0], ())


# ── Components ───────────────────────────────────────────────────────────────────────────────────


def test_components_of_a_long_chain_need_no_deep_recursion() -> None:
    made = StateGraph({}, 0)
    count = 20_000
    for node in range(count):
        made.states.append((node,))
        made.record(0, [((node + 1) % count, -1)])
    assert [len(part) for part in components(made, range(count))] == [count]
    assert sum(1 for _ in components(made, range(1, count))) == count - 1


def test_a_stem_does_not_go_on_behind_a_state_that_was_not_expanded() -> None:
    # 2 is a fair dead end behind the goal; the way around it leaves the expanded part at 5.
    arrows = [(0, 1), (0, 4), (1, 2), (4, 5), (5, 6)]
    made = graph([arrow(a, b, "go", "weak") for a, b in arrows], [eventually(1)])
    outcome = run(made, limits=Limits(states_max=5))
    assert (outcome.distinct, live(outcome).verdict) == (5, Verdict.UNKNOWN)
