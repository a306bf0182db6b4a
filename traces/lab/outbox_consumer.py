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

from .broker import ACK_WAIT_SECONDS
from .service import Service, main, number_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

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


async def consume(service: Service) -> None:
    log, deduplicate = service.log, bool(service.settings.switches["deduplicate"])
    async with await service.database() as database:
        broker = await service.broker()
        log.event("started")
        while not service.stop.asked:
            delivery = await broker.fetch("orders")
            if delivery is None:
                continue
            order, number = delivery.text, number_of(delivery.text)
            outcome, shipped = await apply(database, order, deduplicate=deduplicate)
            await service.at("shipped", number)
            log.event("consume", order=order, outcome=outcome, shipped=shipped)
            await service.at("logged", number)
            if service.meets("late_ack", number):
                await asyncio.sleep(1.5 * ACK_WAIT_SECONDS)
            await delivery.ack()
        await broker.close()
        log.event("stopped")


if __name__ == "__main__":
    main(consume)
