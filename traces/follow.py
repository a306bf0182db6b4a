"""A log that still grows, held against the model again and again.

Owns when to look, and what is told in between. Only whole lines are read. What is said before the
end is said of a part of the log: a line of another node that comes later may explain what nothing
explains now, so only the report at the end is a verdict.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from checker.errors import UsageError

from .event import printable
from .inputs import STDIN, is_packed, unreadable
from .replay import Replay, Verdict
from .report import reason_of, slice_name

__all__ = ["follow"]

EVERY_SECONDS = 1.0  # between two looks, at least
SHARE = 4  # and at least so many times as long as the last one took: reading begins anew
CHUNK_BYTES = 1 << 20
TOLD_MAX = 20  # slices told at one look


def follow(
    files: Sequence[str],
    hold: Callable[[int], Replay],
    tell: Callable[[str], None],
    *,
    idle_seconds: float | None,
) -> Replay:
    """The verdict when the log has not grown for so long, or at SIGINT or SIGTERM.

    `hold` judges the first so many bytes of the log; `tell` is given what changed between looks.

    Raises: UsageError, unless there is one plain file, which only grows.
    """
    if len(files) != 1 or files[0] == STDIN or is_packed(files[0]):
        raise UsageError(
            "--follow needs one plain file",
            help="put several together while they grow: tail -qF A.jsonl B.jsonl > all.jsonl",
        )
    path, end, held_to = Path(files[0]), 0, -1
    found: Replay | None = None
    told: dict[str, str] = {}
    grew = looked = time.monotonic()
    pace = 0.0
    with _stopped() as stop:
        while True:
            new = _whole_lines(path, end)
            now = time.monotonic()
            if new > end:
                end, grew = new, now
            is_over = stop.is_set() or (idle_seconds is not None and now - grew >= idle_seconds)
            if end > held_to and (is_over or now - looked >= pace):
                found = hold(end)
                held_to, looked = end, time.monotonic()
                pace = max(EVERY_SECONDS, SHARE * (looked - now))
                told = _changes(found, told, tell)
            if is_over and found is not None:
                return found
            stop.wait(min(0.2, idle_seconds or 0.2))


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """An event that is set by SIGINT and SIGTERM."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _whole_lines(path: Path, known: int) -> int:
    """The length of the file up to the end of its last whole line."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            if size < known:
                raise UsageError(
                    f"{printable(str(path))} became shorter while it was followed",
                    help="follow a file that is only appended to; a rotated log is two logs",
                )
            at = size
            while at > known:
                start = max(known, at - CHUNK_BYTES)
                stream.seek(start)
                cut = stream.read(at - start).rfind(b"\n") + 1
                if cut:
                    return start + cut
                at = start
    except OSError as error:
        raise unreadable(str(path), error) from None
    return known


def _changes(found: Replay, told: dict[str, str], tell: Callable[[str], None]) -> dict[str, str]:
    """Tell the slices that are not explained any more, and those that are now."""
    counts = ", ".join(f"{found.count(each)} {each.value}" for each in Verdict if found.count(each))
    defects = sum(found.defect_kinds.values())
    unread = f", {defects} lines with something wrong" if defects else ""
    now = dict(_troubled(found))
    tell(f"so far {found.lines} lines: {counts or 'no slice'}{unread}")
    new = [text for name, text in now.items() if told.get(name) != text]
    for text in new[:TOLD_MAX]:
        tell(f"  {text}")
    if len(new) > TOLD_MAX:
        tell(f"  and {len(new) - TOLD_MAX} more")
    gone = [name for name in told if name not in now]
    for name in gone[:TOLD_MAX]:
        tell(f"  {name}: explained now")
    return now


def _troubled(found: Replay) -> Iterator[tuple[str, str]]:
    for each in found.slices:
        name = slice_name(each, found)
        if each.verdict is Verdict.REJECTED and each.diagnosis is not None:
            yield name, reason_of(each, found)
        elif each.verdict is not Verdict.ACCEPTED:
            yield name, f"{name}: {each.verdict.value} {printable(each.reason)}".rstrip()
        elif each.violated:
            yield name, f"{name}: {', '.join(each.violated)} is false in every explanation"
