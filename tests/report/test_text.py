"""The words of a report: what changed, what is false, and nothing that a terminal would obey."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import ir
from checker.explore.outcome import (
    Blame,
    Failure,
    Limit,
    Outcome,
    PropertyResult,
    Step,
    Trace,
    Vacuity,
    Verdict,
)
from checker.report.changes import changes
from checker.report.terminal import Page, hang, printable, width_of
from checker.report.text import About, render
from checker.report.trace_text import step_label, trace_table
from checker.source import NOWHERE
from checker.states import Value

ORDER = ir.Sort("OrderId")
PAIR = ir.Record("Pair", (("order", ORDER), ("copies", ir.Int(0, 9))))
PHASE = ir.Enum("Phase", ("IDLE", "BUSY"))


def _model(type_: ir.Type, *rules: ir.Rule) -> ir.Model:
    var = ir.Var("field", type_, ir.Lit(None, type_))
    return ir.Model("Some", (ir.SortDecl("OrderId", 2),), (), (var,), None, rules, ())


CHANGES: list[tuple[ir.Type, Value, Value, list[str]]] = [
    (ir.Bool(), False, True, ["field: False → True"]),
    (ir.Int(), 1, 2, ["field: 1 → 2"]),
    (ir.Option(ORDER), None, 1, ["field: None → order1"]),
    (ir.Set(ORDER), frozenset({0}), frozenset({1}), ["field: -order0 +order1"]),
    (ir.Bag(ORDER), frozenset(), frozenset({(0, 1)}), ["field: +order0"]),
    (ir.Bag(ORDER), frozenset({(0, 1)}), frozenset({(0, 3)}), ["field: +order0 ×2 (now 3)"]),
    (ir.Bag(ORDER), frozenset({(0, 2)}), frozenset({(0, 1)}), ["field: -order0 (now 1)"]),
    (ir.Bag(ORDER), frozenset({(0, 1)}), frozenset(), ["field: -order0"]),
    (ir.Seq(ORDER), (0,), (0, 1), ["field: +order1 at the end"]),
    (ir.Seq(ORDER), (0, 1), (1,), ["field: -order0 from the front"]),
    (ir.Seq(ORDER), (0, 1), (0,), ["field: [order0, order1] → [order0]"]),
    (ir.Seq(ORDER), (), (0,), ["field: [] → [order0]"]),
    (ir.Map(ORDER, PHASE), ("IDLE", "IDLE"), ("IDLE", "BUSY"), ["field[order1]: IDLE → BUSY"]),
    (
        ir.Map(ORDER, ir.Set(ORDER)),
        (frozenset(), frozenset()),
        (frozenset({1}), frozenset()),
        ["field[order0]: +order1"],
    ),
    (
        ir.Partial(ORDER, PHASE),
        frozenset({(0, "IDLE")}),
        frozenset({(1, "BUSY")}),
        ["field[order0]: IDLE → (none)", "field[order1]: (none) → BUSY"],
    ),
    (PAIR, ("Pair", 0, 1), ("Pair", 0, 2), ["field.copies: 1 → 2"]),
    (
        ir.Option(PAIR),
        None,
        ("Pair", 0, 1),
        ["field: None → Pair(order=order0, copies=1)"],
    ),
    (ir.Option(PAIR), ("Pair", 0, 1), ("Pair", 1, 1), ["field.order: order0 → order1"]),
]


@pytest.mark.parametrize(("type_", "old", "new", "said"), CHANGES, ids=lambda c: str(c)[:30])
def test_a_change_is_said_in_the_shortest_way(
    type_: ir.Type, old: Value, new: Value, said: list[str]
) -> None:
    assert changes(_model(type_), (old,), (new,), Page()) == said
    assert changes(_model(type_), (old,), (old,), Page()) == []


def _rule(name: str, *params: ir.Param, body: tuple[ir.Item, ...] = ()) -> ir.Rule:
    return ir.Rule(ir.Kind.ACTION, name, params, body, (), None, None, None, ir.Origin(name))


def test_a_step_names_its_parameters_where_the_value_does_not() -> None:
    chosen = ir.Choose("c1", ir.Lit((), ir.Seq(PHASE)), PHASE, show="phase")
    rule = _rule("move", ir.Param("order", ORDER), ir.Param("by", ir.Int(0, 3)), body=(chosen,))
    model = _model(ir.Bool(), rule)
    assert step_label(model, Step("move", (1, 2), ("BUSY",), (True,))) == (
        "move(order1, by=2) with phase=BUSY"
    )
    assert step_label(model, Step("move", (1, 2), (None,), (True,))) == "move(order1, by=2)"


def test_an_unlucky_choice_is_marked_as_a_fault() -> None:
    word = ir.Enum("Word", ("OK", "TIMEOUT"))
    chosen = ir.Choose(
        "c1", ir.Lit((), ir.Seq(word)), word, show="answer", unlucky=(("TIMEOUT", "t_used"),)
    )
    model = _model(ir.Bool(), _rule("ask", body=(chosen,)))
    for value, is_fault in (("OK", False), ("TIMEOUT", True)):
        trace = Trace(model, (False,), (Step("ask", (), (value,), (True,)),))
        assert ("! fault" in "\n".join(trace_table(trace, Page()))) is is_fault


def test_a_loop_says_which_steps_repeat() -> None:
    model = _model(ir.Bool(), _rule("flip"))
    steps = (Step("flip", (), (), (True,)), Step("flip", (), (), (False,)))
    table = "\n".join(trace_table(Trace(model, (False,), steps, loop=0), Page()))
    assert "the same as at the start: steps 1 to 2 repeat for ever" in table
    stands = "\n".join(trace_table(Trace(model, (False,), steps, loop=2), Page()))
    assert "the system stands still for ever" in stands


def _outcome(**changed: object) -> Outcome:
    model = _model(ir.Bool(), _rule("flip"))
    plain = Outcome(
        model=model, engine="reference", mode="exhaustive", constants=(), scopes=(), budgets=(),
        fairness=(), distinct=1, generated=1, initial=1, depth=0, seconds=0.0, complete=True,
        limits=(), vacuity=(), properties=(),
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


HOSTILE = "\x1b[31mred\x1b[0m \x07[bold]x[/bold]\r\n\u202e\u2028"


def test_nothing_in_a_report_means_anything_to_a_terminal() -> None:
    model = _model(ir.Bool(), _rule("flip"))
    failure = Failure(False, HOSTILE, "flip", NOWHERE)
    trace = Trace(model, (False,), (Step("flip", (), (), None, failure),))
    blame = (Blame(HOSTILE, NOWHERE, (("o", HOSTILE),), ((HOSTILE, HOSTILE),)),)
    result = PropertyResult(
        "safe", "invariant", Verdict.FAILS, HOSTILE, steps=1, trace=trace, blame=blame, note=HOSTILE
    )
    outcome = _outcome(
        properties=(result, replace(result, name="live", verdict=Verdict.UNKNOWN)),
        constants=(("c", HOSTILE),),
        limits=(Limit("states", HOSTILE),),
        vacuity=(Vacuity("never-enabled", "flip", HOSTILE),),
    )
    text = render(outcome, Page(), About(variant=HOSTILE))
    assert not {c for c in text if not c.isprintable()} - {"\n"}
    assert "[bold]x[/bold]" in text


def test_colours_are_the_only_difference_between_a_terminal_and_a_pipe() -> None:
    result = PropertyResult("safe", "invariant", Verdict.FAILS, steps=0)
    outcome = _outcome(properties=(result,))
    plain = render(outcome, Page(), About())
    coloured = render(outcome, Page(colour=True), About())
    assert coloured != plain
    for code in ("\x1b[1;31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == plain


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=60)),
    st.integers(30, 120),
)
def test_hanging_text_loses_no_letter_and_keeps_the_width(parts: list[str], width: int) -> None:
    lines = hang("label  ", parts, Page(width=width), gap=", ")
    assert all(width_of(line) <= width for line in lines)
    assert "".join("".join(lines).split()).replace(",", "") == (
        "label" + "".join(parts).replace(",", "")
    )


@given(st.text())
def test_printable_text_is_one_line_of_printable_letters(text: str) -> None:
    assert all(c.isprintable() or c == "\u3000" or c.isspace() for c in printable(text))
    assert len(printable(text).splitlines()) <= 1
