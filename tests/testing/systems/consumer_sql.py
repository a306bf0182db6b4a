"""Competing consumers that deduplicate on a SQL database, and their planted bugs.

Each worker has a connection of its own. A crash kills the worker's connection between two of its
statements: what the worker has open in a transaction is gone, what it has committed stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from databases import Connection, Database, SqliteDatabase, names

from checker.models.dedup import MessageId, Worker
from checker.testing import id_name

TABLES = (
    "CREATE TABLE sent (id TEXT PRIMARY KEY)",
    "CREATE TABLE queue (id TEXT PRIMARY KEY)",
    "CREATE TABLE keys (id TEXT PRIMARY KEY)",
    "CREATE TABLE effects (id TEXT)",
)


class SqlConsumer:
    """Key and effect in one transaction, as it should be."""

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or SqliteDatabase()
        self.producer = self.database.connect()
        for statement in TABLES:
            self.producer.run(statement)
        self.connections: dict[Worker, Connection] = {}

    def at(self, worker: Worker) -> Connection:
        if worker not in self.connections:
            self.connections[worker] = self.database.connect()
        return self.connections[worker]

    def send(self, msg: MessageId) -> None:
        self.producer.run("INSERT INTO sent VALUES (?)", id_name(msg))
        self.producer.run("INSERT INTO queue VALUES (?)", id_name(msg))

    def begin(self, worker: Worker, msg: MessageId) -> None:
        run = self.at(worker).run
        run("BEGIN")
        run("INSERT INTO keys VALUES (?)", id_name(msg))
        run("INSERT INTO effects VALUES (?)", id_name(msg))
        run("COMMIT")

    def finish(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("DELETE FROM queue WHERE id = ?", id_name(msg))

    def drop(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("DELETE FROM queue WHERE id = ?", id_name(msg))

    def crash(self, worker: Worker) -> None:
        self.connections.pop(worker).kill()

    def expire(self, msg: MessageId) -> None:
        self.producer.run("DELETE FROM keys WHERE id = ?", id_name(msg))

    def observe(self) -> Mapping[str, object]:
        run = self.producer.run
        return {
            "sent": names(run("SELECT id FROM sent")),
            "queue": names(run("SELECT id FROM queue")),
            "keys": names(run("SELECT id FROM keys")),
            "effects": names(run("SELECT id FROM effects")),
        }

    def close(self) -> None:
        self.database.close()


class OpenTransaction(SqlConsumer):
    """The transaction stays open until the message is acknowledged: a crash undoes both writes.

    To the other workers key and effect are not there, so the message looks new to them.
    """

    def begin(self, worker: Worker, msg: MessageId) -> None:
        run = self.at(worker).run
        run("BEGIN")
        run("INSERT INTO keys VALUES (?)", id_name(msg))
        run("INSERT INTO effects VALUES (?)", id_name(msg))

    def finish(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("COMMIT")
        super().finish(worker, msg)


class KeyFirst(SqlConsumer):
    """The key is committed, then the effect."""

    def begin(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("INSERT INTO keys VALUES (?)", id_name(msg))

    def finish(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("INSERT INTO effects VALUES (?)", id_name(msg))
        super().finish(worker, msg)


class EffectFirst(SqlConsumer):
    """The effect is committed, then the key."""

    def begin(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("INSERT INTO effects VALUES (?)", id_name(msg))

    def finish(self, worker: Worker, msg: MessageId) -> None:
        if not self.at(worker).run("SELECT 1 FROM keys WHERE id = ?", id_name(msg)):
            self.at(worker).run("INSERT INTO keys VALUES (?)", id_name(msg))
        super().finish(worker, msg)


class RepeatsOnCrash(SqlConsumer):
    """Whoever restarts writes the effect of the message that it had in hand once more."""

    def __init__(self, database: Database | None = None) -> None:
        super().__init__(database)
        self.hand: dict[Worker, MessageId] = {}

    def begin(self, worker: Worker, msg: MessageId) -> None:
        super().begin(worker, msg)
        self.hand[worker] = msg

    def crash(self, worker: Worker) -> None:
        super().crash(worker)
        self.at(worker).run("INSERT INTO effects VALUES (?)", id_name(self.hand.pop(worker)))


class EffectOnDrop(SqlConsumer):
    """A known message is acknowledged, and takes effect again."""

    def drop(self, worker: Worker, msg: MessageId) -> None:
        self.at(worker).run("INSERT INTO effects VALUES (?)", id_name(msg))
        super().drop(worker, msg)


class ExpiresEverything(SqlConsumer):
    """The store evicts all keys at once, also those of visible messages."""

    def expire(self, msg: MessageId) -> None:
        self.producer.run("DELETE FROM keys")


BUGS: tuple[type[Any], ...] = (
    OpenTransaction,
    KeyFirst,
    EffectFirst,
    RepeatsOnCrash,
    EffectOnDrop,
    ExpiresEverything,
)
