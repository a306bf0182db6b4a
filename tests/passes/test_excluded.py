"""What is read off a model as never firing never fires; and what the constants exclude is said."""

from __future__ import annotations

import pytest

from checker import ir, manifest
from checker.backends.python import Program
from checker.explore.search import explore
from checker.passes.excluded import excluded
from checker.run import Request, prepare

KNOWN = manifest.built_in()
ROWS = [
    pytest.param(name, run, id=f"{name}-{run.variant}-{n}")
    for name, model in KNOWN.models.items()
    for n, run in enumerate(model.runs)
    if run.distinct is not None and run.distinct <= 300
]


@pytest.mark.parametrize(("name", "run"), ROWS)
def test_an_excluded_rule_never_fires(name: str, run: manifest.Run) -> None:
    request = Request(name, variant=run.variant, constants=run.constants, scopes=run.scopes)
    model = prepare(request).model
    outcome = explore(Program(model))
    fired = {rule.name for rule in outcome.rules if rule.fired}
    assert not fired & set(excluded(model))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relay_outbox", ("fail_over",)),
        ("http_exactly_once", ("post_early", "delete_early", "record_rest")),
        ("outbox", ()),
    ],
)
def test_the_report_tells_what_the_constants_exclude(name: str, expected: tuple[str, ...]) -> None:
    model = prepare(Request(name)).model
    assert excluded(model) == expected
    said = [v.message for v in explore(Program(model)).vacuity if v.kind == "excluded"]
    assert said == ([f"the constants exclude {', '.join(expected)}"] if expected else [])


def test_a_label_may_be_reached_through_a_name() -> None:
    labels = ir.Enum("p label", ("a", "b", "c"))
    at = ir.Read("p_at", labels)

    def rule(name: str, label: str, *items: ir.Item, to: ir.Expr) -> ir.Rule:
        guard = ir.Guard(ir.Cmp("==", at, ir.Lit(label, labels)))
        body, updates = (guard, *items), (ir.Update("p_at", to),)
        origin = ir.Origin(name)
        return ir.Rule(ir.Kind.ACTION, name, (), body, updates, None, None, None, origin)

    named = ir.Let("next", ir.Lit("b", labels))
    rules = (
        rule("first", "a", named, to=ir.Bound("next", labels)),
        rule("second", "b", to=ir.Lit("a", labels)),
        rule("third", "c", to=ir.Lit("c", labels)),
    )
    variable = ir.Var("p_at", labels, ir.Lit("a", labels))
    assert excluded(ir.Model("M", (), (), (variable,), None, rules, ())) == ("third",)
