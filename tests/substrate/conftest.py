"""The comparisons of the back ends' tests, and TLC, which is skipped where it is not installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.twin.tlc import Tools, find_tools

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("frontend", "backends/native", "backends/smt")]


@pytest.fixture(scope="session")
def tools() -> Tools:
    try:
        return find_tools()
    except UsageError as problem:
        if "tlc" in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
            pytest.fail(str(problem))
        pytest.skip(problem.message)
