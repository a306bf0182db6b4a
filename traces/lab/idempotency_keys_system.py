"""The lab of idempotency keys: three HTTP servers on one database, and a client that repeats."""

from collections import defaultdict

from .idempotency_keys_client import ATTEMPTS, SERVERS
from .plan import Faults
from .system import Role, Store, System


def _answers(store: Store) -> list[dict[str, str | int]]:
    return [line for line in store.lines() if line["event"] == "answered"]


def _quiet(store: Store) -> bool:
    return len(_answers(store)) == ATTEMPTS * store.orders


def _tally(store: Store) -> dict[str, int]:
    return {
        "charges": store.count("select count(*) from charges"),
        "attempts answered": len(_answers(store)),
    }


def _struck(store: Store) -> list[str]:
    """The keys that were charged for twice, refused, or answered in two ways."""
    seen = defaultdict[str, set[tuple[str | int, str | int]]](set)
    for line in _answers(store):
        seen[str(line["key"])].add((line["status"], line["charge"]))
    twice = store.names("select name from charges group by name having count(*) > 1")
    return sorted({*twice, *(key for key, own in seen.items() if own != {(200, 1)})})


SERVER = Role("idempotency_keys_server", "store", ("reply",), weight=1)

SYSTEM = System(
    roles={
        "client": Role("idempotency_keys_client", "store", ("reply",), weight=0),
        **dict.fromkeys(SERVERS, SERVER),
    },
    tables={
        "store": (
            "create table charges (name text not null)",
            "create table keys (key text primary key, name text not null, "
            "fingerprint text not null, owner text not null, charge integer)",
        ),
    },
    queues=(),
    points=("claimed", "charged", "stored"),
    orders=20,
    faults=Faults(kills=2, points=4, delays=4),
    quiet=_quiet,
    tally=_tally,
    struck=_struck,
    packages=("starlette", "uvicorn"),
)
