"""The outbox whose relay reads the database's log."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from checker.traces.lab import LABS, LabError
from checker.traces.lab.outbox_cdc_relay import change_of

from .runs import found, held_against, run


def test_what_is_read_from_the_log_is_explained(tmp_path: Path) -> None:
    faults = "kills=2,points=2,duplicates=2,drops=1"
    try:
        done = run(
            "outbox_cdc", tmp_path / "log.jsonl", "no_deduplication", orders=10, faults=faults
        )
    except LabError as refused:  # a given server, which writes no such log
        if "wal_level" not in str(refused):
            raise
        pytest.skip(str(refused))
    assert done.tally["orders placed"] == 10
    assert done.struck  # two orders are published twice
    assert set(done.struck) == found(held_against("outbox", done.out))


def test_a_transaction_is_read_message_by_message() -> None:
    def row(number: bytes, order: bytes) -> bytes:
        values = b"".join(b"t" + struct.pack(">I", len(v)) + v for v in (number, order))
        return b"I" + struct.pack(">IcH", 16_385, b"N", 2) + values

    begin = b"B" + bytes(20)
    relation = b"R" + bytes(30)
    commit = struct.pack(">cBQQQ", b"C", 0, 1, (2 << 32) + 255, 0)
    change = change_of([begin, relation, row(b"7", b"order-3"), row(b"12", b"order-10"), commit])
    assert change.orders == ("order-3", "order-10")
    assert change.end == "2/FF"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_correct_run_is_accepted(seed: int, tmp_path: Path) -> None:
    faults = "kills=4,points=5,duplicates=3,drops=2,restarts=1"
    done = LABS["outbox_cdc"].run(seed=seed, out=tmp_path / "log.jsonl", orders=30, faults=faults)
    assert not done.struck
    assert not found(held_against("outbox", done.out))
