"""What an adapter is: it turns one format of logs into records, and knows nothing of models.

Owns `Record`, `Unreadable` and the class to derive from. An adapter reads a stream once, forward,
and keeps nothing that grows with it. What it cannot read it hands on as `Unreadable`, with its
reason; it never stops the rest and never guesses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, ClassVar

from checker.errors import UsageError

from ..event import printable
from ..jsonl import LINE_BYTES_MAX

__all__ = ["Adapter", "Json", "Numbered", "Record", "Unreadable", "flat", "held", "json_object"]

DEPTH_MAX = 8  # of nested objects whose fields get names; what is deeper stays one value

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Record:
    """One event. `fields` are what a mapping can read, by name: texts, numbers, truth values, None.

    `seq` counts the node's records without a gap; None: the records of a node come in the order in
    which they happened, and whether one is missing cannot be known.
    `id` names the record and `after` those that happened before it; `within` names one before whose
    step this record's own step may stand, but after whose causes. `start` and `end` enclose the
    step, in seconds.
    """

    event: str
    node: str
    fields: Mapping[str, object]
    seq: int | None = None
    id: str | None = None
    after: tuple[str, ...] = ()
    within: str | None = None
    start: float | None = None
    end: float | None = None


class Unreadable(Exception):
    """A part of the log that is no record. `is_gap`: it may have held an event.

    `kind` is what a report counts it under; `node` is whose record it was, if that is known.
    """

    def __init__(
        self,
        message: str,
        kind: str = "no record",
        is_gap: bool = True,
        node: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.is_gap = is_gap
        self.node = node


Numbered = tuple[int, Record | Unreadable]
"""What was read, and the number of the line (from 1) where it began."""


class Adapter:
    """Derive from it, and write `line`.

    `options`: the keys that `[log]` in a mapping may hold beside `format`, with their defaults.
    `line_bytes_max`: a longer line is damage. `is_typed` is false where all values are texts.
    `orders_nodes` is false where the records of a node do not come in their order, and `has_lines`
    where a line feed may stand within a record.
    """

    options: ClassVar[Mapping[str, str]] = {}
    line_bytes_max: ClassVar[int] = LINE_BYTES_MAX
    is_typed: ClassVar[bool] = True
    orders_nodes: ClassVar[bool] = True
    has_lines: ClassVar[bool] = True

    def __init__(self, given: Mapping[str, str]) -> None:
        """Raises: UsageError for an option that there is not."""
        for name in given:
            if name not in self.options:
                known = ", ".join(self.options) or "none"
                raise UsageError(
                    f"the log format has no option {printable(name)!r}", help=f"options: {known}"
                )
        self.given: Mapping[str, str] = {**self.options, **given}

    def line(self, text: str) -> Iterable[Record | Unreadable]:
        """The records of one line.

        Raises: Unreadable, if the line as a whole cannot be read.
        """
        raise NotImplementedError

    def records(self, stream: IO[bytes]) -> Iterator[Numbered]:
        """All records. Raises: OSError, EOFError, for a damaged file."""
        number = 0
        most = self.line_bytes_max
        while raw := stream.readline(most + 1):
            number += 1
            if len(raw) > most and not raw.endswith(b"\n"):
                yield number, Unreadable(f"the line is longer than {most} bytes", "line too long")
                if not _skipped(stream):
                    why = "the line does not end; the rest of the file was not read"
                    yield number, Unreadable(why, "endless line")
                    return
                continue
            if not raw.strip():
                continue
            try:
                for found in self.line(_text(raw)):
                    yield number, found
            except Unreadable as why:
                cut = not raw.endswith(b"\n") and why.kind == "not JSON"
                yield number, Unreadable("the last line is cut off", "cut off") if cut else why
            except RecursionError:
                yield number, Unreadable("nested too deeply", "nested too deeply")

    # ── For derived classes ──────────────────────────────────────────────────────────────────────

    def flag(self, name: str) -> bool:
        """An option that is true or false.

        Raises: UsageError.
        """
        value = self.given[name]
        if value not in ("true", "false"):
            raise UsageError(f"the option {name} of the log format must be true or false")
        return value == "true"

    def text_of(self, fields: Mapping[str, object], name: str, what: str) -> str:
        """The field as a text that is not empty.

        Raises: Unreadable.
        """
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value:
            shown = printable(name)
            raise Unreadable(f"no field {shown!r}, which tells the {what}", "field missing")
        return value

    def seq_of(self, fields: Mapping[str, object], node: str) -> int | None:
        """The number in the field that the option `seq` names; None where it names none.

        Raises: Unreadable.
        """
        name = self.given.get("seq", "")
        if not name:
            return None
        value = fields.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            shown = printable(name)
            raise Unreadable(
                f"the field {shown!r} must be a whole number", "wrong type", True, node
            )
        return value


SKIPPED_BYTES_MAX = 1 << 28  # of one line that is too long; beyond, it is no log but a bomb


def _skipped(stream: IO[bytes]) -> bool:
    """Read on to the end of the line; false if it does not end."""
    skipped = 0
    while skipped <= SKIPPED_BYTES_MAX:
        rest = stream.readline(1 << 19)
        if not rest or rest.endswith(b"\n"):
            return True
        skipped += len(rest)
    return False


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} of the line is not UTF-8"
        raise Unreadable(why, "not UTF-8") from None


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def _object(pairs: list[tuple[str, object]]) -> Json:
    """An object. A key that stands twice gets a value that no field of a mapping may have."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found |= {name: ["stands twice"] for name in found if names.count(name) > 1}
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def json_object(text: str) -> Json:
    """The text as a JSON object. Raises: Unreadable."""
    try:
        found = _DECODER.decode(text)
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number too long"
        raise Unreadable(f"not JSON: {reason}", "not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object", "not an object")
    return found


def held(text: object) -> object:
    """A text that holds a JSON object as that object; anything else as it is."""
    if isinstance(text, str) and text.lstrip()[:1] == "{":
        try:
            return json_object(text)
        except (Unreadable, RecursionError):
            return text  # it only looks like one
    return text


def flat(prefix: str, value: object, into: Json, depth: int = 0) -> None:
    """Put the value into `into` as `prefix`, and what an object holds as `prefix.key`.

    >>> found: Json = {}
    >>> flat("a", {"b": 1, "c": {"d": None}}, found)
    >>> found
    {'a.b': 1, 'a.c.d': None}
    """
    if isinstance(value, dict) and depth < DEPTH_MAX:
        for key, inner in value.items():
            flat(f"{prefix}.{key}", inner, into, depth + 1)
        return
    into[prefix] = ["stands twice"] if prefix in into else value
