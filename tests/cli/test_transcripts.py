"""What a person reads, as golden files in tests/golden/cli.

After a deliberate change, write them anew with CRASHPROOF_GOLDEN=write and review the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import checker.models as checker_models

from .conftest import Checker

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"

TRANSCRIPTS = {
    "list": ("list",),
    "emit_steps": ("emit", "steps", "outbox_handler"),
    "outbox_holds": ("explore", "outbox"),
    "outbox_no_deduplication": ("explore", "outbox", "--variant", "no_deduplication"),
    "dedup_key_first": ("explore", "dedup", "--variant", "key_first"),
    "dedup_two_constants_one_worker": (
        "explore", "dedup", "--set", "commit=EFFECT_FIRST", "--scope", "Worker=1",
        "--no-fault", "expire",
    ),
    "two_phase_commit_without_all_votes": (
        "explore", "two_phase_commit", "--variant", "commit_without_all_votes",
    ),
    "outbox_stopped": ("explore", "outbox", "--max-states", "100"),
    "outbox_quiet": ("explore", "outbox", "--variant", "no_deduplication", "--quiet"),
    "outbox_without_faults": (
        "explore", "outbox", "--no-fault", "crash_relay", "--no-fault", "redeliver",
    ),
    "outbox_sweep": ("explore", "outbox", "--sweep", "OrderId=1..2"),
    "simulate_outbox": ("simulate", "outbox", "--seed", "3", "--walks", "50"),
    "simulate_no_deduplication": (
        "simulate", "outbox", "--variant", "no_deduplication", "--seed", "7", "--walks", "200",
    ),
    "verify": ("verify", "outbox", "dedup", "two_phase_commit", "outbox_handler"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_transcript_is_as_reviewed(checker: Checker, name: str) -> None:
    call = TRANSCRIPTS[name]
    # Seen from here, the built-in models have the same short paths on every machine.
    ran = checker(*call, folder=Path(checker_models.__file__).parents[1])
    said = re.sub(r" *\d+\.\d\d s", " 0.00 s", ran.out + ran.err)
    shown = f"$ checker {' '.join(call)}\n{said}"
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("CRASHPROOF_GOLDEN") == "write":
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [72, 80, 120])
def test_nothing_but_commands_to_copy_is_wider_than_the_terminal(
    checker: Checker, columns: int
) -> None:
    calls = (TRANSCRIPTS["dedup_key_first"], TRANSCRIPTS["two_phase_commit_without_all_votes"])
    for call in (*calls, ("list",), ("verify", "outbox")):
        for line in checker(*call, columns=columns).out.splitlines():
            assert len(line) <= columns or line.startswith("  again"), line


def test_a_holding_run_fits_half_a_screen(checker: Checker) -> None:
    assert len(checker("explore", "outbox").out.splitlines()) <= 17


def test_a_pipe_gets_no_colours_and_ascii_where_nothing_else_is_spoken(checker: Checker) -> None:
    call = TRANSCRIPTS["outbox_no_deduplication"]
    ran = checker(*call, PYTHONIOENCODING="ascii")
    assert ran.code == 1
    assert ran.out.isascii() and "\x1b" not in ran.out
    assert "unmarked: None -> order0" in ran.out
