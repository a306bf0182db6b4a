"""A search goes on after its process was killed, and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from both import said, uncompiled

from checker import ir
from checker.backends.python import Program
from checker.errors import ExitCode, UsageError
from checker.explore import limits
from checker.explore.limits import Progress
from checker.explore.native import checkpoint as files
from checker.explore.native.checkpoint import Checkpoint
from checker.explore.native.search import explore_native
from checker.explore.outcome import Outcome
from checker.run import Request, prepare


class Killed(Exception):
    """Stands for the end of the process: nothing catches it."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "search"


@pytest.fixture(autouse=True)
def _every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PAUSE", 0)
    monkeypatch.setattr(limits, "_REPORT_S", 0)


def broken_outbox() -> ir.Model:
    return prepare(Request("outbox", "no_deduplication")).model


def explored(model: ir.Model, checkpoint: Checkpoint, **settings: Any) -> Outcome:
    try:
        return explore_native(Program(model), uncompiled(model), checkpoint=checkpoint, **settings)
    finally:
        checkpoint.close()


def killed_at_round(model: ir.Model, file: Path, number: int, threads: int = 1) -> bool:
    """Explore until the search reports for the n-th time; was there an n-th time?"""
    reports = 0

    def kill(_: Progress) -> None:
        nonlocal reports
        reports += 1
        if reports == number:
            raise Killed

    try:
        explored(model, Checkpoint.create(file, {}), threads=threads, on_progress=kill)
    except Killed:
        return True
    return False


def traces(outcome: Outcome) -> list[object]:
    return [(p.name, p.trace) for p in outcome.properties]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_search_that_was_cut_in_any_level_ends_with_the_same_counts_and_traces(
    tmp_path: Path, threads: int
) -> None:
    model = broken_outbox()
    whole = explore_native(Program(model), uncompiled(model), threads=threads)
    number = 1
    while killed_at_round(model, tmp_path / f"{number}", number, threads):
        again = explored(model, Checkpoint.open(tmp_path / f"{number}"), threads=threads)
        assert said(again) == said(whole)
        assert traces(again) == traces(whole)
        assert again.rules == whole.rules
        number += 3
    assert number > 10


def test_a_search_that_has_ended_can_be_asked_again(file: Path) -> None:
    model = broken_outbox()
    whole = explored(model, Checkpoint.create(file, {}))
    spent = json.loads(file.read_text())["body"]["progressed"]["seconds"]
    again = explored(model, Checkpoint.open(file))
    assert said(again) == said(whole)
    assert again.seconds >= spent > 0


def test_failing_steps_and_states_at_rest_are_decided_again(file: Path) -> None:
    model = prepare(Request("two_phase_commit", constants={"wait_for_all_votes": "false"})).model
    whole = explored(model, Checkpoint.create(file, {}))
    again = explored(model, Checkpoint.open(file))
    assert said(again) == said(whole)
    assert whole.exit_code() is ExitCode.FAILS


# ── Killed processes ─────────────────────────────────────────────────────────────────────────────

ARGUMENTS = ("two_phase_commit", "--variant", "commit_without_all_votes", "--threads", "2")
CHECKER = (sys.executable, "-c", "from checker.cli import main; main()")


def running(*arguments: str) -> subprocess.Popen[str]:
    command = [*CHECKER, *arguments, "--json", "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=300)
    found: dict[str, Any] = json.loads(out)
    for part in ("seconds", "rate"):
        found.pop(part, None)
    return found


def kill_and_resume(file: Path, participants: int, kills: int, seed: int) -> int:
    """Compare a search that is killed again and again with one that is not; how often it was."""
    draw = random.Random(seed)
    arguments = (*ARGUMENTS, "--scope", f"Participant={participants}")
    whole = answer(running("explore", *arguments, "--engine", "native"))
    hit = 0
    process = running("explore", *arguments, "--checkpoint", str(file))
    for _ in range(kills):
        before = file.stat().st_mtime_ns if file.exists() else 0
        while process.poll() is None and not (file.exists() and file.stat().st_mtime_ns != before):
            time.sleep(0.002)
        time.sleep(draw.uniform(0, 0.3))
        if process.poll() is None:
            process.kill()
            hit += 1
        process.communicate()
        process = running("resume", str(file))
    assert answer(process) == whole, f"seed {seed}"
    return hit


def test_a_search_that_is_killed_at_random_moments_ends_as_if_it_were_not(file: Path) -> None:
    assert kill_and_resume(file, 7, 3, seed=1)


@pytest.mark.slow
def test_a_longer_search_survives_twenty_kills(tmp_path: Path) -> None:
    hits = seed = 0
    while hits < 20:  # a quick machine has finished before some of the kills
        hits += kill_and_resume(tmp_path / f"{seed}", 9, 5, seed)
        seed += 1
        assert seed <= 40


# ── Files that are not as written ────────────────────────────────────────────────────────────────


@pytest.fixture
def half(file: Path) -> Path:
    assert killed_at_round(broken_outbox(), file, 6)
    return file


def resumed(file: Path, model: ir.Model | None = None) -> Outcome:
    return explored(model or broken_outbox(), Checkpoint.open(file))


def test_a_flipped_bit_anywhere_is_noticed(half: Path) -> None:
    draw = random.Random(0)
    for path in (half, half.with_name("search.states")):
        whole = path.read_bytes()
        last = sum(n for n, _ in files.read(half)["levels"]) * 8 + 16 if path != half else 0
        for _ in range(25):
            data = bytearray(whole)
            data[draw.randrange(last or len(data) - 1)] ^= 1 << draw.randrange(8)
            path.write_bytes(bytes(data))
            with pytest.raises(UsageError):
                resumed(half)
        path.write_bytes(whole)
    assert resumed(half).distinct == 343


def test_what_was_written_after_the_last_checkpoint_does_not_matter(half: Path) -> None:
    with half.with_name("search.states").open("ab") as states:
        states.write(b"\0\1\2")
    half.with_name("search.new").write_text("half a checkp")
    assert resumed(half).distinct == 343


def test_a_file_that_ends_too_early_is_refused(half: Path) -> None:
    states = half.with_name("search.states")
    states.write_bytes(states.read_bytes()[:24])
    with pytest.raises(UsageError, match="ends too early"):
        resumed(half)
    states.unlink()
    with pytest.raises(UsageError, match="there is no file"):
        resumed(half)


@pytest.mark.parametrize("number", [0, 2, "x"])
def test_a_checkpoint_of_another_format_is_refused_with_both_numbers(
    half: Path, number: object
) -> None:
    head = json.loads(half.read_text())
    half.write_text(json.dumps({**head, "crashproof-checkpoint": number}))
    with pytest.raises(UsageError, match=f"of format {number}, and this version reads format 1"):
        resumed(half)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "print('hello')", "\udcff"])
def test_a_file_of_another_kind_is_refused(file: Path, text: str) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match="is no checkpoint"):
        Checkpoint.open(file)


def test_a_checkpoint_of_another_model_is_refused(half: Path) -> None:
    with pytest.raises(UsageError, match="is of another model"):
        resumed(half, prepare(Request("outbox")).model)


def test_files_that_exist_are_not_written_over(half: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        Checkpoint.create(half, {})
    mine = tmp_path / "other.states"
    mine.write_text("something that is not a search")
    with pytest.raises(UsageError, match="is no file of a checkpoint"):
        Checkpoint.create(tmp_path / "other", {})
    assert mine.read_text() == "something that is not a search"


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_two_searches_never_share_a_checkpoint(half: Path) -> None:
    first = Checkpoint.open(half)
    with pytest.raises(UsageError, match="is in use by another run"):
        Checkpoint.open(half)
    first.close()


# ── No room ──────────────────────────────────────────────────────────────────────────────────────


def test_a_checkpoint_that_cannot_be_written_ends_as_unknown_and_keeps_the_last_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    fsync = os.fsync

    def full(number: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 8:
            raise OSError(28, "No space left on device")
        fsync(number)

    monkeypatch.setattr(os, "fsync", full)
    outcome = explored(broken_outbox(), Checkpoint.create(file, {}))
    assert [limit.name for limit in outcome.limits] == ["disk"]
    assert outcome.exit_code() in (ExitCode.UNKNOWN, ExitCode.FAILS)
    monkeypatch.undo()
    assert resumed(file).distinct == 343


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits of the system")
def test_a_full_disk_is_a_limit_with_a_name(tmp_path: Path) -> None:
    file = tmp_path / "search"
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000));"
        "from checker.cli import main; main()"
    )
    command = [sys.executable, "-c", limited, "explore", "outbox", "--scope", "OrderId=3"]
    done = subprocess.run(
        [*command, "--checkpoint", str(file)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == ExitCode.UNKNOWN
    assert "disk" in done.stdout and "checker resume" in done.stderr
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_the_command_line_refuses_what_cannot_be_done(tmp_path: Path) -> None:
    for arguments, message in (
        (("resume", "nothing"), "there is no file nothing"),
        (("explore", "outbox", "--checkpoint", "c", "--engine", "reference"), "--engine native"),
        (("explore", "outbox", "--checkpoint", "c", "--sweep", "OrderId=1..2"), "makes several"),
    ):
        done = subprocess.run(
            [*CHECKER, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=60
        )
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []
