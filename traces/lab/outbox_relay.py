"""The relay: carries announcements from the outbox table to the broker, at least once.

It publishes first and deletes afterwards. Killed in between, its successor finds the row and
publishes again: a duplicate, which the consumer has to recognise. The other order would lose the
announcement instead. The broker's own deduplication (`Nats-Msg-Id`) is left off on purpose: it
forgets after a window of time, so it narrows the problem and does not solve it.

Log: `publish` after the broker has confirmed, `mark_sent` after the delete is committed. A killed
relay may have done one of the two without logging it.
"""

import asyncio

from .log import LogWriter
from .service import Pauses, Settings, Stop, connect_broker, connect_database, parse

IDLE_SECONDS = 0.01  # how long to wait before looking into an empty outbox again

OLDEST = "select position, order_id from outbox order by position limit 1"
DELETE = "delete from outbox where position = %s"


async def relay(settings: Settings) -> None:
    stop, pauses = Stop(), Pauses(settings)
    log = LogWriter(settings.log, settings.node)
    async with await connect_database(settings) as database:
        broker = await connect_broker()
        jetstream = broker.jetstream()
        log.event("started")
        while not stop.asked:
            pending = await (await database.execute(OLDEST)).fetchone()
            if pending is None:
                await stop.within(IDLE_SECONDS)
                continue
            position, order = pending
            await pauses.pause()
            await jetstream.publish(settings.subject, order.encode())  # waits for the PubAck
            await pauses.pause()
            log.event("publish", order=order)
            await pauses.pause()
            async with database.transaction():
                await database.execute(DELETE, [position])
            await pauses.pause()
            log.event("mark_sent", order=order)
        await broker.close()
        log.event("stopped")


if __name__ == "__main__":
    asyncio.run(relay(parse()))
