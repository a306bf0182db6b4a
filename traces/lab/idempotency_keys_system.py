"""The lab of idempotency keys: three HTTP servers on one database, and a client that repeats."""

from collections import defaultdict

from .idempotency_keys_client import ATTEMPTS, SERVERS
from .plan import Faults
from .system import Role, Store, System

ANSWERS = ("reply", "stored", "refused")


def _ends(store: Store) -> list[dict[str, str | int]]:
    """The last line of each attempt."""
    return [line for line in store.lines() if line["event"] in (*ANSWERS, "gave_up")]


def _quiet(store: Store) -> bool:
    return len(_ends(store)) == ATTEMPTS * store.orders


def _tally(store: Store) -> dict[str, int]:
    return {
        "charges": store.count("select count(*) from charges"),
        "attempts answered": sum(line["event"] in ANSWERS for line in _ends(store)),
    }


def _struck(store: Store) -> list[str]:
    """The keys that were charged for twice, refused, answered in two ways, or not at all."""
    seen = defaultdict[str, set[str]](set)
    for line in _ends(store):
        seen[str(line["key"])].add(str(line.get("answer")))
    twice = store.names("select name from charges group by name having count(*) > 1")
    return sorted({*twice, *(key for key, own in seen.items() if own != {"1"})})


SERVER = Role("idempotency_keys_server", "store", ("reply", "stored"), weight=1)

SYSTEM = System(
    roles={
        "client": Role("idempotency_keys_client", "store", ("reply", "stored"), weight=0),
        **dict.fromkeys(SERVERS, SERVER),
    },
    tables={
        "store": (
            "create table charges (name text not null)",
            "create table keys (key text primary key, name text not null, "
            "fingerprint text not null, owner text not null, charge integer, "
            "declined boolean not null default false, "
            "since timestamptz not null default clock_timestamp())",
        ),
    },
    queues=(),
    points=("claimed", "charged", "stored"),
    orders=20,
    faults=Faults(kills=1, points=3, delays=4, drops=1, lost_answers=3),
    quiet=_quiet,
    tally=_tally,
    struck=_struck,
    sockets=tuple(f"{server}.sock" for server in SERVERS),
    packages=("starlette", "uvicorn"),
)
