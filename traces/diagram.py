"""The space-time diagram of a slice as inline SVG.

Owns the geometry. One row for each node, time from left to right in the order of one explanation,
then the lines that are left, the failing one first. A bow leads from a step to one that the model
could not do before it. Colours are those of the page (`html.py`); every text is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from .event import Event, printable
from .explain import Diagnosis
from .story import Beat

__all__ = ["diagram", "escaped"]

COLUMN, ROW, TOP, EDGE = 96, 62, 26, 18  # pixels
LABEL = 150
STEPS_MAX = 60  # before the failing line; LEFT_MAX behind it
LEFT_MAX = 12
NAME_MAX, NODE_MAX = 15, 22  # characters that fit
UNLOGGED = "not logged"


def escaped(text: str) -> str:
    """Text of a log as it may stand in HTML: nothing to obey, no markup."""
    return html.escape(printable(text), quote=True)


@dataclass(frozen=True)
class _Mark:
    """What stands in one column of a row. `kind` is a class of the style sheet."""

    column: int
    row: int
    kind: str
    name: str
    title: str


def diagram(found: Diagnosis) -> str:
    """The picture, or nothing if no story was asked for."""
    if found.story is None or not found.candidates:
        return ""
    beats = found.story.beats
    hidden = max(0, len(beats) - STEPS_MAX)
    shown = beats[hidden:]
    failing = found.candidates[0].event
    left = [failing, *(event for event in found.story.left if event.place != failing.place)]
    left = left[:LEFT_MAX]
    rows = _rows(shown, left)
    marks = [_step(beat, column, rows) for column, beat in enumerate(shown)]
    marks += [
        _Mark(
            len(shown) + number, rows[event.node], "fails" if number == 0 else "left", event.name,
            f"{event.place}: {event}",
        )
        for number, event in enumerate(left)
    ]  # fmt: skip
    width = LABEL + COLUMN * (len(marks) + 1) + 2 * EDGE  # room for the words at the cut
    height = TOP + ROW * len(rows) + EDGE
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escaped(f"the steps of {len(rows)} nodes, and where they fail")}">'
    ]
    parts += [_lane(name, row, width) for name, row in rows.items()]
    if hidden:
        parts.append(f'<text class="note" x="{LABEL}" y="14">{hidden} earlier steps</text>')
    x = _x(len(shown)) - COLUMN // 2
    parts.append(f'<line class="cut" x1="{x}" y1="18" x2="{x}" y2="{height - EDGE}"/>')
    parts.append(f'<text class="note" x="{x + 6}" y="14">no explanation goes on</text>')
    parts += [
        _bow(marks[cause - hidden], marks[column])
        for column, beat in enumerate(shown)
        for cause in beat.causes
        if cause >= hidden
    ]
    parts += map(_mark, marks)
    return "".join((*parts, "</svg>"))


def _rows(beats: Sequence[Beat], left: Sequence[Event]) -> dict[str, int]:
    """The nodes from top to bottom, as they appear; what nobody logged stands below them."""
    names = dict.fromkeys(
        [beat.node for beat in beats if beat.node is not None] + [event.node for event in left]
    )
    rows = {name: row for row, name in enumerate(names)}
    if any(beat.node is None for beat in beats):
        rows[""] = len(rows)
    return rows


def _step(beat: Beat, column: int, rows: dict[str, int]) -> _Mark:
    if beat.event is None:
        title = f"{beat.text}: no line tells of it"
        return _Mark(column, rows[""], "hidden", beat.text, title)
    title = f"{beat.event.place}: {beat.event}"
    return _Mark(column, rows[beat.event.node], "step", beat.text, title)


def _x(column: int) -> int:
    return LABEL + EDGE + COLUMN * column + COLUMN // 2


def _y(row: int) -> int:
    return TOP + ROW * row + ROW // 2 - 6


def _lane(name: str, row: int, width: int) -> str:
    shown = escaped(_short(printable(name), NODE_MAX)) if name else UNLOGGED
    kind = "lane" if name else "lane unlogged"
    return (
        f'<line class="{kind}" x1="{LABEL}" y1="{_y(row)}" x2="{width - EDGE}" y2="{_y(row)}"/>'
        f'<text class="node" x="{LABEL - 10}" y="{_y(row) + 4}"><title>{escaped(name)}</title>'
        f"{shown}</text>"
    )


def _bow(cause: _Mark, effect: _Mark) -> str:
    x1, y1, x2, y2 = _x(cause.column), _y(cause.row), _x(effect.column), _y(effect.row)
    bend = -22 if y1 == y2 else 0
    middle = (x1 + x2) // 2
    return (
        f'<path class="bow" d="M{x1 + 7},{y1} C{middle},{y1 + bend} {middle},{y2 + bend} '
        f'{x2 - 7},{y2}"/>'
    )


def _mark(mark: _Mark) -> str:
    x, y = _x(mark.column), _y(mark.row)
    match mark.kind:
        case "fails":
            shape = (
                f'<circle cx="{x}" cy="{y}" r="9"/>'
                f'<path d="M{x - 4},{y - 4}l8,8m0,-8l-8,8"/>'
            )  # fmt: skip
        case "hidden":
            shape = f'<path d="M{x},{y - 7}l7,7l-7,7l-7,-7z"/>'
        case _:
            shape = f'<circle cx="{x}" cy="{y}" r="6"/>'
    name = escaped(_short(printable(mark.name), NAME_MAX))
    return (
        f'<g class="{mark.kind}"><title>{escaped(mark.title)}</title>{shape}'
        f'<text x="{x}" y="{y + 24}">{name}</text></g>'
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
