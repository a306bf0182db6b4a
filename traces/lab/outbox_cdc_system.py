"""The outbox lab with a relay that reads the database's log instead of the outbox table."""

from dataclasses import replace

from . import outbox_system
from .system import Role, Store

# Slot and publication have the name of the schema, which is unique to the run.
PUBLISH = """
    do $$ begin
        execute format('create publication %I for table outbox', current_schema());
    end $$
"""
SLOT = "select pg_create_logical_replication_slot(current_schema(), 'pgoutput')"
DROP_SLOT = """
    select pg_drop_replication_slot(slot_name)
    from pg_replication_slots where slot_name = current_schema()
"""
UNPUBLISH = """
    do $$ begin
        execute format('drop publication if exists %I', current_schema());
    end $$
"""


def _quiet(store: Store) -> bool:
    """The rows stay in the outbox: what is published is what the slot has passed."""
    return (
        store.count("select count(*) from orders") == store.orders
        and store.count("select count(*) from applied") == store.orders
        and store.unfinished() == 0
    )


_TABLES = outbox_system.SYSTEM.tables

SYSTEM = replace(
    outbox_system.SYSTEM,
    roles={
        **outbox_system.SYSTEM.roles,
        "relay": Role("outbox_cdc_relay", "producer", ("mark_sent",), weight=2),
    },
    tables={**_TABLES, "producer": (*_TABLES["producer"], PUBLISH, SLOT)},
    undo=(DROP_SLOT, UNPUBLISH),
    points=("published", "shipped", "logged", "advanced", "placed"),
    quiet=_quiet,
)
