"""The dedup lab: a producer, three workers that compete for its messages, and a janitor of keys."""

from .plan import Faults
from .system import Role, Store, System

EFFECTS = "(select count(*) from effects where effects.message = sent.message)"


def _quiet(store: Store) -> bool:
    return store.count("select count(*) from sent") == store.orders and store.unfinished() == 0


def _tally(store: Store) -> dict[str, int]:
    drops = sum(line["event"] == "drop" for line in store.lines())
    return {
        "messages sent": store.count("select count(*) from sent"),
        "effects": store.count("select count(*) from effects"),
        "duplicates dropped": drops,
    }


def _struck(store: Store) -> list[str]:
    """The messages that had no effect, or more than one."""
    return store.names(f"select message from sent where {EFFECTS} <> 1")


WORKER = Role("dedup_worker", "consumer", ("begin", "drop"), weight=2)

SYSTEM = System(
    roles={
        "producer": Role("dedup_producer", "producer", ("send",), weight=1),
        "worker-a": WORKER,
        "worker-b": WORKER,
        "worker-c": WORKER,
        "janitor": Role("dedup_janitor", "consumer", (), weight=0),
    },
    tables={
        "producer": ("create table sent (message text primary key)",),
        "consumer": (
            "create table keys (message text primary key, since timestamptz not null)",
            "create table effects (position bigserial primary key, message text not null)",
        ),
    },
    queues=("messages",),
    points=("between_writes", "before_ack", "before_line", "after_ack"),
    orders=40,
    faults=Faults(kills=4, points=4, late_acks=3, duplicates=3),
    quiet=_quiet,
    tally=_tally,
    struck=_struck,
)
