"""Lets the tests of this folder use the agreement of generated code and the random models."""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
sys.path[:0] = [
    str(Path(__file__).parent),
    str(TESTS / "backends" / "native"),
    str(TESTS / "frontend"),
    str(TESTS / "explore"),
]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compiled models go to a folder of this run, so that every test compiles what it says."""
    os.environ["CRASHPROOF_CACHE"] = str(tmp_path_factory.mktemp("native"))
