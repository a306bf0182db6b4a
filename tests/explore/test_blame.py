"""Blame: the innermost false part, for which values, and what it read."""

from __future__ import annotations

import pytest
from by_hand import AT, ORDER, ORDERS, QUEUE, at, eq, lit, model, program, prop, read

from checker import ir
from checker.explore.blame import blame
from checker.explore.orbits import renamed
from checker.states import Value

ORDER0 = frozenset({(0, 2)})
O = ir.Bound("o", ORDER)  # noqa: E741
SHIPPED = ir.Count(read("shipped", QUEUE), O)
ONCE = ir.Cmp("<=", SHIPPED, lit(1))


def told(
    expr: ir.Expr, *, params: tuple[ir.Param, ...] = (), args: tuple[Value, ...] = ()
) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    variables: dict[str, tuple[ir.Type, object]] = {
        "at": (AT, 3), "shipped": (QUEUE, ORDER0), "orders": (ORDERS, frozenset({1})),
    }  # fmt: skip
    asked = prop(ir.PropKind.INVARIANT, expr, params=params)
    made = program(model(variables, [], [asked], sorts={"OrderId": 2}))
    (state,) = made.initial_states()
    found = blame(made, asked, state, args)
    return [(b.text, dict(b.bindings), dict(b.because)) for b in found]


def test_the_first_false_conjunct_is_blamed() -> None:
    expr = ir.And((at(3), eq(read("at"), lit(4)), eq(read("at"), lit(5))))
    assert told(expr) == [("self.at == 4", {}, {"self.at": "3"})]


def test_the_element_of_a_failing_all_is_named() -> None:
    expr = ir.All("o", ir.Universe(ORDERS), None, ONCE)
    assert told(expr) == [
        ("self.shipped.count(o) <= 1", {"o": "order0"}, {"self.shipped.count(o)": "2"})
    ]


def test_the_filter_of_an_all_is_kept() -> None:
    not_first = ir.Not(ir.Has(read("shipped", QUEUE), O))
    expr = ir.All("o", ir.Universe(ORDERS), not_first, eq(SHIPPED, lit(1)))
    assert told(expr) == [
        ("self.shipped.count(o) == 1", {"o": "order1"}, {"self.shipped.count(o)": "0"})
    ]


def test_of_a_false_or_everything_that_it_read_is_told() -> None:
    expr = ir.Or((eq(read("at"), lit(4)), ir.Has(read("orders", ORDERS), ir.Arg("x", ORDER))))
    ((_, bindings, because),) = told(expr, params=(ir.Param("x", ORDER),), args=(0,))
    assert bindings == {"x": "order0"}
    assert because == {"self.at": "3", "self.orders": "{order1}"}


def test_what_must_not_be_true_is_followed_through_not() -> None:
    expr = ir.Not(ir.Any("o", ir.Universe(ORDERS), None, ir.Cmp("<", lit(1), SHIPPED)))
    assert told(expr) == [
        ("not (1 < self.shipped.count(o))", {"o": "order0"}, {"self.shipped.count(o)": "2"})
    ]
    either = ir.Not(ir.Or((at(4), eq(read("at"), lit(3)))))
    assert told(either)[0][0] == "not (self.at == 3)"


def test_parts_that_must_not_be_true_together_are_all_told() -> None:
    both = ir.Not(ir.And((eq(read("at"), lit(3)), ir.Cmp("<", read("at"), lit(9)))))
    assert [text for text, _, _ in told(both)] == ["not (self.at == 3)", "not (self.at < 9)"]


def test_a_conditional_blames_the_branch_that_was_taken() -> None:
    expr = ir.Ite(at(3), eq(read("at"), lit(9)), lit(True), ir.BOOL)
    assert told(expr)[0][0] == "self.at == 9"


def test_a_helper_is_followed_into_its_body() -> None:
    n = ir.Bound("n", AT)
    expr = ir.LetIn("n", read("at"), ir.And((at(3), eq(n, lit(9)))), ir.BOOL)
    assert told(expr) == [("n == 9", {"n": "3"}, {})]


def test_an_undefined_property_is_blamed_on_the_evaluation() -> None:
    nothing = ir.At(ir.Lit((), ir.Seq(AT)), lit(0), AT)
    ((_, _, because),) = told(ir.Or((at(1), eq(nothing, lit(0)))))
    assert "index 0 of a list of 0" in because["why"]


def test_a_true_property_has_no_blame() -> None:
    assert told(at(3)) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 0), (0, 1)),
        ((1, 1), (0, 0)),
        ((None, 1), (None, 0)),
    ],
)
def test_parameter_values_are_renamed_in_the_order_of_their_use(
    values: tuple[Value, ...], expected: tuple[Value, ...]
) -> None:
    assert renamed([ir.Option(ORDER), ORDER], values) == expected


def test_records_are_renamed_inside_and_sorts_apart() -> None:
    worker = ir.Sort("Worker")
    job = ir.Record("Job", (("order", ORDER), ("worker", worker)))
    assert renamed([job, worker], (("Job", 3, 5), 4)) == (("Job", 0, 0), 1)
