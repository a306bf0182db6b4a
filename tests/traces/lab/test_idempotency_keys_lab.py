"""The lab of idempotency keys, and logs that are many runs of one model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.traces.lab import LABS, LabResult, LabUnavailable
from checker.traces.mapping import load_mapping, shipped

from .test_dedup_lab import found, held_against

KEYS = LABS["idempotency_keys"]


def run(out: Path, variant: str, *, seed: int, faults: str = "", orders: int = 20) -> LabResult:
    """A run, or a skip where nothing is installed and nothing required."""
    try:
        return KEYS.run(seed=seed, out=out, variant=variant, faults=faults, orders=orders)
    except LabUnavailable as missing:
        if "postgres" in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
            raise
        pytest.skip(str(missing))


def test_a_correct_run_charges_once_for_each_key(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    done = run(log, "correct", seed=1, orders=12, faults="kills=2,points=3,delays=2,drops=1")
    assert not done.struck
    assert done.kills >= 2
    held = held_against("idempotency_keys", log)
    assert not found(held), log.read_text()
    assert len(held.slices) == 12
    assert not held.defects


def test_keys_of_each_attempt_charge_twice(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    done = run(log, "key_per_attempt", seed=1, orders=4, faults="none")
    assert done.struck
    assert set(done.struck) <= found(held_against("idempotency_keys", log))


@pytest.mark.slow
@pytest.mark.parametrize("variant", KEYS.variants)
@pytest.mark.parametrize("seed", range(1, 4))
def test_what_the_stores_show_the_log_tells(variant: str, seed: int, tmp_path: Path) -> None:
    done = run(tmp_path / "log.jsonl", variant, seed=seed)
    rejected = found(held_against("idempotency_keys", done.out))
    assert set(done.struck) <= rejected
    if variant == "correct":
        assert not done.struck
        assert not rejected


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_a_missing_package_is_named(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(LabUnavailable, match=rf"{package}.*pip install 'crashproof\[lab\]'"):
        KEYS.run(seed=1, out=tmp_path / "log.jsonl")


def test_slices_and_runs_exclude_each_other(tmp_path: Path) -> None:
    path = shipped("idempotency_keys")
    assert path is not None
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(path.read_text().replace('each = "key"', 'each = "key"\nslice = "Server"'))
    with pytest.raises(UsageError, match=r"mapping.toml:\d+.*slices or is many runs"):
        load_mapping(mapping)


def test_a_start_of_a_node_belongs_to_every_run_and_its_steps_to_one(tmp_path: Path) -> None:
    """Two keys, one server: what stands in the log of one says nothing of the other."""
    whole = (
        '{"ts": 1, "node": "server-a-1", "seq": 1, "event": "ready", "server": "a"}\n'
        '{"ts": 1, "node": "server-a-1", "seq": 2, "event": "claim", "key": "k-1", "server": "a",'
        ' "attempt": "1", "charges": 0, "keys": 1}\n'
        '{"ts": 1, "node": "server-a-1", "seq": 3, "event": "claim", "key": "k-2", "server": "a",'
        ' "attempt": "1", "charges": 0, "keys": %s}\n'
    )
    log = tmp_path / "log.jsonl"
    log.write_text(whole % 1)
    held = held_against("idempotency_keys", log)
    assert {part.keys for part in held.slices} == {("k-1",), ("k-2",)}
    assert not found(held)
    log.write_text(whole % 0)
    assert found(held_against("idempotency_keys", log)) == {"k-2"}
