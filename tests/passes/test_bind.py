"""Binding: the values of a run, their messages, and folding that changes no meaning."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from by_hand import AT, arrow, at, eq, graph, lit, model, outbox, program, read, rule

from checker import ir
from checker.backends.python import Failure, Program, Undefined
from checker.errors import UsageError
from checker.ir.walk import children, free_names, is_total, map_item, rebuild, walk
from checker.passes.bind import bind, parse_constant, simplify
from checker.states import Value

COMMIT = ir.Enum("Commit", ("ATOMIC", "KEY_FIRST"))
CONSTS = [
    ir.ConstDecl("deduplicate", ir.BOOL, True),
    ir.ConstDecl("retries", ir.Int(0, 3), 1),
    ir.ConstDecl("commit", COMMIT, "ATOMIC"),
]
BAD = eq(ir.At(ir.Lit((), ir.Seq(AT)), lit(0), AT), lit(0))
TRUE, FALSE = lit(True), lit(False)
FLAG = read("flag", ir.BOOL)


def configured() -> ir.Model:
    faulty = rule("crash", kind=ir.Kind.FAULT, counter="crash_used", updates={"crash_used": lit(1)})
    return model(
        {"at": (AT, 0), "crash_used": (ir.Int(0, 1), 0)},
        [arrow(0, 1), faulty],
        sorts={"OrderId": 2},
        consts=CONSTS,
        counters=("crash_used",),
    )


# ── What the user gives ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("deduplicate", "false", False),
        ("deduplicate", "TRUE", True),
        ("retries", "3", 3),
        ("commit", "KEY_FIRST", "KEY_FIRST"),
        ("commit", "Commit.KEY_FIRST", "KEY_FIRST"),
    ],
)
def test_a_constant_is_read_from_text(name: str, text: str, value: Value) -> None:
    decl = next(c for c in CONSTS if c.name == name)
    assert parse_constant(decl, text) == value


@pytest.mark.parametrize(
    ("name", "text", "help"),
    [
        ("deduplicate", "maybe", "it is true or false"),
        ("deduplicate", "", "it is true or false"),
        ("retries", "4", "a whole number from 0 to 3"),
        ("retries", "many", "a whole number from 0 to 3"),
        ("commit", "key_frist", "one of ATOMIC, KEY_FIRST; did you mean KEY_FIRST?"),
    ],
)
def test_a_text_that_is_no_value_is_refused_with_what_would_be(
    name: str, text: str, help: str
) -> None:
    decl = next(c for c in CONSTS if c.name == name)
    with pytest.raises(UsageError) as caught:
        parse_constant(decl, text)
    assert help in caught.value.help


@pytest.mark.parametrize(
    ("given", "message", "help"),
    [
        ({"constants": {"dedupliacte": True}}, "no constant `dedupliacte`", "mean deduplicate?"),
        ({"constants": {"retries": True}}, "`retries` cannot be True", "a whole number"),
        ({"constants": {"deduplicate": 1}}, "`deduplicate` cannot be 1", "true or false"),
        ({"scopes": {"orderid": 2}}, "no sort `orderid`", "mean OrderId?"),
        ({"scopes": {"OrderId": 0}}, "at least 1, not 0", ""),
        ({"no_faults": ["crush"]}, "no fault `crush`", "it has crash; did you mean crash?"),
        ({"no_faults": ["move_0_1"]}, "is an action, not a fault", "only faults"),
    ],
)
def test_what_the_model_does_not_have_is_refused(
    given: dict[str, object], message: str, help: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        bind(configured(), **given)  # type: ignore[arg-type]
    assert help in caught.value.help


def test_a_bound_model_knows_its_constants_and_scopes() -> None:
    made = bind(configured(), constants={"retries": 2}, scopes={"OrderId": 3})
    assert [c.value for c in made.consts] == [True, 2, "ATOMIC"]
    assert made.sorts[0].size == 3


def test_no_constant_is_left_in_a_bound_model() -> None:
    made = bind(outbox())
    exprs = [e for r in made.rules for u in r.updates for e in walk(u.value)]
    assert not any(isinstance(e, ir.Const) for e in exprs)


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────


def test_a_fault_that_is_switched_off_takes_its_counter_with_it() -> None:
    made = bind(configured(), no_faults=["crash"])
    assert [r.name for r in made.rules] == ["move_0_1"]
    assert [v.name for v in made.vars] == ["at"]


def test_an_unlucky_answer_can_be_switched_off() -> None:
    answer = ir.Enum("Answer", ("ok", "timeout"))
    used, budget = read("call_timeout_used", ir.Int(0, 1)), lit(1)
    plain = ir.Lit(frozenset({"ok"}), ir.Set(answer))
    both = ir.Insert(plain, ir.Lit("timeout", answer), ir.Set(answer))
    domain = ir.Ite(ir.Cmp("<", used, budget), both, plain, ir.Set(answer))
    unlucky = (("timeout", "call_timeout_used"),)
    choice = ir.Choose("answer", domain, answer, unlucky=unlucky)
    taken = eq(ir.Bound("answer", answer), ir.Lit("timeout", answer))
    raised = ir.Ite(taken, ir.Arith("+", used, lit(1)), used, ir.INT)
    made = model(
        {"at": (AT, 0), "call_timeout_used": (ir.Int(0, 1), 0)},
        [rule("call", [choice], {"call_timeout_used": raised})],
        counters=("call_timeout_used",),
    )
    assert len(program(made).rules[0].step((0, 0), ())) == 2
    off = Program(bind(made, no_faults=["call_timeout"]))
    assert [v.name for v in off.model.vars] == ["at"]
    assert off.rules[0].step((0,), ()) == [(("ok",), (0,))]


# ── Folding ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (ir.And((TRUE, FLAG, TRUE)), FLAG),
        (ir.And((FLAG, FALSE, BAD)), FALSE),
        (ir.And((BAD, FALSE, FLAG)), ir.And((BAD, FALSE))),
        (ir.Or((FALSE, FLAG)), FLAG),
        (ir.Or((BAD, TRUE)), ir.Or((BAD, TRUE))),
        (ir.Or((FALSE, FALSE)), FALSE),
        (ir.Not(TRUE), FALSE),
        (ir.Ite(TRUE, FLAG, BAD, ir.BOOL), FLAG),
        (eq(lit(1), lit(2)), FALSE),
        (ir.Cmp("<=", lit(2), lit(2)), TRUE),
        (ir.Arith("//", lit(-7), lit(2)), lit(-4)),
        (ir.Arith("//", lit(1), lit(0)), ir.Arith("//", lit(1), lit(0))),
        (ir.LetIn("x", TRUE, ir.And((ir.Bound("x", ir.BOOL), FLAG)), ir.BOOL), FLAG),
        (ir.LetIn("x", BAD, TRUE, ir.BOOL), ir.LetIn("x", BAD, TRUE, ir.BOOL)),
        (eq(ir.Lit(1, ir.Option(AT)), ir.Widen(lit(1), ir.Option(AT))), TRUE),
    ],
)
def test_known_parts_are_computed_and_partial_ones_stay(expr: ir.Expr, expected: ir.Expr) -> None:
    assert simplify(expr) == expected


def test_a_literal_is_not_put_under_a_name_bound_anew() -> None:
    x = ir.Bound("x", AT)
    inner = ir.Fold("sum", "x", ir.Lit((5,), ir.Seq(AT)), None, x)
    made = simplify(ir.LetIn("x", lit(1), ir.Arith("+", x, inner), AT))
    assert program(graph([])).compile_expr(made)((0,), ()) == 6


def _bound_body(*items: ir.Item, update: ir.Expr | None = None) -> tuple[ir.Item, ...]:
    made = rule("go", items, {"at": update} if update is not None else {})
    return bind(graph([made])).rules[0].body


def test_false_paths_and_true_guards_go() -> None:
    fine = ir.Check(TRUE, ir.CheckKind.ASSERT, "")
    assert _bound_body(ir.Guard(TRUE), fine, ir.Guard(at(0), path=FALSE)) == ()
    assert _bound_body(ir.Guard(FLAG, path=TRUE)) == (ir.Guard(FLAG),)


def test_a_false_guard_and_a_partial_path_stay() -> None:
    assert _bound_body(ir.Guard(FALSE)) == (ir.Guard(FALSE),)
    partial = ir.Guard(TRUE, path=BAD)
    assert _bound_body(partial) == (partial,)


def test_a_name_that_is_read_later_stays_bound() -> None:
    skipped = ir.Let("x", lit(1), path=FALSE)
    assert _bound_body(skipped) == ()
    assert _bound_body(skipped, update=ir.Bound("x", AT)) == (skipped,)


def test_a_name_for_a_literal_goes() -> None:
    x = ir.Bound("x", ir.BOOL)
    named = ir.Let("x", TRUE)
    assert _bound_body(named, ir.Guard(ir.And((x, FLAG)))) == (ir.Guard(FLAG),)
    assert _bound_body(named, ir.Guard(FLAG, path=ir.Not(x))) == ()
    assert _bound_body(ir.Let("x", FALSE, path=FLAG), ir.Guard(FLAG, path=x)) == ()
    again = ir.Let("x", FALSE)
    assert _bound_body(named, ir.Guard(x), again, update=ir.Ite(x, lit(1), lit(2), AT)) != ()


def test_a_rule_is_never_dropped() -> None:
    made = bind(graph([rule("never", [ir.Guard(FALSE)])]))
    assert [r.name for r in made.rules] == ["never"]


def test_a_check_keeps_what_its_message_tells() -> None:
    limit = ir.Const("retries", ir.Int(0, 3))
    bounds = ir.And((ir.Cmp("<=", lit(0), limit), ir.Cmp("<=", limit, lit(0))))
    check = ir.Check(bounds, ir.CheckKind.BOUNDS, "tries")
    made = model({"at": (AT, 0)}, [rule("go", [check])], consts=CONSTS)
    ((_, failure),) = Program(bind(made)).rules[0].step((0,), ())
    assert isinstance(failure, Failure)
    assert failure.message == "`tries` would become 1, outside Bounds(0, 0)"


# ── Walking ──────────────────────────────────────────────────────────────────────────────────────


def test_a_rebuilt_expression_is_the_same() -> None:
    for r in outbox().rules:
        for update in r.updates:
            for expr in walk(update.value):
                assert rebuild(expr, children(expr)) == expr


def test_free_names_leave_out_what_is_bound_inside() -> None:
    x, y = ir.Bound("x", AT), ir.Bound("y", AT)
    inner = ir.All("x", ir.Lit((1,), ir.Seq(AT)), eq(x, y), eq(x, y))
    assert free_names(inner) == {"y"}
    assert free_names(ir.LetIn("x", x, ir.Arith("+", x, y), AT)) == {"x", "y"}


# ── Random expressions: folding changes neither value nor definedness ────────────────────────────


class _Maker:
    """Random expressions over two variables, some constants and bound names; many are partial."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def boolean(self, depth: int, names: tuple[str, ...] = ()) -> ir.Expr:
        pick = (
            self.rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 8]) if depth else self.rng.randrange(3)
        )
        inner = (
            [self.boolean(depth - 1, names) for _ in range(self.rng.randint(1, 3))] if depth else []
        )
        match pick:
            case 0:
                return lit(self.rng.random() < 0.5)
            case 1:
                return FLAG
            case 2:
                return ir.Const("deduplicate", ir.BOOL)
            case 3:
                return ir.Not(inner[0])
            case 4:
                return ir.And(tuple(inner))
            case 5:
                return ir.Or(tuple(inner))
            case 6:
                return ir.Ite(self.boolean(depth - 1, names), inner[0], inner[-1], ir.BOOL)
            case 7:
                op = self.rng.choice(["==", "!=", "<", "<="])
                return ir.Cmp(op, self.number(depth - 1, names), self.number(depth - 1, names))
        make = self.rng.choice([ir.All, ir.Any])
        body = self.boolean(depth - 1, (*names, "n"))
        test = self.boolean(depth - 1, (*names, "n")) if self.rng.random() < 0.5 else None
        return make("n", ir.Lit((1, 2), ir.Seq(AT)), test, body)

    def number(self, depth: int, names: tuple[str, ...]) -> ir.Expr:
        pick = self.rng.choice([0, 1, 2, 3, 4, 5, 5, 5, 6]) if depth > 0 else self.rng.randrange(3)
        match pick:
            case 0:
                return lit(self.rng.randint(-2, 3))
            case 1:
                return read("at")
            case 2:
                return ir.Bound(self.rng.choice(names), AT) if names else lit(1)
            case 3:
                op = self.rng.choice(["+", "-", "*", "//", "%"])
                return ir.Arith(op, self.number(depth - 1, names), self.number(depth - 1, names))
            case 4:
                inner = (*names, "x")
                value = self.number(depth - 1, names)
                return ir.LetIn("x", value, self.number(depth - 1, inner), AT)
            case 5:
                seq = ir.Lit((4,), ir.Seq(AT))
                return ir.At(seq, self.number(depth - 1, names), AT)
        test = self.boolean(depth - 1, names)
        return ir.Ite(test, self.number(depth - 1, names), self.number(depth - 1, names), AT)


def _outcome(made: Program, expr: ir.Expr, state: tuple[Value, ...]) -> object:
    try:
        return made.compile_expr(expr)(state, ())
    except Undefined:
        return "undefined"


@pytest.mark.parametrize("block", range(6))
def test_folding_changes_neither_value_nor_definedness(block: int) -> None:
    variables: dict[str, tuple[ir.Type, object]] = {"at": (AT, 0), "flag": (ir.BOOL, False)}
    made = program(model(variables, [], consts=CONSTS))
    undefined = 0
    for seed in range(100 * block, 100 * block + 100):
        expr = _Maker(seed).boolean(4)
        plain = _with_constants(expr)
        made_rule = rule("go", [], {"flag": expr})
        folded = bind(model(variables, [made_rule], consts=CONSTS)).rules[0].updates[0].value
        for state in ((0, False), (1, True), (3, False)):
            expected = _outcome(made, plain, state)
            assert _outcome(made, folded, state) == expected, f"seed {seed}"
            undefined += expected == "undefined"
            if is_total(plain):
                assert expected != "undefined", f"seed {seed}"
    assert undefined > 10


def _with_constants(expr: ir.Expr) -> ir.Expr:
    if isinstance(expr, ir.Const):
        return lit(True)
    return rebuild(expr, [_with_constants(child) for child in children(expr)])


@pytest.mark.parametrize("deduplicate", [True, False])
def test_a_bound_model_has_the_successors_of_the_unfolded_one(deduplicate: bool) -> None:
    folded = Program(bind(outbox(), constants={"deduplicate": deduplicate}))
    # The same model with the constant as a variable that no rule changes: nothing can be folded.
    whole = outbox()
    variable = ir.Var("deduplicate", ir.BOOL, lit(deduplicate))

    def opened(expr: ir.Expr) -> ir.Expr:
        if isinstance(expr, ir.Const):
            return ir.Read(expr.name, expr.type)
        return rebuild(expr, [opened(child) for child in children(expr)])

    rules = tuple(
        replace(
            r,
            body=tuple(map_item(item, opened) for item in r.body),
            updates=tuple(replace(u, value=opened(u.value)) for u in r.updates),
        )
        for r in whole.rules
    )
    open_ = Program(replace(whole, consts=(), vars=(*whole.vars, variable), rules=rules, props=()))
    seen = set(folded.initial_states())
    work = list(seen)
    while work:
        state = work.pop()
        for a, b in zip(folded.rules, open_.rules, strict=True):
            for args in a.args:
                ends = [end for _, end in a.step(state, args)]
                others = [end[:-1] for _, end in b.step((*state, deduplicate), args)]  # type: ignore[index]
                assert ends == others
                fresh = [end for end in ends if isinstance(end, tuple) and end not in seen]
                seen.update(fresh)
                work += fresh
    assert len(seen) == (321 if deduplicate else 343)
