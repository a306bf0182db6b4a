"""How far a search is, on stderr: a line that rewrites itself, or JSON every few seconds.

Owns when something is said: nothing in the first second, because most runs are over by then and the
report says it all, and nothing when it was not wanted. The numbers are the engine's.
"""

from __future__ import annotations

import json
import sys
from typing import TextIO

from ..explore.limits import Progress
from ..explore.outcome import PropertyResult
from .terminal import Page, page_for, width_of
from .trace_text import plural

__all__ = ["ProgressLine"]

_SILENT_S = 1.0
_LOG_S = 5.0


class ProgressLine:
    """Call `update` as often as you like, `violated` for what was found, and `close` at the end."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._page: Page = page_for(self._stream)
        self._is_terminal = self._stream.isatty()
        self._next_s = _SILENT_S
        self._shown = 0
        self._unsaid: list[PropertyResult] = []

    def update(self, progress: Progress) -> None:
        if self._quiet or progress.seconds < _SILENT_S:
            return
        for result in self._unsaid:
            self._say(result)
        self._unsaid.clear()
        if progress.seconds < self._next_s:
            return
        if self._is_terminal:
            self._rewrite(_sentence(progress))
        else:
            self._next_s = progress.seconds + _LOG_S
            print(json.dumps(_object(progress)), file=self._stream, flush=True)

    def violated(self, result: PropertyResult) -> None:
        """A line that stays, at the next update: the search goes on, but this much is known."""
        self._unsaid.append(result)

    def _say(self, result: PropertyResult) -> None:
        if self._is_terminal:
            self.close()
            where = "" if result.steps is None else f" after {plural(result.steps, 'step')}"
            said = f"{result.name} fails{where}; the search goes on for the other properties"
        else:
            said = json.dumps(
                {"event": "violation", "property": result.name, "steps": result.steps}
            )
        print(said, file=self._stream, flush=True)

    def close(self) -> None:
        """Take the line away, so that the report begins on an empty one."""
        if self._shown:
            self._rewrite("")
            self._shown = 0

    def _rewrite(self, text: str) -> None:
        text = text[: self._page.width - 1]
        blank = " " * max(0, self._shown - width_of(text))
        end = "\r" if not text else ""
        print(f"\r{text}{blank}{end}", end="", file=self._stream, flush=True)
        self._shown = width_of(text)


def _object(progress: Progress) -> dict[str, object]:
    return {
        "event": "progress",
        "seconds": round(progress.seconds, 1),
        "depth": progress.depth,
        "distinct": progress.distinct,
        "generated": progress.generated,
        "frontier": progress.frontier,
        "states_per_second": int(progress.rate),
        "memory_bytes": progress.memory_bytes,
    }


def _sentence(progress: Progress) -> str:
    return (
        f"depth {progress.depth}  {_short(progress.distinct)} states  "
        f"{_short(int(progress.rate))}/s  frontier {_short(progress.frontier)}  "
        f"{_short(progress.memory_bytes)}B  {progress.seconds:.0f} s"
    )


def _short(number: int) -> str:
    """
    >>> _short(950), _short(1_200_000), _short(31_400)
    ('950', '1.2M', '31.4k')
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return str(number)
