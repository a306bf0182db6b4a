"""docs/reference/cli.md is made from the table of commands and stays in step with it.

`python tests/docs/test_cli_reference.py` writes it anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

from checker.command import Command
from checker.commands.table import COMMANDS as OWN
from checker.traces.commands import COMMANDS as TRACES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"

HEAD = """# The command line

Made from the tables that the command line itself is made from. A MODEL is a name of the catalogue
(`outbox`), a file
(`payments.py`, `payments.py:Payments`) or a class in a package (`shop.models:Payments`).
[What a verdict means](../explanation/what-a-verdict-means.md) explains the exit codes.
"""


def _entry(command: Command) -> str:
    words = [a.name.upper() + ("..." if a.many else "") for a in command.arguments]
    lines = [f"## checker {' '.join([command.name, *words])}", "", command.help, ""]
    if command.options:
        lines += ["| option | meaning |", "|---|---|"]
        for option in command.options:
            value = f" {option.metavar}" if option.metavar else ""
            text = option.help.replace("|", "\\|")
            lines.append(f"| `{option.name}{value}` | {text} |")
        lines.append("")
    return "\n".join(lines)


def page() -> str:
    return "\n".join([HEAD, *(_entry(c) for c in (*OWN, *TRACES))])


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), f"run: python {Path(__file__).name}"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE}\n")
