"""The outbox lab: a producer, a relay and a consumer, and how to see that all have shipped."""

from .plan import Faults
from .system import Role, Store, System


def _quiet(store: Store) -> bool:
    return (
        store.count("select count(*) from orders") == store.orders
        and store.count("select count(*) from outbox") == 0
        and store.count("select count(*) from applied") == store.orders
        and store.unfinished() == 0
    )


def _tally(store: Store) -> dict[str, int]:
    # The shipped count tells a second delivery even if the first one was not logged.
    again = sum(
        line["outcome"] == "duplicate" or int(line["shipped"]) > 1
        for line in store.lines()
        if line["event"] == "consume"
    )
    return {
        "orders placed": store.count("select count(*) from orders"),
        "shipments": store.count("select count(*) from shipped"),
        "duplicates delivered": again,
    }


def _struck(store: Store) -> list[str]:
    return store.names(
        "select id from orders where (select count(*) from shipped where order_id = id) <> 1"
    )


SYSTEM = System(
    roles={
        # The producer's crashes only matter for the log: at worst a placed order is not logged.
        # Those of the relay and of the consumer make duplicates, and are tried twice as often.
        "producer": Role("outbox_producer", "producer", ("place_order",), weight=1),
        "relay": Role("outbox_relay", "producer", ("mark_sent",), weight=2),
        "consumer": Role("outbox_consumer", "consumer", ("consume",), weight=2),
    },
    # One schema for the service that takes orders, one for the consumer: they share no table.
    tables={
        "producer": (
            "create table orders (id text primary key)",
            "create table outbox (position bigserial primary key, order_id text not null)",
        ),
        "consumer": (
            "create table applied (order_id text primary key)",
            "create table shipped (position bigserial primary key, order_id text not null)",
        ),
    },
    queues=("orders",),
    points=("published", "shipped", "logged", "deleted", "placed"),
    orders=100,
    faults=Faults(kills=8),
    quiet=_quiet,
    tally=_tally,
    struck=_struck,
)
