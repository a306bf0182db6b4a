"""Where states are kept: the table of visited ones in memory, and every level in a file.

Owns memory. The table's address space is reserved at once and becomes memory page by page as its
segments grow, so that growing never copies the whole. The file holds the states of each level in
the order they were found, for rebuilding traces and for checkpoints; it has no name and is gone
with the process.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
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
_HUGE_PAGES_FROM = 1 << 23  # reserved bytes of a segment below which huge pages waste memory
_IN_MEMORY_BYTES = 1 << 25  # levels of small searches never reach the disk


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


def _nameless_file() -> BinaryIO:
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115, lives on
    return cast(BinaryIO, file)


def digest_of_states() -> hashlib.blake2b:
    """What tells whether the states of a level are still those that were written."""
    return hashlib.blake2b(digest_size=16)


def _write(file: BinaryIO, data: bytes) -> None:
    # A file without a buffer may take a part only; with one, an error would come back when the
    # file is closed.
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


@dataclass
class Levels:
    """All states found, level after level. `starts[d]` is the number of the first of level d.

    In the file they begin at byte `first_byte`. With `digests`, there is one for each level.
    """

    words: int
    starts: list[int] = field(default_factory=list)
    states: int = 0
    file: BinaryIO = field(default_factory=lambda: _nameless_file())
    first_byte: int = 0
    digests: list[str] | None = None

    def add(self, parts: list[Rows]) -> None:
        """One more level. Raises: LimitReached, if the disk is full."""
        self.starts.append(self.states)
        self._seek(self.states)
        digest = digest_of_states()
        for part in parts:
            data = np.ascontiguousarray(part).tobytes()
            try:
                _write(self.file, data)
            except OSError as problem:
                detail = f"no room for {self.states:,} states on the disk: {problem.strerror}"
                raise LimitReached(Limit("disk", detail)) from problem
            if self.digests is not None:
                digest.update(data)
            self.states += len(part)
        if self.digests is not None:
            self.digests.append(digest.hexdigest())

    def _seek(self, number: int) -> None:
        self.file.seek(self.first_byte + number * self.words * 8)

    def count(self, level: int) -> int:
        end = self.starts[level + 1] if level + 1 < len(self.starts) else self.states
        return end - self.starts[level]

    def read(self, level: int, block: int = 1 << 14) -> Iterator[Rows]:
        """The states of a level, some at a time."""
        first, count = self.starts[level], self.count(level)
        for at in range(first, first + count, block):
            many = min(block, first + count - at)
            self._seek(at)
            data = self.file.read(many * self.words * 8)
            # A copy, because compiled code takes no arrays that cannot be written.
            yield np.frombuffer(data, dtype=np.int64).reshape(many, self.words).copy()

    def at(self, number: int) -> tuple[int, ...]:
        """The words of one state."""
        self._seek(number)
        data = self.file.read(self.words * 8)
        return tuple(np.frombuffer(data, dtype=np.int64).tolist())
