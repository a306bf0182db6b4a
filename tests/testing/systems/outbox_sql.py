"""A transactional outbox on a SQL database, and its planted bugs.

One service, one relay, one consumer, a broker that is a table of messages; each has a connection of
its own. A crash of the relay kills its connection, and with it what it has not committed. Each
class below the first differs from it in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databases import Database, SqliteDatabase, names

from checker.models.outbox import OrderId
from checker.testing import id_name

TABLES = (
    "CREATE TABLE orders (id TEXT PRIMARY KEY)",
    "CREATE TABLE outbox (id TEXT PRIMARY KEY)",
    "CREATE TABLE broker (message TEXT)",
    "CREATE TABLE applied (id TEXT PRIMARY KEY)",
    "CREATE TABLE shipped (id TEXT)",
)


class SqlOutbox:
    """The outbox as it should be."""

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or SqliteDatabase()
        self.service = self.database.connect()
        for statement in TABLES:
            self.service.run(statement)
        self.relay = self.database.connect()
        self.broker = self.database.connect()
        self.consumer = self.database.connect()
        self.unmarked: str | None = None  # the relay's memory

    # ── The service ──

    def place_order(self, order: OrderId) -> None:
        self.service.run("BEGIN")
        self.service.run("INSERT INTO orders VALUES (?)", id_name(order))
        self.service.run("INSERT INTO outbox VALUES (?)", id_name(order))
        self.service.run("COMMIT")

    # ── The relay ──

    def publish(self, order: OrderId) -> None:
        (row,) = self.relay.run("SELECT id FROM outbox WHERE id = ?", id_name(order))
        self.broker.run("INSERT INTO broker VALUES (?)", row[0])
        self.unmarked = row[0]

    def mark_sent(self, order: OrderId) -> None:
        self.relay.run("DELETE FROM outbox WHERE id = ?", self.unmarked)
        self.unmarked = None

    def crash_relay(self) -> None:
        self.relay.kill()
        self.relay = self.database.connect()
        self.unmarked = None

    # ── The broker and the consumer ──

    def redeliver(self, order: OrderId) -> None:
        self.broker.run("INSERT INTO broker VALUES (?)", id_name(order))

    def consume(self, order: OrderId) -> None:
        message = id_name(order)
        self.consumer.run("BEGIN")
        if not self.is_known(message):
            self.consumer.run("INSERT INTO applied VALUES (?)", message)
            self.consumer.run("INSERT INTO shipped VALUES (?)", message)
        self.consumer.run("COMMIT")
        self.acknowledge(message)

    def is_known(self, message: str) -> bool:
        return bool(self.consumer.run("SELECT 1 FROM applied WHERE id = ?", message))

    def acknowledge(self, message: str) -> None:
        """One copy leaves the broker."""
        copies = len(self.broker.run("SELECT 1 FROM broker WHERE message = ?", message))
        self.broker.run("DELETE FROM broker WHERE message = ?", message)
        for _ in range(copies - 1):
            self.broker.run("INSERT INTO broker VALUES (?)", message)

    # ── The tests' view ──

    def observe(self) -> Mapping[str, object]:
        run = self.service.run
        return {
            "orders": names(run("SELECT id FROM orders")),
            "outbox": names(run("SELECT id FROM outbox")),
            "queue": names(run("SELECT message FROM broker")),
            "shipped": names(run("SELECT id FROM shipped")),
        }

    def close(self) -> None:
        self.database.close()


class NoDeduplication(SqlOutbox):
    """The consumer ships at every delivery."""

    def is_known(self, message: str) -> bool:
        return False

    def consume(self, order: OrderId) -> None:
        self.consumer.run("INSERT INTO shipped VALUES (?)", id_name(order))
        self.acknowledge(id_name(order))


class DeduplicatesInMemory(SqlOutbox):
    """The consumer remembers the last message only."""

    last = ""

    def is_known(self, message: str) -> bool:
        return self.last == message

    def consume(self, order: OrderId) -> None:
        if not self.is_known(id_name(order)):
            self.consumer.run("INSERT INTO shipped VALUES (?)", id_name(order))
        self.last = id_name(order)
        self.acknowledge(id_name(order))


class MarksInOneTransaction(SqlOutbox):
    """The relay deletes the row first and commits when the broker has answered.

    A crash in between undoes the deletion, which is harmless; but the row is gone for whoever
    looks: `mark_sent` comes too early.
    """

    def publish(self, order: OrderId) -> None:
        super().publish(order)
        self.relay.run("DELETE FROM outbox WHERE id = ?", id_name(order))


class MarksEverything(SqlOutbox):
    """The relay deletes all rows, also those that it has not published."""

    def mark_sent(self, order: OrderId) -> None:
        self.relay.run("DELETE FROM outbox")
        self.unmarked = None


class CommitsTheCrash(SqlOutbox):
    """The relay deletes in a transaction that a crash handler commits: an event can be lost."""

    def crash_relay(self) -> None:
        self.relay.run("DELETE FROM outbox WHERE id = ?", self.unmarked)
        super().crash_relay()


class AcknowledgesAll(SqlOutbox):
    """An acknowledgement takes all messages from the broker, not one."""

    def acknowledge(self, message: str) -> None:
        self.broker.run("DELETE FROM broker")


BUGS: tuple[type[Any], ...] = (
    NoDeduplication,
    DeduplicatesInMemory,
    MarksInOneTransaction,
    MarksEverything,
    CommitsTheCrash,
    AcknowledgesAll,
)
