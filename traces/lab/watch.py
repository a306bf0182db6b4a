"""The deadline of a run, and its interruption by Ctrl-C or SIGTERM.

A signal handler that raises could strike between starting a process and noting that it has to be
ended. So the handlers here only take a note, and the driver asks at each of its waits: an
interruption surfaces only where everything started so far is accounted for, and never during the
clean-up.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .labs import LabError


class Watch:
    """Every wait of the driver goes through here, so no wait lasts longer than the run may."""

    def __init__(self, seconds_max: float) -> None:
        self.seconds_max = seconds_max
        self.started_at = time.monotonic()
        self.interrupted_by: int | None = None

    def seconds(self) -> float:
        return time.monotonic() - self.started_at

    def note(self, number: int, _frame: FrameType | None) -> None:
        self.interrupted_by = number

    def raise_if_interrupted(self) -> None:
        if self.interrupted_by == signal.SIGINT:
            raise KeyboardInterrupt
        if self.interrupted_by is not None:
            raise SystemExit(128 + self.interrupted_by)

    def check(self, waiting_for: Callable[[], str]) -> None:
        """Raises: KeyboardInterrupt, SystemExit after SIGTERM, LabError after the deadline."""
        self.raise_if_interrupted()
        if self.seconds() > self.seconds_max:
            raise LabError(
                f"the run did not end within {self.seconds_max:g} seconds: it was still waiting "
                f"for {waiting_for()}. Give it more time, or fewer orders or kills"
            )

    def until(
        self, condition: Callable[[], bool], waiting_for: Callable[[], str], *, poll_seconds: float
    ) -> None:
        """Return as soon as the condition holds."""
        while not condition():
            self.check(waiting_for)
            time.sleep(poll_seconds)


@contextmanager
def watched(seconds_max: float) -> Iterator[Watch]:
    """Signals are noted inside, and handled as before outside."""
    watch = Watch(seconds_max)
    # Only the main thread may set handlers; elsewhere the signals stay with the main thread.
    mine = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if mine else ()
    before = {number: signal.signal(number, watch.note) for number in numbers}
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    watch.raise_if_interrupted()  # it came too late to stop anything, but it was meant
