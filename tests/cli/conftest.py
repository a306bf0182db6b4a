"""The command as a user runs it: a process of its own, without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Checker = Callable[..., Ran]


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    """Runs `checker` with the arguments, in an empty folder."""

    def run(*arguments: str, columns: int = 80, folder: Path = tmp_path, **environment: str) -> Ran:
        settled = {k: v for k, v in os.environ.items() if not k.startswith("CRASHPROOF")}
        settled |= {"COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8", "TMPDIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", "from checker.cli import main; main()", *arguments],
            cwd=folder,
            env=settled | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
