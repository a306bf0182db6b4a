"""TLC for the tests that need it; without it they are skipped, or fail where it is required."""

from __future__ import annotations

import os

import pytest

from checker.errors import UsageError
from checker.twin.tlc import Tools, find_tools


@pytest.fixture(scope="session")
def tools() -> Tools:
    try:
        return find_tools()
    except UsageError as problem:
        if "tlc" in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
            pytest.fail(str(problem))
        pytest.skip(problem.message)
