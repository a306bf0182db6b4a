"""Logs written by hand, short enough to stand in a test.

`"relay-1: publish A, mark_sent A; driver: killed target=relay-1"` is one line of the log for each
event, with the lines of a node in order; `field=value` adds a field, and a bare word is the order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from checker.frontend import load
from checker.run import Request, prepare
from checker.traces.jsonl import read_logs
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import Observation, observe
from checker.traces.replay import Replay, Settings, replay


def lines_of(text: str, *, start: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """The events of a text, in its order, as objects of our log format."""
    count: Counter[str] = Counter(start or {})
    found = []
    for part in text.replace("\n", " ").split(";"):
        if not part.strip():
            continue
        node, _, events = part.partition(":")
        for event in events.split(","):
            name, *words = event.split()
            node = node.strip()
            count[node] += 1
            line: dict[str, Any] = {"ts": 0.5, "node": node, "seq": count[node], "event": name}
            for word in words:
                key, equals, value = word.partition("=")
                line |= {key: _value(value)} if equals else {"order": word}
            found.append(line)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def write(path: Path, text: str) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines_of(text)))
    return path


def shipped_observation(name: str, constants: Mapping[str, object] | None = None) -> Observation:
    """A built-in model with the mapping that is shipped with it."""
    path = shipped(name)
    assert path is not None
    prepared = prepare(Request(name, constants=constants or {}))  # type: ignore[arg-type]
    values = {const.name: const.value for const in prepared.model.consts}
    return observe(load(name), load_mapping(path), constants=values)


def outbox_observation(**constants: bool) -> Observation:
    return shipped_observation("outbox", constants)


class Held:
    """Holds hand-made logs against a model; by default the outbox with its mapping."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, path: Path, observation: Observation | None = None, **settings: Any) -> Replay:
        found = observation or outbox_observation()
        return replay(read_logs([str(path)], found.mapping.wanted()), found, Settings(**settings))

    def text(self, text: str, observation: Observation | None = None, **settings: Any) -> Replay:
        return self.file(write(self.folder / "log.jsonl", text), observation, **settings)

    def model(self, source: str, mapping: str) -> Observation:
        """A model and its mapping, both written in the test."""
        model_file = self.folder / "hand_made.py"
        model_file.write_text(source)
        mapping_file = self.folder / "mapping.toml"
        mapping_file.write_text(mapping)
        return observe(load(str(model_file)), load_mapping(mapping_file))


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)
