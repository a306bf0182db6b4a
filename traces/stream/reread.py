"""Lines of a log that was read before: those of a few slices, and copies to be compared.

Owns the second look. It reads only the blocks that may hold what is asked for, and what it finds is
what the first look found.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence

from ..event import Defect, Event, Place
from ..inputs import opened
from ..jsonl import Wanted, again, read_line
from .fields import Fields
from .reading import BlockPlace, Reading

__all__ = ["compare", "lines_of"]


def lines_of(
    reading: Reading, keys: Mapping[str, tuple[int, int]], fields: Fields, wanted: Wanted
) -> dict[str, list[Event]]:
    """The events of slices, each between two lines."""
    aside = {each.line for copies in reading.again.values() for each in copies}
    found: dict[str, list[Event]] = {name: [] for name in keys}
    ends = [place.before for place in reading.blocks[1:]] + [reading.lines]
    asked: list[tuple[BlockPlace, list[str]]] = []
    for place, end in zip(reading.blocks, ends, strict=True):
        names = [n for n, (first, last) in keys.items() if first <= end and last > place.before]
        if names:
            asked.append((place, names))
    for place, names, text in _texts(reading, asked):
        for line, raw in _candidates(text, names, place.before):
            event = read_line(raw, reading.place(line), wanted, {})
            if isinstance(event, Event) and line not in aside:
                name = event.fields.get(fields.keys.get(event.name, ""))
                if isinstance(name, str) and name in found:
                    found[name].append(event)
    return found


def _texts(
    reading: Reading, asked: Sequence[tuple[BlockPlace, list[str]]]
) -> Iterator[tuple[BlockPlace, list[str], bytes]]:
    for number, path in enumerate(reading.paths):
        own = [(place, names) for place, names in asked if place.file == number]
        if own:
            with opened(path) as stream:
                for place, names in own:
                    stream.seek(place.offset)
                    yield place, names, stream.read(place.size)


def _candidates(text: bytes, names: list[str], before: int) -> Iterator[tuple[int, bytes]]:
    """The lines that may name one of the slices, with their numbers."""
    needles = [json.dumps(name, ensure_ascii=False).encode() for name in names]
    if b"\\" in text or len(needles) > NEEDLES_MAX:
        yield from enumerate(io.BytesIO(text), before + 1)
        return
    starts = set()
    for needle in needles:
        at = text.find(needle)
        while at >= 0:
            starts.add(text.rfind(b"\n", 0, at) + 1)
            at = text.find(needle, at + 1)
    counted, line = 0, before + 1
    for start in sorted(starts):
        line += text.count(b"\n", counted, start)
        counted = start
        end = text.find(b"\n", start) + 1
        yield line, text[start : end or len(text)]


NEEDLES_MAX = 16  # from more on, decoding every line is quicker than looking for each


def compare(reading: Reading, wanted: Wanted) -> Iterator[Defect]:
    """Of each line whose number was used before: is it a copy of the earlier one?"""
    if not reading.again:
        return
    aside = {each.line for copies in reading.again.values() for each in copies}
    first: dict[tuple[str, int], tuple[object, Place]] = {}
    asked: list[tuple[BlockPlace, list[str]]] = [(place, []) for place in reading.blocks]
    for place, _, text in _texts(reading, asked):
        for line, raw in enumerate(io.BytesIO(text), place.before + 1):
            if line in aside:
                continue
            event = read_line(raw, reading.place(line), wanted, {})
            if isinstance(event, Event) and (event.node, event.seq) in reading.again:
                first[event.node, event.seq] = event.content, event.place
    for (node, seq), copies in reading.again.items():
        for copy in copies:
            known, where = first.get((node, seq), (None, reading.place(copy.line)))
            differs = known != copy.content
            yield again(reading.place(copy.line), node, seq, where, differs=differs)
