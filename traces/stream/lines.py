"""A file in blocks of whole lines, and a block as decoded lines, quickly where that is safe.

Owns two promises. A line longer than `LINE_BYTES_MAX` never stands in memory. And a block is
decoded as a whole only where that cannot differ from reading each line with care
(`jsonl.read_line`): no escape that could hide a second key of one name, every line one object,
every name once. Any other block is handed back, to be read line by line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import IO, Any, NamedTuple, Union, cast

import msgspec

from ..event import Extra
from ..jsonl import LINE_BYTES_MAX, Wanted
from .fields import Fields

__all__ = ["BLOCK_BYTES", "Block", "Decoder", "Form", "Message", "TooLong", "blocks"]

BLOCK_BYTES = 1 << 19
SKIPPED_BYTES_MAX = 1 << 28  # of one line that is too long; beyond, it is no log but a bomb

Message = Any  # an object of the class that `Decoder` makes for the fields that a mapping reads


class Block(NamedTuple):
    """Whole lines. `start` is the offset of the first one in the (unpacked) file."""

    start: int
    text: bytes


class TooLong(NamedTuple):
    """One line that was skipped. `gave_up`: and all that follows it."""

    start: int
    gave_up: bool


def blocks(stream: IO[bytes], start: int = 0, end: int | None = None) -> Iterator[Block | TooLong]:
    """The lines from `start` to `end`, both the beginnings of lines, half a megabyte at a time.

    The stream stands at `start`, which is the beginning of a line.
    Raises: OSError, EOFError, for a damaged file.
    """
    rest, at = b"", start
    while end is None or at < end:
        chunk = stream.read(BLOCK_BYTES)
        if not chunk:
            if rest:
                yield Block(at, rest)
            return
        text = rest + chunk
        if end is not None and at + len(text) > end:
            yield Block(at, text[: end - at])
            return
        cut = text.rfind(b"\n") + 1
        if cut:
            yield Block(at, text[:cut])
            at, rest = at + cut, text[cut:]
        elif len(text) <= LINE_BYTES_MAX:
            rest = text
        else:
            skipped, rest = _skip(stream, len(text))
            yield TooLong(at, skipped > SKIPPED_BYTES_MAX)
            if skipped > SKIPPED_BYTES_MAX:
                return
            at += skipped


def _skip(stream: IO[bytes], skipped: int) -> tuple[int, bytes]:
    """Read on to the end of the line: how long it was, and what was read behind it."""
    while skipped <= SKIPPED_BYTES_MAX:
        chunk = stream.read(BLOCK_BYTES)
        end = chunk.find(b"\n") + 1
        if end:
            return skipped + end, chunk[end:]
        skipped += len(chunk)
        if not chunk:
            break
    return skipped, b""


@dataclass(frozen=True)
class Form:
    """What the lines of one event hold, as `Decoder` has it.

    `facts` gives the values beside those of every line and the id of the slice, None if there are
    none; two lines of one form with equal facts are of one kind. `names` are the names of
    attributes.
    """

    event: str
    facts: Callable[[Message], object] | None
    names: tuple[tuple[str, str], ...]
    extra: tuple[str, ...] = ()  # attributes that a line may have no value for

    def record(self, message: Message) -> dict[str, object]:
        """The message as the object that its line holds, as far as the mapping reads it."""
        found: dict[str, object] = {
            "ts": message.ts, "node": message.node, "seq": message.seq, "event": self.event,
        }  # fmt: skip
        told = ((name, getattr(message, attribute)) for attribute, name in self.names)
        return found | {name: value for name, value in told if value is not msgspec.UNSET}


class Decoder:
    """Turns blocks into messages, each of the class of its event (`forms`)."""

    def __init__(self, wanted: Wanted, fields: Fields) -> None:
        self.forms: dict[type, Form] = {}
        self.only_known = self._decoder(wanted, fields, more=False)
        self.any_fields = self._decoder(wanted, fields, more=True)
        self.has_more = False  # has a line more fields than the mapping reads?
        self._extra = {
            each: [pair for pair in form.names if pair[0] in form.extra]
            for each, form in self.forms.items()
            if form.extra
        }

    def _decoder(self, wanted: Wanted, fields: Fields, *, more: bool) -> Any:
        made = []
        for event, names in wanted.items():
            parts: list[Any] = [("ts", float), ("node", str), ("seq", int)]
            attributes = []
            for number, name in enumerate(names):
                is_key = name == fields.keys.get(event)
                attributes.append(("key" if is_key else f"field_{number}", str(name)))
                parts.append((attributes[-1][0], Union[tuple(fields.types[event, name])]))  # noqa: UP007
                if isinstance(name, Extra):
                    parts[-1] = (*parts[-1], msgspec.UNSET)
            one = msgspec.defstruct(
                "Message", parts, gc=False, rename=dict(attributes), tag=event, tag_field="event",
                forbid_unknown_fields=not more, kw_only=True,
            )  # fmt: skip
            extra = [isinstance(name, Extra) for name in names]
            told = zip(attributes, extra, strict=True)
            others = [name for (name, _), is_extra in told if name != "key" and not is_extra]
            facts = attrgetter(*others) if others else None
            absent = tuple(
                n for (n, _), is_extra in zip(attributes, extra, strict=True) if is_extra
            )
            self.forms[one] = Form(event, facts, tuple(attributes), absent)
            made.append(one)
        return msgspec.json.Decoder(Union[tuple(made)])  # noqa: UP007 - made at run time

    def whole(self, text: bytes) -> list[Message] | None:
        """The messages of a block; None if it has to be read line by line."""
        if b"\\" in text or not _are_objects(text):
            return None
        try:
            if not text.isascii():
                text.decode("utf-8")
            messages = self._decoded(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        is_whole = len(messages) == text.count(b"\n") and self._once(text, messages)
        return messages if is_whole else None

    def _decoded(self, text: bytes) -> list[Message]:
        if not self.has_more:
            try:
                return cast("list[Message]", self.only_known.decode_lines(text))
            except msgspec.ValidationError:
                messages = self.any_fields.decode_lines(text)
                self.has_more = True
                return cast("list[Message]", messages)
        return cast("list[Message]", self.any_fields.decode_lines(text))

    def _once(self, text: bytes, messages: list[Message]) -> bool:
        """Does every name stand once in each line? Never says so where one stands twice.

        Without escapes a name stands in the text as it is, so there are at least as many quoted
        names as values, and more where one stands twice. Counting `":` is the quicker way to count
        names, where there are no other fields and no space before a colon.
        """
        counts = Counter(map(type, messages))
        absent = self._absent(messages) if self._extra else Counter()
        if not self.has_more and not any(map(text.__contains__, _SPACED)):
            values = sum((4 + len(self.forms[each].names)) * n for each, n in counts.items())
            values -= absent.total()
            return text.count(b'":') == values
        wanted = Counter({name: len(messages) for name in ("ts", "node", "seq", "event")})
        for form in self.forms.values():
            wanted.update({name: 0 for _, name in form.names})
        for each, n in counts.items():
            wanted.update({name: n for _, name in self.forms[each].names})
        wanted.subtract(absent)
        return all(text.count(f'"{name}"'.encode()) == n for name, n in wanted.items())

    def _absent(self, messages: list[Message]) -> Counter[str]:
        """How many lines have no value for a field that they may leave out."""
        found: Counter[str] = Counter()
        for message in messages:
            for attribute, name in self._extra.get(message.__class__, ()):
                if getattr(message, attribute) is msgspec.UNSET:
                    found[name] += 1
        return found


_SPACED = tuple(space + b":" for space in (b" ", b"\t", b"\r", b"\n"))  # as JSON may have it


def _are_objects(text: bytes) -> bool:
    """Is every line short enough and an object? No value can go on over `}`, a newline and `{`."""
    lines = text.count(b"\n")
    if not (lines and text.startswith(b"{") and text.endswith(b"}\n")):
        return False
    if len(text) > LINE_BYTES_MAX and max(map(len, text.split(b"\n"))) > LINE_BYTES_MAX:
        return False
    return text.count(b"}\n{") == lines - 1
