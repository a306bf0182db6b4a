"""Where things stand in the user's source: files, lines, spans.

Owns the text of source files and the underlined excerpt of a message. Knows nothing of Python's
grammar. Lines count from 1 and columns from 0, as in `ast`; an end column is exclusive.
"""

from __future__ import annotations

import linecache
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NOWHERE", "Span", "excerpt", "shown_path", "source_text"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of source text.

    >>> str(Span("model.py", 3, 4, 3, 9))
    'model.py:3'
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{shown_path(self.file)}:{self.line}"


NOWHERE = Span("<generated>", 0, 0, 0, 0)


def shown_path(file: str) -> str:
    """The path as a person would type it: relative to the working directory where it is inside.

    >>> shown_path("/nowhere/at/all.py")
    '/nowhere/at/all.py'
    """
    path = Path(file)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.fspath(path)


def source_text(span: Span) -> str:
    """The text that the span covers, its white space folded to single blanks."""
    lines = [linecache.getline(span.file, n) for n in range(span.line, span.end_line + 1)]
    if not lines or not lines[0]:
        return ""
    # `ast` counts columns in UTF-8 bytes, so the cut is made on bytes, the last line first.
    raw = [line.encode() for line in lines]
    raw[-1] = raw[-1][: span.end_column]
    raw[0] = raw[0][span.column :]
    return " ".join(b"".join(raw).decode(errors="replace").split())


def excerpt(span: Span, label: str, *, before: int = 1) -> str:
    """The source line with the span underlined and a label behind it, as in compilers' messages."""
    if not linecache.getline(span.file, span.line):
        return ""
    shown = []
    for number in range(max(1, span.line - before), span.line + 1):
        text = linecache.getline(span.file, number).rstrip()
        shown.append(f"{number:>5} | {text}".rstrip())
    line = linecache.getline(span.file, span.line).rstrip("\n").encode()
    end = span.end_column if span.end_line == span.line else len(line.rstrip())
    start = len(line[: span.column].decode(errors="replace"))
    width = max(1, len(line[span.column : end].decode(errors="replace")))
    shown.append(f"      | {' ' * start}{'^' * width} {label}".rstrip())
    return "\n".join(shown)
