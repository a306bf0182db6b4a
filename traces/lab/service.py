"""What the services of all labs share: arguments, connections, pauses, faults, a clean stop.

Deliberately not here: anything that a service does to a message. Each service is one file that can
be read alone.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .broker import Channel, broker_of
from .components import POSTGRES_URL
from .log import LogWriter

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

DELAY_SECONDS = 0.5  # long against the few milliseconds that a message takes

LOST = 75  # EX_TEMPFAIL of <sysexits.h>: a connection broke, and the driver may start us again


@dataclass(frozen=True)
class Settings:
    """What the driver tells one incarnation of a service.

    `name` begins the names of everything that the run makes; `marks` says which messages, by
    number, meet which fault; `folder` is where the incarnations note which faults have happened.
    """

    role: str
    node: str
    log: str
    folder: str
    name: str
    schema: str
    broker: str
    orders: int
    switches: Mapping[str, str | float | bool]
    marks: Mapping[str, tuple[int, ...]]
    seed: int
    pause_ms_max: float

    def argument(self) -> str:
        """The command line that `parse` reads back."""
        return json.dumps(asdict(self))


def parse(argument: str) -> Settings:
    """Read the command line. The servers' URLs, which may hold passwords, are not on it."""
    return Settings(**json.loads(argument))


class Service:
    """One incarnation at work."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stop = Stop()
        self.log = LogWriter(Path(settings.log), settings.node)
        self._random = random.Random(f"{settings.seed}/{settings.node}")

    # Two operations stand microseconds apart, so a kill at a random time would next to never fall
    # between them. A pause of a few milliseconds changes no behaviour, it only makes the rare
    # window wide enough to be hit.
    async def pause(self) -> None:
        await asyncio.sleep(self._random.uniform(0, self.settings.pause_ms_max / 1000))

    async def at(self, point: str, number: int) -> None:
        """A named point of handling message `number`; where the plan says so, the end."""
        await self.pause()
        if self.meets(f"at {point}", number):
            os.kill(os.getpid(), signal.SIGKILL)

    def meets(self, fault: str, number: int) -> bool:
        """Does this message meet this fault here and now? True once in a run."""
        return number in self.settings.marks.get(fault, ()) and self.once(fault, number)

    def once(self, what: str, number: int) -> bool:
        """True the first time that it is asked of this message in a run."""
        try:
            self._mark(what, number).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    async def delay(self, number: int) -> None:
        """Where the plan says so, message `number` is sent late."""
        if self.meets("delay", number):
            await asyncio.sleep(DELAY_SECONDS)

    def has_met(self, fault: str, number: int) -> bool:
        """Has this message met this fault before, in this incarnation or an earlier one?"""
        return self._mark(fault, number).exists()

    def _mark(self, fault: str, number: int) -> Path:
        return Path(self.settings.folder) / f"{fault.replace(' ', '_')}-{number}.mark"

    async def database(self) -> "AsyncConnection[TupleRow]":
        """Connect, and wait until the killed predecessor's session is gone.

        A killed process's last statement may still run in the server. Without the lock a new relay
        could read a row that its predecessor's delete is about to remove. It is held by the
        session, so it goes when the session goes.
        """
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            os.environ[POSTGRES_URL],
            autocommit=True,  # transactions are written out where they matter
            options=f"-c search_path={self.settings.schema}",
        )
        lock = f"{self.settings.name}/{self.settings.role}"
        await connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [lock])
        return connection

    async def broker(self) -> Channel:
        broker = broker_of(self.settings.broker)
        return await broker.connect(os.environ[broker.variable], self.settings.name)


class Stop:
    """Set by SIGTERM; the services look at it between two messages, never within one."""

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


def number_of(text: str) -> int:
    """The number in the name of a message: 7 of `order-7`."""
    return int(text.rpartition("-")[2])


def main(work: Callable[[Service], Awaitable[None]]) -> None:
    """Run a service. If a connection breaks it ends: what it was doing is as unknown as in a crash,
    and the same recovery, by the next incarnation, deals with both."""

    async def run() -> None:
        await work(Service(parse(sys.argv[1])))

    try:
        asyncio.run(run())
    except Exception as error:
        if not is_lost(error):
            raise
        sys.stderr.write(f"a connection broke: {error!r}\n")
        sys.exit(LOST)


def is_lost(error: BaseException) -> bool:
    """Did a connection to a server break?"""
    import psycopg

    if isinstance(error, ExceptionGroup):
        return all(is_lost(each) for each in error.exceptions)
    module = type(error).__module__.partition(".")[0]
    # The brokers' clients have no common error; what they raise here is about the connection.
    return isinstance(error, OSError | psycopg.OperationalError) or module in (
        "nats",
        "aio_pika",
        "aiormq",
        "redis",
    )
