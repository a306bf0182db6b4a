"""A few random models under TLC; `fuzzing.py` beside this file runs more, and records how many."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from checker.twin.tlc import Tools

HERE = Path(__file__).parent
COMPARED = 12


def _fuzzing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_twin_fuzzing", HERE / "fuzzing.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_twin_fuzzing"] = module
    spec.loader.exec_module(module)
    return module


def test_random_models_are_equal_to_their_twins(tmp_path: Path, tools: Tools) -> None:
    fuzzing, compared, seed = _fuzzing(), 0, 0
    while compared < COMPARED:
        result = fuzzing.run(seed, tmp_path, tools)
        compared += not result.skipped
        assert not result.bad, f"seed {seed}: {result}"
        seed += 1


@pytest.mark.parametrize("file", sorted((HERE / "regressions").glob("*.txt")), ids=lambda f: f.stem)
def test_a_model_that_once_disagreed_is_equal(file: Path, tmp_path: Path, tools: Tools) -> None:
    fuzzing = _fuzzing()
    found = fuzzing.accepted(file.read_text(), tmp_path / f"{file.stem}.py")
    assert found is not None
    result = fuzzing.checked(*found, tools)
    assert not result.skipped and not result.bad, str(result)
