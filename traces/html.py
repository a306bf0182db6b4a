"""The report of a replay as one page that needs nothing else: no script, no font, no network.

Owns the page. All of a log's text passes `escaped`, and the page forbids itself to load or to run
anything, so that a line that slipped through could still do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.report.terminal import Page
from checker.states import show

from .coverage_file import coverage_text
from .diagram import diagram, escaped
from .event import Event
from .explain import Candidate, Diagnosis
from .monitor_report import monitors_text
from .replay import Replay, SliceVerdict, Verdict
from .report import luck_of, missing_step, overall, reason_of, slice_name

__all__ = ["replay_html"]

SLICES_MAX = 10  # told in full
LISTED_MAX = 200  # named


def replay_html(found: Replay) -> str:
    """The page."""
    verdict = overall(found)
    model = found.observation.model
    constants = " ".join(f"{c.name}={show(c.value, c.type)}" for c in model.consts)
    rejected = [each for each in found.slices if each.diagnosis is not None]
    body = [
        f'<h1><span class="{_CLASS[verdict]}">{verdict.value}</span> {escaped(model.name)} '
        f"<small>{escaped(constants)}</small></h1>",
        f"<p>{', '.join(escaped(name) for name in found.files)}: {found.lines:,} lines, "
        f"{found.steps:,} steps of the model, {found.number():,} slices: {_counts(found)}</p>",
        *(_rejected(each, found) for each in rejected[:SLICES_MAX]),
    ]
    if len(rejected) > SLICES_MAX:
        body.append(_more(rejected[SLICES_MAX:], found))
    for title, text in _others(found):
        body.append(f"<h2>{escaped(title)}</h2><pre>{_lines(text)}</pre>")
    title = escaped(f"{verdict.value} {model.name}")
    return _PAGE.format(title=title, style=_STYLE, body="\n".join(body))


_CLASS = {Verdict.ACCEPTED: "good", Verdict.REJECTED: "bad", Verdict.UNKNOWN: "doubt"}


def _counts(found: Replay) -> str:
    shown = (
        f'<span class="{_CLASS[each]}">{found.count(each):,} {each.value}</span>'
        for each in Verdict
        if found.count(each)
    )
    return ", ".join(shown) or "none"


def _lines(text: str) -> str:
    return "\n".join(map(escaped, text.splitlines()))


# ── A rejected slice ─────────────────────────────────────────────────────────────────────────────


def _rejected(each: SliceVerdict, found: Replay) -> str:
    diagnosis = each.diagnosis
    assert diagnosis is not None
    parts = [
        f'<section><h2><span class="{_CLASS[each.verdict]}">{each.verdict.value}</span> '
        f"{escaped(slice_name(each, found))}</h2>",
        f"<p>{escaped(reason_of(each, found))}</p>",
        f'<p class="doubt">{escaped(each.reason)}</p>' if each.reason else "",
    ]
    if picture := diagram(diagnosis):
        parts.append(f'<div class="picture">{picture}</div><p class="note">{_LEGEND}</p>')
    for number, candidate in enumerate(diagnosis.candidates):
        parts.append(_candidate(candidate, is_first=number == 0))
    parts += _context(diagnosis)
    return "\n".join((*filter(None, parts), "</section>"))


_LEGEND = (
    "One explanation of the lines before the failing one, from left to right; other explanations "
    "may order the lines of different nodes in another way. A bow leads from a step to one that "
    "the model could not do before it. A diamond is a step that no line tells of; grey lines are "
    "left. Lines that were no step are not shown."
)


def _candidate(candidate: Candidate, *, is_first: bool) -> str:
    head = "fails" if is_first else "also not next"
    rows = [
        ("fact", f"{fact.field} = {fact.said}", " or ".join(fact.model) or "no value",
         f"{fact.place} {fact.text}", fact.in_all)
        for fact in candidate.facts
    ] + [
        ("guard", f"{guard.text} is false", ", ".join(f"{w} is {v}" for w, v in guard.readings),
         str(guard.span), guard.in_all)
        for guard in candidate.guards
    ]  # fmt: skip
    cells = "".join(
        f"<tr><td>{kind}</td><td><code>{escaped(said)}</code></td><td><code>{escaped(model)}</code>"
        f"</td><td>{'all' if in_all else 'the nearest'}</td><td>{escaped(source)}</td></tr>"
        for kind, said, model, source, in_all in rows
    )
    table = (
        "<table><tr><th></th><th>the log, or the model's condition</th><th>the model says</th>"
        f"<th>in</th><th>source</th></tr>{cells}</table>"
        if cells
        else ""
    )
    return f"<h3>{head}</h3>{_event(candidate.event)}{table}"


def _event(event: Event) -> str:
    return (
        f'<p class="line"><code>{escaped(str(event.place))}</code> '
        f"{escaped(event.node)} <code>{escaped(str(event))}</code></p>"
    )


def _context(diagnosis: Diagnosis) -> Iterator[str]:
    before = f"{diagnosis.explained} of {diagnosis.lines} lines of the slice"
    yield f"<p>Explained before it: {before}.</p>"
    if diagnosis.agreed:
        shown = "".join(f"<li><code>{escaped(each)}</code></li>" for each in diagnosis.agreed)
        yield f"<h3>all explanations agree</h3><ul>{shown}</ul>"
    if diagnosis.remedies:
        ways = (", then ".join(map(missing_step, each.steps)) for each in diagnosis.remedies)
        shown = "".join(f"<li>{escaped(way)}</li>" for way in ways)
        yield f"<h3>it would fit after</h3><ul>{shown}</ul>"
    if (fewer := diagnosis.cut_down) is not None:
        least = "none of them can be left out" if fewer.is_least else "perhaps fewer would do"
        yield f"<h3>these {len(fewer.events)} lines fail alike; {least}</h3>"
        yield from map(_event, fewer.events)


# ── The others ───────────────────────────────────────────────────────────────────────────────────


def _more(rejected: list[SliceVerdict], found: Replay) -> str:
    named = "".join(f"<li>{escaped(reason_of(e, found))}</li>" for e in rejected[:LISTED_MAX])
    rest = len(rejected) - LISTED_MAX
    tail = f"<p>… and {rest} more; --json has them</p>" if rest > 0 else ""
    return f"<h2>further rejections</h2><ul>{named}</ul>{tail}"


def _others(found: Replay) -> Iterator[tuple[str, str]]:
    unknown = [e for e in found.slices if e.verdict is Verdict.UNKNOWN and e.diagnosis is None]
    if found.coverage is not None:
        yield "coverage", coverage_text(found.coverage, Page())
    if found.monitors:
        yield "monitors", monitors_text(found.monitors, Page())
    if unknown:
        lines = (f"{slice_name(e, found)}: {e.reason}" for e in unknown[:LISTED_MAX])
        yield "undecided", "\n".join(lines)
    if found.defects:
        count = sum(found.defect_kinds.values())
        yield (
            f"{count:,} lines that could not be used",
            "\n".join(map(str, found.defects[:LISTED_MAX])),
        )
    if notes := (
        *luck_of(found),
        *found.notes,
        *(f"never seen: no line is a step of {n}" for n in found.never_seen),
    ):
        yield "notes", "\n".join(notes)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #59636e; --page: #ffffff;
  --panel: #f5f7f9; --rule: #d5dbe1; --good: #17723c; --bad: #b3261e; --doubt: #8a5a00;
  --step: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa5b1; --page: #14181c;
  --panel: #1c2227; --rule: #39424b; --good: #5cc98a; --bad: #ff8a80; --doubt: #e0b050;
  --step: #7ab3f0; } }
body { color: var(--ink); background: var(--page); font: 15px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; color: var(--soft); }
small, .note { color: var(--soft); font-size: .85rem; font-weight: normal; }
.good { color: var(--good); } .bad { color: var(--bad); } .doubt { color: var(--doubt); }
section { border-top: 1px solid var(--rule); }
code, pre { font: .86rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
pre { background: var(--panel); padding: .7rem; overflow-x: auto; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0;
  border-bottom: 1px solid var(--rule); font-size: .9rem; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: normal; }
ul { margin: .2rem 0; padding-left: 1.2rem; } .line { margin: .2rem 0; }
.picture { overflow-x: auto; background: var(--panel); margin: .5rem 0; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); text-anchor: middle; }
svg text.node { text-anchor: end; fill: var(--soft); }
svg text.note { text-anchor: start; fill: var(--soft); font-size: 11px; }
svg .lane { stroke: var(--rule); stroke-width: 1; } svg .unlogged { stroke-dasharray: 3 4; }
svg .cut { stroke: var(--bad); stroke-dasharray: 4 4; }
svg .bow { stroke: var(--soft); fill: none; stroke-width: 1.2; opacity: .8; }
svg .step circle { fill: var(--step); } svg .hidden path { fill: none; stroke: var(--doubt);
  stroke-width: 2; }
svg .left circle { fill: none; stroke: var(--soft); stroke-width: 1.5; }
svg .left text { fill: var(--soft); }
svg .fails circle { fill: var(--bad); } svg .fails path { stroke: var(--page); stroke-width: 2.2; }
svg .fails text { fill: var(--bad); font-weight: 600; }
@media print { body { margin: 0; max-width: none; } }
"""
