"""The twins of the catalogue under TLC are equal to their models, and as they are recorded."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from checker import manifest
from checker.twin.tlc import Tools

SPECS = Path(__file__).parents[2] / "specs"


sys.path.insert(0, str(SPECS))

import record  # noqa: E402

MIDDLE, LARGE = 1000, 5000  # states; half a minute of TLC, most of it for liveness
TWINS = sorted({plan.model.name for plan in record.plans()})


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_is_equal_and_as_recorded(name: str, tools: Tools) -> None:
    """The correct form, and a variant if they are small; of a large one the smallest form. The slow
    test below runs all, and every .cfg.
    """
    correct, *variants = record.plans([name])
    states = correct.row.distinct or 0
    plans = [correct, *sorted(variants, key=size)[:1]]
    if states > MIDDLE:
        plans = sorted(plans, key=size)[:1] if states > LARGE else [correct]
    found = [record.run(plan, tools, delivered=False) for plan in plans]
    assert [r.variant for r in found if not r.twin.equal] == []
    rows = (record.HERE / "README.md").read_text(encoding="utf-8").splitlines()
    for run in found:
        assert record.row_text(run) in rows
        assert (record.HERE / run.cfg).read_text(encoding="utf-8") == run.text


def size(plan: record.Planned) -> tuple[bool, int]:
    """Small ones first, and those that are compared at a row of their own."""
    return plan.row.variant != plan.variant, plan.row.distinct or 0


@pytest.mark.slow
@pytest.mark.parametrize("name", TWINS)
def test_every_cfg_gives_what_is_recorded(name: str, tools: Tools) -> None:
    found = [record.run(plan, tools) for plan in record.plans([name])]
    assert record.stale(record.written(found)) == []


def test_every_model_has_a_twin() -> None:
    assert sorted(manifest.built_in().models) == TWINS


def test_counts_agree_with_the_models_manifest() -> None:
    for plan in record.plans():
        run = record.recorded()[f"specs/{record.cfg_of(plan)}"]
        row = record.chosen(plan.model, plan.variant)
        module = plan.module.read_text(encoding="utf-8")
        if row.variant != plan.variant or re.search(r"^    flip\b", module, re.M):
            continue  # another variant's row, or a bit that TLC counts and the model has not
        depth = row.depth and row.depth + 1
        counts = run["distinctStates"], run["totalStates"], run["stateDepth"]
        assert counts == (row.distinct, row.generated, depth)


@pytest.mark.parametrize("name", ["outbox", "dedup", "two_phase_commit"])
def test_the_docstring_names_the_twin(name: str) -> None:
    text = (SPECS.parent / "models" / f"{name}.py").read_text()
    twin = re.search(r"^Twin\s+(\S+)$", text, re.M)
    assert twin is not None and (SPECS.parent / twin[1]).is_file()
