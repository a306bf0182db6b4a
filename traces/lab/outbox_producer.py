"""The service that takes orders: commits an order and the announcement of it together.

Its table `outbox` is what makes the announcement as durable as the order. Telling the broker
right here instead would lose the announcement in a crash after the commit, or announce an order
that was never committed in a crash before it.

Log: `place_order` after the commit. A killed producer may have placed one order that it did not
log; its successor sees the order in the database and does not place it again.
"""

from .service import Service, main


async def produce(service: Service) -> None:
    stop, log = service.stop, service.log
    async with await service.database() as database:
        log.event("started")
        placed = {row[0] async for row in await database.execute("select id from orders")}
        for number in range(service.settings.orders):
            order = f"order-{number}"
            if order in placed:
                continue
            if stop.asked:
                break
            async with database.transaction():
                await database.execute("insert into orders (id) values (%s)", [order])
                await database.execute("insert into outbox (order_id) values (%s)", [order])
            await service.at("placed", number)
            log.event("place_order", order=order)
            await service.pause()
        await stop.wait()
        log.event("stopped")


if __name__ == "__main__":
    main(produce)
