"""Lets the tests of this folder import each other's files and the random models."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "frontend")]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compiled models go to a folder of this run, so that every test compiles what it says."""
    import os

    os.environ["CRASHPROOF_CACHE"] = str(tmp_path_factory.mktemp("native"))
