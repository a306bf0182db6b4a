"""The lab of idempotency keys, and logs that are many runs of one model."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from checker.errors import UsageError
from checker.traces.lab import LABS, LabUnavailable
from checker.traces.mapping import load_mapping, shipped

from .runs import found, held_against, minimal_of, run, unfinished

KEYS = "idempotency_keys"


def test_a_correct_run_charges_once_for_each_key(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    done = run(KEYS, log, "correct", orders=12, faults="kills=2,points=3,delays=2,drops=1")
    assert not done.struck
    assert done.kills >= 2
    held = held_against(KEYS, log)
    assert not found(held), log.read_text()
    assert len(held.slices) == 12
    assert not held.defects


def test_keys_of_each_attempt_charge_twice(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    done = run(KEYS, log, "key_per_attempt", orders=4, faults="none")
    assert done.struck
    assert set(done.struck) <= found(held_against(KEYS, log))


@pytest.mark.parametrize(
    ("variant", "faults"),
    [("short_ttl", "delays=4"), ("store_declines", "none"), ("volatile_fingerprint", "none")],
)
def test_a_mistake_shows_in_the_stores_and_in_the_log(
    variant: str, faults: str, tmp_path: Path
) -> None:
    done = run(KEYS, tmp_path / "log.jsonl", variant, orders=6, faults=faults)
    assert done.struck
    held = held_against(KEYS, done.out)
    assert set(done.struck) <= found(held) | unfinished(held)


def test_a_key_that_stays_in_progress_is_not_finished(tmp_path: Path) -> None:
    """Nothing in such a log is wrong. What is missing is an answer, and it will not come."""
    done = run(KEYS, tmp_path / "log.jsonl", "no_recovery", orders=4, faults="points=1")
    assert done.struck
    assert done.out.read_text().count('"gave_up"') == 2 * len(done.struck)
    held = held_against(KEYS, done.out)
    assert not found(held)
    assert set(done.struck) == unfinished(held)


def test_what_other_servers_lost_in_their_deaths_cannot_answer_for_the_one_that_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """b claims and dies; c, which may have done one more step in its own death, has to stay c."""
    lines = [
        *({"node": f"server-{each}-1", "event": "ready", "server": each} for each in "abc"),
        {"node": "driver", "event": "killed", "target": "server-a-1"},
        {"node": "driver", "event": "killed", "target": "server-b-1"},
        {"node": "server-b-2", "event": "ready", "server": "b"},
        {"node": "server-b-2", "event": "claim", "key": "k", "server": "b", "attempt": "1",
         "charges": 0, "keys": 1},
        {"node": "client-1", "event": "no_answer", "key": "k", "server": "b"},
        {"node": "driver", "event": "killed", "target": "server-b-2"},
        {"node": "driver", "event": "killed", "target": "server-c-1"},
        {"node": "server-b-3", "event": "ready", "server": "b"},
        {"node": "server-c-2", "event": "ready", "server": "c"},
        *({"node": node, "event": "stopped"} for node in ("server-b-3", "server-c-2", "client-1")),
    ]  # fmt: skip
    seq = Counter[str]()
    log = tmp_path / "log.jsonl"
    with log.open("w") as out:
        for line in lines:
            seq[line["node"]] += 1
            out.write(json.dumps({"ts": 1, "seq": seq[line["node"]], **line}) + "\n")
    held = held_against(KEYS, log)
    assert [part.is_overdue for part in held.slices] == [True]
    minimal = minimal_of(log, KEYS, capsys)
    assert "no_recovery" in minimal
    assert None not in minimal


def test_a_form_that_could_go_on_does_not_explain_why_nothing_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model as written would ask the provider next; only a stored decline ends here."""
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"ts": 1, "node": "server-a-1", "seq": 1, "event": "ready", "server": "a"}\n'
        '{"ts": 1, "node": "server-a-1", "seq": 2, "event": "claim", "key": "k", "server": "a",'
        ' "attempt": "1", "charges": 0, "keys": 1}\n'
        '{"ts": 1, "node": "server-a-1", "seq": 3, "event": "charge", "key": "k", "server": "a",'
        ' "charges": 0, "keys": 1}\n'
        '{"ts": 1, "node": "server-a-1", "seq": 4, "event": "stopped"}\n'
    )
    held = held_against(KEYS, log)
    assert not found(held)
    assert [part.is_overdue for part in held.slices] == [True]
    assert minimal_of(log, KEYS, capsys) == ["store_declines"]


def test_an_answer_that_is_lost_is_asked_for_again(tmp_path: Path) -> None:
    done = run(KEYS, tmp_path / "log.jsonl", "correct", orders=6, faults="lost_answers=3,drops=2")
    assert not done.struck
    assert done.tally == {"charges": 6, "attempts answered": 12}
    text = done.out.read_text()
    assert text.count('"no_answer"') >= 3
    held = held_against(KEYS, done.out)
    assert not found(held) and not unfinished(held), text


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_a_missing_package_is_named(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(LabUnavailable, match=rf"{package}.*pip install 'crashproof\[lab\]'"):
        LABS[KEYS].run(seed=1, out=tmp_path / "log.jsonl")


def test_slices_and_runs_exclude_each_other(tmp_path: Path) -> None:
    path = shipped(KEYS)
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
    held = held_against(KEYS, log)
    assert {part.keys for part in held.slices} == {("k-1",), ("k-2",)}
    assert not found(held)
    log.write_text(whole % 0)
    assert found(held_against(KEYS, log)) == {"k-2"}
