"""The repository keeps its own rules: sizes, docstrings, no path of anybody's machine."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = sorted(
    path
    for folder in ("checker", "models", "traces", "specs", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)


# Inner loops: cutting one in two would cost a call for every successor, or every field of a line.
LONGER = {"visited.py:insert": 90, "kernel.py:split": 130, "kernel.py:scan": 100}


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "the module has no docstring"


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 650, "the file is about more than one concept"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            allowed = LONGER.get(f"{path.name}:{node.name}", 65)
            assert length <= allowed, f"{node.name} has {length} lines"


def test_no_file_names_a_path_of_a_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    homes = ("/" + "root/", "/" + "work/", "/" + "home/", "/" + "Users/")
    for name in tracked.stdout.splitlines():
        try:
            text = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        found = [home for home in homes if home in text]
        assert not found, f"{name} carries {found}"
