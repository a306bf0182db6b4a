"""Every command in README and docs is run, and prints what the page says it prints.

A ```console block holds commands behind `$ ` and their output. Within one page they run in order,
in one
folder. `...` stands for any text, in a line or as lines; numbers of seconds, rates and memory are
not compared.
A command must exit with 0 unless the page goes on with `$ echo $?` and the code. A ```python or
```toml
block whose first line is `# file: NAME` is written into that folder before the commands behind it
run.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.twin.tlc import find_tools

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ALLOWED = ("checker", "pytest", "cp", "ls", "head", "cat")
RECORDED = ROOT / "tests" / "traces" / "lab" / "recorded"


@dataclass
class Command:
    line: int
    text: str
    output: list[str] = field(default_factory=list)
    code: int = 0


@dataclass
class File:
    name: str
    text: str


def parts_of(page: Path) -> list[Command | File]:
    """The commands and files of a page, in order."""
    parts: list[Command | File] = []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.M | re.S):
        kind, body = match.groups()
        first_line = page.read_text()[: match.start(2)].count("\n") + 1
        named = re.match(r"# file: (\S+)\n", body)
        if kind in ("python", "toml", "text") and named:
            parts.append(File(named.group(1), body[named.end() :]))
        if kind == "console":
            parts += _commands(body, first_line)
    return parts


def _commands(body: str, first_line: int) -> list[Command]:
    commands: list[Command] = []
    for number, line in enumerate(body.splitlines(), first_line):
        if line.startswith("$ echo $?"):
            continue
        if line.startswith("$ "):
            commands.append(Command(number, line[2:]))
        elif body.splitlines()[number - first_line - 1].startswith("$ echo $?"):
            commands[-1].code = int(line)
        else:
            commands[-1].output.append(line)
    return commands


def pattern_of(lines: list[str]) -> str:
    """A regular expression for the shown output."""
    text = "\n".join(lines).strip("\n")
    escaped = re.escape(text).replace(r"\.\.\.", "(?s:.*?)")
    # Alignment moves with a number's width, and a line is broken where the path in it is long.
    escaped = re.sub(r"(?:\\ ){2,}", r"\\s+", escaped)
    escaped = escaped.replace(r"\ ", r"\ +")
    return re.sub(r"\d+(?:\\\.\d+)?(?=(?:\\ \+)?(?:s|MB|k/s|/s|GB|k)\b)", r"[\\d.,]+", escaped)


def _skip_without(need: str) -> None:
    assert need == "tlc", need
    try:
        find_tools()
    except UsageError as problem:
        if need in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
            raise
        pytest.skip(problem.message)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "RECORDED": str(RECORDED),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for need in re.findall(r"<!-- needs: (\w+) -->", page.read_text()):
        _skip_without(need)
    for part in parts_of(page):
        if isinstance(part, File):
            (tmp_path / part.name).write_text(part.text)
            continue
        assert shlex.split(part.text)[0] in ALLOWED, part.text
        done = subprocess.run(
            ["bash", "-c", part.text], cwd=tmp_path, env=environment, capture_output=True,
            text=True, check=False, timeout=240,
        )  # fmt: skip
        where = f"{page.name}:{part.line}: {part.text}"
        printed = done.stdout + done.stderr
        failed = f"{where}\nexits {done.returncode}\n{printed}"
        assert done.returncode == part.code, failed
        shown = "\n".join(part.output).strip()
        if shown:
            found = re.fullmatch(pattern_of(part.output), printed.strip("\n"))
            assert found, f"{where}\nprints\n{printed}\nthe page shows\n{shown}"
