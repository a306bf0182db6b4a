"""An outcome for GitHub Actions: annotations beside the code, and a summary in Markdown.

Owns the two forms. Annotations are workflow commands on standard output; the summary is appended to
the file that the variable GITHUB_STEP_SUMMARY names. Source: docs.github.com/actions, "Workflow
commands for GitHub Actions", "Adding a job summary".
"""

from __future__ import annotations

from collections.abc import Sequence

from ..explore.outcome import Outcome, PropertyResult, Trace, Verdict
from ..source import Span, shown_path
from .changes import changes, shown_state
from .mermaid import sequence_diagram
from .terminal import Page
from .text import class_text
from .trace_text import is_fault, plural, step_label

__all__ = ["summary", "workflow_commands"]

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"

_MARKS = {Verdict.HOLDS: "✅", Verdict.FAILS: "❌", Verdict.UNKNOWN: "❔"}


def workflow_commands(outcome: Outcome) -> list[str]:
    """A workflow command for each property that fails or is not decided, and each warning."""
    lines: list[str] = []
    for result in outcome.properties:
        if result.verdict is Verdict.HOLDS:
            continue
        word = "error" if result.verdict is Verdict.FAILS else "warning"
        lines.append(_command(word, _place(result), outcome.model.name, _said(result)))
    for warning in outcome.vacuity:
        if warning.kind != "unseen-witness":
            lines.append(_command("notice", None, outcome.model.name, warning.message))
    return lines


def _said(result: PropertyResult) -> str:
    if result.verdict is Verdict.UNKNOWN:
        return f"{result.name} was not decided: {result.reason}"
    if result.kind == "witness" and result.trace is None:
        return f"{result.name} was never seen"
    steps = f" after {plural(result.steps, 'step')}" if result.steps is not None else ""
    because = [f"{text} = {value}" for b in result.blame for text, value in b.because]
    return f"{result.name} fails{steps}" + (f": {', '.join(because)}" if because else "")


def _place(result: PropertyResult) -> Span | None:
    spans = [blame.span for blame in result.blame] + [result.span]
    return next((span for span in spans if span is not None and span.line > 0), None)


def _command(word: str, place: Span | None, title: str, message: str) -> str:
    where = ""
    if place is not None:
        file = _property(shown_path(place.file))
        where = f"file={file},line={place.line},endLine={place.end_line},"
    return f"::{word} {where}title={_property(title)}::{_message(message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


# ── The summary ──────────────────────────────────────────────────────────────────────────────────


def summary(outcome: Outcome, name: str) -> str:
    """Markdown: the verdicts, and each counterexample as a table and as a diagram."""
    settings = [f"{n}={v}" for n, v in (*outcome.constants, *outcome.scopes)]
    lines = [
        f"## {_MARKS[outcome.verdict]} {_cell(name)}: {outcome.verdict.value}",
        "",
        f"{plural(outcome.distinct, 'state')}, depth {outcome.depth}"
        + (f", {', '.join(settings)}" if settings else ""),
        "",
        "| property | kind | verdict | |",
        "|---|---|---|---|",
        *(_row(result) for result in outcome.properties),
        "",
    ]
    told = class_text(outcome, Page())
    lines += [told, ""] if told else []
    for result in outcome.properties:
        if result.verdict is Verdict.FAILS and result.trace is not None:
            lines += _counterexample(result, result.trace)
    return "\n".join(lines)


def _row(result: PropertyResult) -> str:
    mark = f"{_MARKS[result.verdict]} {result.verdict.value}"
    if result.kind == "witness":
        seen = {Verdict.HOLDS: "✅ seen", Verdict.FAILS: "❌ never seen"}
        mark = seen.get(result.verdict, mark)
    said = _said(result) if result.verdict is not Verdict.HOLDS else ""
    return f"| `{result.name}` | {result.kind} | {mark} | {_cell(said)} |"


def _counterexample(result: PropertyResult, trace: Trace) -> list[str]:
    lines = [f"### {result.name}", "", "| | step | what changes |", "|---|---|---|"]
    first = ", ".join(shown_state(trace.model, trace.initial))
    lines.append(f"| 0 | at the start | {_cell(first)} |")
    before = trace.initial
    for number, step in enumerate(trace.steps, start=1):
        label = step_label(trace.model, step)
        fault = " ⚡" if is_fault(trace.model, step) else ""
        if step.state is None:
            told: Sequence[str] = [step.failure.message if step.failure else "no result"]
        else:
            told = changes(trace.model, before, step.state, Page()) or ["(nothing)"]
            before = step.state
        lines.append(f"| {number} | `{label}`{fault} | {_cell(', '.join(told))} |")
    if trace.loop is not None:
        still = trace.loop == len(trace.steps)
        end = "nothing more happens" if still else f"from step {trace.loop + 1} on for ever"
        lines.append(f"| … | {end} | |")
    diagram = sequence_diagram(trace).rstrip()
    return [*lines, "", "```mermaid", diagram, "```", ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
