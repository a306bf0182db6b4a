"""`checker list`: the built-in models with their claims and variants."""

from __future__ import annotations

import json
import sys

from .. import catalogue, manifest
from ..errors import ExitCode
from ..report.terminal import Page, hang, page_for, printable

__all__ = ["run"]


def run(*, json: bool) -> ExitCode:
    runs = manifest.built_in().models
    known = [(entry, runs.get(entry.name)) for entry in catalogue.entries()]
    if json:
        _print_json(known)
        return ExitCode.OK
    page = page_for(sys.stdout)
    lines: list[str] = []
    for entry, expected in known:
        lines += [*_told(entry, expected, page), ""]
    lines.append(page.paint("dim", "Try: checker explore NAME [--variant VARIANT]"))
    sys.stdout.write("\n".join(lines) + "\n")
    return ExitCode.OK


_Known = list[tuple[catalogue.Entry, manifest.ModelRuns | None]]


def _told(entry: catalogue.Entry, expected: manifest.ModelRuns | None, page: Page) -> list[str]:
    lines = [page.paint("bold", entry.name)]
    lines += hang("  ", [printable(entry.title)], page, inset=0)
    for label, text in (("claim", entry.claim), ("faults", entry.faults)):
        if text:
            lines += hang(f"    {label:<10}", [printable(text)], page, inset=0)
    for number, variant in enumerate(expected.variants.values() if expected else ()):
        label = "" if number else "variants"
        about = f"{variant.name}: {printable(variant.about)}" if variant.about else variant.name
        lines += hang(f"    {label:<10}", [about], page)
    return lines


def _print_json(known: _Known) -> None:
    listed = [
        {
            "name": entry.name,
            "title": entry.title,
            "claim": entry.claim,
            "faults": entry.faults,
            "source": entry.source,
            "file": str(entry.file),
            "variants": [
                {"name": v.name, "about": v.about, "constants": dict(v.constants)}
                for v in (expected.variants.values() if expected else ())
            ],
        }
        for entry, expected in known
    ]
    sys.stdout.write(json.dumps({"models": listed}, indent=2, ensure_ascii=False) + "\n")
