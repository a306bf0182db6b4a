"""`checker why`: the shortest way to a state, or the proof that there is none."""

from __future__ import annotations

import pytest

from checker import ir
from checker.backends.python import Program
from checker.errors import UsageError
from checker.explore.replay import replay
from checker.ir_text import expr_text
from checker.prove.outcome import Said
from checker.prove.reach import reach, wanted
from checker.run import Request, prepare


def model_of(name: str, **scopes: int) -> ir.Model:
    return prepare(Request(name, scopes=scopes)).model


def test_the_way_is_shortest_and_replays() -> None:
    model = model_of("outbox")
    answer = reach(model, wanted(model, ["unmarked=order0", "queue=[order0, order0]"]))
    assert answer.said is Said.SEEN
    assert answer.found is not None and answer.found.trace is not None
    assert answer.found.steps == 3
    assert replay(Program(model), answer.found.trace) == []


def test_a_named_id_is_that_id() -> None:
    model = model_of("outbox")
    answer = reach(model, wanted(model, ["orders={order1}"]))
    assert answer.found is not None and answer.found.trace is not None
    assert [(s.rule, s.args) for s in answer.found.trace.steps] == [("place_order", (1,))]


def test_what_no_run_reaches_is_proved_or_exhausted() -> None:
    model = model_of("two_phase_commit")
    never = wanted(model, ["phase[participant0]=COMMITTED", "phase[participant1]=ABORTED"])
    answer = reach(model, never)
    assert answer.said is Said.UNREACHABLE
    assert answer.how == "exhausted, 288 states"


def test_without_a_proof_and_with_too_many_states_there_is_no_answer() -> None:
    model = model_of("two_phase_commit")
    never = wanted(model, ["phase[participant0]=COMMITTED", "phase[participant1]=ABORTED"])
    answer = reach(model, never, depth=2, states_max=50)
    assert answer.said is Said.UNKNOWN
    assert "50 states" in answer.reason


@pytest.mark.parametrize(
    ("model", "text", "expected"),
    [
        ("outbox", "unmarked=None", "(unmarked == None)"),
        ("outbox", "queue = [order0, order0, order1]", "(queue == [order0, order0, order1])"),
        ("outbox", "orders={}", "(orders == {})"),
        ("dedup", "busy[worker0]=message1", "(has(busy, worker0) and (busy[worker0] == message1))"),
        ("dedup", "busy={worker0: message1}", "(busy == {worker0: message1})"),
        ("two_phase_commit", "decided=True", "(decided == True)"),
        (
            "two_phase_commit",
            "messages={Commit(), Prepared(sender=participant0)}",
            "(messages == {Commit(), Prepared(sender=participant0)})",
        ),
    ],
)
def test_values_are_read_as_traces_print_them(model: str, text: str, expected: str) -> None:
    assert expr_text(wanted(model_of(model), [text])) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "not of the form"),
        ("queues=[]", "did you mean queue"),
        ("unmarked=order7", "there is no order7"),
        ("orders=3", "not a value of the field's type"),
        ("orders[order0]=True", "has no keys"),
        ("orders={", "not a value as traces print it"),
    ],
)
def test_a_state_that_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(UsageError) as wrong:
        wanted(model_of("outbox"), [text])
    assert message in str(wrong.value)
