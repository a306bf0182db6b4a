"""The consumer: ships an order when its announcement is delivered.

The broker delivers at least once, so the consumer remembers what it has applied, in the same
transaction in which it ships: either both are there or none. It acknowledges after the commit.
Killed in between, the broker delivers again, and the remembered order makes that harmless.
Acknowledging first would lose the order instead.

Without deduplication (variant `no_deduplication`) every delivery ships.

Log: `consume` after the commit and before the acknowledgement, with what the transaction found:
`outcome`, and in `shipped` how many times the order stands in the table now. A killed consumer
may have shipped without logging it; the next delivery of that order then shows it.
"""

import asyncio
from typing import TYPE_CHECKING

from .components import DURABLE
from .log import LogWriter
from .service import Pauses, Settings, Stop, connect_broker, connect_database, parse

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

FETCH_SECONDS = 0.2  # how long one request to the broker stays open; bounds the time to stop

REMEMBER = "insert into applied (order_id) values (%s) on conflict do nothing"
SHIP = "insert into shipped (order_id) values (%s)"
SHIPPED = "select count(*) from shipped where order_id = %s"


async def apply(
    database: "AsyncConnection[TupleRow]", order: str, *, deduplicate: bool
) -> tuple[str, int]:
    """One transaction; returns the outcome and how often the order has shipped by now."""
    async with database.transaction():
        is_new = (await database.execute(REMEMBER, [order])).rowcount == 1
        ships = is_new or not deduplicate
        if ships:
            await database.execute(SHIP, [order])
        row = await (await database.execute(SHIPPED, [order])).fetchone()
    return "shipped" if ships else "duplicate", row[0] if row else 0


async def consume(settings: Settings) -> None:
    from nats.errors import TimeoutError as NothingDelivered

    stop, pauses = Stop(), Pauses(settings)
    log = LogWriter(settings.log, settings.node)
    async with await connect_database(settings) as database:
        broker = await connect_broker()
        deliveries = await broker.jetstream().pull_subscribe_bind(DURABLE, settings.stream)
        log.event("started")
        while not stop.asked:
            try:
                (message,) = await deliveries.fetch(1, timeout=FETCH_SECONDS)
            except NothingDelivered:
                continue
            order = message.data.decode()
            outcome, shipped = await apply(database, order, deduplicate=settings.deduplicate)
            await pauses.pause()
            log.event("consume", order=order, outcome=outcome, shipped=shipped)
            await pauses.pause()
            await message.ack_sync()  # waits until the broker has it, so that quiet means quiet
        await broker.close()
        log.event("stopped")


if __name__ == "__main__":
    asyncio.run(consume(parse()))
