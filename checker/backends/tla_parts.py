"""Parts of a TLA+ module's text: lists of names with their comments, and words.

Owns what a declaration says beside its name: the comments of the model's source.
"""

from __future__ import annotations

import linecache
from collections.abc import Sequence

from .. import ir
from ..passes.labels import Process
from ..source import Span
from ..states import Value
from . import tla_layout as t
from .tla_layout import Code, comment, definition, disjunction

__all__ = ["Entry", "about", "alternatives", "beside", "declared", "fits", "times", "written"]


# A name, the comment behind it, and the comment above it.
Entry = tuple[str, str, str]


def declared(word: str, entries: Sequence[Entry]) -> list[str]:
    """Names with their comments."""
    if not entries:
        return []
    width = max(len(name) for name, _, _ in entries) + 1
    lines = [word]
    for place, (name, behind, above) in enumerate(entries):
        comma = "," if place < len(entries) - 1 else ""
        first = " ".join(behind.split())
        line = f"    {name + comma:<{width}}"
        if above:
            lines += [""] * (place > 0) + comment(above, indent=4)
        if first and len(line) + 5 + len(first) > t.WIDTH:
            lines += comment(first, indent=4)
            first = ""
        lines.append(f"{line}  \\* {first}".rstrip() if first else line.rstrip())
    return lines


def beside(span: Span, doc: str = "") -> tuple[str, str]:
    """The source's comments on a declaration: behind it, and in the lines above it."""
    behind = linecache.getline(span.file, span.line).rstrip().partition("#")[2].strip()
    above: list[str] = []
    number = span.line - 1
    while (line := linecache.getline(span.file, number).strip()).startswith("#"):
        above.insert(0, line.lstrip("# "))
        number -= 1
    return doc or behind, "\n".join(above)


def alternatives(name: str, codes: Sequence[Code]) -> list[str]:
    if not codes:
        return [f"{name} == FALSE"]
    return definition(name, disjunction(codes), force=len(codes) > 1)


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def about(var: ir.Var, model: ir.Model, processes: Sequence[Process]) -> tuple[str, str]:
    """The comment behind a variable, and the one above it."""
    for process in processes:
        if var == process.label:
            return "where each instance stands", f"The process `{process.name}`."
        if var in process.locals:
            return "a local; None: it has no value now", ""
    if not var.is_counter:
        return beside(var.span)
    rules = [r for r in model.rules if r.counter == var.name]
    first = next(v for v in model.vars if v.is_counter)
    above = "How often each fault has happened." if var == first else ""
    return ("" if rules else "an unlucky answer"), above


def fits(value: Value) -> bool:
    """Can a configuration file say it?"""
    if isinstance(value, bool | str) or value is None:
        return True
    return isinstance(value, int) and value >= 0


def written(value: Value) -> str:
    match value:
        case None:
            return "None"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return f'"{value}"'
    return str(value)
