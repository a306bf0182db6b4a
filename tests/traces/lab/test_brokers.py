"""The labs on brokers that are given: RabbitMQ and Redis Streams, with a given PostgreSQL.

They run where a server answers at its URL (CRASHPROOF_RABBITMQ, …) or at its usual port on
loopback; CRASHPROOF_REQUIRE makes a missing one a failure.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from checker.traces.lab import LABS, LabError

from .runs import found, held_against, run

USUAL = {
    "postgres": ("CRASHPROOF_POSTGRES", "postgresql://postgres:postgres@127.0.0.1:5432/postgres"),
    "rabbitmq": ("CRASHPROOF_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/"),
    "redis": ("CRASHPROOF_REDIS", "redis://127.0.0.1:6379/0"),
    "nats": ("CRASHPROOF_NATS", "nats://127.0.0.1:4222"),
}
PORTS = {"postgres": 5432, "rabbitmq": 5672, "redis": 6379, "nats": 4222}


def given(server: str, patch: pytest.MonkeyPatch, *, required: bool = True) -> bool:
    """Set the server's URL if one answers; skip otherwise, if the test cannot do without."""
    variable, url = USUAL[server]
    if os.environ.get(variable):
        return True
    try:
        socket.create_connection(("127.0.0.1", PORTS[server]), timeout=1).close()
    except OSError:
        if required and server in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
            raise
        if required:
            pytest.skip(f"no {server} at {variable} or on port {PORTS[server]}")
        return False
    patch.setenv(variable, url)
    return True


def check_run(lab: str, broker: str, variant: str, out: Path, faults: str, orders: int) -> None:
    done = run(lab, out, variant, broker=broker, faults=faults, orders=orders)
    replayed = held_against(LABS[lab].model, out)
    assert set(done.struck) <= found(replayed)
    if variant == "correct":
        assert not done.struck
        assert not found(replayed)
    else:
        assert done.struck


def test_deduplicating_workers_on_rabbitmq_and_a_given_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given("rabbitmq", monkeypatch)
    given("postgres", monkeypatch, required=False)
    faults = "kills=1,points=3,duplicates=2,drops=1"
    check_run("dedup", "rabbitmq", "correct", tmp_path / "log.jsonl", faults, 12)


def test_an_outbox_without_deduplication_on_redis_ships_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given("redis", monkeypatch)
    given("postgres", monkeypatch, required=False)
    faults = "kills=1,points=2,duplicates=2,drops=1"
    check_run("outbox", "redis", "no_deduplication", tmp_path / "log.jsonl", faults, 10)


@pytest.mark.slow
@pytest.mark.parametrize("broker", ["rabbitmq", "redis", "nats"])
@pytest.mark.parametrize(
    ("lab", "variant"),
    [
        ("outbox", "correct"),
        ("outbox", "no_deduplication"),
        ("dedup", "correct"),
        ("dedup", "key_first"),
        ("dedup", "effect_first"),
        ("saga", "correct"),
        ("saga", "undo_not_deduplicated"),
    ],
)
def test_every_form_on_every_given_broker(
    lab: str, variant: str, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(broker, monkeypatch)
    faults = "kills=2,points=4,duplicates=3,late_acks=2,drops=2"
    check_run(lab, broker, variant, tmp_path / "log.jsonl", faults, 20)


def test_nothing_is_left_in_a_given_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given("redis", monkeypatch)
    if "redis" in os.environ.get("CRASHPROOF_REQUIRE", "").split(","):
        import redis
    else:
        redis = pytest.importorskip("redis")
    client = redis.Redis.from_url(os.environ["CRASHPROOF_REDIS"])
    before = set(client.keys("crashproof_*"))
    check_run("dedup", "redis", "correct", tmp_path / "log.jsonl", "kills=1", 3)
    assert set(client.keys("crashproof_*")) <= before
    client.close()


@pytest.mark.parametrize("broker", ["rabbitmq", "redis"])
def test_a_broker_without_a_url_is_named_with_its_variable(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.delenv(USUAL[broker][0], raising=False)
    with pytest.raises(LabError, match=USUAL[broker][0]):
        LABS["dedup"].run(seed=1, out=tmp_path / "log.jsonl", broker=broker)


def test_a_variant_that_needs_a_broker_of_its_own_is_refused_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="broker_window of dedup runs on nats only"):
        LABS["dedup"].run(
            seed=1, out=tmp_path / "log.jsonl", broker="redis", variant="broker_window"
        )
    with pytest.raises(LabError, match="it runs on: nats, rabbitmq, redis"):
        LABS["dedup"].run(seed=1, out=tmp_path / "log.jsonl", broker="kafka")
