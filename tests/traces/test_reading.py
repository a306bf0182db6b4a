"""What a log may have wrong: each defect has a place, words, and an effect on the verdict."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.report.terminal import Page
from checker.traces.event import printable
from checker.traces.jsonl import read_logs
from checker.traces.replay import Replay, Verdict
from checker.traces.report import replay_object, replay_text

from .conftest import Held, lines_of, outbox_observation, write

GOOD = (
    "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
    "consumer-1: consume A shipped=1 outcome=shipped, stopped"
)
BAD = "producer-1: stopped; relay-1: publish A, stopped"
LINE = {"ts": 1, "node": "relay-9", "seq": 1, "event": "publish", "order": "B"}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in LINE.items() if key != name}


def with_lines(held: Held, text: str, *lines: bytes) -> Replay:
    path = write(held.folder / "log.jsonl", text)
    path.write_bytes(path.read_bytes() + b"".join(lines))
    return held.file(path)


UNUSABLE = [
    (b"garbage\n", "not JSON"),
    (b"[1, 2]\n", "not a JSON object"),
    (b'{"node": "relay-9"', "the last line is cut off"),
    (b'{"a": "\xff"}\n', "byte 8 of the line is not UTF-8"),
    (b"[" * 100_000 + b"\n", "nested too deeply"),
    (b'{"ts": 1' + b"0" * 5000 + b"}\n", "a number too long"),
    (b"x" * 1_100_000 + b"\n", "longer than"),
    *(
        (json.dumps(without(name)).encode() + b"\n", f"{name!r} is missing")
        for name in LINE
        if name != "order"
    ),
    (json.dumps(without("order")).encode() + b"\n", "'publish' has no field 'order'"),
    (json.dumps(LINE | {"seq": "1"}).encode() + b"\n", "'seq' must be a whole number"),
    (json.dumps(LINE | {"seq": True}).encode() + b"\n", "'seq' must be a whole number"),
    (json.dumps(LINE | {"ts": "now"}).encode() + b"\n", "'ts' must be a number"),
    (b'{"ts": NaN, "node": "relay-9", "seq": 1, "event": "publish"}\n', "'ts' must be a number"),
    (json.dumps(LINE | {"node": 7}).encode() + b"\n", "'node' must be a string"),
    (json.dumps(LINE | {"event": "publsh"}).encode() + b"\n", "does not know the event 'publsh'"),
    (json.dumps(LINE | {"order": 7}).encode() + b"\n", "must be an id, written as a string"),
    (json.dumps(LINE | {"order": [7]}).encode() + b"\n", "'order' is a list"),
    (json.dumps(LINE | {"seq": 5}).encode() + b"\n", "the first line of relay-9 is seq 5"),
]


@pytest.mark.parametrize(("line", "message"), UNUSABLE)
def test_an_unusable_line_makes_a_rejection_unknown(held: Held, line: bytes, message: str) -> None:
    # Pitfall 21: the line was an event, and the next one of that slice is falsely rejected.
    found = with_lines(held, BAD, line)
    assert {each.verdict for each in found.slices if each.keys == ("A",)} == {Verdict.UNKNOWN}
    assert found.exit_code() == 3
    text = replay_text(found, Page())
    assert message in text
    assert "log.jsonl:4: " in text
    assert "REJECTED becomes UNKNOWN" in text
    strict = pytest.raises(UsageError, match="could not be used")
    with strict:
        held.file(held.folder / "log.jsonl", strict=True)


def test_an_accepted_slice_with_a_gap_says_so_and_does_not_exit_with_0(held: Held) -> None:
    found = with_lines(held, GOOD, b"garbage\n")
    assert found.slices[0].verdict is Verdict.ACCEPTED
    assert found.slices[0].has_gap
    assert found.exit_code() == 3


def test_a_gap_in_seq_makes_a_rejection_unknown(held: Held) -> None:
    lines = lines_of("producer-1: stopped; relay-1: started, publish A, stopped")
    del lines[1]
    lines[1]["seq"] = 7
    lines[2]["seq"] = 9
    path = held.folder / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = held.file(path)
    assert found.slices[0].verdict is Verdict.UNKNOWN
    assert "after seq 7 comes seq 9 of relay-1" in replay_text(found, Page())


def test_a_copy_of_a_line_is_dropped_and_changes_nothing(held: Held) -> None:
    first = json.dumps(lines_of(GOOD)[0]).encode() + b"\n"
    found = with_lines(held, GOOD, first)
    assert found.exit_code() == 0
    assert "no effect on the verdict" in replay_text(found, Page())


def test_two_different_lines_with_one_number_are_a_gap(held: Held) -> None:
    other = json.dumps(lines_of("producer-1: place_order Z")[0]).encode() + b"\n"
    found = with_lines(held, GOOD, other)
    assert found.exit_code() == 3
    assert "unlike" in replay_text(found, Page())


def test_an_empty_file_is_not_a_good_log(held: Held, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    found = held.file(path)
    assert found.exit_code() == 3
    assert "the file is empty" in replay_text(found, Page())


def test_a_log_in_which_nothing_is_a_step_is_not_a_good_log(held: Held) -> None:
    found = held.text("producer-1: started, stopped")
    assert found.exit_code() == 3
    assert "no line of the log is a step of the model" in replay_text(found, Page())


def test_compressed_files_are_read_and_damaged_ones_reported(held: Held, tmp_path: Path) -> None:
    plain = write(tmp_path / "log.jsonl", GOOD).read_bytes()
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress(plain))
    assert held.file(packed).exit_code() == 0
    packed.write_bytes(gzip.compress(plain)[:-20])
    assert held.file(packed).exit_code() == 3


def test_a_node_may_be_spread_over_files(held: Held, tmp_path: Path) -> None:
    lines = write(tmp_path / "whole.jsonl", GOOD).read_text().splitlines(keepends=True)
    first, second = tmp_path / "b.jsonl", tmp_path / "a.jsonl"
    first.write_text("".join(lines[::2]))
    second.write_text("".join(lines[1::2]))
    log = read_logs([str(first), str(second)], outbox_observation().mapping.wanted())
    assert not log.defects
    assert [event.seq for event in log.by_node["relay-1"]] == [1, 2, 3]


def test_nothing_from_a_log_reaches_a_terminal_unescaped(held: Held) -> None:
    hostile = "A\x1b[2J\u202e\u2028B"
    lines = lines_of(BAD)
    for line in lines:
        if "order" in line:
            line["order"] = hostile
    lines.append(LINE | {"event": "x\x1b]0;title\x07", "node": "n\r\x9b"})
    path = held.folder / "log\x1b.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = held.file(path)
    text = replay_text(found, Page())
    assert text.replace("\n", "").isprintable()
    assert "\\x1b[2J" in text
    json.dumps(replay_object(found)).encode("ascii")


def test_a_long_text_of_a_log_is_cut() -> None:
    assert len(printable("x" * 10_000)) < 200


def test_a_missing_file_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot read the log"):
        read_logs(["no/such/file"], {})
