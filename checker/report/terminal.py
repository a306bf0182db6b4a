"""What the text is printed on: width, colours, and letters that a terminal can show.

Owns wrapping and painting. Text from a model, a file or a log never reaches a terminal with control
characters in it, and never means anything to the terminal.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

__all__ = ["Page", "hang", "page_for", "printable", "width_of"]

_CODES = {"good": "32", "bad": "1;31", "doubt": "33", "bold": "1", "dim": "2"}


@dataclass(frozen=True)
class Page:
    """`unicode` is whether arrows and the like can be shown."""

    width: int = 100
    colour: bool = False
    unicode: bool = True

    def paint(self, style: str, text: str) -> str:
        """The text in a style of `_CODES`, if the page has colours.

        >>> Page().paint("bad", "FAILS")
        'FAILS'
        """
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text else text

    @property
    def arrow(self) -> str:
        return "→" if self.unicode else "->"


def page_for(stream: TextIO) -> Page:
    """The page of a stream: colours only on a terminal, and never with NO_COLOR (no-color.org)."""
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    try:
        "→".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        speaks = False
    else:
        speaks = True
    # Beyond 120 columns lines are hard to follow, below 40 nothing can be laid out.
    columns = shutil.get_terminal_size((100, 24)).columns
    return Page(
        width=min(120, max(40, columns)),
        colour=is_terminal and not os.environ.get("NO_COLOR"),
        unicode=speaks,
    )


def printable(text: str) -> str:
    r"""The text on one line with control characters written out.

    >>> printable("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in _HIDDEN else c
        for c in text
    )


# Control and formatting letters, and those that no font has: escape sequences, line ends, and what
# reverses the direction of a line.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def width_of(text: str) -> int:
    """How many columns the text fills."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def hang(
    prefix: str, parts: Iterable[str], page: Page, *, gap: str = "   ", inset: int = 2
) -> list[str]:
    """The parts one after another, `gap` apart, on as many lines as needed, under each other.

    A line breaks between parts; a part that is wider than the line breaks at blanks, or anywhere,
    and goes on `inset` columns further in, so that it does not look like two parts.

    >>> hang("key  ", ["alpha", "beta", "gamma"], Page(width=22), gap=", ")
    ['key  alpha, beta,', '     gamma']
    """
    indent = " " * width_of(prefix)
    # Room is kept for the gap's sign, which ends a line that goes on.
    room = max(16, page.width - len(indent) - len(gap.rstrip()))
    lines: list[str] = []
    is_whole = True  # nothing is put behind the end of a broken part
    for part in parts:
        if lines and is_whole and width_of(lines[-1]) + len(gap) + width_of(part) <= room:
            lines[-1] += gap + part
            continue
        if lines:
            lines[-1] += gap.rstrip()
        broken = _broken(part, room, " " * inset)
        is_whole = len(broken) == 1
        lines.extend(broken)
    lines = lines or [""]
    return [(indent if i else prefix) + line for i, line in enumerate(lines)]


def _broken(text: str, room: int, inset: str) -> list[str]:
    lines: list[str] = []
    while width_of(text) > room:
        cut = text.rfind(" ", room // 2, room + 1)
        cut = cut if cut > 0 else room
        lines.append(text[:cut].rstrip())
        text = inset + text[cut:].lstrip()
    return [*lines, text]
