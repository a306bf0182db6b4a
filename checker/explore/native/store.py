"""Where states are kept: the table of visited ones, and every level in memory or in a file.

Owns memory. The table's address space is reserved at once and becomes memory page by page as its
segments grow, so that growing never copies the whole. Levels hold their states in the order they
were found, for rebuilding traces and for checkpoints. Large ones go to a file, which has no name
and is gone with the process.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from ..limits import LimitReached
from ..outcome import Limit

__all__ = [
    "SEGMENTS",
    "Levels",
    "Rows",
    "Table",
    "digest_of_states",
    "memory_allowed_bytes",
]

Rows = Any  # numpy arrays of int64, shape (states, words)

_SEGMENTS_BITS = 6
SEGMENTS = 1 << _SEGMENTS_BITS  # growing one takes 1/64 of the table on top
_FIRST_PLACES = 512  # of a segment
_HASH_BITS = 62
_IN_MEMORY_BYTES = 1 << 28  # levels of smaller searches never reach the disk


def memory_allowed_bytes() -> int:
    """What this process may use when nobody says: 85 % of the machine's, or of its container's."""
    sizes = [_machine_bytes()]
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(name).read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            sizes.append(int(text))
    return min(sizes) * 85 // 100


def _machine_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 32


class Table:
    """The visited states. `places` is one array; see `backends/native/visited.py`."""

    def __init__(self, words: int, memory_bytes: int) -> None:
        self.shift = _HASH_BITS - _SEGMENTS_BITS
        wanted = max(_FIRST_PLACES, memory_bytes // (SEGMENTS * words * 8))
        self._memory = None
        while self._memory is None:
            self._memory = _reserved(wanted * words * 8 * SEGMENTS + mmap.PAGESIZE)
            if self._memory is None:
                wanted //= 2
        self.region = wanted
        self.places = np.frombuffer(cast(Any, self._memory), dtype=np.int64)
        self.sizes = np.full(SEGMENTS, _FIRST_PLACES, dtype=np.int64)
        self.used = np.zeros(SEGMENTS, dtype=np.int64)

    @property
    def parts(self) -> tuple[Any, ...]:
        """As the compiled code takes the table."""
        return self.places, self.region, self.shift, self.sizes, self.used

    @property
    def states(self) -> int:
        return int(self.used.sum())


def _reserved(size: int) -> mmap.mmap | None:
    """Address space that is zero and takes memory only where it is written."""
    size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
    try:
        if not hasattr(mmap, "MAP_PRIVATE"):  # Windows
            return mmap.mmap(-1, size)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
        return mmap.mmap(-1, size, flags=flags)
    except (OSError, ValueError, OverflowError):
        if size <= 1 << 20:
            raise
        return None


def digest_of_states() -> hashlib.blake2b:
    """What tells whether the states of a level are still those that were written."""
    return hashlib.blake2b(digest_size=16)


@dataclass
class Levels:
    """All states found, level after level. `starts[d]` is the number of the first of level d.

    In the file they begin at byte `first_byte`. With `digests`, there is one for each level.
    Without a file they are held as they are given, until they take too much memory for that.
    """

    words: int
    starts: list[int] = field(default_factory=list)
    states: int = 0
    file: BinaryIO | None = None
    first_byte: int = 0
    digests: list[str] | None = None
    _held: list[Rows] = field(default_factory=list)
    _held_starts: list[int] = field(default_factory=list)  # the number of the first state of each

    def add(self, parts: list[Rows]) -> None:
        """One more level. Raises: LimitReached, if the disk is full."""
        self.starts.append(self.states)
        digest = digest_of_states()
        if self.file is not None:
            self._seek(self.states)
        for part in parts:
            if self.file is None:
                self._held.append(part)
                self._held_starts.append(self.states)
            else:
                self._write(part)
            if self.digests is not None:
                digest.update(_bytes_of(part))
            self.states += len(part)
        if self.digests is not None:
            self.digests.append(digest.hexdigest())
        if self.file is None and self.states * self.words * 8 > _IN_MEMORY_BYTES:
            self._spill()

    def _spill(self) -> None:
        self.file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115, lives on
        for part in self._held:
            self._write(part)
        self._held, self._held_starts = [], []

    def _write(self, part: Rows) -> None:
        assert self.file is not None
        data = _bytes_of(part)
        try:
            # A file without a buffer may take a part only; with one, an error would come back when
            # the file is closed.
            while len(data):
                data = data[self.file.write(data) :]
        except OSError as problem:
            detail = f"no room for {self.states:,} states on the disk: {problem.strerror}"
            raise LimitReached(Limit("disk", detail)) from problem

    def _seek(self, number: int) -> None:
        assert self.file is not None
        self.file.seek(self.first_byte + number * self.words * 8)

    def count(self, level: int) -> int:
        end = self.starts[level + 1] if level + 1 < len(self.starts) else self.states
        return end - self.starts[level]

    def read(self, level: int, block: int = 1 << 14) -> Iterator[Rows]:
        """The states of a level, some at a time."""
        first, count = self.starts[level], self.count(level)
        at = first
        while at < first + count:
            rows = self._rows(at, min(block, first + count - at))
            yield rows
            at += len(rows)

    def _rows(self, first: int, most: int) -> Rows:
        """One state and more from this number on, `most` at most."""
        if self.file is None:
            part = bisect_right(self._held_starts, first) - 1
            row = first - self._held_starts[part]
            return self._held[part][row : row + most]
        self._seek(first)
        data = self.file.read(most * self.words * 8)
        # A copy, because compiled code takes no arrays that cannot be written.
        return np.frombuffer(data, dtype=np.int64).reshape(most, self.words).copy()

    def at(self, number: int) -> tuple[int, ...]:
        """The words of one state."""
        return tuple(self._rows(number, 1)[0].tolist())


def _bytes_of(rows: Rows) -> Any:
    """The memory of the rows; not a copy, if they are contiguous."""
    return np.ascontiguousarray(rows).reshape(-1).view(np.uint8)
