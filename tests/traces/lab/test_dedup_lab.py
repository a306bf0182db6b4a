"""The dedup lab: what its stores show, its log tells, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.cli import main
from checker.errors import ExitCode
from checker.frontend import load
from checker.traces.jsonl import read_logs
from checker.traces.lab import LABS, LabError
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import observe
from checker.traces.replay import Replay, Settings, replay

from ..conftest import write
from .runs import found, given_servers, held_against, run

DEDUP = LABS["dedup"]


def held(log: Path) -> Replay:
    return held_against("dedup", log)


def test_a_correct_run_is_accepted_under_every_fault_at_once(tmp_path: Path) -> None:
    faults = "kills=3,points=4,late_acks=2,duplicates=3,drops=2,restarts=1"
    done = run("dedup", tmp_path / "log.jsonl", "correct", orders=25, faults=faults)
    assert not done.struck
    assert done.tally["effects"] == done.tally["messages sent"] == 25
    text = done.out.read_text()
    assert '"disconnected"' in text and '"killed"' in text and '"drop"' in text
    # Two deaths may leave a message without any line of its effect: then it is pending, in some
    # explanations. No explanation at all is what must not be.
    assert {part.verdict.name for part in held(done.out).slices} == {"ACCEPTED"}, text


def test_a_lost_effect_is_found_and_the_variant_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run("dedup", tmp_path / "log.jsonl", "key_first", orders=8, faults="points=8")
    assert done.struck  # two deaths between the writes are planned
    assert set(done.struck) <= found(held(done.out))
    with pytest.raises(SystemExit):
        main(["diagnose", str(done.out), "dedup", "--ended"])
    assert "All of the log is consistent with Dedup(commit=KEY_FIRST)" in capsys.readouterr().out


def test_two_workers_that_died_before_their_first_line_stand_behind_a_third(
    tmp_path: Path,
) -> None:
    """Both made the effect; neither is named by any line of the message."""
    log = write(
        tmp_path / "log.jsonl",
        "producer-1: send message=A, stopped; worker-a-1: started; worker-b-1: started;"
        "worker-c-1: started, begin message=A worker=c found=2, finish message=A worker=c, stopped",
    )
    mapping = load_mapping(shipped("dedup"))
    read = read_logs([str(log)], mapping.wanted())
    effect_first = observe(load("dedup"), mapping, constants={"commit": "EFFECT_FIRST"})
    assert not found(replay(read, effect_first, Settings(ended=True)))
    assert found(held(log)) == {"A"}


def test_a_line_that_is_no_step_must_still_be_true(tmp_path: Path) -> None:
    """Two copies are dropped: the second is no step of the model, whose queue is empty by then."""
    whole = (
        "producer-1: send message=A, stopped;"
        "worker-a-1: begin message=A worker=a found=0, finish message=A worker=a, stopped;"
        "worker-b-1: drop message=A worker=b known=true effects=1,"
        " drop message=A worker=b known=true effects={}, stopped"
    )
    assert held(write(tmp_path / "true.jsonl", whole.format(1))).exit_code() is ExitCode.OK
    false = held(write(tmp_path / "false.jsonl", whole.format(0)))
    assert found(false) == {"A"}


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ("kill=3", "no fault: write NAME=COUNT"),
        ("kills", "no fault: write NAME=COUNT"),
        ("kills=-1", "a count is 0 to 1000"),
        ("kills=1001", "a count is 0 to 1000"),
    ],
)
def test_a_fault_that_is_none_is_refused_with_the_names(
    faults: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(LabError, match=message) as refused:
        DEDUP.run(seed=1, out=tmp_path / "log.jsonl", faults=faults)
    assert "late_acks" in str(refused.value)


def test_a_given_broker_is_not_restarted(tmp_path: Path) -> None:
    with (
        given_servers(),
        pytest.raises(LabError, match="only a broker that the lab has started"),
    ):
        DEDUP.run(seed=1, out=tmp_path / "log.jsonl", faults="restarts=1")
