"""The two databases that the systems under test run on, behind one small interface.

Owns connections: how one is made, and how one is killed while it has work open. Statements are
written with `?` and plain SQL that both understand.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Connection", "Database", "PostgresDatabase", "SqliteDatabase"]

_NUMBERS = itertools.count()


class Connection(Protocol):
    """One client's connection; each statement outside of a transaction commits by itself."""

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]: ...
    def kill(self) -> None: ...


class Database(Protocol):
    """A database of its own for one run."""

    def connect(self) -> Connection: ...
    def close(self) -> None: ...


class SqliteDatabase:
    """A file, so that several connections see one another's commits."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="crashproof-test-")
        self._file = Path(self._folder.name) / "system.db"
        self._open: list[_Sqlite] = []
        self.connect().run("PRAGMA journal_mode = memory")

    def connect(self) -> _Sqlite:
        made = _Sqlite(self._file)
        self._open.append(made)
        return made

    def close(self) -> None:
        for each in self._open:
            each.kill()
        self._folder.cleanup()


class _Sqlite:
    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(
            file, isolation_level=None, check_same_thread=False, timeout=0.05
        )
        # Nothing here has to survive a power failure, only the end of a connection.
        self._connection.execute("PRAGMA synchronous = off")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def kill(self) -> None:
        """What an open transaction has written is undone, as when the process dies."""
        self._connection.close()


class PostgresDatabase:
    """A schema of its own on a server that is shared by many runs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._schema = f"run_{next(_NUMBERS)}"
        self._open: list[_Postgres] = []
        self._admin = _Postgres(url, "")
        self._admin.run(f"CREATE SCHEMA {self._schema}")

    def connect(self) -> _Postgres:
        made = _Postgres(self._url, self._schema, self._admin)
        self._open.append(made)
        return made

    def close(self) -> None:
        for each in self._open:
            each.close()
        self._admin.run(f"DROP SCHEMA {self._schema} CASCADE")
        self._admin.close()


class _Postgres:
    def __init__(self, url: str, schema: str, admin: _Postgres | None = None) -> None:
        import psycopg

        self._admin = admin
        self._connection = psycopg.connect(url, autocommit=True)
        self.run("SET client_min_messages = warning")
        if schema:
            self.run(f"SET search_path = {schema}")
            self.run("SET synchronous_commit = off")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        text: Any = statement.replace("?", "%s")
        cursor = self._connection.execute(text, values)
        return cursor.fetchall() if cursor.description else []

    def kill(self) -> None:
        """The server ends the session, whatever it has open, and waits until it is gone."""
        assert self._admin is not None
        pid = self._connection.info.backend_pid
        self._admin.run("SELECT pg_terminate_backend(?, 5000)", pid)
        self.close()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()


def names(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """The first column."""
    return [row[0] for row in rows]
