"""A log read in parts by several processes, each part in one go.

Owns the cutting of files into parts of whole lines, and what a part calls a line: places and counts
of a later part go on from the one before. Only where processes can be forked, and where nothing
depends on how a part ends: not where lines are written before their effects.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from checker.errors import UsageError

from ..event import Defect, Event, Place
from ..inputs import is_packed
from ..mapping import Logged
from ..monitors import Monitor
from ..observe import Observation, Observed
from ..replay import Settings
from ..watch import Watch
from .fields import Fields
from .histories import Book
from .reader import Bounds, Range, Reader
from .reading import Again, Mark, Reading
from .verdicts import Resting

if TYPE_CHECKING:
    from .packed import Packed

__all__ = ["read_in_parts"]


def read_in_parts(
    files: Sequence[str],
    paths: Sequence[str],
    observation: Observation,
    fields: Fields,
    settings: Settings,
    bounds: Bounds,
    jobs: int,
    monitors: Mapping[str, Monitor],
    *,
    compiled: bool,
) -> list[Reading] | None:
    """One reading for each part, in order; None if the log cannot be read so."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return None
    if any(entry.logged is Logged.BEFORE for entry in observation.mapping.events):
        return None
    if not Watch(monitors).is_mergeable:
        return None
    parts = _parts(paths, jobs)
    if len(parts) < 2:
        return None

    def reader(number: int) -> Reader:
        resting = Resting(observation, settings)
        share = replace(bounds, open_max=max(1, bounds.open_max // len(parts)))
        watch = Watch(monitors)
        return Reader(
            files, paths, observation, fields, share, rests=resting, part=number, watch=watch,
            compiled=compiled,
        )  # fmt: skip

    context = multiprocessing.get_context("fork")
    helpers = []
    for number in range(1, len(parts)):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_help, args=(reader(number), parts[number], theirs), daemon=True
        )
        process.start()
        theirs.close()
        helpers.append((process, ours))
    try:
        first = reader(0)
        readings = [_run(first, parts[0])]
        for process, ours in helpers:
            readings.append(_received(ours))
            process.join()
    except (EOFError, OSError):
        return None  # a helper died, for want of memory perhaps; what it did can be done alone
    finally:
        for process, _ in helpers:
            if process.is_alive():
                process.terminate()
                process.join()
    if any(reading.left_waiting for reading in readings[:-1]):
        return None  # the missing lines may stand in the next part
    for later in readings[1:]:
        _go_on(readings[0], later)
    return readings


def _parts(paths: Sequence[str], jobs: int) -> list[list[Range]]:
    """The files cut into parts of about equal size, each a list of ranges of whole lines."""
    if any(map(is_packed, paths)):
        return []
    sizes = [Path(path).stat().st_size for path in paths]
    share = sum(sizes) // jobs + 1
    parts: list[list[Range]] = [[]]
    room = share
    for file, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        start = 0
        while size - start > room and len(parts) < jobs:
            cut = _line_start(path, start + room)
            parts[-1].append(Range(file, start, cut))
            parts.append([])
            start, room = cut, share
        if start < size or not size:
            parts[-1].append(Range(file, start, None))
            room -= size - start
    return [part for part in parts if part]


def _line_start(path: str, near: int) -> int:
    with open(path, "rb") as stream:  # noqa: PTH123
        stream.seek(near)
        while chunk := stream.read(1 << 16):
            end = chunk.find(b"\n") + 1
            if end:
                return near + end
            near += len(chunk)
    return near


def _run(reader: Reader, ranges: Sequence[Range]) -> Reading:
    for part in ranges:
        reader.read(part)
    reader.finish()
    return reader.reading


# ── Between processes ────────────────────────────────────────────────────────────────────────────


def _help(reader: Reader, ranges: Sequence[Range], out: Connection) -> None:
    try:
        reading = _run(reader, ranges)
    except (KeyboardInterrupt, MemoryError, OSError, UsageError):
        return  # the other end notices, and reads alone or not at all
    rows, at = reading.book.packed(reading.histories())
    for history in reading.closed.values():
        assert history in at  # it is parked
    opened: Packed | dict[str, tuple[int, int, int]]
    if isinstance(reading.opened, dict):
        opened = {key: (at[each[0]], each[1], each[2]) for key, each in reading.opened.items()}
    else:
        opened = reading.opened
    parked = {at[history]: count for history, count in reading.parked.items()}
    closed = {key: at[history] for key, history in reading.closed.items()}
    for node in reading.nodes.values():
        node.entries = {}
    del reading.book, reading.opened, reading.parked, reading.closed
    text = pickle.dumps((reading, rows, opened, parked, closed), protocol=5)
    out.send_bytes(text)
    out.close()


def _received(source: Connection) -> Reading:
    reading, rows, opened, parked, closed = pickle.loads(source.recv_bytes())
    assert isinstance(reading, Reading)
    found = Book.unpacked(rows)
    reading.book = found[0].book
    if isinstance(opened, dict):
        reading.opened = {k: [found[at], first, last] for k, (at, first, last) in opened.items()}
    else:
        opened.belong(reading.book)
        reading.opened = opened
    reading.parked = Counter({found[at]: count for at, count in parked.items()})
    reading.closed = {key: found[at] for key, at in closed.items()}
    return reading


def _moved_step(step: Observed | None, moved: Callable[[Event], Event]) -> Observed | None:
    return None if step is None else replace(step, event=moved(step.event))


def _go_on(whole: Reading, later: Reading) -> None:
    """Let the lines of `later` go on from those of `whole`, and tell `whole` of its blocks."""
    lines = whole.lines
    continued = len(whole.starts) - 1  # the file that was cut
    shift = lines - whole.starts[-1] if later.starts[: continued + 1] else 0
    name = whole.files[continued]

    def moved(place: Place) -> Place:
        return Place(name, place.line + shift) if place.file == name else place

    def moved_event(event: Event) -> Event:
        return replace(event, place=moved(event.place))

    def moved_mark(mark: Mark) -> Mark:
        event, step = moved_event(mark.event), _moved_step(mark.step, moved_event)
        return Mark(event, mark.before, step, mark.usable)

    for node in later.nodes.values():
        node.marks = list(map(moved_mark, node.marks))
    later.in_order = list(map(moved_mark, later.in_order))
    if isinstance(later.opened, dict):
        for record in later.opened.values():
            record[1] += lines
            record[2] += lines
    else:
        later.opened.shift(lines)
    later.late = {key: line + lines for key, line in later.late.items()}
    if later.forgot_at is not None:
        later.forgot_at += lines
    kept: list[Defect] = [replace(each, place=moved(each.place)) for each in later.defects.kept]
    later.defects.kept = kept
    whole.starts += [lines + start for start in later.starts[len(whole.starts) :]]
    whole.blocks += [each._replace(before=each.before + lines) for each in later.blocks]
    for key, copies in later.again.items():
        whole.again.setdefault(key, []).extend(
            Again(each.line + lines, each.content) for each in copies
        )
    whole.lines += later.lines
