"""From log files to verdicts, in one process or two.

Owns the choice: the slow way for mappings that need it, one process for short or packed logs, two
for long ones that are plain files. Standard input is copied to a file first, so that lines can be
looked up again.
"""

from __future__ import annotations

import gc
import io
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from checker.errors import UsageError

from ..adapters import Adapter, adapter_of
from ..convert import Converted, field_types
from ..inputs import STDIN, Limited, log_stream, unreadable
from ..jsonl import read_logs
from ..monitors import Monitor
from ..observe import Observation
from ..replay import Replay, Settings, replay
from ..watch import PART, Watch, fitted, settled
from .fields import Fields, fields_of
from .reader import Bounds, Range, Reader
from .reading import Reading
from .reread import compare
from .spine import Torn
from .verdicts import Resting, conclude

__all__ = ["Progress", "StreamSettings", "stream_replay"]

TWO_FROM_BYTES = 1 << 26  # from here on a second process pays for its start
COMPILED_FROM_BYTES = 1 << 26  # and machine code for being loaded, or compiled the first time

Progress = Callable[[str, int, int], None]
"""What is done (bytes or slices), how much of it, of how much."""


@dataclass(frozen=True)
class StreamSettings:
    """How to read. `jobs`: processes, None: as many as help. `until`: the first so many bytes of
    the one file, up to the end of a line. `compiled`: by machine code, None: of long logs, unless
    the environment has `CRASHPROOF_REPLAY=python`. It changes nothing of what is said."""

    bounds: Bounds = field(default_factory=Bounds)
    jobs: int | None = None
    until: int | None = None
    compiled: bool | None = None

    def compiles(self, size: int) -> bool:
        """For files of so many bytes?"""
        if self.compiled is not None:
            return self.compiled
        return size >= COMPILED_FROM_BYTES and os.environ.get("CRASHPROOF_REPLAY") != "python"


def stream_replay(
    files: Sequence[str],
    observation: Observation,
    settings: Settings,
    *,
    stream: StreamSettings | None = None,
    monitors: Mapping[str, Monitor] | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Hold logs against a model and monitors, by their names, reading them once.

    Raises: UsageError, if a file cannot be read; under `strict`, if a line could not be used.
    """
    stream = stream or StreamSettings()
    monitors = monitors or {}
    if monitors:
        watched = fitted(monitors, observation.mapping)
        observation = replace(observation, mapping=replace(observation.mapping, watched=watched))
    began = time.monotonic()
    fields = fields_of(observation)
    adapter = _adapter(observation)
    if stream.until is not None and (fields is None or not (adapter is None or adapter.has_lines)):
        raise UsageError(
            "--follow needs a log of lines that is read slice by slice",
            help="without it the log is read to its end; docs/reference/log-format.md says when",
        )
    if fields is None:
        return _whole(files, observation, settings, adapter, monitors, progress)
    with ExitStack() as stack:
        stack.enter_context(_uncollected())

        def judged(readings: Sequence[Reading]) -> Replay:
            found = _concluded(readings, observation, fields, settings, began, progress)
            return _watched(found, readings, monitors, observation, settings)

        if adapter is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="checker-"))
            reading = _converted(
                files, Path(folder), adapter, observation, fields, settings, stream, monitors
            )
            return judged([reading])
        paths = stack.enter_context(_readable(files))

        def held(stream: StreamSettings) -> Replay:
            return judged(
                _read(files, paths, observation, fields, settings, stream, monitors, progress)
            )

        try:
            return held(stream)
        except Torn:
            return held(replace(stream, jobs=1))


def _watched(
    found: Replay,
    readings: Sequence[Reading],
    monitors: Mapping[str, Monitor],
    observation: Observation,
    settings: Settings,
) -> Replay:
    """With what the monitors say, over all parts."""
    if not monitors:
        return found
    watch = Watch(monitors)
    for reading in readings:
        watch.joined(reading.kept)
    whole = readings[0]
    later = [reading.lines for reading in readings[1:]]
    before = [0, *itertools.accumulate([whole.lines - sum(later), *later])]
    seen = settled(
        watch, lambda at: whole.place(before[at // PART] + at % PART), observation.mapping,
        ended=settings.ended, has_gap=found.has_gap, unclean=found.unclean_ends,
    )  # fmt: skip
    return replace(found, monitors=seen)


def _adapter(observation: Observation) -> Adapter | None:
    """The adapter that the mapping names. Raises: UsageError, at its line."""
    mapping = observation.mapping
    place = mapping.places["log"]
    try:
        found = adapter_of(mapping.log_format, mapping.log_options)
    except UsageError as error:
        raise UsageError(f"{place}: {error.message}", help=error.help) from None
    in_order = found is None or found.orders_nodes or found.given.get("seq")
    if not in_order and mapping.order.nodes and not mapping.in_file_order:
        raise UsageError(
            f"{place}: records of {mapping.log_format} do not stand in the order of their steps",
            help='write [order] with by = "causes" or "time" and nodes = false, or name the field '
            "that numbers a node's records under [log]: seq",
        )
    return found


def _whole(
    files: Sequence[str],
    observation: Observation,
    settings: Settings,
    adapter: Adapter | None,
    monitors: Mapping[str, Monitor],
    progress: Progress | None,
) -> Replay:
    """With all lines in memory, for mappings that need them side by side."""
    mapping = observation.mapping
    wanted = mapping.wanted()
    shown = None if progress is None else (lambda n, m: progress("slices", n, m))
    with tempfile.TemporaryDirectory(prefix="checker-") as folder:
        copies = (Path(folder) / str(number) for number in range(len(files)))

        def through(stream: IO[bytes], name: str) -> Converted:
            assert adapter is not None
            types, marks = field_types(observation), mapping.order.fields
            return Converted(stream, name, adapter, wanted, types, next(copies), marks=marks)

        log = read_logs(
            files,
            wanted,
            in_file_order=mapping.in_file_order,
            order=mapping.order,
            through=None if adapter is None else through,
        )
    return replay(log, observation, settings, monitors=monitors, progress=shown)


def _converted(
    files: Sequence[str],
    folder: Path,
    adapter: Adapter,
    observation: Observation,
    fields: Fields,
    settings: Settings,
    stream: StreamSettings,
    monitors: Mapping[str, Monitor],
) -> Reading:
    """Files of another format, turned into our lines while they are read."""
    wanted, types = observation.mapping.wanted(), field_types(observation)
    copies = [str(folder / str(number)) for number in range(len(files))]
    resting = Resting(observation, settings)
    reader = Reader(
        files, copies, observation, fields, stream.bounds, rests=resting, watch=Watch(monitors)
    )
    for number, name in enumerate(files):
        with log_stream(name) as whole:
            source: IO[bytes] = whole
            if stream.until is not None:
                source = io.BufferedReader(Limited(whole, stream.until))
            lines = Converted(source, name, adapter, wanted, types, Path(copies[number]))
            lines.defect = reader.reading.defects.add
            reader.reading.made[number] = lines.place
            reader.read(Range(number), lines.open())
    reader.finish()
    return reader.reading


def _concluded(
    readings: Sequence[Reading],
    observation: Observation,
    fields: Fields,
    settings: Settings,
    began: float,
    progress: Progress | None,
) -> Replay:
    whole = readings[0]
    for defect in compare(whole, observation.mapping.wanted()):
        whole.defects.add(defect)
    count = sum(reading.defects.count() for reading in readings)
    if settings.strict and count:
        first = min((d for r in readings for d in r.defects.kept), key=lambda d: d.place)
        raise UsageError(
            f"{first}\n{count} line{'s' * (count != 1)} could not be used",
            help="without --strict the rest of the log is checked all the same",
        )
    shown = None if progress is None else (lambda n, m: progress("slices", n, m))
    return conclude(readings, observation, fields, settings, began=began, progress=shown)


def _read(
    files: Sequence[str],
    paths: Sequence[str],
    observation: Observation,
    fields: Fields,
    settings: Settings,
    stream: StreamSettings,
    monitors: Mapping[str, Monitor],
    progress: Progress | None,
) -> list[Reading]:
    total = sum(Path(path).stat().st_size for path in paths)
    jobs = (
        1
        if stream.until is not None
        else stream.jobs or (min(2, os.cpu_count() or 1) if total >= TWO_FROM_BYTES else 1)
    )
    compiled = stream.compiles(total)
    if jobs > 1:
        from .parallel import read_in_parts  # multiprocessing is not needed for short logs

        found = read_in_parts(
            files, paths, observation, fields, settings, stream.bounds, jobs, monitors,
            compiled=compiled,
        )  # fmt: skip
        if found is not None:
            return found
    done = 0

    def shown(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress("bytes", done, total)

    resting = Resting(observation, settings)
    reader = Reader(
        files, paths, observation, fields, stream.bounds, rests=resting, watch=Watch(monitors),
        progress=shown, compiled=compiled,
    )  # fmt: skip
    for number in range(len(files)):
        reader.read(Range(number, 0, stream.until))
    reader.finish()
    return [reader.reading]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles: millions of small records have none, and looking takes its
    time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _readable(files: Sequence[str]) -> Iterator[list[str]]:
    """The paths of the files; standard input under the path of a copy."""
    paths = []
    with tempfile.TemporaryDirectory(prefix="checker-") as folder:
        for name in files:
            if name == STDIN:
                path = Path(folder) / "stdin"
                with path.open("wb") as copy:
                    shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
                paths.append(str(path))
                continue
            try:
                with open(name, "rb"):  # noqa: PTH123 - the name is the user's, and may be a pipe
                    paths.append(name)
            except OSError as error:
                raise unreadable(name, error) from None
        yield paths
