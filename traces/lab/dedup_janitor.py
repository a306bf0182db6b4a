"""The janitor: deletes keys that are older than the window, one at a time.

Log: `expire` after each deletion.
"""

from .service import Service, main

IDLE_SECONDS = 0.02

OLDEST = """
    select message from keys where since < clock_timestamp() - make_interval(secs => %s)
    order by since limit 1
"""


async def clean(service: Service) -> None:
    seconds = service.settings.switches["keys_seconds"]
    async with await service.database() as database:
        service.log.event("started")
        while not service.stop.asked:
            row = await (await database.execute(OLDEST, [seconds])).fetchone()
            if row is None:
                await service.stop.within(IDLE_SECONDS)
                continue
            await database.execute("delete from keys where message = %s", [row[0]])
            service.log.event("expire", message=row[0])
        service.log.event("stopped")


if __name__ == "__main__":
    main(clean)
