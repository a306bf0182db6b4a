"""The client: asks for each charge twice under one key, at different servers at the same time.

So does a client that has waited too long for its first attempt. Each attempt is repeated, at the
next server, until it has a final answer: 200 with the charge, or 422. No answer, 409 and 503 are
not.

Log: `answered`, with the status and the number of the charge.
"""

import asyncio
import json
from pathlib import Path

from .service import Service, main

SERVERS = ("server-a", "server-b", "server-c")
ATTEMPTS = 2
SIDE_BY_SIDE = 3  # keys that are asked for at once
REPEAT_SECONDS = 0.03
FINAL = (200, 422)


async def post(socket: Path, key: str, attempt: int) -> tuple[int, int | None]:
    """One request over a connection of its own: the status, and the charge if there is one.

    Raises: OSError, ValueError, if the server is gone before it has answered.
    """
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        body = json.dumps({"attempt": attempt}).encode()
        head = (
            "POST /charges HTTP/1.1",
            "Host: lab",
            "Connection: close",
            f"Idempotency-Key: {key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        top, _, content = (await reader.read()).partition(b"\r\n\r\n")
        status = int(top.split(b" ", 2)[1]) if top.count(b" ") > 1 else 0
        charge = json.loads(content).get("charge") if status in FINAL else None
        return status, charge
    finally:
        writer.transport.abort()


async def attempt(service: Service, number: int, which: int) -> None:
    key, turn = f"key-{number}", number + which
    if which == ATTEMPTS:
        await service.delay(number)
    while True:
        socket = Path(service.settings.folder) / f"{SERVERS[turn % len(SERVERS)]}.sock"
        turn += 1
        try:
            status, charge = await post(socket, key, which)
        except (OSError, ValueError):
            status, charge = 0, None
        if status in FINAL:
            service.log.event("answered", key=key, attempt=which, status=status, charge=charge)
            return
        await asyncio.sleep(REPEAT_SECONDS)


async def ask(service: Service) -> None:
    service.log.event("started")
    room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def both(number: int) -> None:
        async with room:
            await service.pause()
            every = range(1, ATTEMPTS + 1)
            await asyncio.gather(*(attempt(service, number, which) for which in every))

    await asyncio.gather(*map(both, range(service.settings.orders)))
    await service.stop.wait()
    service.log.event("stopped")


if __name__ == "__main__":
    main(ask)
