"""Type checkers accept the models, and find what is planted in `planted_mistakes.py`, line by line.

Both run in the checkout, so that `import checker` is the code beside them and no installed copy.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTED = ROOT / "tests" / "typing" / "planted_mistakes.py"
MODELS = [p for p in (ROOT / "models").glob("*.py") if p.name != "__init__.py"]
GOLDEN = [
    path
    for folder in ("models", "processes")
    for path in (ROOT / "tests" / "golden" / folder).glob("*.py")
    if path.stem != "lapses"  # reads a local that may be unbound, which is its point
]


def run(module: str, *arguments: str) -> str:
    python = [sys.executable, "-m", module]
    done = subprocess.run(
        [*python, *arguments],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def flagged(output: str, file: Path) -> dict[int, str]:
    """The lines of the file that the output calls wrong."""
    found = {}
    for line in output.splitlines():
        place = re.search(rf"{re.escape(file.name)}:(\d+):(?:\d+ -)? error", line)
        if place is not None:
            found[int(place[1])] = line
    return found


def marked() -> set[int]:
    lines = PLANTED.read_text().splitlines()
    return {number for number, line in enumerate(lines, start=1) if line.endswith("# error")}


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_exactly_the_planted_mistakes_are_found(tool: str) -> None:
    arguments = ["--strict"] if tool == "mypy" else []
    found = flagged(run(tool, *arguments, str(PLANTED)), PLANTED)
    assert marked() - set(found) == set(), "not found"
    assert [text for line, text in found.items() if line not in marked()] == []


def test_mypy_accepts_every_model() -> None:
    output = run("mypy", "--strict", *map(str, [*MODELS, *GOLDEN]))
    wrong = [line for line in output.splitlines() if re.match(r"(models|tests/golden)/", line)]
    assert wrong == []


def test_pyright_accepts_every_model(tmp_path: Path) -> None:
    # The strict mode is asked for in each file, because there is no option for it.
    copies = []
    for path in [*MODELS, *GOLDEN]:
        copies.append(tmp_path / f"{path.parent.name}_{path.name}")
        copies[-1].write_text(f"{path.read_text()}\n# pyright: strict\n")
    output = run("pyright", *map(str, copies))
    assert [line for line in output.splitlines() if " error: " in line] == []
