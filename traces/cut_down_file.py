"""The fewest lines of a rejection as a log of its own, that is rejected for the same reason.

Owns which lines are written: those that are left, as they stand in the log but for `seq`, and those
that begin and end the lives of their nodes, because an instance that did not end may have done one
step more. What is written was held against the model first; a log is never written that fails in
another way.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from checker.errors import UsageError

from .event import Event, Place
from .explain import Candidate, Diagnosis
from .inputs import STDIN, log_stream
from .observe import Observation
from .replay import Replay, Verdict

__all__ = ["cut_down_log", "refuse_cut_down"]

Line = tuple[Place, dict[str, object]]
"""A line of a log: where it stood, and what it said."""


def refuse_cut_down(files: Collection[str], observation: Observation) -> None:
    """Raises: UsageError, for a log whose lines cannot be written again."""
    if STDIN in files:
        raise UsageError("--cut-down reads the log twice, and standard input is there once")
    if observation.mapping.log_format != "jsonl":
        raise UsageError(
            "--cut-down writes lines of our own format, and the log is "
            f"{observation.mapping.log_format}",
            help="--html shows the fewest lines, and --json has them",
        )


def cut_down_log(found: Replay, hold: Callable[[str], Replay]) -> str | None:
    """The lines of a log that fails as the first rejection does; None if nothing was rejected.

    `hold` is asked what is said of a file. Where the fewest lines do not fail alike without what
    stands around them, all lines of the slice are tried.

    Raises: UsageError, if even these fail in another way.
    """
    for each in found.slices:
        told = each.diagnosis
        if each.verdict is not Verdict.REJECTED or told is None or told.cut_down is None:
            continue
        for is_chosen in (_left(found, told.cut_down.events), _of_slice(found, each.keys)):
            lines = list(_lines(found, is_chosen))
            places = [place for place, _ in lines]
            if _fails_alike(text := _written(lines), places, told, hold):
                return text
        raise UsageError(
            "the lines that are left do not fail in the same way as a log of their own",
            help="--html and --json show them",
        )
    return None


IsChosen = Callable[[Mapping[str, object], Place], bool]


def _left(found: Replay, events: Collection[Event]) -> IsChosen:
    """Is a line one of these, or one that begins or ends the life of one of their nodes?"""
    places = {event.place for event in events}
    nodes = {event.node for event in events}
    steps = {entry.event for entry in found.observation.mapping.events}
    around, about = _around(found)

    def is_chosen(line: Mapping[str, object], place: Place) -> bool:
        if place in places:
            return True
        name = str(line.get("event"))
        whose = line.get(about.get(name) or "node")
        return name in around and name not in steps and whose in nodes

    return is_chosen


def _of_slice(found: Replay, keys: Collection[str]) -> IsChosen:
    """Does a line name one of the ids, or does it concern all slices?"""
    mapping = found.observation.mapping
    around, _ = _around(found)
    keyed = {entry.event for entry in mapping.events if entry.params}

    def is_chosen(line: Mapping[str, object], place: Place) -> bool:
        name = line.get("event")
        named = any(value in keys for value in line.values() if isinstance(value, str))
        return named or not keys or name in around or name not in keyed

    return is_chosen


def _around(found: Replay) -> tuple[set[str], dict[str, str | None]]:
    """The events that begin and end lives; of those about another node, the field with its name."""
    mapping = found.observation.mapping
    about = {end.event: end.instance for end in mapping.ends}
    return {*mapping.starts, *about}, about


def _lines(found: Replay, is_chosen: IsChosen) -> Iterator[Line]:
    for name in found.files:
        with log_stream(name) as stream:
            for number, raw in enumerate(stream, 1):
                try:
                    line = json.loads(raw)
                except (ValueError, RecursionError):
                    continue  # it was no step, so it is none of those that are left
                place = Place(name, number)
                if isinstance(line, dict) and is_chosen(line, place):
                    yield place, line


def _written(lines: Collection[Line]) -> str:
    """The lines with the numbers of each node without a gap."""
    numbers: dict[object, set[int]] = {}
    for _, line in lines:
        if isinstance(seq := line.get("seq"), int):
            numbers.setdefault(line.get("node"), set()).add(seq)
    ranks: dict[tuple[object, object], int] = {
        (node, seq): rank
        for node, own in numbers.items()
        for rank, seq in enumerate(sorted(own), 1)
    }
    return "".join(
        json.dumps({**line, "seq": ranks.get((line.get("node"), line.get("seq")))}) + "\n"
        for _, line in lines
    )


def _fails_alike(
    text: str, places: Sequence[Place], wanted: Diagnosis, hold: Callable[[str], Replay]
) -> bool:
    with tempfile.TemporaryDirectory(prefix="checker-") as folder:
        path = Path(folder) / "cut-down.jsonl"
        path.write_text(text, encoding="utf-8")
        found = hold(str(path))
    if found.defect_kinds:
        return False
    reasons = [
        _reason(candidate, places[candidate.event.place.line - 1])
        for each in found.slices
        if each.verdict is Verdict.REJECTED and each.diagnosis is not None
        for candidate in each.diagnosis.candidates
    ]
    first = wanted.candidates[0]
    return _reason(first, first.event.place) in reasons


def _reason(candidate: Candidate, place: Place) -> object:
    """Which line fails, and what of it."""
    facts = tuple((fact.field, fact.model) for fact in candidate.facts)
    return place, facts, tuple(guard.text for guard in candidate.guards)
