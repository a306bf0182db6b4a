"""TLC's text of a value, read with the model's types.

Owns the reading. The text alone does not tell a sequence from a function on 1..n, or a record from
a function on strings, and prints several kinds of emptiness alike: the type decides. What is not
of the type is a `Misread`, with the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import ir
from ..states import Sizes, Value, atom_name, universe
from .tla_names import Encoding

__all__ = [
    "Misread",
    "Raw",
    "Reader",
    "parse_assignments",
    "parse_value",
    "split_assignments",
    "split_tuple",
]


class Misread(Exception):
    """The text is no value, or none of the type; says which."""


@dataclass(frozen=True)
class Word:
    """A model value."""

    text: str


@dataclass(frozen=True)
class Elements:
    """A set."""

    items: tuple[Raw, ...]


@dataclass(frozen=True)
class Tuple:
    items: tuple[Raw, ...]


@dataclass(frozen=True)
class Mapped:
    """A function or a record (whose keys are strings)."""

    pairs: tuple[tuple[Raw, Raw], ...]


Raw = bool | int | str | Word | Elements | Tuple | Mapped

_TOKEN = re.compile(
    r'\s*(?:(-?\d+)|"((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)|(<<|>>|\|->|:>|@@|\.\.|/\\|[][{}(),=]))'
)


@dataclass
class _Tokens:
    text: str
    place: int = 0

    def peek(self) -> str:
        match = _TOKEN.match(self.text, self.place)
        return match.group().strip() if match else ""

    def take(self, wanted: str = "") -> str:
        match = _TOKEN.match(self.text, self.place)
        found = match.group().strip() if match else ""
        if match is None or (wanted and found != wanted):
            here = self.text[self.place : self.place + 40].strip()
            raise Misread(f"expected {wanted or 'a value'} at {here!r}")
        self.place = match.end()
        return found


def parse_value(text: str, start: int = 0) -> tuple[Raw, int]:
    """The value that begins there, and where it ends.

    >>> parse_value("{1, 2}")[0]
    Elements(items=(1, 2))
    """
    tokens = _Tokens(text, start)
    value = _value(tokens)
    return value, tokens.place


def parse_assignments(text: str) -> dict[str, Raw]:
    r"""A state as TLC prints it.

    >>> parse_assignments('/\\ x = 1\n/\\ y = {}')
    {'x': 1, 'y': Elements(items=())}
    """
    tokens, found = _Tokens(text), dict[str, Raw]()
    while tokens.peek():
        if tokens.peek() == "/\\":
            tokens.take()
        name = tokens.take()
        tokens.take("=")
        found[name] = _value(tokens)
    return found


_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|<<|>>|[][{}(),]')


def split_tuple(text: str, start: int) -> tuple[list[str], int]:
    """The texts of a tuple's items, which are not read, and where the tuple ends.

    >>> split_tuple('<<1, {2, 3}, "a, b">>', 0)
    (['1', '{2, 3}', '"a, b"'], 21)
    """
    found: list[str] = []
    depth, begin = 0, start
    for match in _BRACKET.finditer(text, start):
        token = match.group()
        if token in ("<<", "{", "(", "["):
            depth += 1
            begin = match.end() if depth == 1 else begin
        elif token in (">>", "}", ")", "]"):
            depth -= 1
            if depth == 0:
                last = text[begin : match.start()].strip()
                return ([*found, last] if last else found), match.end()
        elif token == "," and depth == 1:
            found.append(text[begin : match.start()].strip())
            begin = match.end()
    raise Misread(f"expected a tuple at {text[start : start + 40]!r}")


_ASSIGNED = re.compile(r"^/\\ (\w+) = ", re.M)


def split_assignments(text: str) -> dict[str, str]:
    r"""The variables of a state as TLC prints it, with the texts of their values.

    >>> split_assignments('/\\ x = 1\n/\\ y = {}')
    {'x': '1', 'y': '{}'}
    """
    parts = _ASSIGNED.split(text if text.startswith("/\\") else "/\\ " + text)
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def _value(tokens: _Tokens) -> Raw:
    token = tokens.take()
    if token == "{":
        return Elements(tuple(_items(tokens, "}")))
    if token == "<<":
        return Tuple(tuple(_items(tokens, ">>")))
    if token == "[":
        return _record(tokens)
    if token == "(":
        return _function(tokens)
    if token in ("TRUE", "FALSE"):
        return token == "TRUE"
    if token.startswith('"'):
        return token[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if re.fullmatch(r"-?\d+", token):
        if tokens.peek() == "..":
            tokens.take()
            return Elements(tuple(range(int(token), int(tokens.take()) + 1)))
        return int(token)
    if re.fullmatch(r"[A-Za-z_]\w*", token):
        return Word(token)
    raise Misread(f"{token!r} begins no value")


def _items(tokens: _Tokens, end: str) -> list[Raw]:
    items: list[Raw] = []
    while tokens.peek() != end:
        items.append(_value(tokens))
        if tokens.peek() != end:
            tokens.take(",")
    tokens.take(end)
    return items


def _record(tokens: _Tokens) -> Mapped:
    pairs: list[tuple[Raw, Raw]] = []
    while tokens.peek() != "]":
        name = tokens.take()
        tokens.take("|->")
        pairs.append((name, _value(tokens)))
        if tokens.peek() != "]":
            tokens.take(",")
    tokens.take("]")
    return Mapped(tuple(pairs))


def _function(tokens: _Tokens) -> Mapped:
    pairs: list[tuple[Raw, Raw]] = []
    while True:
        key = _value(tokens)
        tokens.take(":>")
        pairs.append((key, _value(tokens)))
        if tokens.peek() == ")":
            tokens.take()
            return Mapped(tuple(pairs))
        tokens.take("@@")


# ── With types ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Reader:
    """Reads values of one model's types."""

    encoding: Encoding
    sizes: Sizes
    read: dict[tuple[str, str], Value] = field(default_factory=dict)

    def of_text(self, text: str, var: ir.Var) -> Value:
        """The value of a variable's text; the same text is read once. Raises: Misread."""
        key = (var.name, text)
        if key not in self.read:
            raw, end = parse_value(text)
            if text[end:].strip():
                raise Misread(f"expected nothing more at {text[end : end + 40]!r}")
            self.read[key] = self.typed(raw, var.type)
        return self.read[key]

    def typed(self, raw: Raw, type_: ir.Type) -> Value:
        """Raises: Misread."""
        match type_, raw:
            case ir.Option(item), _:
                return None if raw == Word("None") else self.typed(raw, item)
            case ir.Bool(), bool():
                return raw
            case ir.Int(), int() if not isinstance(raw, bool):
                return raw
            case ir.Sort(name), Word(text):
                for index in range(dict(self.sizes)[name]):
                    if atom_name(name, index) == text:
                        return index
            case ir.Enum(_, members), str() if raw in members:
                return raw
            case ir.Record(), Mapped():
                return self._record(raw, type_)
            case ir.Union(records), Mapped(pairs):
                tag = dict(pairs).get(self.encoding.tag)
                for record in records:
                    if record.name == tag:
                        return self._record(raw, record)
            case ir.Set(item), Elements(items):
                return frozenset(self.typed(x, item) for x in items)
            case ir.Seq(item), _:
                return self._sequence(raw, item)
            case ir.Bag(item), _:
                pairs = self._pairs(raw)
                return frozenset((self.typed(k, item), self.typed(n, ir.INT)) for k, n in pairs)
            case ir.Partial(key, value), _:
                pairs = self._pairs(raw)
                return frozenset((self.typed(k, key), self.typed(v, value)) for k, v in pairs)
            case ir.Map(key, value), _:
                entries = {self.typed(k, key): self.typed(v, value) for k, v in self._pairs(raw)}
                keys = universe(key, self.sizes)
                if entries.keys() == set(keys):
                    return tuple(entries[k] for k in keys)
        raise Misread(f"{raw!r} is no {type_}")

    def _record(self, raw: Mapped, type_: ir.Record) -> Value:
        held: Mapping[Raw, Raw] = dict(raw.pairs)
        names = {name: self.encoding.field(type_.name, name) for name, _ in type_.fields}
        wanted = {*names.values()}
        if type_.name in self.encoding.tagged:
            wanted.add(self.encoding.tag)
        if held.keys() != wanted:
            raise Misread(f"{raw!r} does not have the fields of {type_.name}")
        return (type_.name, *(self.typed(held[names[n]], kind) for n, kind in type_.fields))

    def _pairs(self, raw: Raw) -> tuple[tuple[Raw, Raw], ...]:
        match raw:
            case Mapped(pairs):
                return pairs
            case Tuple(items):
                return tuple(enumerate(items, start=1))
        raise Misread(f"{raw!r} is no function")

    def _sequence(self, raw: Raw, item: ir.Type) -> Value:
        held = dict(self._pairs(raw))
        pairs = [(k, held[k]) for k in range(1, len(held) + 1) if k in held]
        if len(pairs) < len(held):
            raise Misread(f"{raw!r} is no sequence")
        return tuple(self.typed(v, item) for _, v in pairs)
