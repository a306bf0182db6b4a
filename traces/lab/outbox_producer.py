"""The service that takes orders: commits an order and the announcement of it together.

Its table `outbox` is what makes the announcement as durable as the order. Telling the broker
right here instead would lose the announcement in a crash after the commit, or announce an order
that was never committed in a crash before it.

Log: `place_order` after the commit. A killed producer may have placed one order that it did not
log; its successor sees the order in the database and does not place it again.
"""

import asyncio

from .log import LogWriter
from .service import Pauses, Settings, Stop, connect_database, parse


async def produce(settings: Settings) -> None:
    stop, pauses = Stop(), Pauses(settings)
    log = LogWriter(settings.log, settings.node)
    async with await connect_database(settings) as database:
        log.event("started")
        placed = {row[0] async for row in await database.execute("select id from orders")}
        for number in range(settings.orders):
            order = f"order-{number}"
            if order in placed:
                continue
            if stop.asked:
                break
            async with database.transaction():
                await database.execute("insert into orders (id) values (%s)", [order])
                await database.execute("insert into outbox (order_id) values (%s)", [order])
            await pauses.pause()
            log.event("place_order", order=order)
            await pauses.pause()
        await stop.wait()
        log.event("stopped")


if __name__ == "__main__":
    asyncio.run(produce(parse()))
