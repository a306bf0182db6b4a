"""Logs that were damaged, or made to do damage: each line is counted, numbered, and survived."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.report.terminal import Page
from checker.traces.replay import Replay, Settings
from checker.traces.report import replay_object, replay_text
from checker.traces.stream import stream_replay

from .conftest import lines_of, outbox_observation
from .outbox_walks import damaged_log

OBSERVATION = outbox_observation()
GOOD = [
    json.dumps(line).encode()
    for line in lines_of(
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=shipped, stopped"
    )
]
LINE = b'{"ts": 1, "node": "relay-9", "seq": 1, "event": "publish", "order": "B"}'


def held(path: Path) -> Replay:
    return stream_replay([str(path)], OBSERVATION, Settings())


def shown(found: Replay) -> str:
    """Both reports; what a terminal would obey is in neither."""
    text = replay_text(found, Page())
    assert text.replace("\n", "").isprintable()
    json.dumps(replay_object(found)).encode("ascii")
    return text


def order(name: str) -> bytes:
    return LINE.replace(b'"B"', json.dumps(name).encode())


LATER = LINE.replace(b"relay-9", b"relay-1").replace(b'"seq": 1', b'"seq": 4')

# What stands in the third line, and what is said of it; None: the line can be read.
DAMAGES: dict[str, tuple[bytes, str | None]] = {
    "truncated JSON": (LINE[:40], "not JSON"),
    "NUL": (LINE.replace(b"B", b"B\x00"), "not JSON"),
    "NUL, escaped": (order("B\x00"), None),
    "lone surrogate": (LINE.replace(b"B", b"\\ud800"), "half a character"),
    "not UTF-8": (LINE.replace(b"B", b"\xff\xfe"), "not UTF-8"),
    "deep nesting": (LINE[:-1] + b', "x": ' + b"[" * 50_000 + b"}", "nested too deeply"),
    "key twice": (LINE.replace(b'"seq": 1', b'"seq": 1, "seq": 2'), "'seq' stands twice"),
    "huge integer": (LINE.replace(b'"seq": 1', b'"seq": 1' + b"0" * 300), "whole number"),
    "number too long": (LINE.replace(b'"seq": 1', b'"seq": ' + b"9" * 5_000), "too long"),
    "infinite time": (LINE.replace(b'"ts": 1', b'"ts": 1e999'), "'ts' must be a number"),
    "script in an id": (order("<script>alert(1)</script>"), None),
    "terminal escapes in an id": (order("\x1b[2J\x1b]0;owned\x07\u202e"), None),
    "another type": (LINE.replace(b'"B"', b'["B"]'), "is a list"),
    "an object for an id": (LINE.replace(b'"B"', b'{"B": 1}'), "is an object"),
    "an id of a megabyte": (order("B" * 1_100_000), "longer than"),
    "clock running back": (LINE.replace(b'"ts": 1', b'"ts": -1e300'), None),
    "carriage returns": (LINE + b"\r", None),
    "two objects in a line": (LINE + LINE, "not JSON"),
    "half an object": (LINE[:-1] + b',\n"x": {}}', "not JSON"),
    "duplicate seq": (GOOD[0].replace(b'"A"', b'"Z"'), "again, unlike"),
    "a line twice": (GOOD[0], "again, as at"),
    "seq jumps": (LATER.replace(b'"seq": 4', b'"seq": 9007199254740992'), "after seq 3 comes"),
    "seq beyond counting": (LATER.replace(b'"seq": 4', b'"seq": 9007199254740993'), "whole number"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_line_is_counted_and_numbered_and_the_rest_is_read(
    tmp_path: Path, name: str
) -> None:
    damage, said = DAMAGES[name]
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join([*GOOD[:2], damage, *GOOD[2:]]) + b"\n")
    found = held(path)
    text = shown(found)
    assert any(each.keys == ("A",) for each in found.slices), "the rest is read"
    if said is None:
        assert not found.defects
    else:
        assert said in text
        assert {each.place.line for each in found.defects} <= {3, 4}
        assert sum(found.defect_kinds.values()) == len(found.defects) >= 1


@pytest.mark.parametrize(
    ("name", "make", "kind"),
    [
        ("log.jsonl", lambda good: b"", "empty file"),
        ("log.jsonl.gz", lambda good: gzip.compress(good)[:-12], "damaged file"),
        ("log.jsonl.gz", lambda good: good, "damaged file"),
        ("log.jsonl", lambda good: good + b'{"ts": 1, "no', "cut off"),
        ("log.jsonl", lambda good: good + b"x" * 100_000_000 + b"\n" + GOOD[0], "line too long"),
        ("log.jsonl.gz", lambda good: gzip.compress(good + bytes(300 << 20), 1), "endless line"),
    ],
    ids=["empty", "cut gzip", "no gzip", "cut off", "100 MB line", "gzip bomb"],
)
def test_a_damaged_file_is_told_in_bounded_memory(
    tmp_path: Path, name: str, make: Callable[[bytes], bytes], kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(make(b"\n".join(GOOD) + b"\n"))
    report, mebibytes = measured(path)
    assert report["defect_kinds"].get(kind) == 1
    assert mebibytes < 400
    assert report["exit_code"] == 3


def measured(path: Path) -> tuple[dict[str, dict[str, int]], float]:
    """The report, and the memory that the process had at most."""
    code = (
        "import re, sys; from checker.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        # Not getrusage: its maximum is also that of the process that started this one.
        "most = re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]\n"
        "sys.stderr.write(most)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "replay", "outbox", str(path), "--json"],
        capture_output=True, encoding="utf-8", timeout=200,
    )  # fmt: skip
    return json.loads(done.stdout), int(done.stderr) / 1024


def test_a_hundred_thousand_random_lines_break_nothing(tmp_path: Path) -> None:
    # Lines of damaged logs, then bytes of them changed, cut, doubled and swapped.
    choice = random.Random(5)
    pool = [line for seed in range(60) for line in damaged_log(OBSERVATION, seed).split(b"\n")]
    lines = []
    for _ in range(100_000):
        line = bytearray(choice.choice(pool))
        for _ in range(choice.choice((0, 0, 0, 1, 3))):
            at = choice.randrange(len(line) + 1)
            match choice.randrange(4):
                case 0:
                    line[at : at + 1] = bytes([choice.randrange(256)]).replace(b"\n", b" ")
                case 1:
                    del line[at:]
                case 2:
                    line[at:at] = choice.choice((b"\x00", b"\\", b'"', b"{", b"\xff", b"\x1b[2J"))
                case 3:
                    line = line[at:] + line[:at]
        lines.append(bytes(line))
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    settings = Settings(width_max=200, seconds_max=20.0)
    found = stream_replay([str(path)], OBSERVATION, settings)
    text = shown(found)
    assert found.lines == 100_000
    assert sum(found.defect_kinds.values()) > 50_000
    assert len(found.defects) <= 3_000
    assert found.exit_code() == 3
    assert "more; in all: " in text
