"""An outcome as text for a person: the answer first, then what a failure looks like.

Owns the layout and the words. Everything printed comes from the `Outcome`; the reader may rely on
that every word HOLDS stands beside the class it is true for.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ExitCode
from ..explore.outcome import Outcome, PropertyResult, Trace, Verdict
from ..explore.setting import constants, scopes
from .terminal import Page, hang, printable, width_of
from .trace_text import labelled, plural, shown_span, told, trace_table

__all__ = ["About", "class_text", "exit_line", "failure_text", "render", "render_replay"]

_STYLES = {"HOLDS": "good", "seen": "good", "FAILS": "bad", "never seen": "doubt"}

_MEANINGS = {
    ExitCode.OK: "everything holds",
    ExitCode.FAILS: "a property fails",
    ExitCode.UNKNOWN: "not decided",
    ExitCode.VACUOUS: "it holds, but for lack of a world where it could fail",
    ExitCode.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True)
class About:
    """What the outcome does not know: how the run was asked for, which traces were saved where."""

    command: str = ""
    variant: str = ""
    saved: Mapping[str, str] = field(default_factory=dict)
    strict_vacuity: bool = False
    quiet: bool = False


def render(outcome: Outcome, page: Page, about: About) -> str:
    """The whole report."""
    blocks = [
        [_headline(outcome, page, about), *_counts(outcome, page)],
        [*_property_lines(outcome, page), *_warnings(outcome, page)],
        _class(outcome, page),
    ]
    if not about.quiet:
        for result in outcome.properties:
            if result.verdict is Verdict.FAILS and result.kind != "witness":
                blocks.append(_failure(result, page, about))
    code = outcome.exit_code(strict_vacuity=about.strict_vacuity)
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return f"{text}\n\n{exit_line(code, page)}\n"


def render_replay(
    result: PropertyResult,
    trace: Trace,
    file: str,
    problems: Sequence[str],
    variant: str,
    page: Page,
    code: ExitCode,
    beside: Sequence[str] = (),
) -> str:
    """A trace that was read from a file, as `render` would show it.

    `beside` is what a system showed at the end of it, where a test of real code made the trace.
    """
    settings = [f"{n}={printable(v)}" for n, v in constants(trace.model)]
    settings += [f"{n}={size}" for n, size in scopes(trace.model)]
    word = "REJECTED" if problems else _REPLAYED.get((result.kind, result.verdict), "REPLAYED")
    said = "each of them a step of the model"
    if problems:
        said = "not a behaviour of the model as it is now"
    about = [f"{printable(file)}: {plural(len(trace.steps), 'step')}, {said}"]
    head = [_head(word, trace.model.name, variant, settings, page)]
    head += [page.paint("dim", line) for line in hang("", about, page, inset=0)]
    blocks = [head]
    if problems:
        blocks.append([x for p in problems for x in labelled("rejected", [printable(p)], page)])
        blocks.append(trace_table(trace, page))
    elif result.verdict is Verdict.FAILS and result.kind != "witness":
        blocks.append(_failure(result, page, About())[:-1])
    else:
        mark = f"{result.name} is true" if result.verdict is Verdict.HOLDS else ""
        blocks.append(trace_table(trace, page, mark=mark))
    if beside:
        blocks.append(labelled("system", [printable(line) for line in beside], page))
    text = "\n\n".join("\n".join(block) for block in blocks)
    meaning = "the trace is rejected" if problems else "the trace is one of the model's"
    return text + "\n\n" + page.paint("dim", f"exit {int(code)}: {meaning}") + "\n"


_REPLAYED = {
    ("invariant", Verdict.FAILS): "FAILS",
    ("at-rest", Verdict.FAILS): "FAILS",
    ("liveness", Verdict.FAILS): "FAILS",
    ("step-error", Verdict.FAILS): "FAILS",
    ("witness", Verdict.HOLDS): "seen",
}


def exit_line(code: ExitCode, page: Page) -> str:
    """The last line, which says in words what the exit code says in numbers."""
    return page.paint("dim", f"exit {int(code)}: {_MEANINGS.get(code, 'not run')}")


# ── The head ─────────────────────────────────────────────────────────────────────────────────────


def _headline(outcome: Outcome, page: Page, about: About) -> str:
    settings = [f"{n}={printable(v)}" for n, v in outcome.constants]
    settings += [f"{n}={size}" for n, size in outcome.scopes]
    return _head(outcome.verdict.value, outcome.model.name, about.variant, settings, page)


def _head(word: str, model: str, variant: str, settings: list[str], page: Page) -> str:
    name = model + (f" ({printable(variant)})" if variant else "")
    painted = page.paint(_STYLES.get(word, "doubt"), word)
    head, *rest = hang(f"{word}  {name}   ", settings, page, gap="  ")
    head = painted + head[len(word) :]
    return "\n".join([head.replace(name, page.paint("bold", name), 1), *rest])


def _counts(outcome: Outcome, page: Page) -> list[str]:
    counts = [
        f"{_visited(outcome)} ({outcome.generated:,} generated)",
        f"depth {outcome.depth}",
        f"{outcome.seconds:.2f} s",
        f"{outcome.engine} engine",
    ]
    if outcome.mode == "simulation":
        counts = [
            plural(outcome.walks or 0, "random walk"),
            plural(outcome.transitions, "step"),
            f"depth {outcome.depth}",
            f"{outcome.seconds:.2f} s",
            f"seed {outcome.seed}",
        ]
    gap = " · " if page.unicode else ", "
    return [page.paint("dim", line) for line in hang("", counts, page, gap=gap, inset=0)]


def _visited(outcome: Outcome) -> str:
    reduction = outcome.reduction
    if reduction is None or not reduction.sorts:
        return plural(outcome.distinct, "state")
    of_all = f" of {plural(reduction.states, 'state')}" if reduction.states is not None else ""
    return plural(outcome.distinct, "orbit") + of_all


# ── One line for each property ───────────────────────────────────────────────────────────────────


def _property_lines(outcome: Outcome, page: Page) -> list[str]:
    common = _common_reason(outcome)
    # What fails stands first; otherwise the order of the source.
    ordered = sorted(outcome.properties, key=lambda p: (_rank(p), p.kind == "witness"))
    words = [_word(p) for p in ordered]
    verdicts = max(map(len, words), default=0)
    names = min(max((width_of(p.name) for p in ordered), default=0), page.width // 2)
    kinds = max((len(p.kind) for p in ordered), default=0)
    lines: list[str] = []
    for result, word in zip(ordered, words, strict=True):
        prefix = f"  {word:<{verdicts}}  {result.name:<{names}}  {result.kind:<{kinds}}  "
        first, *rest = hang(prefix, [_remark(result, common)], page)
        painted = page.paint(_STYLES.get(word, "doubt"), word)
        lines += [f"  {painted}{first[2 + len(word) :]}".rstrip(), *rest]
    return lines


def _rank(result: PropertyResult) -> int:
    if result.kind == "witness":
        return 3
    return [Verdict.FAILS, Verdict.UNKNOWN, Verdict.HOLDS].index(result.verdict)


def _word(result: PropertyResult) -> str:
    if result.kind != "witness":
        return result.verdict.value
    return {Verdict.HOLDS: "seen", Verdict.FAILS: "never seen", Verdict.UNKNOWN: "UNKNOWN"}[
        result.verdict
    ]


def _common_reason(outcome: Outcome) -> str:
    """The reason that several properties share for being UNKNOWN, which is then told once."""
    reasons = [p.reason for p in outcome.properties if p.verdict is Verdict.UNKNOWN]
    return max((r for r in reasons if reasons.count(r) > 1), key=reasons.count, default="")


def _remark(result: PropertyResult, common: str) -> str:
    if result.verdict is Verdict.UNKNOWN:
        return printable(result.reason) if result.reason != common else ""
    if result.kind == "witness":
        # That it was never seen is told once, by a warning.
        return _steps(result) if result.verdict is Verdict.HOLDS else ""
    if result.verdict is Verdict.FAILS:
        return _steps(result)
    return ""


def _steps(result: PropertyResult) -> str:
    if result.steps is None:
        return ""
    if result.trace is None or result.trace.loop is None:
        return f"after {plural(result.steps, 'step')}" if result.steps else "at the start"
    loop = len(result.trace.steps) - result.trace.loop
    turn = f"a loop of {plural(loop, 'step')}" if loop else "nothing more"
    return f"after {plural(result.steps, 'step')}, then {turn}"


def _warnings(outcome: Outcome, page: Page) -> list[str]:
    lines: list[str] = []
    for warning in outcome.vacuity:
        # States at rest and what the user switched off are no faults; the rest may be holes.
        label = "note" if warning.kind in ("no-at-rest", "excluded") else "warning"
        lines += _flagged(label, warning.message, page)
    for limit in outcome.limits:
        lines += _flagged("limit", f"{limit.name}: {limit.detail}", page)
    common = _common_reason(outcome)
    if common and not any(limit.detail in common for limit in outcome.limits):
        lines += _flagged("unknown", common, page)
    return ["", *lines] if lines else []


def _flagged(label: str, message: str, page: Page) -> list[str]:
    first, *rest = labelled(label, [printable(message)], page)
    return [first.replace(label, page.paint("doubt", label), 1), *rest]


def _class(outcome: Outcome, page: Page) -> list[str]:
    """What HOLDS is true for; nothing without it may be quoted."""
    if not any(p.verdict is Verdict.HOLDS and p.kind != "witness" for p in outcome.properties):
        return []
    sizes = ", ".join(f"{name}={size}" for name, size in outcome.scopes)
    parts = [f"exhausted for {sizes}" if sizes else "exhausted"]
    bounded = [f"{most} {name}" for name, most in outcome.budgets if most is not None]
    parts += [f"at most {', '.join(bounded)}"] if bounded else []
    parts += [f"any number of {name}" for name, most in outcome.budgets if most is None]
    parts += [f"without {name}" for name in outcome.off]
    for strength in ("weak", "strong"):
        fair = [name for name, how in outcome.fairness if how == strength]
        if fair:
            parts.append(f"{strength}ly fair: {', '.join(fair)}")
    return hang("HOLDS means ", parts, page, gap="; ", inset=0)


def class_text(outcome: Outcome, page: Page) -> str:
    """What HOLDS is true for, as one text; empty if nothing holds."""
    return "\n".join(_class(outcome, page))


def failure_text(result: PropertyResult, page: Page, about: About) -> str:
    """What a failed property looks like: the part that is false, and its trace."""
    return "\n".join(_failure(result, page, about)).rstrip() + "\n"


# ── A failure ────────────────────────────────────────────────────────────────────────────────────


def _failure(result: PropertyResult, page: Page, about: About) -> list[str]:
    head = f"{result.name} fails" + (f" {steps}" if (steps := _steps(result)) else "")
    # The blamed part has its own place; without one, the property's is the next best.
    where = shown_span(result.span) if not result.blame else ""
    head += f"   {where}" if where else ""
    lines = [page.paint("bad", head), *told(result, page)]
    if result.trace is not None:
        mark = f"{result.name} is false" if result.kind in ("invariant", "at-rest") else ""
        lines += ["", *trace_table(result.trace, page, mark=mark), ""]
    saved = about.saved.get(result.name)
    # Never wrapped: it is there to be copied.
    if saved:
        lines.append(f"  replay    checker show {shlex.quote(saved)}")
    elif about.command:
        lines.append(f"  again     {about.command}")
    return lines
