"""A server: charges once for a key, whichever server is asked and however often.

It claims the key by an insert that only one server can make, charges at the provider, stores the
answer, and replies. Whoever meets the key later gets the stored answer, or a 409 while there is
none. A claim that a killed server has left is finished by the same server when it meets the key
again: it asks the provider, which knows no keys, whether it has charged. One request at a time.
An answered key that has been kept long enough expires when it is met again.

Each step is a transaction that locks its key, so that what it writes and what it finds are one
step.

Log: `ready` when it starts; each step after its commit, with how many charges and rows the key has
then. What the client has got is the client's to log. A 409 is no step.
"""

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from .service import LOST, Service, is_lost, main, number_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from starlette.requests import Request
    from starlette.responses import Response

LOCK: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%(name)s, 1))"
COUNTS: LiteralString = """
    select (select count(*) from charges where name = %(name)s),
           (select count(*) from keys where name = %(name)s)
"""
FIND: LiteralString = "select fingerprint, owner, charge, declined from keys where key = %(key)s"
CLAIM: LiteralString = """
    insert into keys (name, key, fingerprint, owner) values (%(name)s, %(key)s, %(print)s, %(me)s)
    on conflict (key) do update set fingerprint = %(print)s, owner = %(me)s, charge = null
"""
STORE: LiteralString = """
    insert into keys (name, key, fingerprint, owner, charge)
    values (%(name)s, %(key)s, %(print)s, %(me)s, %(charge)s)
    on conflict (key) do update
        set fingerprint = %(print)s, owner = %(me)s, charge = %(charge)s, since = clock_timestamp()
"""
EXPIRE: LiteralString = """
    delete from keys
    where key = %(key)s and charge is not null
        and since < clock_timestamp() - make_interval(secs => %(seconds)s)
"""
DECLINE: LiteralString = "update keys set declined = true where key = %(key)s"
CHARGE: LiteralString = "insert into charges (name) values (%(name)s)"
RELEASE: LiteralString = "delete from keys where key = %(key)s"

TROUBLE = ("", "", "", "declined", "timeout", "charged_but_timeout", "charged_but_timeout")


class Server:
    """One incarnation. `me` is the same in all of them, so that each finds its own claims."""

    def __init__(self, service: Service, database: "AsyncConnection[TupleRow]") -> None:
        self.service = service
        self.database = database
        self.me = service.settings.role
        self.switches = service.settings.switches
        self.turn = asyncio.Lock()
        self.is_over = False  # by the last charge: is there nothing to store?

    async def answer(self, request: "Request") -> "Response":
        from starlette.background import BackgroundTask
        from starlette.responses import JSONResponse

        name = request.headers["idempotency-key"]
        attempt = int((await request.json())["attempt"])
        await self.turn.acquire()
        try:
            with self.lost_ends():
                status, charge, how = await self.deal_with(name, attempt)
        except BaseException:
            self.turn.release()
            raise

        async def sent() -> None:
            """The answer is on its way, even if this server dies now."""
            self.turn.release()

        told = {"charge": charge, "how": how}
        return JSONResponse(told, status, background=BackgroundTask(sent))

    @contextlib.contextmanager
    def lost_ends(self) -> Iterator[None]:
        """A broken connection to the database ends the server, as a crash would."""
        try:
            yield
        except Exception as error:
            if not is_lost(error):
                raise
            sys.stderr.write(f"a connection broke: {error!r}\n")
            sys.stderr.flush()
            os._exit(LOST)

    async def deal_with(self, name: str, attempt: int) -> tuple[int, int | None, str]:
        """Status, charge, and how the client comes by the answer: "" if it is none."""
        number = number_of(name)
        parts = {"order": "", "server": f"/{self.me}", "attempt": f"/{attempt}"}
        stable = bool(self.switches["stable_fingerprint"])
        names: dict[str, str | int] = {
            "name": name,
            "key": name + parts[str(self.switches["key_for"])],
            "print": "FIRST" if stable else f"FIRST/{attempt}",
            "me": self.me,
        }
        await self.expire(names)
        row = await self.claim(names, attempt)
        if row is None:
            if not self.switches["unique_insert"]:
                await self.service.at("found_nothing", number)
                await self.step("insert", names, CLAIM)
            await self.service.at("claimed", number)
            charge = await self.charged(names, number)
            if charge is not None:
                return await self.finish(names, number, charge)
            if self.is_over:
                return 503, None, ""
        elif row[0] != names["print"]:
            return 422, None, "refused"
        elif row[2] is not None:
            return 200, row[2], "stored"
        elif row[3]:
            return 503, None, ""
        elif not self.may_finish(row[1]):
            return 409, None, ""
        counts = await self.step("ask_provider", names, RELEASE, unless_charged=True)
        if not counts[0]:
            return 503, None, ""
        return await self.finish(names, number, counts[0])

    def may_finish(self, owner: str) -> bool:
        recovery = self.switches["recovery"]
        return recovery == "anyone" or (recovery == "owner" and owner == self.me)

    async def expire(self, names: dict[str, str | int]) -> None:
        """Drop the key if it was answered long enough ago."""
        limit = {**names, "seconds": float(self.switches["keys_seconds"])}
        async with self.transaction(names):
            dropped = (await self.database.execute(EXPIRE, limit)).rowcount
            counts = await self.counts(names)
        if dropped:
            await self.service.pause()
            self.log("expire", names, counts)

    async def claim(self, names: dict[str, str | int], attempt: int) -> "TupleRow | None":
        """The row of the key; None if there was none, and it is ours now or may be."""
        async with self.transaction(names):
            row = await (await self.database.execute(FIND, names)).fetchone()
            if row is None and self.switches["unique_insert"]:
                await self.database.execute(CLAIM, names)
            counts = await self.counts(names)
        ours = row is not None and row[0] == names["print"] and row[2] is None and not row[3]
        if row is None or (ours and self.may_finish(row[1])):
            await self.service.pause()
            self.log("claim", names, counts, attempt=str(attempt))
        return row

    async def charged(self, names: dict[str, str | int], number: int) -> int | None:
        """The number of the charge, read in its transaction; None if the provider did not say."""
        trouble = random.Random(f"fate/{self.service.settings.seed}/{number}").choice(TROUBLE)
        if trouble and not self.service.once("trouble", number):
            trouble = ""
        stores = trouble == "declined" and self.switches["store_declines"]
        releases = trouble == "declined" or (trouble and not self.switches["ask_after_timeout"])
        async with self.transaction(names):
            if trouble in ("", "charged_but_timeout"):
                await self.database.execute(CHARGE, names)
            if stores:
                await self.database.execute(DECLINE, names)
            elif releases:
                await self.database.execute(RELEASE, names)
            counts = await self.counts(names)
        self.is_over = bool(releases)
        await self.service.at("charged", number)
        self.log("charge", names, counts)
        return counts[0] if not trouble else None

    async def finish(
        self, names: dict[str, str | int], number: int, charge: int
    ) -> tuple[int, int, str]:
        await self.service.pause()
        await self.step("store_answer", {**names, "charge": charge}, STORE)
        await self.service.at("stored", number)
        return 200, charge, "reply"

    async def step(
        self,
        event: str,
        names: dict[str, str | int],
        statement: LiteralString,
        *,
        unless_charged: bool = False,
    ) -> tuple[int, int]:
        async with self.transaction(names):
            if not (unless_charged and (await self.counts(names))[0]):
                await self.database.execute(statement, names)
            counts = await self.counts(names)
        await self.service.pause()
        self.log(event, names, counts)
        return counts

    @contextlib.asynccontextmanager
    async def transaction(self, names: dict[str, str | int]) -> AsyncIterator[None]:
        async with self.database.transaction():
            await self.database.execute(LOCK, names)
            yield

    async def counts(self, names: dict[str, str | int]) -> tuple[int, int]:
        row = await (await self.database.execute(COUNTS, names)).fetchone()
        charges, keys = row or (0, 0)
        return charges, keys

    def log(
        self, event: str, names: dict[str, str | int], counts: tuple[int, int], **more: str
    ) -> None:
        facts = {"charges": counts[0], "keys": counts[1]}
        self.service.log.event(event, key=str(names["name"]), server=self.me, **more, **facts)


async def serve(service: Service) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    class Quiet(uvicorn.Server):
        """Leaves the signals to the service."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    async with await service.database() as database:
        own = Server(service, database)
        app = Starlette(routes=[Route("/charges", own.answer, methods=["POST"])])
        socket = Path(service.settings.folder) / f"{service.settings.role}.sock"
        socket.unlink(missing_ok=True)
        service.log.event("ready", server=service.settings.role)
        config = uvicorn.Config(app, uds=str(socket), log_level="warning", lifespan="off")
        server = Quiet(config)
        running = asyncio.create_task(server.serve())
        await service.stop.wait()
        server.should_exit = True
        await running
        service.log.event("stopped")


if __name__ == "__main__":
    main(serve)
