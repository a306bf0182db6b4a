"""The saga lab: an orchestrator, and a participant for each of three steps."""

from typing import LiteralString

from .plan import Faults
from .system import Role, Store, System

# Each time stands for its commit: a command is sent only after the one before it is answered, so
# what the model orders lies a round trip apart.
STRUCK: LiteralString = """
    with steps as (
        select sagas.order_id, phase,
            (select count(*) from done where done.order_id = sagas.order_id) as done,
            (select count(*) from undone where undone.order_id = sagas.order_id) as undone
        from sagas
    )
    select order_id from done group by order_id, step having count(*) > 1
    union select order_id from undone group by order_id, step having count(*) > 1
    union select order_id from steps
        where (phase = 'COMPLETED' and (done <> 3 or undone > 0))
            or (phase = 'COMPENSATED' and done <> undone)
    union select undone.order_id from undone join done using (order_id) where done.step = 'SHIP'
    union select first.order_id
        from undone as first
        join done as charged on charged.order_id = first.order_id and charged.step = 'CHARGE'
        left join undone as back on back.order_id = first.order_id and back.step = 'CHARGE'
        where first.step = 'RESERVE'
            and (back.since is null or greatest(first.since, charged.since) < back.since)
"""


def _quiet(store: Store) -> bool:
    ended = "select count(*) from sagas where phase in ('COMPLETED', 'COMPENSATED', 'STUCK')"
    return store.count(ended) == store.orders and store.unfinished() == 0


def _tally(store: Store) -> dict[str, int]:
    return {
        "sagas completed": store.count("select count(*) from sagas where phase = 'COMPLETED'"),
        "compensated": store.count("select count(*) from sagas where phase = 'COMPENSATED'"),
        "stuck": store.count("select count(*) from sagas where phase = 'STUCK'"),
    }


def _struck(store: Store) -> list[str]:
    """The orders for which the model's invariants do not hold of the tables."""
    return store.names(STRUCK)


PARTICIPANT = Role("saga_participant", "participants", ("perform",), weight=1)

SYSTEM = System(
    roles={
        "orchestrator": Role("saga_orchestrator", "orchestrator", ("start",), weight=2),
        "reserve": PARTICIPANT,
        "charge": PARTICIPANT,
        "ship": PARTICIPANT,
    },
    tables={
        "orchestrator": (
            "create table sagas (order_id text primary key, phase text not null, "
            "step text not null)",
        ),
        "participants": (
            "create table done (order_id text not null, step text not null, "
            "since timestamptz not null default clock_timestamp())",
            "create table undone (order_id text not null, step text not null, "
            "since timestamptz not null default clock_timestamp())",
            "create table refused (order_id text, step text, primary key (order_id, step))",
        ),
    },
    queues=("reserve", "charge", "ship", "answers"),
    points=("decided", "written", "answered", "logged"),
    orders=12,
    faults=Faults(kills=1, points=3, late_acks=1, duplicates=4, delays=4),
    quiet=_quiet,
    tally=_tally,
    struck=_struck,
)
