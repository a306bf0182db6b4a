"""What the three services of the outbox share: arguments, connections, pauses, a clean stop.

Deliberately not here: anything that a service does to orders. Each service is one file that can
be read alone.
"""

import argparse
import asyncio
import os
import random
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .components import NATS_URL, POSTGRES_URL, connect_nats

if TYPE_CHECKING:
    from nats.aio.client import Client
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow


@dataclass(frozen=True)
class Settings:
    """What the driver tells one incarnation of a service."""

    node: str
    log: Path
    schema: str
    stream: str
    orders: int
    deduplicate: bool
    seed: int
    pause_ms_max: float

    @property
    def service(self) -> str:
        """The node without its incarnation: relay-2 is the relay."""
        return self.node.rpartition("-")[0]

    @property
    def subject(self) -> str:
        return f"{self.stream}.orders"

    def arguments(self) -> list[str]:
        """The command line that `parse` reads back."""
        switches = ["--deduplicate"] if self.deduplicate else []
        return [
            f"--node={self.node}",
            f"--log={self.log}",
            f"--schema={self.schema}",
            f"--stream={self.stream}",
            f"--orders={self.orders}",
            f"--seed={self.seed}",
            f"--pause-ms-max={self.pause_ms_max}",
            *switches,
        ]


def parse(arguments: list[str] | None = None) -> Settings:
    """Read the command line. The servers' URLs, which may hold passwords, are not on it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--node", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--stream", required=True)
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--deduplicate", action="store_true")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--pause-ms-max", type=float, required=True)
    return Settings(**vars(parser.parse_args(arguments)))


class Pauses:
    """Short random pauses between the operations of one incarnation.

    Two operations stand microseconds apart, so a kill at a random time would next to never fall
    between them. A pause of a few milliseconds changes no behaviour, it only makes the rare
    window wide enough to be hit.
    """

    def __init__(self, settings: Settings) -> None:
        self._random = random.Random(f"{settings.seed}/{settings.node}")
        self._seconds_max = settings.pause_ms_max / 1000

    async def pause(self) -> None:
        await asyncio.sleep(self._random.uniform(0, self._seconds_max))


class Stop:
    """Set by SIGTERM; the services look at it between two orders, never within one."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._asked.set)

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    async def within(self, seconds: float) -> bool:
        """Wait, but not longer than until the stop."""
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def wait(self) -> None:
        await self._asked.wait()


async def connect_database(settings: Settings) -> "AsyncConnection[TupleRow]":
    """Connect, and wait until the killed predecessor's session is gone.

    A killed process's last statement may still run in the server. Without the lock a new relay
    could read a row that its predecessor's delete is about to remove. It is held by the session,
    so it goes when the session goes.
    """
    import psycopg

    connection = await psycopg.AsyncConnection.connect(
        os.environ[POSTGRES_URL],
        autocommit=True,  # transactions are written out where they matter
        options=f"-c search_path={settings.schema}",
    )
    lock = f"{settings.stream}/{settings.service}"
    await connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [lock])
    return connection


async def connect_broker() -> "Client":
    return await connect_nats(os.environ[NATS_URL])
