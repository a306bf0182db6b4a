"""The bytes of a log: plain, packed by gzip or zstd, from standard input; and names with wildcards.

Owns opening. What comes out of a packed file is read in pieces, so a bomb fills no memory; the
limits of a line are the readers' (`LINE_BYTES_MAX`, `SKIPPED_BYTES_MAX`). Damage of a packed file
is an OSError or EOFError, whoever packed it.
"""

from __future__ import annotations

import glob
import gzip
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from checker.errors import UsageError

from .event import printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["STDIN", "Limited", "expanded", "is_packed", "log_stream", "opened", "unreadable"]

STDIN = "-"
ZSTD_WINDOW_LOG_MAX = 27  # 128 MiB, the most that `zstd -d` takes without being asked to
FILES_MAX = 10_000


def is_packed(name: str) -> bool:
    """Does the name say that the file is packed?"""
    return name.endswith((".gz", ".zst"))


def opened(name: str) -> IO[bytes]:
    """A file for reading, unpacked; the caller closes it.

    Raises: OSError; UsageError, if the package for .zst is not installed.
    """
    if name.endswith(".gz"):
        return cast("IO[bytes]", gzip.open(name, "rb"))
    if name.endswith(".zst"):
        return _unpacked(name)
    return open(name, "rb")  # noqa: PTH123 - the caller closes it


@contextmanager
def log_stream(name: str) -> Iterator[IO[bytes]]:
    """The bytes of a log, which may be standard input; closed at the end, unless it is that.

    Raises: UsageError, if it cannot be opened.
    """
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = opened(name)
    except OSError as error:
        raise unreadable(name, error) from None
    with stream:
        yield stream


def unreadable(name: str, error: OSError) -> UsageError:
    return UsageError(
        f"cannot read the log {printable(name)}: {error.strerror or printable(str(error))}",
        help="name one or more files of JSON lines, or - for standard input",
    )


def expanded(logs: Sequence[str]) -> tuple[str, ...]:
    """The files meant: a name that is no file and holds `*`, `?` or `[` is a pattern.

    Shells expand patterns themselves; what runs a command without one does not. The files of a
    pattern come in the order of their names.

    Raises: UsageError for a pattern that no file fits, and for a file that is named twice.
    """
    found: list[str] = []
    for name in logs:
        if name == STDIN or not glob.has_magic(name) or Path(name).exists():
            found.append(name)
            continue
        fitting = sorted(each for each in glob.glob(name) if Path(each).is_file())  # noqa: PTH207
        if not fitting:
            raise UsageError(f"no file is called like {printable(name)}")
        found += fitting
    if len(set(found)) < len(found):
        raise UsageError("a log is named twice", help="name each file once")
    if len(found) > FILES_MAX:
        raise UsageError(f"more than {FILES_MAX} files", help="join them first: cat … | … -")
    return tuple(found)


class Limited(io.RawIOBase):
    """The first so many bytes of a stream."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        found = self._stream.read(min(len(view), self._left))
        view[: len(found)] = found
        self._left -= len(found)
        return len(found)


# ── zstd ─────────────────────────────────────────────────────────────────────────────────────────


def _unpacked(name: str) -> IO[bytes]:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise UsageError(
            f"reading {printable(name)} needs the package backports.zstd",
            help="pip install 'crashproof[zst]', or unpack the file: zstd -dc FILE | checker … -",
        ) from None
    # The window is what unpacking keeps in memory; a file may ask for gigabytes of it.
    most = {int(zstd.DecompressionParameter.window_log_max): ZSTD_WINDOW_LOG_MAX}
    unpacked = zstd.ZstdFile(name, options=most)
    return io.BufferedReader(_Unpacked(unpacked, zstd.ZstdError), 1 << 16)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes; damage is an OSError, as it is with gzip."""

    def __init__(self, unpacked: Any, damage: type[Exception]) -> None:
        self._unpacked = unpacked
        self._damage = damage

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            return cast("int", self._unpacked.readinto(buffer))
        except self._damage as error:
            raise OSError(str(error)) from None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return cast("int", self._unpacked.seek(offset, whence))

    def tell(self) -> int:
        return cast("int", self._unpacked.tell())

    def close(self) -> None:
        self._unpacked.close()
        super().close()
