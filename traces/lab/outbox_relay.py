"""The relay: carries announcements from the outbox table to the broker, at least once.

It publishes first and deletes afterwards. Killed in between, its successor finds the row and
publishes again: a duplicate, which the consumer has to recognise. The other order would lose the
announcement instead. The broker's own deduplication is evaded on purpose, by a new key for each
attempt: it forgets after a window of time, so it narrows the problem and does not solve it.

Log: `publish` after the broker has confirmed, `mark_sent` after the delete is committed. A killed
relay may have done one of the two without logging it.
"""

import secrets

from .service import Service, main, number_of

IDLE_SECONDS = 0.01  # how long to wait before looking into an empty outbox again

OLDEST = "select position, order_id from outbox order by position limit 1"
DELETE = "delete from outbox where position = %s"


async def relay(service: Service) -> None:
    stop, log = service.stop, service.log
    async with await service.database() as database:
        broker = await service.broker()
        log.event("started")
        while not stop.asked:
            pending = await (await database.execute(OLDEST)).fetchone()
            if pending is None:
                await stop.within(IDLE_SECONDS)
                continue
            position, order = pending
            number = number_of(order)
            await service.pause()
            await service.delay(number)
            await broker.publish("orders", order, key=secrets.token_hex(8))
            if service.meets("duplicate", number):
                await broker.publish("orders", order, key=secrets.token_hex(8))
            await service.at("published", number)
            log.event("publish", order=order)
            await service.pause()
            async with database.transaction():
                await database.execute(DELETE, [position])
            await service.at("deleted", number)
            log.event("mark_sent", order=order)
        await broker.close()
        log.event("stopped")


if __name__ == "__main__":
    main(relay)
