"""Which sorts are interchangeable, and what a value becomes under other names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checker import ir
from checker.passes.renaming import renamed_value, uneven_sorts
from checker.run import Request, prepare

ORDER, WORKER = ir.Sort("OrderId"), ir.Sort("Worker")
SIZES = (("OrderId", 3), ("Worker", 2))
NAMES = {"OrderId": (1, 2, 0), "Worker": (1, 0)}
LEASE = ir.Record("Lease", (("order", ORDER), ("holder", ir.Option(WORKER))))
DONE = ir.Record("Done", (("order", ORDER),))


@pytest.mark.parametrize(
    ("type_", "value", "renamed"),
    [
        (ORDER, 0, 1),
        (ir.Option(WORKER), None, None),
        (ir.INT, 0, 0),
        (LEASE, ("Lease", 2, 0), ("Lease", 0, 1)),
        (ir.Union((LEASE, DONE)), ("Done", 1), ("Done", 2)),
        (ir.Set(LEASE), frozenset({("Lease", 0, None)}), frozenset({("Lease", 1, None)})),
        (ir.Bag(ORDER), frozenset({(0, 2), (2, 1)}), frozenset({(1, 2), (0, 1)})),
        (ir.Seq(ORDER), (0, 1, 0), (1, 2, 1)),
        (ir.Map(ORDER, ir.Set(WORKER)), (frozenset({0}), frozenset(), frozenset({0, 1})),
         (frozenset({0, 1}), frozenset({1}), frozenset())),
        (ir.Partial(WORKER, ir.Map(ORDER, ir.BOOL)), frozenset({(0, (True, False, False))}),
         frozenset({(1, (False, True, False))})),
    ],
)  # fmt: skip
def test_ids_are_renamed_wherever_they_stand(
    type_: ir.Type, value: object, renamed: object
) -> None:
    assert renamed_value(value, type_, NAMES, SIZES) == renamed


def test_every_model_of_the_catalogue_has_interchangeable_ids() -> None:
    for name in ("outbox", "dedup", "two_phase_commit", "outbox_handler", "outbox_staged"):
        assert uneven_sorts(prepare(Request(name)).model) == {}


VOTES = ir.Read("votes", ir.Set(ir.Sort("Participant")))
SORT = ir.Sort("Participant")
FRESH = ir.Fresh(SORT, VOTES, SORT)
ONE = ir.Bound("p", SORT)

FOUND = ir.At(ir.Read("nowhere", ir.Partial(SORT, ir.BOOL)), ONE, ir.BOOL)


@pytest.mark.parametrize(
    ("expr", "reason"),
    [
        (ir.Has(VOTES, FRESH), "first free"),
        (ir.Has(VOTES, ir.Lit(0, SORT)), "written down"),
        (ir.Cmp("==", VOTES, ir.Lit(frozenset({0, 2}), VOTES.type)), "written down"),
        (ir.Size(ir.Build("p", VOTES, None, ONE, ir.Seq(SORT))), "a list is made"),
        (ir.All("p", VOTES, FOUND, ir.Has(VOTES, FRESH)), "two different ends"),
    ],
)
def test_what_sees_the_order_of_ids_makes_their_sort_uneven(expr: ir.Expr, reason: str) -> None:
    model = prepare(Request("two_phase_commit")).model
    asked = ir.Prop(ir.PropKind.INVARIANT, "asked", (), expr)
    uneven = uneven_sorts(replace(model, props=(asked,)))
    assert reason in uneven["Participant"]


@pytest.mark.parametrize("value", [frozenset(), frozenset({0, 1, 2})])
def test_a_literal_that_holds_all_ids_or_none_is_even(value: frozenset[int]) -> None:
    model = prepare(Request("two_phase_commit")).model
    same = ir.Cmp("==", VOTES, ir.Lit(value, VOTES.type))
    asked = ir.Prop(ir.PropKind.INVARIANT, "asked", (), same)
    assert uneven_sorts(replace(model, props=(asked,))) == {}


def test_a_loop_whose_first_end_decides_makes_its_sort_uneven() -> None:
    """A turn that is blocked and one that fails: whichever comes first is how the step ends."""
    model = prepare(Request("two_phase_commit")).model
    waits = ir.Guard(ir.Has(VOTES, ONE))
    fails = ir.Check(ir.Not(ir.Has(VOTES, ONE)), ir.CheckKind.ASSERT, "no vote")

    def with_loop(*items: ir.Item) -> dict[str, str]:
        loop = ir.Each("p", VOTES, items, ())
        rule = replace(model.rules[0], body=(loop, *model.rules[0].body))
        return uneven_sorts(replace(model, rules=(rule, *model.rules[1:])))

    assert "first of two different ends" in with_loop(waits, fails)["Participant"]
    assert with_loop(waits) == with_loop(fails) == {}
