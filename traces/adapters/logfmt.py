"""logfmt: `key=value key="a value" key` on each line.

Owns the grammar of a line. A value may be bare (up to the next space) or in double quotes with
JSON's escapes; a key alone is true, as go-logfmt reads it. All values are texts, and become what
the model's types ask for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from .base import Adapter, Json, Record, Unreadable

__all__ = ["Logfmt"]

_PAIR = re.compile(r'\s*(?P<key>[^\s="]+)(?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"]*)))?')


class Logfmt(Adapter):
    """The node and the name of the event are the fields that `node` and `event` name."""

    options: ClassVar = {"node": "node", "event": "event", "seq": ""}
    is_typed: ClassVar = False

    def line(self, text: str) -> Iterator[Record]:
        fields = pairs(text)
        node = self.text_of(fields, self.given["node"], "node")
        event = self.text_of(fields, self.given["event"], "event")
        yield Record(event, node, fields, self.seq_of(fields, node))


def pairs(text: str) -> Json:
    r"""The keys and values of a line. Raises: Unreadable.

    >>> pairs('event=publish order="order \\"7\\"" again')
    {'event': 'publish', 'order': 'order "7"', 'again': 'true'}
    """
    found: Json = {}
    at, end = 0, len(text.rstrip())
    while at < end:
        pair = _PAIR.match(text, at)
        if pair is None or not (pair.end() == len(text) or text[pair.end()].isspace()):
            at += len(text) - at - len(text[at:].lstrip())
            raise Unreadable(f"not logfmt at character {at + 1} of the line", "not logfmt")
        at = pair.end()
        key, quoted, bare = pair["key"], pair["quoted"], pair["bare"]
        value: object = "true" if quoted is None and bare is None else bare
        if quoted is not None:
            value = _unquoted(quoted)
        # Which of two values is meant nobody knows, so a mapping that reads the key is told.
        found[key] = ["stands twice"] if key in found else value
    return found


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        raise Unreadable("a value with an escape that is none", "not logfmt") from None
