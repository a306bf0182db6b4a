"""A worker: takes a message whose key it does not know, gives it its effect, and acknowledges it.

There are two writes, the key and the effect, and the variants differ in how they are cut into
transactions: both in one (`atomic`), the key first, the effect first, or no key at all, where
nothing but the acknowledgement says that a message was dealt with.

Each transaction locks its message, so that what it reads and what it writes are one step. That
takes nothing from the variants: their mistakes lie between two transactions.

Log: `begin` after the first transaction, with how many effects it found; `finish` after the second
and the acknowledgement; `duplicate` when it has found the key known, before it acknowledges the
message, and `drop` after that. So the queue forgets no such message before a line tells of it.
"""

import asyncio
from typing import TYPE_CHECKING, LiteralString

from .broker import ACK_WAIT_SECONDS, Delivery
from .service import Service, main, number_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

LOCK: LiteralString = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"
FOUND: LiteralString = (
    "select (select count(*) from keys where message = %s),"
    " (select count(*) from effects where message = %s)"
)
KEY: LiteralString = (
    "insert into keys (message, since) values (%s, clock_timestamp()) on conflict do nothing"
)
EFFECT: LiteralString = "insert into effects (message) values (%s)"

# What is written before the line `begin`, and what after it.
WRITES: dict[str, tuple[tuple[LiteralString, ...], tuple[LiteralString, ...]]] = {
    "atomic": ((KEY, EFFECT), ()),
    "key_first": ((KEY,), (EFFECT,)),
    "effect_first": ((EFFECT,), (KEY,)),
    "no_keys": ((EFFECT,), ()),
}


async def begin(
    database: "AsyncConnection[TupleRow]", message: str, writes: tuple[LiteralString, ...]
) -> tuple[bool, int]:
    """Was the key known, and how many effects were there? If it was not, make the first write."""
    async with database.transaction():
        await database.execute(LOCK, [message])
        row = await (await database.execute(FOUND, [message, message])).fetchone()
        keys, effects = row if row else (0, 0)
        if not keys:
            for write in writes:
                await database.execute(write, [message])
    return bool(keys), effects


async def acknowledge(service: Service, delivery: Delivery, number: int) -> None:
    await service.at("before_ack", number)
    if service.meets("late_ack", number):
        await asyncio.sleep(1.5 * ACK_WAIT_SECONDS)
    await delivery.ack()
    await service.at("after_ack", number)


async def handle(service: Service, database: "AsyncConnection[TupleRow]", it: Delivery) -> None:
    message, number = it.text, number_of(it.text)
    first, second = WRITES[str(service.settings.switches["commit"])]
    who = {"message": message, "worker": service.settings.node}
    is_known, effects = await begin(database, message, first)
    if is_known:
        found = {"known": is_known, "effects": effects}
        service.log.event("duplicate", **who, **found)
        await acknowledge(service, it, number)
        service.log.event("drop", **who, **found)
        return
    await service.at("before_line", number)
    service.log.event("begin", **who, found=effects)
    await service.at("between_writes", number)
    async with database.transaction():
        await database.execute(LOCK, [message])
        for write in second:
            await database.execute(write, [message])
    await acknowledge(service, it, number)
    service.log.event("finish", **who)


async def work(service: Service) -> None:
    async with await service.database() as database:
        broker = await service.broker()
        service.log.event("started")
        while not service.stop.asked:
            delivery = await broker.fetch("messages")
            if delivery is not None:
                await handle(service, database, delivery)
        await broker.close()
        service.log.event("stopped")


if __name__ == "__main__":
    main(work)
