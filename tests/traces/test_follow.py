"""`checker replay --follow`: what is said while a log grows, and what at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.traces.follow import follow
from checker.traces.replay import Replay, Settings
from checker.traces.stream import StreamSettings, stream_replay

from .conftest import lines_of, outbox_observation

OBSERVATION = outbox_observation()
LINES = [
    json.dumps(line) + "\n"
    for line in lines_of(
        "producer-1: place_order A, stopped; consumer-1: consume A shipped=1 outcome=shipped,"
        "consume A shipped=1 outcome=duplicate; relay-1: publish A, mark_sent A, publish A,"
        "mark_sent A, stopped; consumer-1: stopped"
    )
]


def held(path: Path, looks: list[int]) -> Replay:
    def hold(until: int) -> Replay:
        looks.append(until)
        how = StreamSettings(until=until)
        return stream_replay([str(path)], OBSERVATION, Settings(), stream=how)

    told: list[str] = []
    found = follow([str(path)], hold, told.append, idle_seconds=2.0)
    assert told[0].startswith("so far ")
    return found


def test_half_a_line_is_not_read_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    whole = "".join(LINES)
    path.write_text(whole[: len(LINES[0]) + 10])

    looks: list[int] = []

    def grow() -> None:
        while not looks:
            time.sleep(0.01)
        with path.open("a") as file:
            for at in range(len(LINES[0]) + 10, len(whole), 97):
                file.write(whole[at : at + 97])
                file.flush()
                time.sleep(0.03)

    writer = threading.Thread(target=grow)
    writer.start()
    found = held(path, looks)
    writer.join()
    assert looks[0] == len(LINES[0])
    assert looks[-1] == len(whole)
    assert looks == sorted(looks)
    once = stream_replay([str(path)], OBSERVATION, Settings())
    assert not found.defects
    assert (found.lines, found.slices) == (once.lines, once.slices)


def test_a_file_that_becomes_shorter_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(LINES))

    def hold(until: int) -> Replay:
        path.write_text("")
        how = StreamSettings(until=until)
        return stream_replay([str(path)], OBSERVATION, Settings(), stream=how)

    with pytest.raises(UsageError, match="became shorter"):
        follow([str(path)], hold, lambda text: None, idle_seconds=5)


@pytest.mark.parametrize("files", [["-"], ["a", "b"], ["a.gz"], ["a.zst"]])
def test_only_one_plain_file_can_be_followed(files: list[str]) -> None:
    with pytest.raises(UsageError, match="one plain file"):
        follow(files, lambda until: pytest.fail(), lambda text: None, idle_seconds=1)


MAPPING = """\
format = "crashproof/mapping/1"
model = "Outbox"
slice = "OrderId"
hidden = ["redeliver", "crash_relay"]
[log]
format = "logfmt"
[events.place_order]
params = { order = "order" }
[events.publish]
params = { order = "order" }
[events.mark_sent]
params = { order = "order" }
[events.consume]
params = { order = "order" }
"""


def test_what_changes_is_told_and_a_signal_ends_with_the_report(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    (tmp_path / "mapping.toml").write_text(MAPPING)
    log.write_text("node=c event=consume order=A\n")
    code = "from checker.cli import main; main()"
    process = subprocess.Popen(
        [
            sys.executable, "-c", code, "replay", "outbox", "service.log",
            "--mapping", "mapping.toml", "--follow", "--idle", "60",
        ],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == "so far 1 lines: 1 REJECTED\n"
        assert "order A: consume at service.log:1" in process.stderr.readline()
        # It had happened all the same: the lines that explain it come later.
        with log.open("a") as file:
            file.write("node=p event=place_order order=A\nnode=r event=publish order=A\n")
            file.write("node=r event=mark_sent order=A\n")
        assert process.stderr.readline() == "so far 4 lines: 1 ACCEPTED\n"
        assert process.stderr.readline() == "  order A: explained now\n"
        os.kill(process.pid, signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "service.log: 4 lines, 4 steps of the model" in out


def test_a_log_that_has_to_be_read_as_a_whole_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    log.write_text("node=c event=consume order=A\n")
    (tmp_path / "mapping.toml").write_text('order = "causes"\n' + MAPPING)
    code = "from checker.cli import main; main()"
    done = subprocess.run(
        [
            sys.executable, "-c", code, "replay", "outbox", "service.log",
            "--mapping", "mapping.toml", "--follow", "--idle", "1",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--follow needs a log of lines" in done.stderr
