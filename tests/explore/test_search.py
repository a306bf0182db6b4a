"""Exhaustive search: counts, shortest traces, rest, verdicts under limits, vacuity."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from by_hand import AT, arrow, at, eq, graph, lit, model, outbox, program, prop, read, rule
from two_phase import two_phase

from checker import ir
from checker.errors import ExitCode, UsageError
from checker.explore import search as search_module
from checker.explore.outcome import Outcome, PropertyResult, Verdict
from checker.explore.replay import replay
from checker.explore.search import Limits, Progress, explore
from checker.passes.bind import bind

KINDS = ir.PropKind
WRONG = ir.Check(lit(False), ir.CheckKind.ASSERT, "x < 3")
NINE = ir.Lit(tuple(range(9)), ir.Seq(AT))
TOO_MUCH = ir.Check(ir.Cmp("<=", ir.Size(NINE), lit(8)), ir.CheckKind.CAPACITY, "queue")
WORKER = ir.Sort("Worker")


def run(made: ir.Model, **options: object) -> Outcome:
    return explore(program(made), **options)  # type: ignore[arg-type]


def result(outcome: Outcome, name: str) -> PropertyResult:
    return next(p for p in outcome.properties if p.name == name)


def kinds(outcome: Outcome) -> set[str]:
    return {v.kind for v in outcome.vacuity}


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────


def test_the_outbox_has_the_states_of_its_twin() -> None:
    outcome = run(outbox())
    assert (outcome.distinct, outcome.transitions, outcome.depth) == (321, 804, 13)
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.exit_code() is ExitCode.OK


def test_the_outbox_without_deduplication_fails_after_five_steps() -> None:
    outcome = explore(program(bind(outbox(), constants={"deduplicate": False})))
    failed = result(outcome, "no_order_ships_twice")
    assert (outcome.distinct, failed.verdict, failed.steps) == (343, Verdict.FAILS, 5)
    assert outcome.exit_code() is ExitCode.FAILS


@pytest.mark.parametrize(
    ("participants", "distinct", "generated"), [(3, 288, 1146), (6, 50_816, 402_306)]
)
def test_two_phase_commit_has_the_published_counts(
    participants: int, distinct: int, generated: int
) -> None:
    outcome = run(two_phase(participants))
    assert (outcome.distinct, outcome.generated) == (distinct, generated)
    assert outcome.verdict is Verdict.HOLDS


def test_equal_initial_states_are_generated_more_than_once() -> None:
    choice = ir.Choose("which", ir.Range(lit(0), lit(4), ir.Seq(ir.INT)), ir.INT)
    half = ir.Arith("//", ir.Bound("which", ir.INT), lit(2))
    first = rule("setup", [choice], {"at": half})
    outcome = run(model({"at": (AT, 0)}, [arrow(0, 1)], initial=first))
    assert (outcome.initial, outcome.distinct, outcome.generated) == (4, 2, 5)


def test_a_step_that_changes_nothing_is_a_transition() -> None:
    outcome = run(graph([arrow(0, 0), arrow(0, 1)]))
    assert (outcome.distinct, outcome.transitions) == (2, 2)


def test_the_search_goes_on_through_violating_states() -> None:
    made = graph([arrow(0, 1), arrow(1, 2)], [prop(KINDS.INVARIANT, at(0))])
    outcome = run(made)
    assert (outcome.distinct, outcome.complete) == (3, True)
    assert outcome.properties[0].steps == 1


def test_rules_are_counted_by_steps_and_new_states() -> None:
    outcome = run(graph([arrow(0, 1), arrow(1, 0, "back")]))
    assert [(r.name, r.fired, r.new) for r in outcome.rules] == [
        ("move_0_1", 1, 1),
        ("back_1_0", 1, 0),
    ]


# ── Traces ───────────────────────────────────────────────────────────────────────────────────────


def test_the_first_violation_is_a_shortest_one() -> None:
    long_way = [arrow(0, 1), arrow(1, 2), arrow(2, 3), arrow(0, 4), arrow(4, 3)]
    outcome = run(graph(long_way, [prop(KINDS.INVARIANT, ir.Not(at(3)))]))
    (failed, _) = outcome.properties
    assert failed.steps == 2
    assert failed.trace is not None and replay(program(graph(long_way)), failed.trace) == []


def test_an_action_is_shown_rather_than_a_fault_that_does_the_same() -> None:
    fault = replace(arrow(0, 1, "fault"), kind=ir.Kind.FAULT)
    outcome = run(graph([fault, arrow(0, 1)], [prop(KINDS.INVARIANT, at(0))]))
    trace = outcome.properties[0].trace
    assert trace is not None and [s.rule for s in trace.steps] == ["move_0_1"]


def test_a_violation_is_told_at_once_and_once() -> None:
    told: list[str] = []
    made = graph([arrow(0, 1), arrow(1, 2)], [prop(KINDS.INVARIANT, at(0))])
    run(made, on_violation=lambda failed: told.append(failed.name))
    assert told == ["invariant"]


def test_an_undefined_property_fails() -> None:
    nothing = ir.At(ir.Lit((), ir.Seq(AT)), read("at"), AT)
    outcome = run(
        graph([arrow(0, 1)], [prop(KINDS.INVARIANT, ir.Or((at(0), eq(nothing, lit(0)))))])
    )
    failed = outcome.properties[0]
    assert (failed.verdict, failed.steps) == (Verdict.FAILS, 1)
    assert "index 1 of a list of 0" in failed.note
    assert result(outcome, "no_step_error").verdict is Verdict.HOLDS


# ── Step errors and cuts ─────────────────────────────────────────────────────────────────────────


def _with(check: ir.Check, *props: ir.Prop) -> ir.Model:
    stuck = rule("work", [ir.Guard(at(1)), check], {"at": lit(9)})
    return graph([arrow(0, 1), stuck], props)


def test_a_step_error_fails_with_a_trace_that_ends_in_it() -> None:
    outcome = run(_with(WRONG))
    failed = result(outcome, "no_step_error")
    assert (failed.kind, failed.verdict, failed.steps) == ("step-error", Verdict.FAILS, 2)
    assert failed.trace is not None and failed.trace.steps[-1].state is None
    assert replay(program(_with(WRONG)), failed.trace) == []
    assert outcome.exit_code() is ExitCode.FAILS


def test_behind_a_step_error_nothing_holds_and_failures_stand() -> None:
    fine, broken = prop(KINDS.INVARIANT, lit(True), name="fine"), prop(KINDS.INVARIANT, at(0))
    outcome = run(_with(WRONG, fine, broken))
    assert result(outcome, "fine").verdict is Verdict.UNKNOWN
    assert result(outcome, "fine").reason.startswith("behind the step error")
    assert result(outcome, "invariant").verdict is Verdict.FAILS


def test_a_cut_ends_as_unknown_naming_the_capacity() -> None:
    outcome = run(_with(TOO_MUCH, prop(KINDS.INVARIANT, lit(True))))
    assert outcome.verdict is Verdict.UNKNOWN and not outcome.complete
    assert [(limit.name, limit.detail) for limit in outcome.limits] == [
        ("capacity", "the capacity 8 of `queue` is exceeded")
    ]
    assert "capacity 8 of `queue`" in outcome.properties[0].reason
    assert outcome.exit_code() is ExitCode.UNKNOWN


def test_an_error_in_the_initial_rule_is_a_step_error_at_the_start() -> None:
    made = model({"at": (AT, 0)}, [arrow(0, 1)], initial=rule("setup", [WRONG]))
    failed = result(run(made), "no_step_error")
    assert (failed.verdict, failed.steps) == (Verdict.FAILS, 0)
    assert failed.trace is not None and replay(program(made), failed.trace) == []


def test_a_model_without_an_initial_state_is_refused() -> None:
    made = model({"at": (AT, 0)}, [], initial=rule("setup", [ir.Guard(lit(False))]))
    with pytest.raises(UsageError, match="no initial state"):
        run(made)


# ── Rest ─────────────────────────────────────────────────────────────────────────────────────────


def test_at_rest_is_asked_where_only_faults_and_idle_steps_are_left() -> None:
    fault = replace(arrow(1, 2, "fault"), kind=ir.Kind.FAULT)
    arrows = [arrow(0, 1), arrow(1, 1, "idle"), fault, arrow(2, 1, "back")]
    outcome = run(graph(arrows, [prop(KINDS.AT_REST, ir.Not(at(1)))]))
    assert (outcome.properties[0].verdict, outcome.properties[0].steps) == (Verdict.FAILS, 1)
    fine = run(graph(arrows, [prop(KINDS.AT_REST, at(1))]))
    assert fine.properties[0].verdict is Verdict.HOLDS


@pytest.mark.parametrize("check", [WRONG, TOO_MUCH], ids=["error", "cut"])
def test_a_state_is_not_known_to_be_at_rest_if_an_action_fails_there(check: ir.Check) -> None:
    outcome = run(_with(check, prop(KINDS.AT_REST, ir.Not(at(1)))))
    assert outcome.properties[0].verdict is Verdict.UNKNOWN


def test_rest_without_a_property_is_a_note() -> None:
    outcome = run(graph([arrow(0, 1)]))
    assert kinds(outcome) == {"no-at-rest"}
    assert outcome.exit_code(strict_vacuity=True) is ExitCode.OK


# ── Witnesses and vacuity ────────────────────────────────────────────────────────────────────────


def _visits(*pairs: tuple[str, str]) -> ir.Model:
    """Workers enter pairs of rooms; the witness asks for both rooms by the given parameters."""
    first, second = read("first", ir.Option(WORKER)), read("second", ir.Option(WORKER))
    worker = ir.Widen(ir.Arg("worker", WORKER), ir.Option(WORKER))
    none = ir.Lit(None, ir.Option(WORKER))
    one = [ir.Param("worker", WORKER)]
    enter = [
        rule("enter_first", [ir.Guard(eq(first, none))], {"first": worker}, params=one),
        rule(
            "enter_second",
            [ir.Guard(eq(second, none)), ir.Guard(ir.Cmp("!=", first, worker))],
            {"second": worker},
            params=one,
        ),
    ]
    a, b = (ir.Widen(ir.Arg(n, WORKER), ir.Option(WORKER)) for n in ("a", "b"))
    seen = ir.And((eq(first, a), eq(second, b)))
    params = [ir.Param("a", WORKER), ir.Param("b", WORKER)]
    return model(
        {"first": (ir.Option(WORKER), None), "second": (ir.Option(WORKER), None)},
        enter,
        [prop(KINDS.WITNESS, seen, params=params)],
        sorts={"Worker": 3},
    )


def test_a_witness_is_needed_for_each_orbit_of_its_parameters() -> None:
    # The same worker can be in both rooms (the second first), so both orbits are seen.
    assert run(_visits()).properties[0].verdict is Verdict.HOLDS
    made = _visits()
    first_is_taken = ir.Guard(
        ir.Cmp("!=", read("first", ir.Option(WORKER)), ir.Lit(None, ir.Option(WORKER)))
    )
    second = made.rules[1]
    strict = replace(second, body=(*second.body, first_is_taken))
    outcome = run(replace(made, rules=(made.rules[0], strict)))
    unseen = outcome.properties[0]
    assert unseen.verdict is Verdict.FAILS
    assert unseen.args == (("a", "worker0"), ("b", "worker0"))
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.exit_code() is ExitCode.VACUOUS


def test_a_seen_witness_has_a_trace() -> None:
    outcome = run(graph([arrow(0, 1)], [prop(KINDS.WITNESS, at(1))]))
    seen = outcome.properties[0]
    assert (seen.verdict, seen.steps) == (Verdict.HOLDS, 1)
    assert seen.trace is not None and seen.trace.states()[-1] == (1,)


def test_an_undefined_witness_fails_even_if_it_was_seen() -> None:
    nothing = eq(ir.At(ir.Lit((), ir.Seq(AT)), lit(0), AT), lit(0))
    made = graph([arrow(0, 1)], [prop(KINDS.WITNESS, ir.Or((at(0), nothing)))])
    outcome = run(made)
    assert outcome.properties[0].verdict is Verdict.FAILS
    assert outcome.verdict is Verdict.FAILS
    assert outcome.exit_code() is ExitCode.FAILS


def test_an_unseen_witness_under_a_limit_is_unknown() -> None:
    made = graph([arrow(n, n + 1) for n in range(9)], [prop(KINDS.WITNESS, at(9))])
    outcome = run(made, limits=Limits(states_max=3))
    assert outcome.properties[0].verdict is Verdict.UNKNOWN
    assert "unseen-witness" not in kinds(outcome)


def test_a_rule_that_is_never_enabled_is_named() -> None:
    outcome = run(graph([arrow(0, 1), arrow(5, 6, "never")]))
    assert [v.name for v in outcome.vacuity if v.kind == "never-enabled"] == ["never_5_6"]
    assert outcome.exit_code(strict_vacuity=True) is ExitCode.VACUOUS
    assert outcome.exit_code() is ExitCode.OK


def test_an_all_over_nothing_is_named() -> None:
    empty = ir.Build("n", ir.Lit((7,), ir.Seq(AT)), at(8), ir.Bound("n", AT), ir.Set(AT))
    hollow = ir.All("n", empty, None, lit(True))
    filtered = ir.All("n", ir.Lit((7,), ir.Seq(AT)), at(1), lit(True))
    props = [
        prop(KINDS.INVARIANT, hollow, name="hollow"),
        prop(KINDS.INVARIANT, filtered, name="filled"),
    ]
    outcome = run(graph([arrow(0, 1)], props))
    assert [v.name for v in outcome.vacuity if v.kind == "empty-domain"] == ["hollow"]


def test_an_at_rest_property_of_a_model_that_never_rests_is_named() -> None:
    outcome = run(graph([arrow(0, 1), arrow(1, 0)], [prop(KINDS.AT_REST, lit(False))]))
    assert outcome.properties[0].verdict is Verdict.HOLDS
    assert "empty-domain" in kinds(outcome)


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────

CHAIN = [arrow(n, n + 1) for n in range(50)]


def test_a_limit_on_states_is_never_exceeded_and_never_hit_by_accident() -> None:
    fine = prop(KINDS.INVARIANT, lit(True))
    outcome = run(graph(CHAIN, [fine]), limits=Limits(states_max=50))
    assert (outcome.distinct, outcome.complete, outcome.verdict) == (50, False, Verdict.UNKNOWN)
    assert "stopped after 50 states" in outcome.properties[0].reason
    exact = run(graph(CHAIN, [fine]), limits=Limits(states_max=51))
    assert (exact.complete, exact.verdict) == (True, Verdict.HOLDS)


def test_a_violation_stands_under_a_limit() -> None:
    outcome = run(graph(CHAIN, [prop(KINDS.INVARIANT, at(0, 1))]), limits=Limits(states_max=5))
    assert outcome.properties[0].verdict is Verdict.FAILS
    assert outcome.verdict is Verdict.FAILS


@pytest.mark.parametrize(
    ("limits", "name"),
    [(Limits(seconds_max=0.0), "seconds"), (Limits(memory_max_bytes=1), "memory")],
)
def test_time_and_memory_end_as_unknown(limits: Limits, name: str) -> None:
    outcome = run(graph(CHAIN, [prop(KINDS.INVARIANT, lit(True))]), limits=limits)
    assert [limit.name for limit in outcome.limits] == [name]
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.exit_code() is ExitCode.UNKNOWN


def test_an_interrupted_search_keeps_what_it_found() -> None:
    def interrupt(failed: PropertyResult) -> None:
        raise KeyboardInterrupt

    outcome = run(graph(CHAIN, [prop(KINDS.INVARIANT, at(0))]), on_violation=interrupt)
    assert outcome.properties[0].verdict is Verdict.FAILS
    assert [limit.name for limit in outcome.limits] == ["interrupt"]
    assert outcome.exit_code() is ExitCode.INTERRUPTED


def test_stopping_at_the_first_leaves_the_others_unknown() -> None:
    props = [prop(KINDS.INVARIANT, at(0), name="first"), prop(KINDS.INVARIANT, at(0, 1, 2))]
    outcome = run(graph(CHAIN, props), stop_at_first=True)
    assert [p.verdict for p in outcome.properties[:2]] == [Verdict.FAILS, Verdict.UNKNOWN]
    assert [limit.name for limit in outcome.limits] == ["stop-at-first"]


def test_progress_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.explore.limits._REPORT_S", 0.0)
    monkeypatch.setattr(search_module, "_LOOK_EVERY", 10)
    told: list[Progress] = []
    run(graph(CHAIN), on_progress=told.append)
    assert [p.distinct for p in told] == [1, 11, 21, 31, 41, 51]
    assert told[-1].depth == 50 and told[-1].frontier == 1 and told[-1].memory_bytes > 0


def test_the_class_of_the_verdict_is_named() -> None:
    outcome = run(outbox())
    assert outcome.constants == (("deduplicate", "True"),)
    assert outcome.scopes == (("OrderId", 2),)
    assert outcome.budgets == (("crash_relay", 1), ("redeliver", 1))
    assert outcome.fairness == (("publish", "weak"), ("mark_sent", "weak"), ("consume", "weak"))


_HASHED = """
import sys; sys.path.insert(0, {folder!r})
from by_hand import model, program, prop, read, rule
from checker import ir
from checker.explore.search import explore
color = ir.Enum("Color", ("RED", "GREEN", "BLUE"))
option = ir.Option(color)
bag = ir.Bag(option)
pick = ir.Choose("pick", ir.Universe(ir.Set(option)), option)
more = ir.Insert(read("held", bag), ir.Bound("pick", option), bag)
room = ir.Guard(ir.Cmp("<", ir.Size(read("held", bag)), ir.Lit(3, ir.INT)))
c = ir.Bound("c", option)
narrow = ir.Cmp("==", ir.Narrow(c, color), ir.Narrow(c, color))
small = ir.Cmp("<", ir.Size(read("held", bag)), ir.Lit(2, ir.INT))
props = [
    prop(ir.PropKind.INVARIANT, ir.All("c", read("held", bag), None, narrow), name="defined"),
    prop(ir.PropKind.INVARIANT, small, name="small"),
]
made = model({{"held": (bag, frozenset())}}, [rule("take", [pick, room], {{"held": more}})], props)
outcome = explore(program(made))
for p in outcome.properties:
    print(p.name, p.verdict, p.steps, p.blame, p.trace and [s.picks for s in p.trace.steps])
print(outcome.distinct, outcome.generated)
"""


def test_nothing_depends_on_the_order_of_hash_tables() -> None:
    script = _HASHED.format(folder=str(Path(__file__).parent))
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(told) == 1
