"""The twins of the catalogue under TLC are equal to their models, and as they are recorded."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from checker import manifest
from checker.twin.tlc import Tools

SPECS = Path(__file__).parents[2] / "specs"


def test_every_twin_is_as_recorded(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SPECS))
    import record

    monkeypatch.setattr(sys, "argv", ["record.py", "--check"])
    assert record.main() == 0


def test_counts_agree_with_the_models_manifest() -> None:
    recorded = {
        (path.parent.name, path.stem): model
        for spec in json.loads((SPECS / "manifest.json").read_text())["specifications"]
        for module in spec["modules"]
        for model in module["models"]
        for path in [Path(model["path"])]
    }
    expected = manifest.built_in().models
    for (name, stem), model in recorded.items():
        variant = stem.partition("_")[2]
        runs = [r for r in expected[name].runs if r.variant == variant and r.distinct is not None]
        counts = [(r.distinct, r.generated, r.depth and r.depth + 1) for r in runs]
        assert (model["distinctStates"], model["totalStates"], model["stateDepth"]) in counts


@pytest.mark.parametrize("name", ["outbox", "dedup", "two_phase_commit"])
def test_the_docstring_names_the_twin(name: str) -> None:
    text = (SPECS.parent / "models" / f"{name}.py").read_text()
    twin = re.search(r"^Twin\s+(\S+)$", text, re.M)
    assert twin is not None and (SPECS.parent / twin[1]).is_file()
