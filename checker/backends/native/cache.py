"""Compiled models on disk: found by their text, safe against other writers and against damage.

Owns the folder and its promises. An entry is a folder named by a hash of everything the machine
code depends on. It is filled elsewhere and then renamed into place, so that a reader sees a whole
entry or none; when two processes make the same one, the first stays. A list of checksums tells a
damaged entry, which is taken away and made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entry", "folder", "new_folder", "open_entry"]

_SUMS = "checksums.json"
_FORMAT = "3"  # raise it when the way of compiling changes
_ENTRIES_MAX = 200  # the oldest go first; one takes about half a megabyte


def folder() -> Path:
    """Where compiled models are: `CRASHPROOF_CACHE`, or a folder of the user's cache."""
    given = os.environ.get("CRASHPROOF_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "crashproof" / "native"


@dataclass(frozen=True)
class Entry:
    """The place of one module. `path` is its folder, if that is there and whole."""

    place: Path
    path: Path | None

    def discard(self) -> None:
        """Take a damaged entry away."""
        with suppress(OSError):
            gone = Path(tempfile.mkdtemp(prefix="gone-", dir=self.place.parent))
            self.place.rename(gone / "entry")
            shutil.rmtree(gone, ignore_errors=True)

    def keep(self, filled: Path) -> None:
        """Move a filled folder into place; a cache that cannot be written is no error."""
        sums = {file.name: _sum(file) for file in _files(filled)}
        with suppress(OSError):
            (filled / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
            self.place.parent.mkdir(parents=True, exist_ok=True)
            near = Path(tempfile.mkdtemp(prefix="new-", dir=self.place.parent))
            shutil.copytree(filled, near, dirs_exist_ok=True)
            try:
                near.rename(self.place)  # fails if another process was faster
            except OSError:
                shutil.rmtree(near, ignore_errors=True)
            _forget_old(self.place.parent)


def open_entry(text: str, version: str) -> Entry:
    """The entry for a module's text, as this version makes code of it."""
    parts = (_FORMAT, text, version, platform.machine())
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    entry = Entry(folder() / name, None)
    if not entry.place.is_dir():
        return entry
    if not _is_whole(entry.place):
        entry.discard()
        return entry
    return Entry(entry.place, entry.place)


def _is_whole(place: Path) -> bool:
    try:
        sums = json.loads((place / _SUMS).read_text(encoding="utf-8"))
        return bool({file.name: _sum(file) for file in _files(place)} == sums)
    except (OSError, ValueError):
        return False


def _files(place: Path) -> list[Path]:
    found = (file for file in place.rglob("*") if file.is_file())
    return sorted(file for file in found if file.name != _SUMS)


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _forget_old(place: Path) -> None:
    entries = sorted((e for e in place.iterdir() if e.is_dir()), key=lambda e: e.stat().st_mtime)
    for old in entries[:-_ENTRIES_MAX]:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder of our own to fill, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="crashproof-") as name:
        yield Path(name)
