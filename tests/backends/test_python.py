"""The reference engine: what each expression, item and rule of the IR means (S3 to S11)."""

from __future__ import annotations

import linecache
import traceback
from itertools import permutations

import pytest
from by_hand import AT, ORDER, ORDERS, QUEUE, at, eq, lit, model, outbox, program, read, rule

from checker import ir
from checker.backends.python import Failure, Program, Undefined
from checker.errors import InternalError
from checker.states import State, Value

SEQ, SET, BAG = ir.Seq(AT), ir.Set(AT), ir.Bag(AT)
DICT, MAP = ir.Partial(ORDER, AT), ir.Map(ORDER, AT)
OPTION = ir.Option(AT)
CIRCLE = ir.Record("Circle", (("size", AT),))
SQUARE = ir.Record("Square", (("size", AT),))
SHAPE = ir.Union((CIRCLE, SQUARE))
N = ir.Bound("n", AT)


def value(expr: ir.Expr) -> Value:
    made = model({"at": (AT, 0)}, [], sorts={"OrderId": 2})
    return program(made).compile_expr(expr)((0,), ())


def undefined(expr: ir.Expr) -> Failure:
    with pytest.raises(Undefined) as caught:
        value(expr)
    return caught.value.failure


def seq(*items: int) -> ir.Lit:
    return ir.Lit(items, SEQ)


def bag(*pairs: tuple[int, int]) -> ir.Lit:
    return ir.Lit(frozenset(pairs), BAG)


def num(n: int) -> ir.Lit:
    return ir.Lit(n, AT)


def order(n: int) -> ir.Lit:
    return ir.Lit(n, ORDER)


ENTRIES = ir.Lit(frozenset({(0, 7)}), DICT)
OTHERS = ir.Lit(frozenset({(0, 1), (1, 2)}), DICT)
TOTAL = ir.Lit((5, 6), MAP)
BAD = ir.At(seq(), num(0), AT)  # undefined
BAD_BOOL = eq(BAD, num(0))
TRUE, FALSE = lit(True), lit(False)


# ── Expressions ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (ir.And((TRUE, FALSE, BAD_BOOL)), False),
        (ir.Or((FALSE, TRUE, BAD_BOOL)), True),
        (ir.Ite(TRUE, num(1), BAD, AT), 1),
        (ir.And(()), True),
        (ir.Or(()), False),
        (ir.Arith("//", lit(-7), lit(2)), -4),
        (ir.Arith("%", lit(-7), lit(2)), 1),
        (ir.Arith("-", ir.Arith("*", lit(2**40), lit(2**40)), lit(1)), 2**80 - 1),
        (ir.Arith("neg", lit(3), lit(3)), -3),
        (ir.Has(seq(1, 2), num(2)), True),
        (ir.Has(bag((1, 2)), num(1)), True),
        (ir.Has(ENTRIES, order(1)), False),
        (ir.Count(bag((1, 2)), num(1)), 2),
        (ir.Count(bag((1, 2)), num(9)), 0),
        (ir.Count(seq(4, 4, 5), num(4)), 2),
        (ir.Size(bag((1, 2), (3, 1))), 3),
        (ir.Size(ENTRIES), 1),
        (ir.At(seq(8, 9), num(-1), AT), 9),
        (ir.At(ENTRIES, order(0), AT), 7),
        (ir.At(TOTAL, order(1), AT), 6),
        (ir.Insert(bag((1, 2)), num(1), BAG), frozenset({(1, 3)})),
        (ir.Insert(seq(1), num(1), SEQ), (1, 1)),
        (ir.Erase(bag((1, 2)), num(1), BAG), frozenset({(1, 1)})),
        (ir.Erase(bag((1, 1)), num(1), BAG), frozenset()),
        (ir.Erase(bag((1, 1)), num(2), BAG), frozenset({(1, 1)})),
        (ir.Erase(seq(1, 2, 1), num(1), SEQ), (2, 1)),
        (ir.Put(ENTRIES, order(0), num(1), DICT), frozenset({(0, 1)})),
        (ir.Put(TOTAL, order(0), num(1), MAP), (1, 6)),
        (ir.Put(seq(1, 2), num(-1), num(9), SEQ), (1, 9)),
        (ir.Without(ENTRIES, order(1), DICT), frozenset({(0, 7)})),
        (ir.Without(ENTRIES, order(0), DICT), frozenset()),
        (ir.Without(seq(1, 2, 3), num(1), SEQ), (1, 3)),
        (ir.Join(bag((1, 1)), bag((1, 2), (2, 1)), BAG), frozenset({(1, 3), (2, 1)})),
        (ir.Join(ENTRIES, OTHERS, DICT), frozenset({(0, 1), (1, 2)})),
        (ir.Join(seq(1), seq(2), SEQ), (1, 2)),
        (ir.Keys(bag((1, 2)), SET), frozenset({1})),
        (ir.Keys(ENTRIES, ORDERS), frozenset({0})),
        (ir.Universe(ORDERS), frozenset({0, 1})),
        (ir.Range(lit(1), lit(4), SEQ), (1, 2, 3)),
        (ir.Range(lit(4), lit(1), SEQ), ()),
        (ir.Fresh(ORDER, ir.Lit(frozenset({0}), ORDERS), ORDER), 1),
        (ir.LetIn("n", num(3), ir.Arith("+", N, N), AT), 6),
        (ir.Is(ir.Lit(("Circle", 1), SHAPE), SQUARE), False),
        (ir.Field(ir.Narrow(ir.Lit(("Circle", 4), SHAPE), CIRCLE), "size", AT), 4),
        (ir.Narrow(ir.Lit(4, OPTION), AT), 4),
        (eq(ir.Lit(None, OPTION), ir.Lit(None, OPTION)), True),
    ],
)  # fmt: skip
def test_an_expression_means_what_python_means(expr: ir.Expr, expected: Value) -> None:
    found = value(expr)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (ir.At(ENTRIES, order(1), AT), "no entry for order1"),
        (ir.At(seq(1), num(1), AT), "index 1 of a list of 1"),
        (ir.At(seq(1), num(-2), AT), "index -2 of a list of 1"),
        (ir.Put(seq(1), num(1), num(0), SEQ), "index 1 of a list of 1"),
        (ir.Without(seq(), num(0), SEQ), "index 0 of a list of 0"),
        (ir.At(ir.Lit((1, 2), ir.Map(ir.Int(0, 1), AT)), lit(2), AT), "no entry for 2"),
        (ir.Narrow(ir.Lit(None, OPTION), AT), "is None"),
        (ir.Narrow(ir.Lit(("Square", 1), SHAPE), CIRCLE), "is a Square"),
        (ir.Fold("min", "n", seq(), None, N), "min or max of nothing"),
        (ir.Fold("max", "n", seq(1), eq(N, num(2)), N), "min or max of nothing"),
        (ir.Not(BAD_BOOL), "index 0 of a list of 0"),
        (ir.And((TRUE, BAD_BOOL)), "index 0 of a list of 0"),
        (ir.Ite(BAD_BOOL, TRUE, TRUE, ir.BOOL), "index 0 of a list of 0"),
    ],
)
def test_a_partial_operation_is_undefined_and_says_why(expr: ir.Expr, message: str) -> None:
    failure = undefined(expr)
    assert message in failure.message
    assert not failure.is_cut


def test_fresh_of_an_exhausted_sort_is_a_cut_that_names_it() -> None:
    failure = undefined(ir.Fresh(ORDER, ir.Universe(ORDERS), ORDER))
    assert (failure.is_cut, failure.subject, failure.kind) == (True, "OrderId", "fresh")


@pytest.mark.parametrize("make", [ir.All, ir.Any])
def test_a_quantifier_evaluates_every_element(make: type[ir.All] | type[ir.Any]) -> None:
    # The first element decides either quantifier; the last one is undefined.
    decides = eq(ir.Ite(eq(N, num(2)), BAD, N, AT), num(0 if make is ir.Any else 9))
    assert "index 0" in undefined(make("n", seq(0, 2), None, decides)).message
    assert value(make("n", seq(0, 2), eq(N, num(0)), decides)) is (make is ir.Any)


def test_iterating_a_bag_yields_every_copy() -> None:
    held = bag((1, 2), (3, 1))
    assert value(ir.Fold("sum", "n", held, None, lit(1))) == value(ir.Size(held)) == 3
    assert value(ir.Build("n", held, None, N, BAG)) == frozenset({(1, 2), (3, 1)})
    assert value(ir.Build("n", held, None, lit(0), BAG)) == frozenset({(0, 3)})


def test_a_sum_counts_equal_values_of_different_elements() -> None:
    assert value(ir.Fold("sum", "n", ir.Lit(frozenset({1, 2}), SET), None, lit(5))) == 10


def test_records_of_two_classes_differ_even_if_their_fields_are_equal() -> None:
    circle, square = ir.Make(CIRCLE, (num(1),), CIRCLE), ir.Make(SQUARE, (num(1),), SQUARE)
    assert value(eq(ir.Widen(circle, SHAPE), ir.Widen(square, SHAPE))) is False


def test_a_dict_and_a_map_are_built_by_key() -> None:
    key = ir.Bound("k", ORDER)
    entry = ir.Ite(eq(key, order(0)), num(3), num(4), AT)
    only = ir.Cmp("!=", key, order(0))
    assert value(ir.Build("k", ir.Universe(ORDERS), only, entry, DICT)) == frozenset({(1, 4)})
    assert value(ir.Build("k", ir.Universe(ORDERS), None, entry, MAP)) == (3, 4)


def test_names_bound_twice_are_told_apart() -> None:
    inner = ir.Fold("sum", "n", seq(10, 20), None, N)
    assert value(ir.Fold("sum", "n", seq(1, 2), None, ir.Arith("+", N, inner))) == 63
    shadowed = ir.LetIn("n", num(1), ir.LetIn("n", ir.Arith("+", N, N), N, AT), AT)
    assert value(shadowed) == 2


def test_a_name_that_stands_for_nothing_is_a_bug_of_ours() -> None:
    with pytest.raises(InternalError, match="n at"):
        value(N)


# ── Items ────────────────────────────────────────────────────────────────────────────────────────


def steps(made: ir.Rule, at_first: int = 0) -> list[tuple[tuple[Value, ...], object]]:
    (compiled,) = program(model({"at": (AT, 0)}, [made])).rules
    ends = compiled.step((at_first,), compiled.args[0])
    return [(picks, end if not isinstance(end, Failure) else end.message) for picks, end in ends]


X, Y = ir.Bound("x", AT), ir.Bound("y", AT)


def test_a_false_guard_gives_no_step() -> None:
    assert steps(rule("go", [ir.Guard(at(1))], {"at": lit(2)})) == []
    assert steps(rule("go", [ir.Guard(at(1))], {"at": lit(2)}), 1) == [((), (2,))]


def test_the_order_of_the_body_decides_between_guard_and_assert() -> None:
    wrong = ir.Check(FALSE, ir.CheckKind.ASSERT, "assert x < 3")
    assert steps(rule("go", [ir.Guard(FALSE), wrong])) == []
    assert steps(rule("go", [wrong, ir.Guard(FALSE)])) != []


def test_an_undefined_guard_is_a_step_error_and_so_is_an_undefined_update() -> None:
    assert "index 0" in str(steps(rule("go", [ir.Guard(BAD_BOOL)])))
    assert "index 0" in str(steps(rule("go", [], {"at": BAD})))


def test_updates_are_simultaneous() -> None:
    swap = rule("swap", [], {"a": read("b"), "b": read("a")})
    made = program(model({"a": (AT, 1), "b": (AT, 2)}, [swap]))
    assert made.rules[0].step((1, 2), ()) == (((), (2, 1)),)


def test_a_choice_gives_one_edge_for_each_distinct_element_in_order() -> None:
    for domain in (bag((7, 2), (3, 1)), ir.Lit(frozenset({7, 3}), SET)):
        made = rule("go", [ir.Choose("x", domain, AT)], {"at": X})
        assert steps(made) == [((3,), (3,)), ((7,), (7,))]
    made = rule("go", [ir.Choose("x", seq(7, 3, 7), AT)], {"at": X})
    assert steps(made) == [((7,), (7,)), ((3,), (3,))]


def test_a_choice_from_nothing_blocks() -> None:
    assert steps(rule("go", [ir.Choose("x", seq(), AT)], {"at": X})) == []


def test_a_later_guard_filters_the_choices() -> None:
    body = [ir.Choose("x", seq(1, 2, 3), AT), ir.Guard(ir.Cmp("<", lit(1), X))]
    assert [picks for picks, _ in steps(rule("go", body, {"at": X}))] == [(2,), (3,)]


def test_two_choices_multiply_and_a_later_one_may_depend_on_an_earlier() -> None:
    upto = ir.Range(lit(0), X, SEQ)
    body = [ir.Choose("x", seq(1, 2), AT), ir.Choose("y", upto, AT)]
    assert [picks for picks, _ in steps(rule("go", body))] == [(1, 0), (2, 0), (2, 1)]


def test_on_a_branch_not_taken_nothing_is_chosen() -> None:
    # An empty domain there does not block, and a full one does not multiply.
    for domain in (seq(), seq(1, 2)):
        body = [ir.Choose("x", domain, AT, path=at(1)), ir.Choose("y", seq(5), AT)]
        assert steps(rule("go", body, {"at": Y})) == [((None, 5), (5,))]


def test_each_choice_fails_on_its_own() -> None:
    body = [ir.Choose("x", seq(0, 1), AT), ir.Let("y", ir.At(seq(9), X, AT))]
    ok, failed = steps(rule("go", body, {"at": Y}))
    assert ok == ((0,), (9,))
    assert failed[0] == (1,) and "index 1" in str(failed[1])


def test_a_skipped_item_is_not_evaluated() -> None:
    body = [
        ir.Let("x", BAD, path=at(1)),
        ir.Check(BAD_BOOL, ir.CheckKind.ASSERT, "", path=at(1)),
        ir.Guard(BAD_BOOL, path=at(1)),
        ir.Each("n", ir.Build("m", seq(1), None, BAD, SET), (), (), path=at(1)),
    ]
    assert steps(rule("go", body)) == [((), (0,))]


def _loop(*items: ir.Item, change: ir.Expr, domain: ir.Expr = seq(1, 2, 3)) -> ir.Each:  # noqa: B008
    return ir.Each("n", domain, items, (ir.Carried("x", AT, lit(0), change),))


def test_a_loop_carries_its_value_from_turn_to_turn() -> None:
    double = ir.Arith("+", ir.Arith("*", X, lit(10)), N)
    assert steps(rule("go", [_loop(change=double)], {"at": X})) == [((), (123,))]


def test_carried_values_change_all_at_once() -> None:
    swap = ir.Each(
        "n", seq(0), (), (ir.Carried("x", AT, lit(1), Y), ir.Carried("y", AT, lit(2), X))
    )
    assert steps(rule("go", [swap], {"at": ir.Arith("-", X, Y)})) == [((), (1,))]


def test_a_guard_in_a_loop_means_no_step_at_all() -> None:
    small = ir.Guard(ir.Cmp("<", N, lit(3)))
    assert steps(rule("go", [_loop(small, change=X)])) == []
    fine = _loop(small, change=X, domain=seq(1, 2))
    assert steps(rule("go", [fine], {"at": lit(4)})) == [((), (4,))]
    choice = ir.Choose("y", seq(2, 3), AT)
    below = ir.Guard(ir.Cmp("<", N, Y))
    body = [choice, _loop(below, change=X, domain=seq(1, 2))]
    assert [picks for picks, _ in steps(rule("go", body))] == [(3,)]


def test_a_loop_over_a_bag_turns_once_for_every_copy() -> None:
    count = _loop(change=ir.Arith("+", X, lit(1)), domain=bag((4, 2), (5, 1)))
    assert steps(rule("go", [count], {"at": X})) == [((), (3,))]


@pytest.mark.parametrize(
    ("check", "message", "is_cut"),
    [
        (ir.Check(FALSE, ir.CheckKind.ASSERT, "assert x < 3"), "`assert x < 3` is false", False),
        (
            ir.Check(
                ir.And((ir.Cmp("<=", lit(0), lit(4)), ir.Cmp("<=", lit(4), lit(3)))),
                ir.CheckKind.BOUNDS,
                "count",
            ),
            "`count` would become 4, outside Bounds(0, 3)",
            False,
        ),
        (
            ir.Check(
                ir.And((ir.Cmp("<=", lit(0), read("at")), ir.Cmp("<=", read("at"), lit(-1)))),
                ir.CheckKind.LIMIT,
                "version",
            ),
            "`version` would become 0, beyond Limit(0, -1)",
            True,
        ),
        (
            ir.Check(ir.Cmp("<=", ir.Size(seq(1, 2)), lit(1)), ir.CheckKind.CAPACITY, "queue"),
            "the capacity 1 of `queue` is exceeded",
            True,
        ),
        (
            ir.Check(ir.Has(ENTRIES, order(1)), ir.CheckKind.ABSENT, "del self.busy[worker]"),
            "order1 is not there",
            False,
        ),
    ],
)
def test_a_failed_check_tells_the_values(check: ir.Check, message: str, is_cut: bool) -> None:
    made = model({"at": (AT, 0)}, [rule("go", [check])], sorts={"OrderId": 2})
    ((_, failure),) = program(made).rules[0].step((0,), ())
    assert isinstance(failure, Failure)
    assert message in failure.message
    assert (failure.is_cut, failure.kind) == (is_cut, check.kind.value)


# ── Programs ─────────────────────────────────────────────────────────────────────────────────────


def test_any_name_of_a_model_can_be_generated() -> None:
    names = ["state", "args", "all", "class", "_nothing", "worker.label", "steps", "Undefined", "x"]
    choice = ir.Choose("stop", seq(1), AT)
    total = ir.Fold("sum", "x", seq(1), None, ir.Bound("x", AT))
    made = rule(
        "lambda",
        [choice],
        {n: ir.Arith("+", read(n), ir.Arith("+", total, ir.Arg("state", AT))) for n in names},
        params=[ir.Param("state", ir.Int(0, 0)), ir.Param("sum", ir.Int(5, 5))],
    )
    compiled = program(model(dict.fromkeys(names, (AT, 0)), [made])).rules[0]
    assert compiled.args == ((0, 5),)
    assert compiled.step((0,) * len(names), (0, 5)) == [((1,), (1,) * len(names))]


def test_the_generated_text_is_shown_by_tracebacks() -> None:
    made = program(outbox())
    assert "def place_order(state, args):" in made.source
    try:
        made.rules[0].step((), (0,))
    except IndexError:
        assert "orders = state[0]" in traceback.format_exc()
    assert any(name.startswith("<crashproof ByHand") for name in linecache.cache)


def test_an_initial_rule_chooses_among_initial_states() -> None:
    choice = ir.Choose("x", seq(4, 5), AT)
    made = model({"at": (AT, 0)}, [], initial=rule("setup", [choice], {"at": X}))
    assert program(made).initial_states() == [(4,), (5,)]
    assert program(made).default_state() == (0,)


def _permuted(state: State, mapping: tuple[int, ...]) -> State:
    def set_of(items: frozenset[int]) -> frozenset[int]:
        return frozenset(mapping[i] for i in items)

    def bag_of(items: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        return frozenset((mapping[i], n) for i, n in items)

    orders, outbox_, unmarked, queue, applied, shipped, *counters = state
    last = None if unmarked is None else mapping[unmarked]  # type: ignore[index]
    return (
        set_of(orders), set_of(outbox_), last, bag_of(queue),  # type: ignore[arg-type]
        set_of(applied), bag_of(shipped), *counters,  # type: ignore[arg-type]
    )  # fmt: skip


def _successors(made: Program, state: State) -> set[object]:
    return {end for r in made.rules for args in r.args for _, end in r.step(state, args)}


def test_renaming_ids_renames_the_successors() -> None:
    made = program(outbox())
    seen = set(made.initial_states())
    work = list(seen)
    while work:
        after = {s for s in _successors(made, work.pop()) if isinstance(s, tuple)}
        work += after - seen
        seen |= after
    assert len(seen) == 321
    for state in seen:
        for mapping in permutations(range(2)):
            renamed = {_permuted(s, mapping) for s in _successors(made, state)}  # type: ignore[arg-type]
            assert renamed == _successors(made, _permuted(state, mapping))


def test_an_expression_can_be_compiled_with_parameters_and_bound_names() -> None:
    made = program(outbox())
    count = ir.Count(read("queue", QUEUE), ir.Arg("order", ORDER))
    sums = ir.Arith("+", count, ir.Bound("n", AT))
    run = made.compile_expr(sums, [ir.Param("order", ORDER)], ["n"])
    state = list(made.initial_states()[0])
    state[3] = frozenset({(1, 2)})
    assert run(tuple(state), (1, 40)) == 42
