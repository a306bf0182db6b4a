"""How far a search is, on stderr: a line that rewrites itself, or JSON every few seconds.

Owns when something is said: nothing in the first second, because most runs are over by then, and
nothing at all when it was not wanted. Reading a clock and the memory is the only cost of a call.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Protocol, TextIO

from .terminal import Page, page_for, width_of

__all__ = ["Counts", "Progress"]

_SILENT_S = 1.0
_TERMINAL_S = 0.1
_LOG_S = 5.0


class Counts(Protocol):
    """What an engine says of itself now and then."""

    @property
    def distinct(self) -> int: ...
    @property
    def generated(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def frontier(self) -> int: ...


@dataclass(frozen=True)
class _Line:
    event: str
    seconds: float
    depth: int
    distinct: int
    generated: int
    frontier: int
    states_per_second: int
    memory_bytes: int


class Progress:
    """Call `update` as often as you like, `say` for a line that stays, and `close` at the end."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._page: Page = page_for(self._stream)
        self._is_terminal = self._stream.isatty()
        self._began = time.monotonic()
        self._next = self._began + _SILENT_S
        self._shown = 0

    def update(self, counts: Counts) -> None:
        now = time.monotonic()
        if self._quiet or now < self._next:
            return
        self._next = now + (_TERMINAL_S if self._is_terminal else _LOG_S)
        line = self._line(counts, now - self._began)
        if self._is_terminal:
            self._rewrite(_sentence(line))
        else:
            print(json.dumps(asdict(line)), file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """A line that stays, on a terminal only: what it says comes in the report as well."""
        if not self._quiet and self._is_terminal:
            self.close()
            print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Take the line away, so that the report begins on an empty one."""
        if self._shown:
            self._rewrite("")
            self._shown = 0

    def _line(self, counts: Counts, seconds: float) -> _Line:
        return _Line(
            event="progress",
            seconds=round(seconds, 1),
            depth=counts.depth,
            distinct=counts.distinct,
            generated=counts.generated,
            frontier=counts.frontier,
            states_per_second=int(counts.distinct / seconds) if seconds else 0,
            memory_bytes=_memory_bytes(),
        )

    def _rewrite(self, text: str) -> None:
        text = text[: self._page.width - 1]
        blank = " " * max(0, self._shown - width_of(text))
        end = "\r" if not text else ""
        print(f"\r{text}{blank}{end}", end="", file=self._stream, flush=True)
        self._shown = width_of(text)


def _sentence(line: _Line) -> str:
    return (
        f"depth {line.depth}  {_short(line.distinct)} states  "
        f"{_short(line.states_per_second)}/s  frontier {_short(line.frontier)}  "
        f"{_short(line.memory_bytes)}B  {line.seconds:.0f} s"
    )


def _short(number: int) -> str:
    """
    >>> _short(950), _short(1_200_000)
    ('950', '1.20M')
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return (
                f"{number / size:.3g}{letter}"
                if number >= 10 * size
                else f"{number / size:.2f}{letter}"
            )
    return str(number)


def _memory_bytes() -> int:
    """The memory in use now, where the system says; otherwise the most that was ever in use."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - called often
            import resource

            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, ImportError):
        try:
            import resource

            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        except ImportError:
            return 0
