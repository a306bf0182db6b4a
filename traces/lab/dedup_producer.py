"""The producer: publishes each message, and notes that it has.

Killed in between, its successor publishes that message again, with the same key: a duplicate, which
a broker with a window of its own drops.

A duplicate that the plan asks for is another attempt of the caller, under a new key of the broker:
no broker can see that it is the same. Variants that are about redelivery alone
(`broker_copies = false`) get it under the first key.

Log: `send` when the broker has the message. A message that is sent again is logged again.
"""

from .service import Service, main


async def produce(service: Service) -> None:
    copies = bool(service.settings.switches["broker_copies"])
    async with await service.database() as database:
        broker = await service.broker()
        service.log.event("started")
        sent = {row[0] async for row in await database.execute("select message from sent")}
        for number in range(service.settings.orders):
            message = f"message-{number}"
            if message in sent:
                continue
            if service.stop.asked:
                break
            await service.delay(number)
            await broker.publish("messages", message, key=message)
            if service.meets("duplicate", number):
                key = f"{message}/again" if copies else message
                await broker.publish("messages", message, key=key)
            await service.pause()
            service.log.event("send", message=message)
            await service.pause()
            await database.execute("insert into sent (message) values (%s)", [message])
        await service.stop.wait()
        await broker.close()
        service.log.event("stopped")


if __name__ == "__main__":
    main(produce)
