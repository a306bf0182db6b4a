"""An HTTP service with idempotency keys, and its planted bugs.

Two servers share a key store in SQLite and call a provider; a client posts over real sockets. A
request stops at a gate before each of the model's labels, so the test decides which server goes on;
a crash closes the connection there, and nobody answers. Each class below the first differs from it
in one place.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from databases import SqliteDatabase

from checker.models.idempotency_keys import Answer, Key, Order, Refusal, Request, Server

WAIT_SECONDS = 10.0


class Killed(Exception):
    """The server dies here."""


class Declined(Exception):
    """The provider does not charge now."""


class NoAnswer(Exception):
    """The provider does not answer in time."""


@dataclass
class Provider:
    """It knows no keys. `mood` is what the test wants of the next call."""

    charges: list[str] = field(default_factory=list)
    mood: str = "ok"

    def charge(self, order: str) -> None:
        if self.mood == "declined":
            raise Declined
        if self.mood != "timeout":
            self.charges.append(order)
        if self.mood != "ok":
            raise NoAnswer

    def number(self, order: str) -> int:
        return self.charges.count(order)


@dataclass
class Stage:
    """Where a server's request stands. Events come from its handler or from the client."""

    events: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    go: queue.Queue[str] = field(default_factory=queue.Queue)
    label: str = ""  # the gate it waits at; empty: it is free
    request: Request | None = None

    def gate(self, label: str) -> None:
        """Called by the handler: wait until the test lets it go on."""
        self.events.put(("gate", label))
        if self.go.get(timeout=WAIT_SECONDS) == "die":
            raise Killed


class Handler(BaseHTTPRequestHandler):
    """One request of the client."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        key = self.headers["Idempotency-Key"]
        app, me = self.server.app, self.server.number  # type: ignore[attr-defined]
        try:
            status, reply = app.handle(me, key, body["order"], body["attempt"])
        except Killed:
            self.close_connection = True
            return
        except Exception as error:
            status, reply = 500, {"error": repr(error)}
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


_SERVERS: list[ThreadingHTTPServer] = []


def servers() -> list[ThreadingHTTPServer]:
    """Two servers on loopback, kept for all runs of this process."""
    while len(_SERVERS) < 2:
        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        made.number = len(_SERVERS)  # type: ignore[attr-defined]
        threading.Thread(target=made.serve_forever, daemon=True).start()
        _SERVERS.append(made)
    return _SERVERS


class HttpPayments:
    """The service as it should be, and the client that uses it."""

    def __init__(self) -> None:
        self.database = SqliteDatabase()
        self.store = self.database.connect()
        self.store.run(
            "CREATE TABLE keys (key TEXT PRIMARY KEY, fingerprint TEXT, owner INT, answer INT)"
        )
        self.lock = threading.Lock()
        self.provider = Provider()
        self.stages = [Stage(), Stage()]
        self.requests = {Request(Order.FIRST, 1), Request(Order.FIRST, 2)}
        self.answers: list[Answer] = []
        self.refusals: set[Refusal] = set()
        for each in servers():
            each.app = self  # type: ignore[attr-defined]

    # ── The service ──

    def handle(
        self, me: int, key: str, order: str, attempt: int
    ) -> tuple[int, Mapping[str, object]]:
        gate = self.stages[me].gate
        fingerprint = self.fingerprint(order, attempt)
        row = self.claimed(me, self.stored_key(key, me), fingerprint)
        if row is not None:
            known, owner, answer = row
            if known != fingerprint:
                return 422, {"owner": known.partition("/")[0]}
            if answer == -1:
                return 503, {}
            if answer is not None:
                return 200, {"charge": answer}
            if not self.may_finish(me, owner):
                return 409, {}
            asked = True
        else:
            gate("charge")
            self.before_charge(me, self.stored_key(key, me), fingerprint)
            try:
                self.provider.charge(order)
                asked = False
            except Declined:
                self.declined(self.stored_key(key, me))
                return 503, {}
            except NoAnswer:
                if self.gives_up():
                    self.release(self.stored_key(key, me))
                    return 503, {}
                asked = True
        if asked:
            gate("ask_provider")
            if not self.provider.number(order):
                self.release(self.stored_key(key, me))
                return 503, {}
        number = self.provider.number(order)
        gate("store_answer")
        self.run("UPDATE keys SET answer = ? WHERE key = ?", number, self.stored_key(key, me))
        gate("reply")
        return 200, {"charge": number}

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.lock:
            return self.store.run(statement, *values)

    def claimed(self, me: int, key: str, fingerprint: str) -> tuple[Any, ...] | None:
        """Insert the key; the row that was there, if somebody was faster."""
        with self.lock:
            rows = self.store.run("SELECT fingerprint, owner, answer FROM keys WHERE key = ?", key)
            if rows:
                return rows[0]
            self.store.run("INSERT INTO keys VALUES (?, ?, ?, NULL)", key, fingerprint, me)
            return None

    def before_charge(self, me: int, key: str, fingerprint: str) -> None:
        """The key is claimed already."""

    def declined(self, key: str) -> None:
        self.release(key)

    def release(self, key: str) -> None:
        self.run("DELETE FROM keys WHERE key = ?", key)

    def stored_key(self, key: str, me: int) -> str:
        return key

    def fingerprint(self, order: str, attempt: int) -> str:
        return order

    def may_finish(self, me: int, owner: int) -> bool:
        return me == owner

    def gives_up(self) -> bool:
        return False

    # ── The client, and the steps of the test ──

    def claim(self, me: Server, request: Request) -> None:
        stage = self.stages[me._index]
        if stage.label:
            raise AssertionError(f"the server is still at {stage.label}")
        stage.request = request
        threading.Thread(target=self._post, args=(me._index, request), daemon=True).start()
        self._settle(me)

    def _post(self, number: int, request: Request) -> None:
        stage = self.stages[number]
        connection = http.client.HTTPConnection(
            "127.0.0.1", servers()[number].server_port, timeout=WAIT_SECONDS
        )
        try:
            body = json.dumps({"order": request.order.name, "attempt": request.attempt})
            connection.request("POST", "/charges", body, {"Idempotency-Key": "the-key"})
            response = connection.getresponse()
            stage.events.put(("response", (response.status, json.loads(response.read()))))
        except (OSError, http.client.HTTPException):
            stage.events.put(("lost", None))
        finally:
            connection.close()

    def _settle(self, me: Server) -> None:
        """Wait until the request stands at a gate or is over."""
        stage = self.stages[me._index]
        kind, what = stage.events.get(timeout=WAIT_SECONDS)
        stage.label = what if kind == "gate" else ""
        if kind == "response":
            self._understood(stage.request, *what)

    def _understood(self, request: Request | None, status: int, reply: Mapping[str, Any]) -> None:
        assert request is not None
        if status == 200:
            self.answers.append(Answer(request.order, reply["charge"]))
            self.requests.discard(request)
        elif status == 422:
            self.refusals.add(Refusal(request.order, Order[reply["owner"]]))
            self.requests.discard(request)
        elif status == 500:
            raise AssertionError(reply["error"])

    def _on(self, me: Server, label: str) -> None:
        stage = self.stages[me._index]
        if stage.label != label:
            raise AssertionError(f"the server is at {stage.label or 'no request'}, not at {label}")
        stage.go.put("go")
        self._settle(me)

    def charge(self, me: Server, charged: str, trouble: str | None) -> None:
        self.provider.mood = "ok" if charged == "charged" else str(trouble)
        self._on(me, "charge")

    def ask_provider(self, me: Server) -> None:
        self._on(me, "ask_provider")

    def store_answer(self, me: Server) -> None:
        self._on(me, "store_answer")

    def reply(self, me: Server) -> None:
        self._on(me, "reply")

    def crash(self, server: Server) -> None:
        stage = self.stages[server._index]
        if not stage.label:
            raise AssertionError("the server has no request")
        stage.go.put("die")
        self._settle(server)

    def reuse_key(self) -> None:
        self.requests.add(Request(Order.OTHER))

    def expire(self, key: Key) -> None:
        self.run("DELETE FROM keys")

    def observe(self) -> Mapping[str, object]:
        return {
            "requests": self.requests,
            "charges": self.provider.charges,
            "answers": self.answers,
            "refusals": self.refusals,
        }

    def close(self) -> None:
        for stage in self.stages:
            if stage.label:
                stage.go.put("die")
                stage.events.get(timeout=WAIT_SECONDS)
        self.database.close()


class CheckThenInsert(HttpPayments):
    """The key is looked up first and inserted only when the charge begins."""

    def claimed(self, me: int, key: str, fingerprint: str) -> tuple[Any, ...] | None:
        rows = self.run("SELECT fingerprint, owner, answer FROM keys WHERE key = ?", key)
        return rows[0] if rows else None

    def before_charge(self, me: int, key: str, fingerprint: str) -> None:
        self.run("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, NULL)", key, fingerprint, me)


class ReleaseAfterTimeout(HttpPayments):
    """The key is released when the provider does not answer, though it may have charged."""

    def gives_up(self) -> bool:
        return True


class KeyPerServer(HttpPayments):
    """Each server keeps its keys to itself."""

    def stored_key(self, key: str, me: int) -> str:
        return f"{key}/{me}"


class StoreDeclines(HttpPayments):
    """A decline of the moment is stored as the answer for good."""

    def declined(self, key: str) -> None:
        self.run("UPDATE keys SET answer = -1 WHERE key = ?", key)


class VolatileFingerprint(HttpPayments):
    """The fingerprint covers what differs between attempts."""

    def fingerprint(self, order: str, attempt: int) -> str:
        return f"{order}/{attempt}"


class TakeOver(HttpPayments):
    """A key in progress is taken over while its server may still be at work."""

    def may_finish(self, me: int, owner: int) -> bool:
        return True


class NoRecovery(HttpPayments):
    """A key that a crash has left in progress stays so."""

    def may_finish(self, me: int, owner: int) -> bool:
        return False


BUGS: dict[str, type[Any]] = {
    "check_then_insert": CheckThenInsert,
    "release_after_timeout": ReleaseAfterTimeout,
    "key_per_server": KeyPerServer,
    "store_declines": StoreDeclines,
    "volatile_fingerprint": VolatileFingerprint,
    "take_over": TakeOver,
    "no_recovery": NoRecovery,
}
