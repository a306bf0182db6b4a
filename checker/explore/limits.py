"""How far a run may go, and how it says so: states, seconds, memory, and the progress between them.

Owns the limits that the user sets. What cuts single steps (capacities, `Limit`, `fresh`) is found
by the engines. Reaching a limit always ends a run with its name; nothing is cut without a word.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .outcome import Limit

__all__ = ["NO_LIMITS", "LimitReached", "Limits", "Progress", "Watch", "memory_used_bytes"]

_REPORT_S = 0.2
_MEMORY_S = (
    0.02  # asking costs a tenth of a millisecond, and searches of the native engine ask often
)


@dataclass(frozen=True)
class Limits:
    """None means: as far as it goes."""

    states_max: int | None = None
    seconds_max: float | None = None
    memory_max_bytes: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Progress:
    """Where a running search stands; `rate` is in states found per second."""

    depth: int
    distinct: int
    generated: int
    frontier: int
    seconds: float
    rate: float
    memory_bytes: int


class LimitReached(Exception):
    """Ends a run; what was found until then stands."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(f"{limit.name}: {limit.detail}")
        self.limit = limit


def memory_used_bytes() -> int:
    """The resident memory of this process; 0 where the platform does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _peak_bytes()


def _peak_bytes() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    # The peak, which is never less than what is used now. The unit differs: bytes on macOS, else
    # kB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


class Watch:
    """The clock of one run, which also looks at the memory."""

    def __init__(self, limits: Limits, on_progress: Callable[[Progress], None] | None) -> None:
        self._limits = limits
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._next_report = self._began + _REPORT_S
        self._next_memory = self._began

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def look(self, depth: int, distinct: int, generated: int, frontier: int) -> None:
        """Report now and then. Raises: LimitReached."""
        self.check()
        now = time.monotonic()
        if self._on_progress is None or now < self._next_report:
            return
        self._next_report = now + _REPORT_S
        seconds = now - self._began
        rate = distinct / seconds if seconds else 0.0
        memory = memory_used_bytes()
        self._on_progress(Progress(depth, distinct, generated, frontier, seconds, rate, memory))

    def check(self) -> None:
        """Raises: LimitReached, when the time or the memory is used up."""
        limits, now = self._limits, time.monotonic()
        if limits.seconds_max is not None and now - self._began >= limits.seconds_max:
            detail = f"stopped after {limits.seconds_max:g} s"
            raise LimitReached(Limit("seconds", detail))
        if limits.memory_max_bytes is not None and now >= self._next_memory:
            self._next_memory = now + _MEMORY_S
            used = memory_used_bytes()
            if used >= limits.memory_max_bytes:
                detail = f"stopped at {used:,} bytes of memory; {limits.memory_max_bytes:,} allowed"
                raise LimitReached(Limit("memory", detail))
