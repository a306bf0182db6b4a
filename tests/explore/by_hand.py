"""Models written as IR by hand, so that the engines are tested without the front end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from checker import ir
from checker.backends.python import Program
from checker.passes.bind import bind

AT = ir.Int(0, 99)


def lit(value: object, type_: ir.Type | None = None) -> ir.Lit:
    return ir.Lit(value, type_ or (ir.BOOL if isinstance(value, bool) else ir.INT))


def read(name: str, type_: ir.Type = AT) -> ir.Read:
    return ir.Read(name, type_)


def eq(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    return ir.Cmp("==", left, right)


def at(*places: int) -> ir.Expr:
    """Is the variable `at` one of these?"""
    return ir.Or(tuple(eq(read("at"), lit(p)) for p in places))


def rule(
    name: str,
    body: Sequence[ir.Item] = (),
    updates: dict[str, ir.Expr] | None = None,
    *,
    params: Sequence[ir.Param] = (),
    fair: str | None = None,
    unit: str | None = None,
    unit_params: tuple[str, ...] = (),
    kind: ir.Kind = ir.Kind.ACTION,
    counter: str | None = None,
    at_most: int | None = None,
) -> ir.Rule:
    fairness = ir.Unit(unit or name, unit_params, fair == "strong") if fair else None
    changed = tuple(ir.Update(var, value) for var, value in (updates or {}).items())
    return ir.Rule(
        kind, name, tuple(params), tuple(body), changed, fairness, counter, at_most, ir.Origin(name)
    )


def prop(
    kind: ir.PropKind,
    expr: ir.Expr,
    consequent: ir.Expr | None = None,
    *,
    name: str = "",
    params: Sequence[ir.Param] = (),
) -> ir.Prop:
    return ir.Prop(kind, name or kind.value.replace("-", "_"), tuple(params), expr, consequent)


def model(
    variables: dict[str, tuple[ir.Type, object]],
    rules: Iterable[ir.Rule],
    props: Iterable[ir.Prop] = (),
    *,
    sorts: dict[str, int] | None = None,
    consts: Iterable[ir.ConstDecl] = (),
    initial: ir.Rule | None = None,
    counters: tuple[str, ...] = (),
) -> ir.Model:
    declared = tuple(
        ir.Var(
            name,
            type_,
            init if isinstance(init, ir.Lit | ir.Build) else ir.Lit(init, type_),
            name in counters,
        )
        for name, (type_, init) in variables.items()
    )
    sizes = tuple(ir.SortDecl(name, size) for name, size in (sorts or {}).items())
    return ir.Model("ByHand", sizes, tuple(consts), declared, initial, tuple(rules), tuple(props))


def program(made: ir.Model) -> Program:
    return Program(bind(made))


def arrow(source: int, target: int, name: str = "", fair: str | None = None) -> ir.Rule:
    """An edge of a graph whose state is the variable `at`; edges of one name are one unit."""
    label = name or "move"
    return rule(
        f"{label}_{source}_{target}",
        [ir.Guard(at(source))],
        {"at": lit(target)},
        fair=fair,
        unit=label,
    )


def graph(arrows: Iterable[ir.Rule], props: Iterable[ir.Prop] = (), *, start: int = 0) -> ir.Model:
    return model({"at": (AT, start)}, arrows, props)


# ── The outbox of the documentation ──────────────────────────────────────────────────────────────

ORDER = ir.Sort("OrderId")
ORDERS = ir.Set(ORDER)
QUEUE = ir.Bag(ORDER)
LAST = ir.Option(ORDER)
ORDER_PARAM = ir.Param("order", ORDER)
_order = ir.Arg("order", ORDER)
_o = ir.Bound("o", ORDER)


def _widened(expr: ir.Expr) -> ir.Expr:
    return ir.Widen(expr, LAST)


def _capacity(field: str, changed: ir.Expr) -> ir.Check:
    return ir.Check(ir.Cmp("<=", ir.Size(changed), lit(8)), ir.CheckKind.CAPACITY, field)


def _used(name: str) -> tuple[list[ir.Item], dict[str, ir.Expr]]:
    counter = read(f"{name}_used", ir.Int(0, 1))
    return [ir.Guard(ir.Cmp("<", counter, lit(1)))], {
        f"{name}_used": ir.Arith("+", counter, lit(1))
    }


def outbox() -> ir.Model:
    """The transactional outbox, rule for rule."""
    orders, outbox_, queue = read("orders", ORDERS), read("outbox", ORDERS), read("queue", QUEUE)
    unmarked, applied = read("unmarked", LAST), read("applied", ORDERS)
    shipped, none = read("shipped", QUEUE), ir.Lit(None, LAST)
    queued = ir.Insert(queue, _order, QUEUE)
    skip = ir.And((ir.Const("deduplicate", ir.BOOL), ir.Has(applied, _order)))
    ship = ir.Insert(shipped, _order, QUEUE)
    crash_guard, crash_count = _used("crash_relay")
    redeliver_guard, redeliver_count = _used("redeliver")
    one = [ORDER_PARAM]
    rules = [
        rule(
            "place_order",
            [ir.Guard(ir.Not(ir.Has(orders, _order)))],
            {
                "orders": ir.Insert(orders, _order, ORDERS),
                "outbox": ir.Insert(outbox_, _order, ORDERS),
            },
            params=one,
        ),
        rule(
            "publish",
            [
                ir.Guard(ir.And((ir.Has(outbox_, _order), eq(unmarked, none)))),
                _capacity("queue", queued),
            ],
            {"queue": queued, "unmarked": _widened(_order)},
            params=one, fair="weak", unit_params=("order",),
        ),
        rule(
            "mark_sent",
            [
                ir.Guard(eq(_widened(_order), unmarked)),
                ir.Check(ir.Has(outbox_, _order), ir.CheckKind.ABSENT, "outbox"),
            ],
            {"outbox": ir.Erase(outbox_, _order, ORDERS), "unmarked": none},
            params=one, fair="weak", unit_params=("order",),
        ),
        rule(
            "consume",
            [
                ir.Guard(ir.Has(queue, _order)),
                ir.Let("ships", ir.Not(skip)),
                ir.Check(
                    ir.Cmp("<=", ir.Size(ship), lit(8)), ir.CheckKind.CAPACITY, "shipped",
                    path=ir.Bound("ships", ir.BOOL),
                ),
            ],
            {
                "shipped": ir.Ite(ir.Bound("ships", ir.BOOL), ship, shipped, QUEUE),
                "applied": ir.Insert(applied, _order, ORDERS),
                "queue": ir.Erase(queue, _order, QUEUE),
            },
            params=one, fair="weak", unit_params=("order",),
        ),
        rule(
            "crash_relay",
            [*crash_guard, ir.Guard(ir.Cmp("!=", unmarked, none))],
            {"unmarked": none, **crash_count},
            kind=ir.Kind.FAULT, counter="crash_relay_used", at_most=1,
        ),
        rule(
            "redeliver",
            [*redeliver_guard, ir.Guard(ir.Has(queue, _order)), _capacity("queue", queued)],
            {"queue": queued, **redeliver_count},
            params=one, kind=ir.Kind.FAULT, counter="redeliver_used", at_most=1,
        ),
    ]  # fmt: skip
    some_order = ir.Universe(ORDERS)
    lost = ir.Or((ir.Has(outbox_, _o), ir.Has(queue, _o), ir.Has(shipped, _o)))
    kinds = ir.PropKind
    props = [
        prop(kinds.INVARIANT, ir.All("o", orders, None, lost), name="no_event_is_lost"),
        prop(
            kinds.INVARIANT,
            ir.All("o", some_order, None, ir.Cmp("<=", ir.Count(shipped, _o), lit(1))),
            name="no_order_ships_twice",
        ),
        prop(
            kinds.INVARIANT,
            ir.All("o", shipped, None, ir.Has(orders, _o)),
            name="only_committed_orders_ship",
        ),
        prop(
            kinds.WITNESS,
            ir.Any("o", some_order, None, ir.Cmp("<", lit(1), ir.Count(queue, _o))),
            name="a_duplicate_is_in_flight",
        ),
        prop(
            kinds.LEADS_TO, ir.Has(orders, _order), ir.Has(shipped, _order),
            name="every_order_ships", params=one,
        ),
    ]  # fmt: skip
    budget = ir.Int(0, 1)
    empty: frozenset[object] = frozenset()
    return model(
        {
            "orders": (ORDERS, empty),
            "outbox": (ORDERS, empty),
            "unmarked": (LAST, None),
            "queue": (QUEUE, empty),
            "applied": (ORDERS, empty),
            "shipped": (QUEUE, empty),
            "crash_relay_used": (budget, 0),
            "redeliver_used": (budget, 0),
        },
        rules,
        props,
        sorts={"OrderId": 2},
        consts=[ir.ConstDecl("deduplicate", ir.BOOL, True)],
        counters=("crash_relay_used", "redeliver_used"),
    )
