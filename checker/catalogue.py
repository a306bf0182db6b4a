"""The built-in models by name, and what a word on the command line means.

Owns the way from a bare word to a model's file. Reads a model's claim from its docstring without
importing it, so that listing the catalogue costs no front end. Imports no model by name: whatever
stands in `checker.models` is in the catalogue.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from .errors import UsageError

__all__ = ["Entry", "closest", "entries", "entry", "is_built_in", "resolved"]

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

    @property
    def target(self) -> str:
        """What the front end loads."""
        return f"{_PACKAGE}.{self.name}"


def entries() -> list[Entry]:
    """All built-in models, by name."""
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("*.py"))]
    return [_entry(file) for file in files if not file.stem.startswith("_")]


def entry(name: str) -> Entry:
    """Raises: UsageError, naming what there is."""
    known = {e.name: e for e in entries()}
    if name not in known:
        raise UsageError(
            f"there is no built-in model {name!r}",
            help=f"there are {', '.join(known)}{closest(name, known)}; "
            "a model of your own is named by its file: ./model.py",
        )
    return known[name]


def is_built_in(target: str) -> bool:
    """Is it a bare word, which only a model of the catalogue can be?

    >>> is_built_in("outbox"), is_built_in("outbox.py"), is_built_in("shop.models:Outbox")
    (True, False, False)
    """
    return re.fullmatch(r"[A-Za-z0-9_-]+", target) is not None


def resolved(target: str) -> str:
    """The target as the front end loads it: built-in models by their module, others unchanged."""
    return entry(target.replace("-", "_")).target if is_built_in(target) else target


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
