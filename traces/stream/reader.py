"""Reads a log once, line by line in the order of its files, and keeps what verdicts need.

Owns the order of a node's lines (a line that came too early waits, one whose number was used before
is set aside), the opening and closing of slices, and all limits. A line of a kind that its node has
written before costs a few look-ups; any other is read with the care of `jsonl.py`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from checker.states import Value

from ..event import Defect, Event, Place
from ..inputs import opened
from ..jsonl import (
    LINE_BYTES_MAX,
    again,
    broken_off,
    empty,
    event_of,
    jumps,
    read_line,
    starts_late,
    too_long,
)
from ..observe import LogId, Observation, Observed
from ..watch import PART, See, Watch, is_fixed, of_message
from .fields import Fields
from .histories import HISTORIES_MAX, History
from .lines import BLOCK_BYTES, Block, Decoder, Message, TooLong, blocks
from .reading import Again, BlockPlace, Mark, Naming, Node, Reading, Record, Token

if TYPE_CHECKING:
    from .scanner import Scanner

__all__ = ["OPEN_MAX", "Bounds", "Range", "Reader", "Rests", "placeholder"]

WAITING_MAX = 100_000  # lines that wait for an earlier one of their node
AGAIN_MAX = 200_000  # lines set aside because their number was used before
TOKENS_MAX = 1_000_000  # kinds of lines
NODES_MAX = 100_000
KINDS_MAX = 20_000  # kinds of lines of one event remembered of one node
TEXTS_MAX = 100_000
NO_STEP = -1
OPEN_MAX = 2_000_000  # slices open at once, about 400 bytes each


class Range(NamedTuple):
    """A part of a file, from the beginning of a line; `end` None: to the end."""

    file: int
    start: int = 0
    end: int | None = None


@dataclass(frozen=True)
class Bounds:
    """`horizon`: lines after which a slice at rest may be closed, None: only if there are too
    many."""

    open_max: int = OPEN_MAX
    horizon: int | None = None
    histories_max: int = HISTORIES_MAX
    waiting_max: int = WAITING_MAX
    closed_max: int = 2_000_000  # ids of closed slices that are remembered


Rests = Callable[[Reading, History], bool]


def placeholder(number: int) -> str:
    """What stands for an id in a kind of line; 0 is the id of the slice."""
    return f"#{number}"


class Reader:
    """Reads ranges of files into `reading`.

    `rests`: may a slice with this history be closed? `part`: which part of the log these ranges
    are; where it is not the first, a node may begin with any number.
    """

    def __init__(
        self,
        files: Sequence[str],
        paths: Sequence[str],
        observation: Observation,
        fields: Fields,
        bounds: Bounds,
        *,
        rests: Rests,
        part: int = 0,
        watch: Watch | None = None,
        progress: Callable[[int], None] | None = None,
        compiled: bool = False,
    ) -> None:
        self.reading = Reading(tuple(files), tuple(paths))
        self.reading.book.most = bounds.histories_max
        self.observation = observation
        self.fields = fields
        self.bounds = bounds
        self.wanted = observation.mapping.wanted()
        self.decoder = Decoder(self.wanted, fields)
        forms = self.decoder.forms
        self._facts: dict[type, Any] = {each: form.facts for each, form in forms.items()}
        self._rests = rests
        self._progress = progress
        self._in_the_middle = part > 0
        self._watch = watch if watch is not None and watch.monitors else None
        self._part = part * PART
        self._sees = self._watchers(of_steps=False)
        self._sees_steps = self._watchers(of_steps=True)
        self._sees_kind: dict[int, tuple[See, ...]] = {}  # by token, called with the key
        self._known_kinds: set[int] = set()
        mapping = observation.mapping
        self._in_file_order = mapping.in_file_order
        self._starts = frozenset(mapping.starts)
        self._special = {*mapping.starts, *(end.event for end in mapping.ends)}
        self._waiting = 0
        self._again = 0
        self._next_sweep = bounds.horizon or 0
        self._tokens: dict[object, int] = {}
        self._texts: dict[str, str] = {}
        self._shut = False
        self._scanner = self._new_scanner() if compiled else None

    def _new_scanner(self) -> Scanner | None:
        from .scanner import Scanner, classes_of  # they take numpy and LLVM

        classes = classes_of(self.wanted, self.fields)
        if classes is None:
            return None
        return Scanner(
            self.reading, classes, self.fields, self._watch, self._part, self.bounds.open_max,
            in_file_order=self._in_file_order, read_line=self._line, take=self._arrived,
        )  # fmt: skip

    def _watchers(self, *, of_steps: bool) -> dict[type, tuple[See, ...]]:
        """What to call with each decoded line, by its class.

        `of_steps`: but for the monitors that a kind of line decides for.
        """
        found: dict[type, tuple[See, ...]] = {}
        for each, form in self.decoder.forms.items() if self._watch is not None else ():
            assert self._watch is not None
            getter = of_message({name: attribute for attribute, name in form.names})
            key, names = self.fields.keys.get(form.event, ""), self.wanted[form.event]
            fixed = partial(is_fixed, fields=names, key=key)
            if sees := self._watch.sees(form.event, getter, fixed if of_steps else _none):
                found[each] = sees
        return found

    # ── Files ────────────────────────────────────────────────────────────────────────────────────

    def read(self, part: Range, source: IO[bytes] | None = None) -> None:
        """Read a range, or a whole file from `source` instead of from its path.

        Raises: OSError, if the file cannot be opened.
        """
        reading = self.reading
        while (
            len(reading.starts) <= part.file
        ):  # files before the first of these have no lines here
            reading.starts.append(reading.lines)
        before = reading.lines
        with source or opened(reading.paths[part.file]) as stream:
            try:
                if part.start:
                    stream.seek(part.start)
                for block in blocks(stream, part.start, part.end):
                    self._block(block, part.file)
            except (OSError, EOFError) as error:  # gzip reports damage as either
                reading.defects.add(broken_off(reading.place(reading.lines + 1), error))

        if reading.lines == before and not part.start:
            reading.defects.add(empty(Place(reading.files[part.file], 1)))

    def finish(self) -> None:
        """No more lines will come: what waits is taken as it is."""
        if self._scanner is not None:
            self._scanner.finish()
            self._scanner = None
        if self._watch is not None:
            self.reading.kept = self._watch.kept
        for node in self.reading.nodes.values():
            while node.waiting:
                self.reading.left_waiting = True
                self._jump(node)
            if not self._in_the_middle and node.unsure[0] == node.next - 1:
                self._may_not_be(node)

    def _may_not_be(self, node: Node) -> None:
        """The last line of a life was written before its effect."""
        seq, key, place = node.unsure
        self.reading.unsure.setdefault(key, {})[place] = node.name, seq

    def _block(self, block: Block | TooLong, file: int) -> None:
        reading = self.reading
        first = reading.lines
        if isinstance(block, TooLong):
            reading.lines += 1
            reading.defects.add(too_long(reading.place(reading.lines)))
            if block.gave_up:
                what = "the line does not end; the rest of the file was not read"
                place = reading.place(reading.lines)
                reading.defects.add(Defect(place, what, is_gap=True, kind="endless line"))
            return
        self._placed(BlockPlace(first, file, block.start, len(block.text)))
        text = block.text
        if self._scanner is not None:
            text = text[self._scanner.block(text) :]
            if not self._scanner.is_worth_it:
                self._scanner.given_back()
                self._scanner = None
        if text:
            self._decoded(text)
        self._tidy()
        if self._progress is not None:
            self._progress(len(block.text))

    def _decoded(self, text: bytes) -> None:
        first = self.reading.lines
        messages = self.decoder.whole(text)
        if messages is not None:
            self.reading.lines += len(messages)
            self._whole(messages, first)
            return
        for raw in io.BytesIO(text):  # a carriage return alone ends no line
            event = self._line(raw)
            if event is not None:
                self._arrived(event, self.reading.lines)

    def _placed(self, place: BlockPlace) -> None:
        """Note where a block stands; small ones behind each other are one."""
        known = self.reading.blocks
        if known:
            last = known[-1]
            follows = (last.file, last.offset + last.size) == (place.file, place.offset)
            if follows and last.size + place.size <= BLOCK_BYTES:
                known[-1] = last._replace(size=last.size + place.size)
                return
        known.append(place)

    def _line(self, raw: bytes) -> Event | None:
        """The next line, read with care."""
        reading = self.reading
        reading.lines += 1
        if not raw.strip():
            return None
        place = reading.place(reading.lines)
        if len(raw) > LINE_BYTES_MAX + raw.endswith(b"\n"):
            reading.defects.add(too_long(place))
            return None
        found = read_line(raw, place, self.wanted, self._texts)
        if len(self._texts) > TEXTS_MAX:
            self._texts.clear()
        if isinstance(found, Defect):
            reading.defects.add(found)
            return None
        return found

    def _whole(self, messages: list[Message], first: int) -> None:
        """The quick way: a known kind of line, next of its node, of an open or a new slice."""
        nodes, open_slices, names = self.reading.nodes, self.reading.opened, self.reading.names
        root, closed = self.reading.book.root, self.reading.closed
        sees, of_steps, of_kind, part = (
            self._sees, self._sees_steps, self._sees_kind, self._part
        )  # fmt: skip
        room = self.bounds.open_max - len(messages) if not self._shut else 0
        for number, message in enumerate(messages, first + 1):
            node = nodes.get(message.node)
            if node is not None and node.next == message.seq:
                token = node.entries.get(message.__class__)
                if token.__class__ is dict:
                    token = token.get(self._facts[message.__class__](message))
                naming = token if token.__class__ is Naming else None
                if token is not None and naming is None and token < 0:
                    node.next = message.seq + 1
                    if sees and message.__class__ in sees:
                        for see in sees[message.__class__]:
                            see(message, part + number)
                    continue
                if token is not None:
                    key = message.key
                    record = open_slices.get(key)
                    if record is None and (key in closed or len(open_slices) >= room):
                        token = None
                    elif naming is not None:
                        token = naming.token(names.setdefault(key, {}))
                if token is not None:
                    if record is not None:
                        record[0] = record[0][token]
                        record[2] = number
                    else:
                        open_slices[key] = [root[token], number, number]
                    node.next = message.seq + 1
                    for see in of_kind.get(token, ()) if naming is None else naming.sees:
                        see(key, part + number)
                    if of_steps and message.__class__ in of_steps:
                        for see in of_steps[message.__class__]:
                            see(message, part + number)
                    continue
            self._message(message, number)

    def _message(self, message: Message, number: int) -> None:
        form = self.decoder.forms[message.__class__]
        record = form.record(message)
        event = event_of(record, self.reading.place(number), self.wanted, self._texts)
        if isinstance(event, Defect):
            self.reading.defects.add(event)
            return
        token = self._arrived(event, number)
        node = self.reading.nodes.get(event.node)
        if token is None or node is None or node.waiting:
            return
        if form.facts is None:
            node.entries[message.__class__] = token
            self._seen_as(event, token)
            return
        kinds = node.entries.setdefault(message.__class__, {})
        if len(kinds) >= KINDS_MAX:
            kinds.clear()
        facts = form.facts(message)
        if isinstance(token, Naming) and isinstance(known := kinds.get(facts), Naming):
            known.kinds.update(token.kinds)
        else:
            kinds[facts] = self._seen_as(event, token)

    def _seen_as(self, event: Event, token: int | Naming) -> int | Naming:
        """Ask the monitors once what they want of all lines like this one."""
        if self._watch is None:
            return token
        if isinstance(token, Naming):
            return replace(token, sees=self._watch.of_kind(event, self.fields.keys[event.name]))
        if token >= 0 and token not in self._known_kinds:
            self._known_kinds.add(token)
            if seen := self._watch.of_kind(event, self.fields.keys[event.name]):
                self._sees_kind[token] = seen
        return token

    # ── The order of a node's lines ──────────────────────────────────────────────────────────────

    def _arrived(self, event: Event, number: int) -> int | Naming | None:
        """A line in the order of the file. The token of its kind, if that can be told of others."""
        nodes = self.reading.nodes
        node = nodes.get(event.node)
        if node is None:
            if len(nodes) >= NODES_MAX:
                what = f"more than {NODES_MAX} nodes"
                self.reading.defects.add(Defect(event.place, what, True, kind="too many nodes"))
                return None
            node = nodes[event.node] = Node(event.node)
        if node.next < 0 and (event.seq <= 1 or self._in_the_middle):
            node.first = node.next = event.seq
        if self._in_file_order and event.seq > node.next:
            self._skipped(node, event)
        if event.seq == node.next:
            token = self._taken(node, event, number)
            while node.waiting and node.next in node.waiting:
                self._waiting -= 1
                self._taken(node, *node.waiting.pop(node.next))
                token = None
            return token
        if event.seq < node.next or event.seq in node.waiting:
            self._set_aside(event, number)
        else:
            node.waiting[event.seq] = event, number
            node.entries = {}  # so that the quick way does not overtake it
            self._waiting += 1
            if self._waiting > self.bounds.waiting_max:
                self._jump(node)
        return None

    def _jump(self, node: Node) -> None:
        """Take the earliest line that waits, though one before it has not come."""
        seq = min(node.waiting)
        self._skipped(node, node.waiting[seq][0])
        while seq in node.waiting:
            self._waiting -= 1
            self._taken(node, *node.waiting.pop(seq))
            seq += 1

    def _skipped(self, node: Node, event: Event) -> None:
        """Lines of the node before this one have not come."""
        if node.next < 0:
            node.first = event.seq
            found = starts_late(event.place, node.name, event.seq)
        else:
            found = jumps(event.place, node.name, node.next - 1, event.seq)
            node.skipped = event.seq, node.next - 1
        node.next = event.seq
        self.reading.defects.add(found)

    def _set_aside(self, event: Event, number: int) -> None:
        if self._again >= AGAIN_MAX:
            beyond = again(event.place, event.node, event.seq, event.place, differs=True)
            self.reading.defects.add(beyond)
            return
        self._again += 1
        key = (event.node, event.seq)
        found = Again(number, event.content)
        self.reading.again.setdefault(key, []).append(found)

    # ── One line in its place ────────────────────────────────────────────────────────────────────

    def _taken(self, node: Node, event: Event, number: int) -> int | Naming | None:
        before = node.skipped[1] if event.seq == node.skipped[0] else event.seq - 1
        before = -1 if event.seq == node.first else before
        node.next = event.seq + 1
        if self._watch is not None:
            self._watch.event(event, self._part + number)
        if event.name in self._starts and 0 <= before == node.unsure[0]:
            self._may_not_be(node)
        observed = self.observation.observe(event)
        known: int | None = NO_STEP
        usable = not isinstance(observed, Defect)
        if isinstance(observed, Defect):
            self.reading.defects.add(observed)
            observed, known = None, None
        keyed = observed is not None and any(
            each.sort == self.observation.key for each in observed.ids()
        )
        if self._in_file_order:
            if observed is not None and not keyed:
                self.reading.in_order.append(Mark(event, before, observed, usable))
                for each in self.reading.nodes.values():
                    each.entries = {}
                known = None
        elif event.name in self._special or (observed is not None and not keyed):
            node.marks.append(Mark(event, before, None if keyed else observed, usable))
            node.entries = {}  # kinds of lines are those between two marks
            known = None
        if observed is None or not keyed:
            return known
        token = self._own(node, event, observed, number)
        return token if event.name not in self._special or self._in_file_order else None

    def _own(
        self, node: Node, event: Event, observed: Observed, number: int
    ) -> int | Naming | None:
        """A step of one slice."""
        reading = self.reading
        key = event.fields[self.fields.keys[event.name]]
        assert isinstance(key, str)
        record = reading.opened.get(key)
        if record is None:
            record = self._opened(key, number)
            if record is None:
                return None
        token = self._token(node, observed, key)
        if observed.is_before:
            node.unsure = event.seq, key, record[0].length
        record[0] = record[0][token]
        record[1] = min(record[1], number)
        record[2] = max(record[2], number)
        if observed.is_before or token >= TOKENS_MAX:
            return None
        others = tuple([each for each in observed.ids() if each.sort != self.observation.key])
        if not others:
            return token
        known = reading.names[key]
        return Naming(others, {tuple([known[each] for each in others]): token})

    def _opened(self, key: str, number: int) -> Record | None:
        """A new slice, unless it was closed before or there is no room."""
        reading = self.reading
        if key in reading.closed:
            history = reading.closed[key]
            if key not in reading.late:
                reading.late[key] = number
                reading.parked[history] -= 1
            return None
        if len(reading.opened) >= self.bounds.open_max and not self._shut:
            self._sweep(self.bounds.open_max // 2, number)
            self._shut = len(reading.opened) >= self.bounds.open_max
        if self._shut:
            if self._scanner is not None:
                self._scanner.no_more_room()
            reading.unopened += 1
            return None
        record = reading.opened[key] = [reading.book.root, number, number]
        return record

    def _anonymous(self, value: Value, key: str) -> Value:
        """The value; an id as it stands in the slice, where one of another sort is numbered."""
        if not isinstance(value, LogId):
            return value
        if value.sort == self.observation.key:
            return LogId(value.sort, placeholder(0))
        known = self.reading.names.setdefault(key, {})
        return LogId(value.sort, placeholder(known.setdefault(value, len(known) + 1)))

    def _general(self, observed: Observed, key: str) -> Observed:
        """The step with placeholders for ids."""

        def put(values: Iterable[Value]) -> tuple[Value, ...]:
            return tuple(self._anonymous(value, key) for value in values)

        def general(each: Observed) -> Observed:
            alike, then = tuple(map(general, each.others)), tuple(map(general, each.then))
            return replace(
                each, args=put(each.args), facts=put(each.facts), others=alike, then=then
            )

        return general(observed)

    def _token(self, node: Node, observed: Observed, key: str) -> int:
        """The number of a kind of line. Truth values and numbers are different kinds."""
        steps = observed.all()
        labels = tuple([each.what.label for each in steps])
        values = tuple(
            [self._anonymous(value, key) for each in steps for value in (*each.args, *each.facts)]
        )
        place = node.name, len(node.marks)
        if self._in_file_order:
            place = "", len(self.reading.in_order)
        kind = (*place, labels, values, tuple(map(type, values)))
        found = self._tokens.get(kind)
        if found is None:
            if len(self._tokens) >= TOKENS_MAX:
                self._tokens.clear()
            found = self._tokens[kind] = len(self.reading.tokens)
            self.reading.tokens.append(Token(*place, self._general(observed, key)))
        return found

    # ── Limits ───────────────────────────────────────────────────────────────────────────────────

    def _tidy(self) -> None:
        """Between two blocks: close what may be closed, and drop what is not needed."""
        reading = self.reading
        reading.open_most = max(reading.open_most, len(reading.opened))
        horizon = self.bounds.horizon
        if horizon is not None and reading.lines >= self._next_sweep:
            self._sweep(horizon, reading.lines)
            self._next_sweep = reading.lines + max(horizon // 2, 1)
        if isinstance(reading.opened, dict):
            if reading.book.is_crowded:
                reading.book.keep(reading.histories())
        elif reading.opened.is_crowded:
            reading.opened.keep(reading.parked)

    def _sweep(self, age: int, now: int) -> None:
        """Close the slices at rest whose last line is so many lines before the line `now`."""
        reading = self.reading
        last = now - age
        if isinstance(reading.opened, dict):
            old = ((k, r[0]) for k, r in reading.opened.items() if r[2] <= last)
            done = self._resting(old)
            for key, _ in done:
                del reading.opened[key]
        else:
            if self._scanner is not None:
                self._scanner.finish()
            rests = partial(self._rests, reading)
            done = reading.opened.close(last, self._never_closed(), rests)
        for key, history in done:
            reading.parked[history] += 1
            reading.closed[key] = history
            reading.names.pop(key, None)
        while len(reading.closed) > self.bounds.closed_max:
            reading.closed.pop(next(iter(reading.closed)))
            reading.forgot_at = reading.forgot_at or now

    def _never_closed(self) -> Collection[str]:
        """Slices that are judged with their ids, which are forgotten when a slice is closed."""
        reading = self.reading
        return {*reading.unsure, *reading.names} if self.fields.tie_names else reading.unsure

    def _resting(self, old: Iterable[tuple[str, History]]) -> list[tuple[str, History]]:
        """Those of the slices that may be closed."""
        answers: dict[History, bool] = {}
        done = []
        never = self._never_closed()
        for key, history in old:
            if key not in never:
                if history not in answers:
                    answers[history] = self._rests(self.reading, history)
                if answers[history]:
                    done.append((key, history))
        return done


def _none(monitor: object) -> bool:
    return False
