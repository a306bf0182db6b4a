"""Real implementations under test: the correct ones pass, every planted bug is found."""

from __future__ import annotations

from functools import partial
from typing import Any

import consumer_sql
import outbox_sql
import payments_http
import pytest
import saga_log
from databases import PostgresDatabase
from hypothesis import HealthCheck, settings

from checker.testing import Disagreement, run, state_machine

QUICK = settings(
    max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    derandomize=True,
)  # fmt: skip
ON_SQLITE = [("outbox", bug) for bug in outbox_sql.BUGS] + [
    ("dedup", bug) for bug in consumer_sql.BUGS
]
CORRECT = [("outbox", outbox_sql.SqlOutbox), ("dedup", consumer_sql.SqlConsumer)]


@pytest.mark.parametrize(("model", "system"), CORRECT, ids=lambda v: getattr(v, "__name__", v))
def test_a_correct_system_on_sqlite_passes(model: str, system: type) -> None:
    run(state_machine(model, system, min_visits=2), settings=settings(QUICK, max_examples=30))


@pytest.mark.parametrize(("model", "bug"), ON_SQLITE, ids=lambda v: getattr(v, "__name__", v))
def test_a_planted_bug_on_sqlite_is_found(model: str, bug: type) -> None:
    with pytest.raises(Disagreement) as caught:
        run(state_machine(model, bug), settings=QUICK)
    # Two orders have to be shipped before the first comes again: 9 steps are the fewest.
    longest = 11 if bug is outbox_sql.DeduplicatesInMemory else 6
    assert len(caught.value.calls) <= longest


@pytest.mark.parametrize(("model", "system"), CORRECT, ids=lambda v: getattr(v, "__name__", v))
def test_a_correct_system_on_postgres_passes(model: str, system: Any, postgres_url: str) -> None:
    fresh = partial(lambda: system(PostgresDatabase(postgres_url)))
    run(state_machine(model), adapter=fresh, settings=settings(QUICK, max_examples=8))


@pytest.mark.parametrize(
    ("model", "bug"),
    [("outbox", outbox_sql.CommitsTheCrash), ("dedup", consumer_sql.KeyFirst)],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_a_planted_bug_on_postgres_is_found(model: str, bug: Any, postgres_url: str) -> None:
    def fresh() -> object:
        return bug(PostgresDatabase(postgres_url))

    with pytest.raises(Disagreement):
        run(state_machine(model), adapter=fresh, settings=QUICK)


def test_a_correct_http_service_passes() -> None:
    machine = state_machine("idempotency_keys", payments_http.HttpPayments, skip=("insert",))
    run(machine, settings=settings(QUICK, max_examples=10))


def test_a_correct_saga_whose_orchestrator_is_killed_passes() -> None:
    machine = state_machine("saga", saga_log.SagaSystem, skip=("record",))
    visits = run(machine, settings=settings(QUICK, max_examples=15))
    assert visits.counts["crash"]


@pytest.mark.parametrize("name", ["release_after_timeout", "take_over", "volatile_fingerprint"])
def test_a_planted_bug_of_the_http_service_is_found(name: str) -> None:
    machine = state_machine("idempotency_keys", payments_http.BUGS[name], skip=("insert",))
    with pytest.raises(Disagreement):
        run(machine, settings=QUICK)


@pytest.mark.parametrize("name", ["do_not_deduplicated", "forward_order", "no_state_check"])
def test_a_planted_bug_of_the_saga_is_found(name: str) -> None:
    machine = state_machine("saga", saga_log.BUGS[name], skip=("record",))
    with pytest.raises(Disagreement):
        run(machine, settings=QUICK)
