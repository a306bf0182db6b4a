"""RabbitMQ, at a URL.

    CRASHPROOF_RABBITMQ  amqp://guest:guest@127.0.0.1:5672/

A run has one durable queue for each of its queues, and publishes with confirms. A message is
delivered again when the connection of its consumer is gone, not because an acknowledgement is late.
Nothing is dropped by key: what is published twice is there twice.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .broker import FETCH_SECONDS
from .components import Component
from .labs import LabError, LabUnavailable
from .watch import Watch

if TYPE_CHECKING:
    from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

T = TypeVar("T")

POLL_SECONDS = 0.01


class _Delivery:
    def __init__(
        self, channel: "AbstractChannel", queue: str, message: "AbstractIncomingMessage"
    ) -> None:
        self.text = message.body.decode()
        self._channel, self._queue, self._message = channel, queue, message

    async def ack(self) -> None:
        await self._message.ack()
        # An acknowledgement has no answer; what follows it on the channel has.
        await self._channel.declare_queue(self._queue, passive=True)


class _Channel:
    def __init__(
        self, connection: "AbstractConnection", channel: "AbstractChannel", name: str
    ) -> None:
        self._connection, self._channel, self._name = connection, channel, name

    async def publish(self, queue: str, text: str, *, key: str) -> None:
        from aio_pika import DeliveryMode, Message

        message = Message(text.encode(), message_id=key, delivery_mode=DeliveryMode.PERSISTENT)
        await self._channel.default_exchange.publish(message, f"{self._name}.{queue}")

    async def fetch(self, queue: str) -> _Delivery | None:
        name = f"{self._name}.{queue}"
        source = await self._channel.get_queue(name, ensure=False)
        for _ in range(int(FETCH_SECONDS / POLL_SECONDS)):
            message = await source.get(fail=False)
            if message is not None:
                return _Delivery(self._channel, name, message)
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def close(self) -> None:
        await self._connection.close()


class RabbitMQ:
    variable = "CRASHPROOF_RABBITMQ"

    @contextmanager
    def server(self, folder: Path, watch: Watch) -> Iterator[Component]:
        url = os.environ.get(self.variable)
        if not url:
            raise LabError(
                f"RabbitMQ is taken at a URL: set {self.variable}=amqp://guest:guest@127.0.0.1:5672/"
            )
        yield Component("RabbitMQ", url, _version(url))

    def create(self, url: str, name: str, queues: Sequence[str]) -> None:
        async def create(channel: "AbstractChannel") -> None:
            for queue in queues:
                await channel.declare_queue(f"{name}.{queue}", durable=True)

        _ask(url, create)

    def drop(self, url: str, name: str, queues: Sequence[str]) -> None:
        async def drop(channel: "AbstractChannel") -> None:
            for queue in queues:
                await channel.queue_delete(f"{name}.{queue}")

        _ask(url, drop)

    def unfinished(self, url: str, name: str, queues: Sequence[str]) -> int:
        """Only what is not delivered: AMQP does not tell how much is not acknowledged.

        The driver asks again when all services have stopped, and nothing is in anybody's hands.
        """

        async def count(channel: "AbstractChannel") -> int:
            found = 0
            for queue in queues:
                declared = await channel.declare_queue(f"{name}.{queue}", passive=True)
                found += declared.declaration_result.message_count or 0
            return found

        return _ask(url, count)

    async def connect(self, url: str, name: str) -> _Channel:
        from aio_pika import connect

        connection = await connect(url, timeout=5)
        return _Channel(connection, await connection.channel(), name)


BROKER = RabbitMQ()


def _version(url: str) -> str:
    async def version(channel: "AbstractChannel") -> str:
        inner = await channel.get_underlay_channel()
        properties = getattr(inner.connection, "server_properties", {})
        return str(properties.get("version", "unknown"))

    return _ask(url, version)


def _ask(url: str, ask: "Callable[[AbstractChannel], Awaitable[T]]") -> T:
    """Connect, ask one thing, disconnect: the driver asks seldom and keeps no event loop."""
    try:
        from aio_pika import connect
        from aio_pika.exceptions import AMQPError
    except ImportError:
        raise LabUnavailable("the package aio-pika") from None

    async def connected() -> T:
        async with await connect(url, timeout=5) as connection:
            return await ask(await connection.channel())

    try:
        return asyncio.run(connected())
    except (AMQPError, OSError) as error:
        raise LabError(f"RabbitMQ does not answer (see {BROKER.variable}): {error!r}") from None
