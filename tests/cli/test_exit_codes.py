"""Every exit code is reached by a process that a user could have started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Checker


def test_0_everything_holds(checker: Checker) -> None:
    assert checker("explore", "outbox").code == 0


def test_1_a_property_fails(checker: Checker) -> None:
    assert checker("explore", "outbox", "--variant", "no_deduplication").code == 1


def test_2_the_call_is_wrong(checker: Checker) -> None:
    assert checker("explore", "nothing_of_that_name").code == 2


def test_3_a_limit_was_hit(checker: Checker) -> None:
    ran = checker("explore", "outbox", "--max-states", "100")
    assert ran.code == 3
    assert "stopped after 100 states" in ran.out


def test_3_walks_decide_nothing(checker: Checker) -> None:
    ran = checker("simulate", "outbox", "--walks", "20", "--seed", "1")
    assert ran.code == 3
    assert "seed 1" in ran.out


def test_1_walks_find_a_failure_and_say_how_to_find_it_again(checker: Checker) -> None:
    ran = checker("simulate", "outbox", "--variant", "no_deduplication", "--seed", "7")
    assert ran.code == 1
    line = next(line for line in ran.out.splitlines() if line.startswith("  again"))
    again = checker(*line.split()[2:])
    assert again.out.split("\n\n")[2] == ran.out.split("\n\n")[2]


def test_4_a_witness_was_never_seen(checker: Checker) -> None:
    ran = checker("explore", "outbox", "--no-fault", "crash_relay", "--no-fault", "redeliver")
    assert ran.code == 4
    assert "never seen  a_duplicate_is_in_flight" in ran.out


IDLE = """
from checker import Model, action, invariant, when

class Idle(Model):
    on: bool = False

    @action
    def switch(self) -> None:
        self.on = not self.on

    @action
    def never(self) -> None:
        when(self.on and not self.on)
        self.on = False

    @invariant
    def it_is_on_or_off(self) -> bool:
        return self.on or not self.on
"""


def test_4_with_strict_vacuity_any_warning_counts(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "idle.py").write_text(IDLE)
    assert checker("explore", "idle.py").code == 0
    assert checker("explore", "idle.py", "--strict-vacuity").code == 4


BREAK = """
import checker.commands.catalogue as command

def broken(**options):
    raise ZeroDivisionError("oh no")

command.run = broken
from checker.cli import main
main()
"""


def _broken(
    tmp_path: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BREAK, *arguments],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_70_a_bug_of_ours_is_said_to_be_ours(tmp_path: Path) -> None:
    ran = _broken(tmp_path, "list")
    assert ran.returncode == 70
    assert ran.stderr.startswith(
        "internal error: ZeroDivisionError: oh no\nThis is a bug in crashproof"
    )
    assert "Traceback" not in ran.stderr
    file = Path(ran.stderr.split("the file ")[1].strip())
    assert "in broken" in file.read_text()


def test_70_the_traceback_is_shown_when_asked_for(tmp_path: Path) -> None:
    assert "in broken" in _broken(tmp_path, "--debug", "list").stderr
    assert "in broken" in _broken(tmp_path, "list", CRASHPROOF_DEBUG="1").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_130_an_interrupted_search_prints_what_it_knows(tmp_path: Path) -> None:
    # Whoever starts the tests in the background may have them ignore the signal.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    script = f"{heed}; from checker.cli import main; main()"
    # With symmetry, or fewer participants, it would have ended before the signal comes.
    arguments = ["explore", "two_phase_commit", "--scope", "Participant=10", "--no-symmetry"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    # The first line of progress says that the search is on its way.
    assert '"event": "progress"' in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped by Ctrl-C" in out
    assert "Traceback" not in out + err


def test_a_reader_that_leaves_early_sees_no_traceback(tmp_path: Path) -> None:
    script = "from checker.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "emit", "ir", "outbox"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141
    process.stderr.close()
