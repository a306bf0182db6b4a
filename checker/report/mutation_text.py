"""A survey of mutants as text and as JSON: what survives first, with its line.

Owns the words. A survivor is a sentence about the properties, not about the model: the change is
there to be seen, and nobody looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..mutation.survey import Judged, Status, Survey
from ..source import shown_path
from .terminal import Page, hang, printable
from .trace_text import plural

__all__ = ["SCHEMA", "mutation_object", "render_mutation"]

SCHEMA = "crashproof/mutation/1"

_KINDS = ("dropped", "weakened", "swapped", "moved", "ignored")


def render_mutation(survey: Survey, page: Page, *, all_mutants: bool = False) -> str:
    """The whole report."""
    model = survey.base.model
    survivors = survey.having(Status.SURVIVES)
    undecided = survey.having(Status.UNDECIDED)
    settings = [f"{n}={v}" for n, v in (*survey.base.constants, *survey.base.scopes)]
    word = "SURVIVORS" if survivors else "UNKNOWN" if undecided else "NOTICED"
    style = "bad" if survivors else "doubt" if undecided else "good"
    head = hang(f"{word}  {model.name}   ", settings, page, gap="  ")
    head[0] = page.paint(style, word) + head[0][len(word) :]
    blocks = [[*head, page.paint("dim", _counts(survey))], _by_kind(survey)]
    blocks.append(_by_property(survey, page))
    for what, group in _grouped(survivors):
        told = [x for j in group for x in _told(j, survey, "no property sees that", page)]
        head = [*hang("  ", [what], page, inset=0), ""] if what and group else []
        blocks.append([*head, *told])
    blocks.append([x for each in undecided for x in _told(each, survey, "open:", page)])
    if all_mutants:
        others = [j for j in survey.judged if j.status not in (Status.SURVIVES, Status.UNDECIDED)]
        blocks.append([x for each in others for x in _told(each, survey, "", page)])
    end = {
        "SURVIVORS": "exit 1: mutants survive",
        "UNKNOWN": "exit 3: not every mutant is decided",
        "NOTICED": "exit 0: every mutant that changes something is noticed",
    }[word]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return f"{text}\n\n{page.paint('dim', end)}\n"


def _grouped(survivors: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """What is most likely to need a property comes first."""
    same = [j for j in survivors if j.same_fields]
    less = [j for j in survivors if j.is_part and not j.same_fields]
    return [
        ("", [j for j in survivors if not j.is_part and not j.same_fields]),
        (
            "What follows only leaves out behaviour: a witness or a liveness property can see it.",
            less,
        ),
        (
            "What follows changes the fields in the ways that the model does: only the labels and "
            "locals of processes differ, or how a fault is counted.",
            same,
        ),
    ]


def _counts(survey: Survey) -> str:
    counts = {status: len(survey.having(status)) for status in Status}
    parts = [
        plural(len(survey.judged) - counts[Status.REFUSED], "mutant"),
        f"{counts[Status.NOTICED]} noticed",
        f"{counts[Status.SURVIVES]} survive",
        f"{counts[Status.SAME]} with the model's own state graph",
    ]
    parts += [f"{counts[Status.UNDECIDED]} not decided"] if counts[Status.UNDECIDED] else []
    return " · ".join([*parts, f"{survey.seconds:.1f} s"])


def _by_kind(survey: Survey) -> list[str]:
    lines = ["  change      noticed  survive  same graph"]
    for kind in _KINDS:
        of_kind = [j for j in survey.judged if j.mutant.kind == kind]
        if not of_kind:
            continue
        counts = [
            sum(j.status is status for j in of_kind)
            for status in (Status.NOTICED, Status.SURVIVES, Status.SAME)
        ]
        lines.append(f"  {kind:<10}  {counts[0]:>7}  {counts[1]:>7}  {counts[2]:>10}")
    return lines


def _by_property(survey: Survey, page: Page) -> list[str]:
    counts = survey.properties
    wide = max(map(len, counts), default=0)
    lines = [f"  {name:<{wide}}  notices {count}" for name, count in counts.items() if count]
    idle = [name for name, count in counts.items() if not count and name != "no_step_error"]
    if idle:
        lines += hang("  notice nothing: ", idle, page, gap=", ")
    return lines


def _told(each: Judged, survey: Survey, said: str, page: Page) -> list[str]:
    mutant = each.mutant
    place = f"{shown_path(survey.prepared.model.file)}:{mutant.line}"
    end = {
        Status.NOTICED: f" — {', '.join(each.by)}",
        Status.UNDECIDED: f" — {each.why}",
        Status.SAME: " — the same states and steps",
        Status.REFUSED: " — not a model",
    }.get(each.status, "")
    sentence = f"{said} {mutant.what} in {mutant.method}{end}".strip()
    return [f"  {place}", *hang("    ", [printable(sentence)], page)]


def mutation_object(survey: Survey) -> Any:
    """The survey as a JSON object."""
    return {
        "schema": SCHEMA,
        "model": survey.base.model.name,
        "target": str(survey.prepared.target),
        "constants": dict(survey.base.constants),
        "scopes": dict(survey.base.scopes),
        "seconds": round(survey.seconds, 3),
        "mutants": [_mutant(each) for each in survey.judged],
        "properties": survey.properties,
        "exit_code": int(survey.exit_code()),
    }


def _mutant(each: Judged) -> dict[str, str | int | bool | Sequence[str]]:
    return {
        "kind": each.mutant.kind,
        "method": each.mutant.method,
        "line": each.mutant.line,
        "change": each.mutant.what,
        "status": each.status.name.lower(),
        "noticed_by": list(each.by),
        "reason": each.why,
        "only_less": each.is_part,
        "same_fields": each.same_fields,
    }
