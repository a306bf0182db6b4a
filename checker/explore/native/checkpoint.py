"""A search on disk, so that it can go on after it was killed.

Owns the two files. FILE.states holds the words of every state, level after level, and is only ever
appended to: each state is written once, however often a checkpoint is made. FILE is small and is
replaced as a whole, by renaming; it says how many levels count, with a checksum of each, and what
the search had counted and decided. What lies behind the last of these levels was not finished when
the process died, and is written over.

Nothing that was decided is stored: FILE names the states that decided it, and the search asks the
reference about them again. Only numbers and texts are read back, never code.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from ... import ir
from ...backends.native.emit import Generated
from ...errors import UsageError
from ...ir_text import model_text
from ...source import shown_path
from ..limits import LimitReached
from ..outcome import Limit
from .store import Levels, digest_of_states

__all__ = ["Checkpoint", "Deciding", "Progressed", "identity_of", "read"]

FORMAT = 1  # raise it when an older file would be misunderstood
_KIND = "crashproof-checkpoint"
_MAGIC = b"crashproof states"[:16]
_PAUSE = 10  # a checkpoint may take a tenth of the time since the last one


@dataclass(frozen=True)
class Deciding:
    """A state that decided something: `kind` is "state", "rest" or "step".

    Of a step that failed, `instance` and `site` are those of the generated code.
    """

    kind: str
    level: int
    words: tuple[int, ...]
    instance: int = -1
    site: int = -1


@dataclass
class Progressed:
    """What a search has counted when a level ends; `level` is the one to be expanded next.

    With symmetry, `in_full` are the states and the steps that the expanded states stand for.
    """

    level: int = 0
    depth: int = 0
    generated: int = 0  # without initial states
    seconds: float = 0.0
    rested: bool = False
    fired: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    failing_rules: list[int] = field(default_factory=list)
    deciding: list[Deciding] = field(default_factory=list)
    in_full: tuple[int | None, int | None] = (0, 0)


def identity_of(model: ir.Model, generated: Generated) -> str:
    """Equal for the same model with the same constants, scopes and code."""
    text = "\0".join((model_text(model), generated.source, repr(generated.layout)))
    return hashlib.sha256(text.encode()).hexdigest()


class Checkpoint:
    """The two files of one search. `about` is what the search was asked, kept as it is."""

    def __init__(self, path: Path, states: BinaryIO, about: Mapping[str, Any]) -> None:
        self.path, self.about = path, about
        self._states = states
        self._saved: dict[str, Any] | None = None
        self._next_s = 0.0

    # ── Beginning ──

    @classmethod
    def create(cls, path: Path, about: Mapping[str, Any]) -> Checkpoint:
        """For a new search. Raises: UsageError, if the files exist or cannot be written."""
        if path.exists():
            raise UsageError(
                f"{shown_path(str(path))} exists already",
                help=f"`checker resume {shown_path(str(path))}` goes on with it; "
                "delete it to begin again",
            )
        states = _opened(_states_path(path), "a+b")
        head = _at_start(states, len(_MAGIC))
        if head and head != _MAGIC:
            raise UsageError(f"{shown_path(str(_states_path(path)))} is no file of a checkpoint")
        try:
            states.truncate(0)
            states.write(_MAGIC)
        except OSError as problem:
            raise _unwritable(path, problem) from problem
        states.close()
        # Opened again, because a file for appending is written at its end only.
        return cls(path, _opened(_states_path(path), "r+b"), about)

    @classmethod
    def open(cls, path: Path) -> Checkpoint:
        """For a search that goes on. Raises: UsageError, for anything that is not as written."""
        body = read(path)
        states = _opened(_states_path(path), "r+b")
        if _at_start(states, len(_MAGIC)) != _MAGIC:
            raise _damaged(_states_path(path), "it does not begin as it should")
        made = cls(path, states, body["about"])
        made._saved = body
        return made

    # ── Writing ──

    def levels(self, words: int) -> Levels:
        """An empty list of levels in our file."""
        return Levels(words, file=self._states, first_byte=len(_MAGIC), digests=[])

    def is_due(self) -> bool:
        """Checkpoints leave the search nine tenths of the time."""
        return time.monotonic() >= self._next_s

    def save(self, levels: Levels, progressed: Progressed, identity: str) -> None:
        """Raises: LimitReached, if there is no room; the last checkpoint stays."""
        began = time.monotonic()
        counts = [levels.count(level) for level in range(len(levels.starts))]
        body = {
            "about": self.about,
            "identity": identity,
            "words": levels.words,
            "levels": [list(pair) for pair in zip(counts, levels.digests or [], strict=True)],
            "progressed": asdict(progressed),
        }
        text = json.dumps({_KIND: FORMAT, "checksum": _checksum(body), "body": body})
        new = self.path.with_name(self.path.name + ".new")
        try:
            os.fsync(self._states.fileno())
            with new.open("w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as problem:
            with suppress(OSError):
                new.unlink()
            detail = f"the checkpoint could not be written: {problem.strerror}"
            raise LimitReached(Limit("disk", detail)) from problem
        now = time.monotonic()
        self._next_s = now + _PAUSE * (now - began)

    def close(self) -> None:
        """Without a checkpoint the other file is of no use to anybody."""
        self._states.close()
        if not self.path.exists():
            with suppress(OSError):
                _states_path(self.path).unlink()

    # ── Reading ──

    @property
    def saved(self) -> bool:
        """Is there something to go on with?"""
        return self._saved is not None

    def restored(self, identity: str, words: int) -> tuple[Levels, Progressed]:
        """What was saved. Raises: UsageError, if it is of another model, or damaged."""
        body = self._saved or {}
        if body.get("identity") != identity or body.get("words") != words:
            raise UsageError(
                f"{shown_path(str(self.path))} is of another model: "
                "the model, its constants or this program have changed since",
                help="explore it from the beginning",
            )
        levels = self.levels(words)
        for count, digest in body["levels"]:
            levels.starts.append(levels.states)
            levels.states += count
            cast(list[str], levels.digests).append(digest)
        self._verify(levels)
        self._states.truncate(len(_MAGIC) + levels.states * words * 8)
        given = dict(body["progressed"])
        deciding = [Deciding(**{**d, "words": tuple(d["words"])}) for d in given.pop("deciding")]
        return levels, Progressed(**given, deciding=deciding)

    def _verify(self, levels: Levels) -> None:
        for level, digest in enumerate(cast(list[str], levels.digests)):
            found = digest_of_states()
            try:
                for rows in levels.read(level):
                    found.update(np.ascontiguousarray(rows).tobytes())
            except ValueError:  # fewer bytes than there have to be
                raise _damaged(_states_path(self.path), "it ends too early") from None
            if found.hexdigest() != digest:
                detail = f"the states of level {level} are not those that were written"
                raise _damaged(_states_path(self.path), detail)


def read(path: Path) -> dict[str, Any]:
    """What FILE says. Raises: UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no file {shown_path(str(path))}") from None
    except OSError as problem:
        detail = problem.strerror
        raise UsageError(f"cannot read {shown_path(str(path))}: {detail}") from problem
    except UnicodeDecodeError:
        raise _foreign(path) from None
    try:
        found = json.loads(text)
    except ValueError:
        raise _damaged(path, "it is not JSON") if _KIND in text else _foreign(path) from None
    if not isinstance(found, dict) or _KIND not in found:
        raise _foreign(path)
    if found[_KIND] != FORMAT:
        raise UsageError(
            f"{shown_path(str(path))} is a checkpoint of format {found[_KIND]}, "
            f"and this version reads format {FORMAT}",
            help="resume it with the version that wrote it, or explore from the beginning",
        )
    body = found.get("body")
    if not isinstance(body, dict) or found.get("checksum") != _checksum(body):
        raise _damaged(path, "its checksum is wrong")
    return cast(dict[str, Any], body)


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _states_path(path: Path) -> Path:
    return path.with_name(path.name + ".states")


def _at_start(file: BinaryIO, count: int) -> bytes:
    file.seek(0)
    return file.read(count)


def _opened(path: Path, mode: str) -> BinaryIO:
    """The file, without a buffer, for this process alone."""
    try:
        file = cast(BinaryIO, path.open(mode, buffering=0))
    except FileNotFoundError:
        raise UsageError(f"there is no file {shown_path(str(path))}") from None
    except OSError as problem:
        raise _unwritable(path, problem) from problem
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise UsageError(f"{shown_path(str(path))} is in use by another run") from None
    return file


def _unwritable(path: Path, problem: OSError) -> UsageError:
    return UsageError(f"cannot write {shown_path(str(path))}: {problem.strerror}")


def _damaged(path: Path, how: str) -> UsageError:
    return UsageError(
        f"{shown_path(str(path))} is damaged: {how}", help="explore the model from the beginning"
    )


def _foreign(path: Path) -> UsageError:
    return UsageError(f"{shown_path(str(path))} is no checkpoint")
