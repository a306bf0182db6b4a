"""A mapping that does not fit is refused, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.frontend import load
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import observe

OUTBOX = shipped("outbox")
assert OUTBOX is not None
TEXT = OUTBOX.read_text()

WRONG = [
    ('format = "crashproof/mapping/1"', "", "this is no mapping"),
    ('model = "Outbox"', 'model = "Dedup"', "for the model Dedup"),
    ('slice = "OrderId"', 'slice = "Order"', "no sort 'Order'"),
    ('hidden = ["redeliver"]', 'hidden = ["redelivr"]', "no rule 'redelivr'"),
    ('hidden = ["redeliver"]', "hidden = []", "the rule 'redeliver' is neither mapped nor hidden"),
    ('hidden = ["redeliver"]', 'hidden = ["redeliver", "publish"]', "both mapped and hidden"),
    ("ignore = []", 'ignore = ["publish"]', "both mapped and under `ignore`"),
    ("ignore = []", "ignore = 7", "must be a list of strings"),
    ("max_hidden = 3", "max_hidden = -1", "whole number of faults"),
    ('rule = "crash_relay"', 'rule = "crash"', "no rule 'crash'"),
    ('service = "relay"', 'service = "rely"', "no service 'rely'"),
    ('logged = "after"', 'logged = "later"', "one of after, before, with"),
    ("if_enabled = true", "if_enabld = true", "no key 'if_enabld'"),
    (
        'params = { order = "order" }',
        'params = { ordr = "order" }',
        "parameter of place_order 'ordr'",
    ),
    ('"self.shipped.count(order)"', '"self.shiped.count(order)"', "a fact is outside the language"),
    ('"self.shipped.count(order)"', '"self.shipped"', "no number, truth value, id"),
    ('"self.shipped.count(order)"', '"1 +"', "is not an expression"),
    ('when = "before"', 'when = "then"', "`when` is before or after"),
    ('values.duplicate = "self.deduplicate and order in self.applied"', "", ""),
    ('values.duplicate = "self.deduplicate and order in self.applied"', 'expr = "1"', "either one"),
    ("max_hidden = 3", "max_hidden = ", "is not TOML"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG)
def test_a_mapping_that_does_not_fit_is_refused_at_its_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in TEXT
    path = tmp_path / "mapping.toml"
    path.write_text(TEXT.replace(old, new, 1))
    if not message:  # one value less is still a mapping
        observe(load("outbox"), load_mapping(path))
        return
    with pytest.raises(UsageError) as refused:
        observe(load("outbox"), load_mapping(path))
    assert message in str(refused.value)
    assert "mapping.toml" in str(refused.value)


def test_the_message_names_the_line_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(TEXT.replace('logged = "after"', 'logged = "later"', 1))
    line = 1 + path.read_text().split("\n").index(
        next(row for row in path.read_text().split("\n") if row.startswith("logged"))
    )
    with pytest.raises(UsageError, match=f"mapping.toml:{line}: "):
        load_mapping(path)
