"""What a proof attempt is asking, on stderr: a line that rewrites itself, or a line of JSON.

Owns when something is said: nothing in the first seconds and nothing when it was not wanted. The
words are those of the attempt: the stage, the property or rule.
"""

from __future__ import annotations

import json
import sys
from typing import TextIO

from ..prove.bounded import Tick
from .terminal import page_for, width_of

__all__ = ["ProofLine"]

_SILENT_S = 1.0
_LOG_S = 5.0  # most attempts are over by then, and a log has no use for a line of each


class ProofLine:
    """Call `update` before each query, and `close` at the end."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._page = page_for(self._stream)
        self._next_s = _SILENT_S if self._stream.isatty() else _LOG_S
        self._shown = 0

    def update(self, tick: Tick) -> None:
        if self._quiet or tick.seconds < self._next_s:
            return
        if self._stream.isatty():
            text = f"{tick.stage}: {tick.about}  {tick.seconds:.0f} s"[: self._page.width - 1]
            blank = " " * max(0, self._shown - width_of(text))
            print(f"\r{text}{blank}", end="", file=self._stream, flush=True)
            self._shown = width_of(text)
            return
        self._next_s = tick.seconds + _LOG_S
        shown = {
            "event": "progress",
            "stage": tick.stage,
            "about": tick.about,
            "seconds": round(tick.seconds, 1),
        }
        print(json.dumps(shown), file=self._stream, flush=True)

    def close(self) -> None:
        """Take the line away, so that the report begins on an empty one."""
        if self._shown:
            print("\r" + " " * self._shown + "\r", end="", file=self._stream, flush=True)
            self._shown = 0
