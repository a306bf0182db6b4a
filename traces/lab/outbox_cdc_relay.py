"""The relay that reads the log of the database: logical decoding, as change data capture does.

A replication slot keeps the position up to which rows are published. The relay looks at the next
change without moving the slot, publishes it, and moves the slot behind the commit. Killed in
between, its successor sees the same change again and publishes it again: a duplicate, which the
consumer has to recognise.

A transaction holds one order, so a crash hides one step at most of each order.

Rows come in the order of their commits, so nothing is overtaken, and an insert that was rolled back
never comes.

Log: `publish` after the broker has confirmed, `mark_sent` after the slot has moved.
Source: PostgreSQL 18, "Logical Replication Message Formats" (pgoutput, protocol version 1).
"""

import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from .service import Service, main, number_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

IDLE_SECONDS = 0.01  # how long to wait before looking into an empty log again

# One transaction at most: the limit is looked at behind each commit.
NEXT: LiteralString = """
    select data from pg_logical_slot_peek_binary_changes(
        current_schema(), null, 1,
        'proto_version', '1', 'publication_names', quote_ident(current_schema()))
"""
ADVANCE: LiteralString = "select pg_replication_slot_advance(current_schema(), %s::pg_lsn)"


@dataclass(frozen=True)
class Change:
    """A committed transaction: the orders whose rows it inserted, and the position behind it."""

    orders: tuple[str, ...]
    end: str


def change_of(messages: Iterable[bytes]) -> Change:
    """Read the messages of one transaction.

    >>> commit = struct.pack(">cBQQQ", b"C", 0, 1, (2 << 32) + 255, 0)
    >>> row = b"I" + struct.pack(">IcH", 1, b"N", 2) + b"t" + struct.pack(">I", 1) + b"7"
    >>> change_of([row + b"t" + struct.pack(">I", 7) + b"order-3", commit])
    Change(orders=('order-3',), end='2/FF')
    """
    orders, end = [], 0
    for message in messages:
        if message[:1] == b"I":
            orders.append(_columns(message)[1])
        elif message[:1] == b"C":
            (end,) = struct.unpack_from(">Q", message, 10)  # behind the flags and the commit's own
    return Change(tuple(orders), f"{end >> 32:X}/{end & 0xFFFFFFFF:X}")


def _columns(message: bytes) -> list[str]:
    """The values of an inserted row, all as text; `outbox` has no null and nothing unchanged."""
    (count,) = struct.unpack_from(">H", message, 6)  # behind I, the table's number and N
    found, at = [], 8
    for _ in range(count):
        (length,) = struct.unpack_from(">I", message, at + 1)
        found.append(message[at + 5 : at + 5 + length].decode())
        at += 5 + length
    return found


async def next_change(database: "AsyncConnection[TupleRow]") -> Change | None:
    messages = [bytes(row[0]) async for row in await database.execute(NEXT)]
    return change_of(messages) if messages else None


async def relay(service: Service) -> None:
    async with await service.database() as database:
        broker = await service.broker()
        service.log.event("started")
        while not service.stop.asked:
            change = await next_change(database)
            if change is None:
                await service.stop.within(IDLE_SECONDS)
                continue
            for order in change.orders:
                number = number_of(order)
                await service.delay(number)
                await broker.publish("orders", order, key=secrets.token_hex(8))
                if service.meets("duplicate", number):
                    await broker.publish("orders", order, key=secrets.token_hex(8))
                await service.at("published", number)
                service.log.event("publish", order=order)
            await service.pause()
            await database.execute(ADVANCE, [change.end])
            for order in change.orders:
                await service.at("advanced", number_of(order))
                service.log.event("mark_sent", order=order)
        await broker.close()
        service.log.event("stopped")


if __name__ == "__main__":
    main(relay)
