"""The client: asks for each charge twice under one key, at different servers at the same time.

So does a client that has waited too long for its first attempt. Where the plan says so, the second
comes only when the first is answered, and some time has passed. Each attempt is repeated, at the
next server, until it has a final answer: 200 with the charge, or 422. No answer, 409 and 503 are
not. It gives up when every server has said no often enough; a server that is down says nothing.

Log: `reply`, `stored` and `refused`, as the server says how it came by the answer, with the number
of the charge, and how many answers there are for this key by then; `no_answer` when the connection
broke after the server had asked for the request; `gave_up`.
"""

import asyncio
import json
from collections import Counter
from pathlib import Path

from .breaks import proxied
from .service import DELAY_SECONDS, Service, main

SERVERS = ("server-a", "server-b", "server-c")
ATTEMPTS = 2
SIDE_BY_SIDE = 3  # keys that are asked for at once
REPEAT_SECONDS = 0.03
FINAL = (200, 422)
NOES_MAX = 5  # of each server; the one that has claimed the key says at most two


class NotAsked(Exception):
    """The server is down: it has not asked for the request's body, so it does not know of it."""


async def post(socket: Path, key: str, attempt: int) -> tuple[int, dict[str, str | int | None]]:
    """One request over a connection of its own: the status, and what the server says.

    Raises: NotAsked; OSError, ValueError, if the connection breaks before the answer has come.
    """
    body = json.dumps({"attempt": attempt}).encode()
    head = (
        "POST /charges HTTP/1.1",
        "Host: lab",
        "Connection: close",
        "Expect: 100-continue",
        f"Idempotency-Key: {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        raise NotAsked from None
    try:
        try:
            writer.write("\r\n".join(head).encode() + b"\r\n\r\n")
            await writer.drain()
            asked = await reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            raise NotAsked from None
        if not asked.startswith(b"HTTP/1.1 100 "):
            raise ValueError(asked)
        writer.write(body)
        await writer.drain()
        top, _, content = (await reader.read()).partition(b"\r\n\r\n")
        status = int(top.split(b" ", 2)[1]) if top.count(b" ") > 1 else 0
        return status, json.loads(content) if status in FINAL else {}
    finally:
        writer.transport.abort()


async def attempt(service: Service, answers: Counter[str], number: int, which: int) -> None:
    key, turn = f"key-{number}", number + which
    noes = Counter[str]()
    while min(noes[server] for server in SERVERS) < NOES_MAX:
        server = SERVERS[turn % len(SERVERS)]
        turn += 1
        about = {"key": key, "attempt": str(which), "server": server}
        try:
            status, told = await post(address(service, server), key, which)
        except NotAsked:
            await asyncio.sleep(REPEAT_SECONDS)
            continue
        except (OSError, ValueError):
            status, told = 0, {}
        if not status or service.meets("lost_answer", number):
            service.log.event("no_answer", **about)
        elif status in FINAL:
            charge = told["charge"]
            answer = "refused" if charge is None else str(charge)
            answers[key] += charge is not None
            service.log.event(str(told["how"]), **about, answer=answer, answers=answers[key])
            return
        else:
            noes[server] += 1
        await asyncio.sleep(REPEAT_SECONDS)
    service.log.event("gave_up", key=key, attempt=str(which))


def address(service: Service, server: str) -> Path:
    """Where a server listens, or the proxy before it."""
    folder, name = Path(service.settings.folder), f"{server}.sock"
    before = folder / proxied(name)
    return before if before.exists() else folder / name


async def ask(service: Service) -> None:
    service.log.event("started")
    room = asyncio.Semaphore(SIDE_BY_SIDE)
    answers = Counter[str]()

    async def both(number: int) -> None:
        async with room:
            await service.pause()
            first = asyncio.create_task(attempt(service, answers, number, 1))
            if service.meets("delay", number):
                await first
                await asyncio.sleep(DELAY_SECONDS)
            await asyncio.gather(first, attempt(service, answers, number, 2))

    await asyncio.gather(*map(both, range(service.settings.orders)))
    await service.stop.wait()
    service.log.event("stopped")


if __name__ == "__main__":
    main(ask)
