"""Many runs of the lab: the correct service is always explained, the other one never.

All twenty seeds of both variants: `pytest -m slow tests/traces/test_seeds.py` (about five minutes).
All labs and variants, from both sides: benchmarks/lab, and docs/explanation/what-the-lab-shows.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.errors import ExitCode
from checker.frontend import load
from checker.traces.jsonl import read_logs
from checker.traces.lab import LABS, LabUnavailable
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import observe
from checker.traces.replay import Replay, Settings, replay


def lab_and_replay(variant: str, seed: int, folder: Path) -> tuple[Path, Replay]:
    log = folder / f"{variant}-{seed}.jsonl"
    try:
        LABS["outbox"].run(seed=seed, out=log, variant=variant, orders=60)
    except LabUnavailable as missing:
        pytest.skip(str(missing))
    mapping = load_mapping(shipped("outbox"))
    read = read_logs([str(log)], mapping.wanted())
    return log, replay(read, observe(load("outbox"), mapping), Settings(ended=True))


def shipped_twice(log: Path) -> set[str]:
    """The orders of which the log itself tells that they shipped more than once."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return {e["order"] for e in events if e["event"] == "consume" and e["shipped"] > 1}


def holds_for(seed: int, folder: Path) -> None:
    _, correct = lab_and_replay("correct", seed, folder)
    assert correct.exit_code() is ExitCode.OK
    log, broken = lab_and_replay("no_deduplication", seed, folder)
    rejected = {key for s in broken.slices if s.verdict.name == "REJECTED" for key in s.keys}
    assert rejected == shipped_twice(log)
    assert (broken.exit_code() is ExitCode.FAILS) == bool(rejected)


def test_a_seed_of_the_correct_service_is_accepted_and_of_the_other_rejected(
    tmp_path: Path,
) -> None:
    holds_for(1, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 21))
def test_every_seed_gives_the_right_verdict(seed: int, tmp_path: Path) -> None:
    holds_for(seed, tmp_path)
