"""Long logs at the speed of compiled code: most lines never become an object.

Owns when a line may go that way. It is one whose skeleton (`kernel.py`) another line had that was
read with care, by the same node between the same two marks; it is the next of its node; its slice
is open or new, and no monitor has something to say. Every other line is read with care here, one at
a time. A log in which those are many is given back to `Reader`, which decodes whole blocks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..event import Event
from ..jsonl import Wanted
from ..monitors import AtMostOnce, Monitor, Never, matches
from ..watch import KEYS_MAX, Watch, is_fixed
from . import kernel
from .fields import Fields
from .kernel import Numbers, Rows
from .packed import Packed, SeenOnce
from .reading import Node, Reading

__all__ = ["Scanner", "classes_of"]

KINDS_MAX = 100_000
CARE_MAX = 0.1  # of the lines of a block; more cost more than decoding the block
CARE_BLOCKS_MAX = 8  # one after the other
COLUMNS_MAX = 62  # monitors
NO_ROOM = -(1 << 60)

Take = Callable[[Event, int], object]
ReadLine = Callable[[bytes], Event | None]


def classes_of(wanted: Wanted, fields: Fields) -> dict[str, int] | None:
    """What each field is to the mapping, by its name; None if one is the id of a slice in the lines
    of one event and something else in those of another."""
    keys = set(fields.keys.values())
    read = {
        str(name)
        for event, names in wanted.items()
        for name in names
        if name != fields.keys.get(event)
    }
    if keys & read:
        return None
    found = dict.fromkeys(read, kernel.READ) | dict.fromkeys(keys, kernel.KEY)
    found |= {"ts": kernel.TIME, "seq": kernel.NUMBER}
    return found | dict.fromkeys(("node", "event"), kernel.READ)


class Scanner:
    """Reads blocks into `reading`, whose open slices are `Packed` from here on.

    `read_line` counts a line and reads it with care, `take` puts its event in its place and says
    which kind it is.
    """

    def __init__(
        self,
        reading: Reading,
        classes: Mapping[str, int],
        fields: Fields,
        watch: Watch | None,
        part: int,
        open_max: int,
        *,
        in_file_order: bool,
        read_line: ReadLine,
        take: Take,
    ) -> None:
        self.reading = reading
        self.fields = fields
        self._watch = watch
        self._read_line = read_line
        self._take = take
        self._in_file_order = in_file_order
        self._columns = _columns(watch, fields)
        self.packed = packed = Packed(reading.book, len(self._columns))
        reading.opened = packed
        for name, column in self._columns.items():
            assert watch is not None
            watch.kept[name].states = packed.once[column]
        packed.at[kernel.PART] = part
        packed.at[kernel.ROOM] = open_max
        packed.at[kernel.KEYS_MOST] = KEYS_MAX
        self._code = packed.code
        self._keys = {name for name, what in classes.items() if what == kernel.KEY}
        self._heads, self._names, self._name_text = _table_of(classes)
        self._words: Numbers = np.zeros(kernel.LINE_MAX // 8 + 4, np.int64)
        self._work = self._words.view(np.uint8)
        self._cut: Numbers = np.zeros(3 + 2 * kernel.KEYS_MAX, np.int64)
        self._empty_kinds()
        self._nodes: dict[str, int] = {}
        self._entries: list[object] = []  # of each node: those that kinds of its version hold for
        self._next: Numbers = np.zeros(64, np.int64)
        self._version: Numbers = np.zeros(64, np.int64)
        self._taking: str | None = None  # the node whose line is being taken: it is up to date
        self._marks = 0
        self._strikes = 0

    def _empty_kinds(self) -> None:
        self.packed.at[kernel.KINDS] = self.packed.at[kernel.KIND_WORDS] = 0
        self._kinds: Rows = np.zeros((1 << 10, 8), np.int64)
        self._kind_table: Numbers = np.zeros(1 << 11, np.int64)
        self._kind_words: Numbers = np.zeros(1 << 15, np.int64)

    @property
    def is_worth_it(self) -> bool:
        """Do most lines go the quick way?"""
        return self._strikes < CARE_BLOCKS_MAX

    # ── A block ──────────────────────────────────────────────────────────────────────────────────

    def block(self, text: bytes) -> int:
        """Read a block of whole lines. How many bytes of it were read: all, if nothing is wrong."""
        end = text.rfind(b"\n") + 1
        if not text.isascii():
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                end = 0
        packed, at = self.packed, self.packed.at
        codes = np.frombuffer(text, np.uint8)
        first, with_care = self.reading.lines, 0
        at[kernel.POS], at[kernel.LINE] = 0, first
        while at[kernel.POS] < end:
            why = self._scan(codes, end)
            pos = int(at[kernel.POS])
            self.reading.lines = int(at[kernel.LINE])
            if why == kernel.FULL:
                packed.make_room()
            elif why == kernel.CROWDED:
                self._strikes = CARE_BLOCKS_MAX
                return pos
            elif why == kernel.CARE:
                with_care += 1
                stop = text.index(b"\n", pos) + 1
                self._care(text[pos:stop], codes[pos:stop])
                at[kernel.POS], at[kernel.LINE] = stop, self.reading.lines
        pos = end
        while pos < len(text):
            stop = text.find(b"\n", pos) + 1 or len(text)
            with_care += 1
            self._care(text[pos:stop], None)
            pos = stop
        lines = self.reading.lines - first
        self._strikes = self._strikes + 1 if with_care > CARE_MAX * lines else 0
        return len(text)

    def _scan(self, codes: NDArray[np.uint8], end: int) -> int:
        packed = self.packed
        return int(
            self._code.scan(
                codes, end, packed.at, self._heads, self._names, self._name_text,
                self._work, self._words, packed.key_work, packed.key, self._cut,
                self._kind_table, self._kinds, self._kind_words, self._next, self._version,
                packed.table, packed.slots, packed.key_words, packed.moves, packed.histories,
                packed.seen, packed.watched,
            )
        )  # fmt: skip

    # ── A line ───────────────────────────────────────────────────────────────────────────────────

    def _care(self, raw: bytes, codes: NDArray[np.uint8] | None) -> None:
        event = self._read_line(raw)
        if event is None:
            return
        number = self._nodes.get(event.node)
        if number is not None:
            self.reading.nodes[event.node].next = int(self._next[number])
        self._taking = event.node
        token = self._take(event, self.reading.lines)
        self._taking = None
        self.packed.settle()
        node = self.reading.nodes.get(event.node)
        if node is None:
            return
        if number is None:
            number = self._new_node(event.node)
        self._follow(number, node)
        if self._in_file_order and len(self.reading.in_order) != self._marks:
            self._marks = len(self.reading.in_order)
            for name, each in self._nodes.items():
                self._renewed(each, self.reading.nodes[name])
        if isinstance(token, int) and codes is not None and not node.waiting:
            self._learn(raw, codes, event, number, token)

    def _new_node(self, name: str) -> int:
        number = self._nodes[name] = len(self._entries)
        self._entries.append(None)
        if number >= len(self._next):
            self._next = np.resize(self._next, 2 * len(self._next))
            self._version = np.resize(self._version, 2 * len(self._version))
        self._version[number] = 0
        return number

    def _follow(self, number: int, node: Node) -> None:
        """A node as it is after a line that was read with care."""
        self._next[number] = node.next
        self._renewed(number, node)

    def _renewed(self, number: int, node: Node) -> None:
        """If it has passed a mark, or a line of it waits, its kinds of lines are others."""
        if node.entries is not self._entries[number]:
            self._entries[number] = node.entries
            self._version[number] += 1

    def _learn(
        self, raw: bytes, codes: NDArray[np.uint8], event: Event, node: int, token: int
    ) -> None:
        """Let lines with the skeleton of this one be of its kind."""
        seen_by = self._seen_by(event, token)
        if seen_by is None:
            return
        after = self._code.split(
            codes, 0, self._heads, self._names, self._name_text, self._work, self._cut
        )
        which = self._which(raw, event) if token >= 0 else 0
        if after < 0 or which is None:
            return
        at = self.packed.at
        size = int(self._cut[0])
        count = (size + 7) >> 3
        if at[kernel.KINDS] >= KINDS_MAX:
            self._empty_kinds()
        hashed = int(self._code.hashed(self._words, 0, count, at[kernel.SEED]))
        kind = int(
            self._code.kind_of(
                self._kind_table, self._kinds, self._kind_words, self._words, size, hashed
            )
        )
        if kind == -1:
            kind = self._new_kind(hashed, size, count)
        if kind >= 0:
            told = node, self._version[node], token, which, seen_by
            self._kinds[kind, kernel.NODE :] = told

    def _new_kind(self, hashed: int, size: int, count: int) -> int:
        at = self.packed.at
        kind, start = int(at[kernel.KINDS]), int(at[kernel.KIND_WORDS])
        while start + count > len(self._kind_words):
            self._kind_words = np.resize(self._kind_words, 2 * len(self._kind_words))
        self._kind_words[start : start + count] = self._words[:count]
        at[kernel.KINDS], at[kernel.KIND_WORDS] = kind + 1, start + count
        if kind >= len(self._kinds):
            self._kinds = np.resize(self._kinds, (2 * len(self._kinds), 8))
        self._kinds[kind, : kernel.NODE] = hashed, start, size
        if 2 * kind >= len(self._kind_table):
            self._kind_table = np.zeros(2 * len(self._kind_table), np.int64)
            for each in range(kind):
                self._enter(each)
        self._enter(kind)
        return kind

    def _enter(self, kind: int) -> None:
        mask = len(self._kind_table) - 1
        at = int(self._kinds[kind, kernel.HASH]) & mask
        while self._kind_table[at]:
            at = (at + 1) & mask
        self._kind_table[at] = kind + 1

    def _which(self, raw: bytes, event: Event) -> int | None:
        """Which of the ids in the line is that of the slice."""
        wanted = self.fields.keys[event.name]
        pairs: list[tuple[str, object]] = json.loads(raw, object_pairs_hook=list)
        ids = [name for name, value in pairs if name in self._keys and isinstance(value, str)]
        return ids.index(wanted) if ids.count(wanted) == 1 else None

    def _seen_by(self, event: Event, token: int) -> int | None:
        """The columns of the monitors that note it, as bits; None: Python has to see such lines."""
        if self._watch is None:
            return 0
        found = 0
        for name, monitor in self._watch.monitors.items():
            if event.name not in monitor.events:
                continue
            column = self._columns.get(name)
            is_never = type(monitor) is Never and _is_fixed(monitor, self.fields, (event.name,))
            if token < 0 or not (column is not None or is_never):
                return None
            if not _fits(monitor, event):
                continue
            if column is None:
                return None
            found |= 1 << column
        return found

    # ── At the end ───────────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Bring the nodes and the monitors up to date."""
        for name, number in self._nodes.items():
            if name != self._taking:
                self.reading.nodes[name].next = int(self._next[number])
        for name, column in self._columns.items():
            assert self._watch is not None
            self._watch.kept[name].lines += int(self.packed.watched[column, 0])
            self.packed.watched[column, 0] = 0
        self.packed.settle()

    def given_back(self) -> None:
        """Let the reading have dictionaries again."""
        self.finish()
        self.reading.opened = self.packed.plain()
        for name in self._columns:
            assert self._watch is not None
            states = self._watch.kept[name].states
            assert isinstance(states, SeenOnce)
            self._watch.kept[name].states = states.plain()
        for node in self.reading.nodes.values():
            node.entries = {}

    def no_more_room(self) -> None:
        """No slice is to be opened any more."""
        self.packed.at[kernel.ROOM] = NO_ROOM


def _columns(watch: Watch | None, fields: Fields) -> dict[str, int]:
    """The monitors whose states stand in the rows of slices, each with its column."""
    found: dict[str, int] = {}
    for name, monitor in watch.monitors.items() if watch is not None else ():
        is_once = type(monitor) is AtMostOnce and monitor.order == "any"
        if is_once and _is_fixed(monitor, fields, monitor.events) and len(found) < COLUMNS_MAX:
            found[name] = len(found)
    return found


def _is_fixed(monitor: Monitor, fields: Fields, events: Iterable[str]) -> bool:
    """Does it ask nothing of these events but the slice and what is in the skeleton?"""
    for event in events:
        key = fields.keys.get(event)
        names = [name for known, name in fields.types if known == event]
        if key is None or not is_fixed(monitor, names, key):
            return False
    return True


def _fits(monitor: Monitor, event: Event) -> bool:
    """Is the line one that it looks at?"""
    values = tuple(event.node if name == "node" else event.fields[name] for name in monitor.where)
    return not monitor.where or matches(monitor.where)(values)


def _table_of(classes: Mapping[str, int]) -> tuple[Numbers, Rows, NDArray[np.uint8]]:
    """Names as `kernel.named` looks them up."""
    texts = [name.encode("utf-8", "surrogatepass") for name in classes]
    starts = np.cumsum([0, *map(len, texts)])
    heads: Numbers = np.full(256, -1, np.int64)
    names: Rows = np.zeros((len(texts), 4), np.int64)
    for number, (text, what) in enumerate(zip(texts, classes.values(), strict=True)):
        start, end = list(pairwise(starts.tolist()))[number]
        place = (len(text) * 7 + text[0] * 31 + text[-1]) & 255 if text else 0
        names[number] = heads[place], start, end - start, what
        heads[place] = number
    joined = np.frombuffer(b"".join(texts) or b"\0", np.uint8).copy()
    return heads, names, joined
