"""A trace as a table: one numbered row for each step, with only what it changed.

Owns how steps, faults, loops and the blamed part of a property are worded. What changed is worded
by `changes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import ir
from ..explore.outcome import Blame, PropertyResult, Step, Trace
from ..source import Span, source_text
from ..states import show
from .changes import changes, shown_state
from .terminal import Page, hang, printable, width_of

__all__ = ["plural", "step_label", "told", "trace_table"]

_LABEL = 12  # columns of "  promised  " and its like


def plural(count: int, noun: str) -> str:
    """
    >>> plural(1, "step"), plural(1200, "state")
    ('1 step', '1,200 states')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def step_label(model: ir.Model, step: Step) -> str:
    """The step as a call: `publish(order0)`, with the environment's choices behind it."""
    rule = _rule(model, step.rule)
    if rule is None:
        return printable(step.rule)
    shown = [
        # An id or an enum's member says itself what it is; a number does not.
        show(value, p.type) if _speaks(p.type) else f"{p.name}={show(value, p.type)}"
        for p, value in zip(rule.params, step.args, strict=True)
    ]
    picks = [f"{name}={text}" for name, text in shown_picks(rule, step)]
    return f"{rule.name}({', '.join(shown)})" + (f" with {', '.join(picks)}" if picks else "")


def shown_picks(rule: ir.Rule, step: Step) -> list[tuple[str, str]]:
    """The environment's choices of a step, by the names that the source gives them."""
    chosen = [item for item in rule.body if isinstance(item, ir.Choose)]
    return [
        (c.show or c.name, show(value, c.type))
        for c, value in zip(chosen, step.picks, strict=False)
        if value is not None or isinstance(c.type, ir.Option)
    ]


def _rule(model: ir.Model, name: str) -> ir.Rule | None:
    # The initial rule is a step of a trace only where it fails.
    rules = model.rules if model.initial is None else (*model.rules, model.initial)
    return next((r for r in rules if r.name == name), None)


def _speaks(type_: ir.Type) -> bool:
    match type_:
        case ir.Sort() | ir.Enum() | ir.Record() | ir.Union():
            return True
    return False


def is_fault(model: ir.Model, step: Step) -> bool:
    """Is the step bad luck: a fault, or an `unlucky` choice?"""
    rule = _rule(model, step.rule)
    if rule is None:
        return False
    chosen = (item for item in rule.body if isinstance(item, ir.Choose))
    return rule.kind is ir.Kind.FAULT or any(
        value in [bad for bad, _ in choice.unlucky]
        for choice, value in zip(chosen, step.picks, strict=False)
    )


# ── What is false ────────────────────────────────────────────────────────────────────────────────


def labelled(label: str, parts: Sequence[str], page: Page) -> list[str]:
    """Lines under a label in the left column, as everything about a failure is written."""
    return hang(f"  {label:<{_LABEL - 2}}", parts, page, inset=0) if parts else []


def told(result: PropertyResult, page: Page) -> list[str]:
    """What the property says, the part that is false, and the values that make it so."""
    lines: list[str] = []
    prop = _declared(result)
    if prop is not None and prop.doc:
        lines += labelled("says", [printable(" ".join(prop.doc.split()))], page)
    if prop is not None and prop.kind.is_liveness:
        lines += labelled("promised", [_promise(prop)], page)
    for blame in result.blame:
        lines += _blamed(blame, result, prop, page)
    if not result.blame:
        lines += labelled("for", [f"{n} = {v}" for n, v in result.args], page)
    if result.note:
        lines += labelled("note", [printable(result.note)], page)
    return lines


def _declared(result: PropertyResult) -> ir.Prop | None:
    if result.trace is None:
        return None
    return next((p for p in result.trace.model.props if p.name == result.name), None)


def _promise(prop: ir.Prop) -> str:
    left = printable(source_text(prop.expr.span))
    match prop.kind:
        case ir.PropKind.LEADS_TO if prop.consequent is not None:
            right = printable(source_text(prop.consequent.span))
            return f"whenever `{left}` becomes true, `{right}` becomes true then or later"
        case ir.PropKind.EVENTUALLY:
            return f"`{left}` becomes true at some time"
        case ir.PropKind.ALWAYS_EVENTUALLY:
            return f"`{left}` becomes true again and again"
    return f"`{left}` becomes true and stays so"


def _blamed(blame: Blame, result: PropertyResult, prop: ir.Prop | None, page: Page) -> list[str]:
    where = shown_span(blame.span) or shown_span(result.span)
    word, text = _verdict_on(blame, prop)
    lines = labelled(word, [printable(text), *([where] if where else [])], page)
    named = {_as_written(name, text): value for name, value in blame.bindings}
    bound = dict(result.args) | named
    lines += labelled(
        "for", [f"{name} = {printable(value)}" for name, value in bound.items()], page
    )
    because = [f"{printable(text)} = {printable(value)}" for text, value in blame.because]
    return lines + labelled("because", because, page)


def _verdict_on(blame: Blame, prop: ir.Prop | None) -> tuple[str, str]:
    """The word beside the blamed text, and the text."""
    inner = source_text(blame.span)
    if inner and blame.text == f"not ({inner})":
        return "is true", inner
    lasting = prop is not None and prop.kind in _NEVER_AGAIN
    return ("never" if lasting else "is false"), blame.text


def _as_written(name: str, text: str) -> str:
    """The front end numbers names that are bound twice; the user has written them without."""
    written = re.sub(r"_\d+$", "", name)
    return name if re.search(rf"\b{re.escape(name)}\b", text) else written


# Of these, a counterexample shows something that is not true from the end of its stem on.
_NEVER_AGAIN = (ir.PropKind.LEADS_TO, ir.PropKind.EVENTUALLY, ir.PropKind.ALWAYS_EVENTUALLY)


def shown_span(span: Span | None) -> str:
    return str(span) if span is not None and span.line > 0 else ""


# ── The steps ────────────────────────────────────────────────────────────────────────────────────


def trace_table(
    trace: Trace,
    page: Page,
    *,
    mark: str = "",
    start: str = "at the start",
    first: Sequence[str] | None = None,
) -> list[str]:
    """The numbered steps; `mark` is written behind the last one.

    `start` and `first` are what is said of the first state, if not all of its values.
    """
    model = trace.model
    first = shown_state(model, trace.initial) if first is None else first
    labels = [_label(model, step, page) for step in trace.steps]
    # The steps get at most half of the page; a longer one stands on a line of its own.
    column = min(max(map(width_of, ["what happens", start, *labels])), page.width // 2 - 6)
    head = f"   #  {'what happens':<{column}}   what changes"
    lines = [page.paint("dim", head)]
    lines += [page.paint("dim", line) for line in hang(f"   0  {start:<{column}}   ", first, page)]
    before = trace.initial
    for number, (step, label) in enumerate(zip(trace.steps, labels, strict=True), start=1):
        is_last = number == len(trace.steps)
        told_changes = _told_changes(trace, step, before, page)
        if is_last and mark and trace.loop is None:
            told_changes = [*told_changes, f"{'←' if page.unicode else '<-'} {mark}"]
        lines += _row(f"{number:>4}  ", label, column, told_changes, page, is_fault(model, step))
        before = step.state if step.state is not None else before
    return lines + _ending(trace, page)


def _label(model: ir.Model, step: Step, page: Page) -> str:
    return step_label(model, step) + ("  ! fault" if is_fault(model, step) else "")


def _told_changes(trace: Trace, step: Step, before: tuple[object, ...], page: Page) -> list[str]:
    if step.state is None:
        why = step.failure.message if step.failure is not None else "it has no result"
        return [f"stops here: {printable(why)}"]
    return changes(trace.model, before, step.state, page) or ["(nothing)"]


def _row(
    number: str, label: str, column: int, parts: list[str], page: Page, fault: bool
) -> list[str]:
    style = "doubt" if fault else "bold"
    if width_of(label) > column:
        indent = " " * (len(number) + column + 3)
        return [number + page.paint(style, label), *hang(indent, parts, page)]
    first, *rest = hang(f"{number}{label}{' ' * (column - width_of(label))}   ", parts, page)
    cut = len(number) + len(label)
    return [number + page.paint(style, label) + first[cut:], *rest]


def _ending(trace: Trace, page: Page) -> list[str]:
    if trace.loop is None:
        return []
    if trace.loop == len(trace.steps):
        return hang("      ", ["then nothing more happens: the system stands still for ever"], page)
    again = "at the start" if trace.loop == 0 else f"after step {trace.loop}"
    first, last = trace.loop + 1, len(trace.steps)
    steps = f"step {first} repeats" if first == last else f"steps {first} to {last} repeat"
    return hang("      ", [f"now the state is the same as {again}: {steps} for ever"], page)
