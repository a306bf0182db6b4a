"""The built-in models: their names, and what their docstrings say of them.

Reads a docstring without importing its model, so that listing the catalogue costs no front end.
Imports no model by name: whatever stands in `checker.models` is in the catalogue. What a word on
the command line means is `frontend.load`'s to say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

__all__ = ["Entry", "closest", "entries"]

_PACKAGE = "checker.models"


@dataclass(frozen=True)
class Entry:
    """A built-in model: `name` is its file's, the texts are those of its docstring."""

    name: str
    file: Path
    title: str
    claim: str
    faults: str
    source: str


def entries() -> list[Entry]:
    """All built-in models, by name."""
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("*.py"))]
    return [_entry(file) for file in files if not file.stem.startswith("_")]


def closest(name: str, known: Iterable[str]) -> str:
    """`; did you mean outbox?`, or nothing.

    >>> closest("outbx", ["outbox", "dedup"])
    '; did you mean outbox?'
    """
    found = get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _entry(file: Path) -> Entry:
    try:
        doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    except SyntaxError:
        doc = ""  # `check` says what is wrong with the file; the list goes on
    title, _, rest = doc.partition("\n")
    sections = _sections(rest)
    return Entry(
        name=file.stem,
        file=file,
        title=title,
        claim=sections.get("Claim", ""),
        faults=sections.get("Faults", ""),
        source=sections.get("Source", ""),
    )


def _sections(text: str) -> dict[str, str]:
    """The parts of a model's docstring: a word at the margin, its text indented under it."""
    found: dict[str, list[str]] = {}
    word = ""
    for line in text.splitlines():
        if head := re.match(r"([A-Z]\w+)\s{2,}(.*)", line):
            word, line = head[1], head[2]
        if word and line.strip():
            found.setdefault(word, []).append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}
