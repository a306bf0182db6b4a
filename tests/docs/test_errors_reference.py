"""docs/reference/errors.md lists every message about a model, made from the golden mistakes.

`pytest tests/docs/test_errors_reference.py --update-golden` writes it anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

from checker.errors import Diagnostic
from checker.frontend import diagnostics
from checker.frontend.diagnostics import (
    declarations,
    expressions,
    processes,
    records,
    statements,
)

ROOT = Path(__file__).parents[2]
MISTAKES = ROOT / "tests" / "golden" / "mistakes"
PAGE = ROOT / "docs" / "reference" / "errors.md"

PARTS = {
    "Declarations": declarations,
    "Statements": statements,
    "Expressions": expressions,
    "Processes": processes,
    "Records": records,
}

HEAD = """\
# Messages about models

Every message that refuses a model, by its slug: what it looks like, and what to write instead. One
run reports all mistakes of a file; each message shows the line, the reason and a help. A refused
model ends the command with exit code 2, before anything is explored.

This page is made from `tests/golden/mistakes`, where each message has a file of its own.
"""


def kinds(part: object) -> list[type[Diagnostic]]:
    found = [
        kind
        for kind in vars(part).values()
        if isinstance(kind, type) and issubclass(kind, Diagnostic) and kind is not Diagnostic
    ]
    return sorted(found, key=lambda kind: kind.slug)


def entry(kind: type[Diagnostic]) -> str:
    """The section of one message; without a golden file only its title and help."""
    source = MISTAKES / f"{kind.slug}.py"
    if not source.exists():
        return f"### {kind.slug}\n\n{plain(kind.title)}. Help: {plain(kind.help)}.\n"
    situation = ast.get_docstring(ast.parse(source.read_text())) or ""
    message = source.with_suffix(".err").read_text().split("\n\n")[0]
    place = f"tests/golden/mistakes/{kind.slug}.py"
    return f"### {kind.slug}\n\n{situation}\n\n```text\n{message.replace(place, 'model.py')}\n```\n"


def plain(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<\1>", template).replace("{{", "{").replace("}}", "}")


def page() -> str:
    sections = [HEAD]
    for name, part in PARTS.items():
        sections.append(f"## {name}\n")
        sections += [entry(kind) for kind in kinds(part)]
    return "\n".join(sections)


def test_the_page_of_messages_is_in_step(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, page())


def test_every_message_stands_on_the_page() -> None:
    listed = {kind.slug for part in PARTS.values() for kind in kinds(part)}
    assert listed == {kind.slug for kind in kinds(diagnostics)}
