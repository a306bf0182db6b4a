"""What a person and a program read of monitors.

Owns the words. Nothing from a log is printed but through `printable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from checker.report.terminal import Page

from .event import Place, printable
from .watch import Finding, Seen, Watched

__all__ = ["monitors_object", "monitors_text"]

FINDINGS_SHOWN_MAX = 5  # of one monitor, in text; JSON has the first 1,000

_STYLES = {
    Watched.OK: "good", Watched.VIOLATED: "bad", Watched.OPEN: "doubt",
    Watched.UNDECIDED: "doubt", Watched.UNSEEN: "doubt",
}  # fmt: skip


def monitors_text(seen: Sequence[Seen], page: Page) -> str:
    """A paragraph; empty without monitors."""
    return "\n".join(line for each in seen for line in _one(each, page))


def _one(each: Seen, page: Page) -> Iterator[str]:
    word = page.paint(_STYLES[each.verdict], each.verdict.value)
    lines = f"{each.lines} line{'s' * (each.lines != 1)}" if each.lines else "no such line"
    keys = f"{each.broken} of {each.keys}" if each.broken else f"{each.keys}"
    keys += f" key{'s' * (each.keys != 1)}"
    counts = f" ({lines}, {keys})" if each.lines else f" ({lines})" * (not each.reason)
    yield f"  {word}  monitor {each.name}: {printable(each.says)}{counts}"
    if each.reason:
        yield f"            {each.reason}"
    for finding in each.findings[:FINDINGS_SHOWN_MAX]:
        yield f"            {_finding(finding)}"
    if each.broken > FINDINGS_SHOWN_MAX:
        yield f"            … and {each.broken - FINDINGS_SHOWN_MAX} more keys"


def _finding(finding: Finding) -> str:
    key = ", ".join(printable(str(part)) for part in finding.key)
    where = f" at {finding.place}" if finding.place is not None else ""
    before = f"; earlier: {finding.earlier}" if finding.earlier is not None else ""
    return f"{key}: {printable(finding.message)}{where}{before}"


def monitors_object(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """The monitors as plain data, part of `crashproof/replay/1`."""
    return [
        {
            "name": each.name,
            "says": each.says,
            "verdict": each.verdict.value,
            "lines": each.lines,
            "keys": each.keys,
            "broken": each.broken,
            "reason": each.reason,
            "findings": [
                {
                    "key": list(finding.key),
                    "message": finding.message,
                    "place": _place(finding.place),
                    "earlier": _place(finding.earlier),
                }
                for finding in each.findings
            ],
        }
        for each in seen
    ]


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line}
