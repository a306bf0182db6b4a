"""Redis Streams, at a URL.

    CRASHPROOF_REDIS     redis://127.0.0.1:6379/0

A run has one stream for each queue, and a consumer group on each. A message that is not
acknowledged in time is claimed by whoever looks next. Nothing is dropped by key: what is published
twice is there twice.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .broker import ACK_WAIT_SECONDS, FETCH_SECONDS
from .components import Component
from .labs import LabError, LabUnavailable
from .watch import Watch

if TYPE_CHECKING:
    from redis.asyncio import Redis as Client

T = TypeVar("T")

GROUP = "lab"


class _Delivery:
    def __init__(self, client: "Client", stream: str, entry: bytes, text: str) -> None:
        self.text = text
        self._client, self._stream, self._entry = client, stream, entry

    async def ack(self) -> None:
        await self._client.xack(self._stream, GROUP, self._entry)


class _Channel:
    def __init__(self, client: "Client", name: str) -> None:
        self._client = client
        self._name = name
        self._consumer = secrets.token_hex(4)

    async def publish(self, queue: str, text: str, *, key: str) -> None:
        await self._client.xadd(f"{self._name}.{queue}", {"text": text, "key": key})

    async def fetch(self, queue: str) -> _Delivery | None:
        stream = f"{self._name}.{queue}"
        late_ms = int(1000 * ACK_WAIT_SECONDS)
        late: Any = await self._client.xautoclaim(
            stream, GROUP, self._consumer, min_idle_time=late_ms, count=1
        )
        entries = late[1]
        if not entries:
            block_ms = int(1000 * FETCH_SECONDS)
            new: Any = await self._client.xreadgroup(
                GROUP, self._consumer, {stream: ">"}, count=1, block=block_ms
            )
            entries = _entries(new)
        if not entries:
            return None
        entry, fields = entries[0]
        return _Delivery(self._client, stream, entry, fields[b"text"].decode())

    async def close(self) -> None:
        await self._client.aclose()


def _entries(reply: Any) -> Any:
    """What was read of the one stream: the two versions of the protocol answer with list or map."""
    if isinstance(reply, dict):
        found: Any = next(iter(reply.values()), [])
        return found[0] if found and isinstance(found[0], list) else found
    return reply[0][1] if reply else []


class Redis:
    variable = "CRASHPROOF_REDIS"

    @contextmanager
    def server(self, folder: Path, watch: Watch) -> Iterator[Component]:
        url = os.environ.get(self.variable)
        if not url:
            raise LabError(f"Redis is taken at a URL: set {self.variable}=redis://127.0.0.1:6379/0")

        async def version(client: "Client") -> str:
            return str((await client.info("server"))["redis_version"])

        yield Component("Redis", url, _ask(url, version))

    def create(self, url: str, name: str, queues: Sequence[str]) -> None:
        async def create(client: "Client") -> None:
            for queue in queues:
                await client.xgroup_create(f"{name}.{queue}", GROUP, id="0", mkstream=True)

        _ask(url, create)

    def drop(self, url: str, name: str, queues: Sequence[str]) -> None:
        async def drop(client: "Client") -> None:
            await client.delete(*(f"{name}.{queue}" for queue in queues))

        _ask(url, drop)

    def unfinished(self, url: str, name: str, queues: Sequence[str]) -> int:
        async def count(client: "Client") -> int:
            found = 0
            for queue in queues:
                (group,) = await client.xinfo_groups(f"{name}.{queue}")
                # `lag`, what no consumer has read yet, is known unless entries were deleted.
                found += int(group["pending"]) + int(group["lag"] or 0)
            return found

        return _ask(url, count)

    async def connect(self, url: str, name: str) -> _Channel:
        return _Channel(_client(url), name)


BROKER = Redis()


def _client(url: str) -> "Client":
    """A client that does not try again: who loses the broker ends, and is started anew."""
    from redis.asyncio import Redis as Client
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Client.from_url(url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=5)


def _ask(url: str, ask: "Callable[[Client], Awaitable[T]]") -> T:
    """Connect, ask one thing, disconnect: the driver asks seldom and keeps no event loop."""
    try:
        from redis.exceptions import RedisError
    except ImportError:
        raise LabUnavailable("the package redis") from None

    async def connected() -> T:
        client = _client(url)
        try:
            return await ask(client)
        finally:
            await client.aclose()

    try:
        return asyncio.run(connected())
    except (RedisError, OSError) as error:
        raise LabError(f"Redis does not answer (see {BROKER.variable}): {error!r}") from None
