"""wal2json, format versions 1 (an object for each transaction) and 2 (one for each row).

Owns the reading of its objects. All changes of a database come in one order, that of the commits,
so they are one node. PostgreSQL sends again what was not confirmed: with `include-lsn`, a
transaction that was read before is recognised by `nextlsn` and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from .base import Adapter, Json, Record, Unreadable, flat, held, json_object
from .rows import change_fields, change_name

__all__ = ["Wal2json", "lsn_number"]

_ACTIONS = {"I": "insert", "U": "update", "D": "delete", "T": "truncate", "M": "message"}


class Wal2json(Adapter):
    """`node` is the name of the one node."""

    options: ClassVar = {"node": "postgres"}
    line_bytes_max: ClassVar = 1 << 26  # version 1 writes a transaction as one line

    def __init__(self, given: dict[str, str]) -> None:
        super().__init__(given)
        self._ended = -1  # the highest `nextlsn` of a transaction that is over
        self._is_again = False  # is the present transaction (version 2) one that was read before?

    def line(self, text: str) -> Iterator[Record | Unreadable]:
        found = json_object(text.lstrip(","))
        if "action" in found:
            return self._tuple(found)
        if "change" in found:
            return self._transaction(found)
        raise Unreadable("no output of wal2json: it has neither 'change' nor 'action'")

    def _transaction(self, found: Json) -> Iterator[Record | Unreadable]:
        changes = found["change"]
        if not isinstance(changes, list):
            raise Unreadable("'change' must be a list", "wrong type")
        ended = lsn_number(found["nextlsn"]) if "nextlsn" in found else None
        if ended is not None and ended <= self._ended:
            for _ in changes:
                yield _again(found["nextlsn"])
            return
        self._ended = ended if ended is not None else self._ended
        for change in changes:
            if not isinstance(change, dict) or not isinstance(change.get("kind"), str):
                yield Unreadable("a change without 'kind'", "field missing")
                continue
            kind = str(change["kind"])
            if kind == "message":
                yield self._message(change)
                continue
            keys = change.get("oldkeys", {})
            if not isinstance(keys, dict):
                yield Unreadable("'oldkeys' must be an object", "wrong type")
                continue
            new = _zipped(change, "columnnames", "columnvalues", "columntypes")
            old = _zipped(keys, "keynames", "keyvalues", "keytypes")
            yield self._change(kind, change, new, old, found)

    def _tuple(self, found: Json) -> Iterator[Record | Unreadable]:
        action = found["action"]
        if action == "B" or action == "C":
            if "nextlsn" in found:
                ended = lsn_number(found["nextlsn"])
                if action == "B":
                    self._is_again = ended <= self._ended
                else:
                    self._ended = max(self._ended, ended)
            if action == "C":
                self._is_again = False
            return
        if action not in _ACTIONS:
            raise Unreadable("'action' is none of B, I, U, D, T, M, C", "wrong type")
        if self._is_again:
            yield _again("")
        elif action == "M":
            yield self._message(found)
        else:
            kind = _ACTIONS[str(action)]
            new, old = _columns(found, "columns"), _columns(found, "identity")
            yield self._change(kind, found, new, old, found)

    def _change(
        self,
        kind: str,
        change: Json,
        new: list[tuple[str, object]],
        old: list[tuple[str, object]],
        whole: Json,
    ) -> Record:
        schema, table = change.get("schema"), change.get("table")
        if not isinstance(table, str):
            raise Unreadable("a change without 'table'", "field missing")
        more = {name: whole.get(name) for name in ("xid", "timestamp", "lsn", "nextlsn")}
        more |= {"schema": schema, "table": table}
        fields = change_fields(new, old, more)
        return Record(change_name(kind, schema, table), self.given["node"], fields)

    def _message(self, change: Json) -> Record:
        fields: Json = {"transactional": change.get("transactional")}
        flat("content", held(change.get("content")), fields)
        return Record(f"message {change.get('prefix')}", self.given["node"], fields)


def _again(lsn: object) -> Unreadable:
    return Unreadable(f"a transaction that was read before {lsn}".rstrip(), "sent again", False)


def _zipped(found: Json, names: str, values: str, types: str) -> list[tuple[str, object]]:
    own, told = found.get(names, []), found.get(values, [])
    if not isinstance(own, list) or not isinstance(told, list) or len(own) != len(told):
        raise Unreadable(f"{names!r} and {values!r} must be lists of one length", "wrong type")
    kinds = found.get(types)
    if not isinstance(kinds, list) or len(kinds) != len(own):  # include-types is off
        kinds = [None] * len(own)
    return [
        (str(name), _typed(value, kind)) for name, value, kind in zip(own, told, kinds, strict=True)
    ]


def _columns(found: Json, key: str) -> list[tuple[str, object]]:
    columns = found.get(key, [])
    if not isinstance(columns, list) or not all(
        isinstance(each, dict) and isinstance(each.get("name"), str) and "value" in each
        for each in columns
    ):
        raise Unreadable(f"{key!r} must be a list of columns with 'name' and 'value'", "wrong type")
    return [(each["name"], _typed(each["value"], each.get("type"))) for each in columns]


def _typed(value: object, kind: object) -> object:
    return held(value) if kind in ("json", "jsonb") else value


def lsn_number(text: object) -> int:
    """A log sequence number, as PostgreSQL writes it, as a number. Raises: Unreadable.

    >>> lsn_number("0/16B3748")
    23803720
    """
    high, slash, low = str(text).partition("/")
    try:
        if not slash or max(len(high), len(low)) > 8:
            raise ValueError
        return (int(high, 16) << 32) + int(low, 16)
    except ValueError:
        raise Unreadable("a log sequence number that is none", "wrong type") from None
