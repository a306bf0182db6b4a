"""The driver: starts everything, kills and restarts, waits for quiet, and leaves nothing behind.

Owns the run of the outbox lab. Whatever a run makes (processes, schemas, a stream, a temporary
folder) is noted on an `ExitStack` the moment it exists and undone from there, whether the run
ends well, fails, runs out of time or is interrupted.
"""

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING, LiteralString

from . import components, processes
from .components import Component
from .labs import OUTBOX_VARIANTS, LabError, LabResult
from .log import LogReader, LogWriter
from .plan import Kill, plan_kills
from .service import Settings
from .watch import Watch, watched

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

ORDERS_MAX = 100_000
KILLS_MAX = 1_000
PAUSE_MS_MAX = 8.0  # per pause; the relay makes four in each cycle, so about 20 ms an order


@dataclass(frozen=True)
class Service:
    """A program of the lab, and the event by which its progress is counted."""

    module: str
    event: str


SERVICES = {
    "producer": Service("outbox_producer", "place_order"),
    "relay": Service("outbox_relay", "mark_sent"),
    "consumer": Service("outbox_consumer", "consume"),
}

# One schema for the service that takes orders, one for the consumer: they share no table.
TABLES = {
    "producer": (
        "create table orders (id text primary key)",
        "create table outbox (position bigserial primary key, order_id text not null)",
    ),
    "consumer": (
        "create table applied (order_id text primary key)",
        "create table shipped (position bigserial primary key, order_id text not null)",
    ),
}
SCHEMA_OF = {"producer": "producer", "relay": "producer", "consumer": "consumer"}


@dataclass(frozen=True)
class Request:
    """What the caller asked for, checked."""

    seed: int
    out: Path
    variant: str
    orders: int
    kills: int


@dataclass(frozen=True)
class Site:
    """Where a run takes place."""

    request: Request
    folder: Path
    log: Path
    database: Component
    broker: Component
    name: str  # unique to the run; it begins the names of schemas and stream

    def schema(self, service: str) -> str:
        return f"{self.name}_{SCHEMA_OF[service]}"


def run_outbox(
    *,
    seed: int,
    out: Path,
    variant: str = "correct",
    orders: int = 100,
    kills: int = 8,
    seconds_max: float = 120.0,
    progress: Callable[[str], None] | None = None,
) -> LabResult:
    """Run the outbox under kills until every order has shipped, and write the log to `out`.

    Raises: LabError, if the request is wrong or the run does not finish; LabUnavailable, if a
    package is missing. In both cases, and after an interruption, `out` is not written.
    """
    tell = progress or (lambda _text: None)
    request = _checked(Request(seed, out, variant, orders, kills))
    components.require_drivers()
    # Beside `out`, so that the final rename stays within one file system.
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    with watched(seconds_max) as watch, ExitStack() as made:
        made.callback(partial.unlink, missing_ok=True)
        folder = made.enter_context(components.temporary_folder())
        database = made.enter_context(components.postgres(folder, watch))
        broker = made.enter_context(components.nats_server(folder, watch))
        tell(f"{database.name} {database.version}, {broker.name} {broker.version}")
        name = f"crashproof_{secrets.token_hex(4)}"
        site = Site(request, folder, partial, database, broker, name)
        connection = made.enter_context(_tables(site))
        made.enter_context(_stream(site))
        result = _drive(site, connection, watch, tell)
        partial.rename(out)
        return result


def _checked(request: Request) -> Request:
    """Raises: LabError, with what to write instead."""
    if request.variant not in OUTBOX_VARIANTS:
        known = ", ".join(OUTBOX_VARIANTS)
        raise LabError(f"there is no variant {request.variant!r} of the outbox; it has: {known}")
    if not 1 <= request.orders <= ORDERS_MAX:
        raise LabError(f"orders must be 1 to {ORDERS_MAX}, not {request.orders}")
    if not 0 <= request.kills <= KILLS_MAX:
        raise LabError(f"kills must be 0 to {KILLS_MAX}, not {request.kills}")
    if request.out.exists():
        raise LabError(f"{request.out} exists, and a log is never overwritten; choose a new name")
    if not request.out.parent.is_dir():
        raise LabError(f"the folder of {request.out} does not exist; create it first")
    return request


# --- what a run makes in the servers ---


@contextmanager
def _tables(site: Site) -> "Iterator[Connection[TupleRow]]":
    """The run's schemas, and a connection of the driver to look at them."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    schemas = {owner: Identifier(site.schema(owner)) for owner in TABLES}
    try:
        with psycopg.connect(site.database.url, autocommit=True, connect_timeout=5) as connection:
            try:
                for owner, tables in TABLES.items():
                    connection.execute(SQL("create schema {}").format(schemas[owner]))
                    connection.execute(SQL("set search_path to {}").format(schemas[owner]))
                    for table in tables:
                        connection.execute(table)
                both = SQL(", ").join(schemas.values())
                connection.execute(SQL("set search_path to {}").format(both))
                yield connection
            finally:
                # A server that has gone says so in the error that brought us here.
                with contextlib.suppress(psycopg.OperationalError):
                    connection.execute("set statement_timeout = '10s'")
                    for schema in schemas.values():
                        connection.execute(SQL("drop schema if exists {} cascade").format(schema))
    except psycopg.Error as error:
        raise LabError(f"PostgreSQL does not do what the lab needs: {error}") from error


@contextmanager
def _stream(site: Site) -> Iterator[None]:
    components.create_stream(site.broker.url, site.name)
    try:
        yield
    finally:
        with contextlib.suppress(LabError):  # as above
            components.drop_stream(site.broker.url, site.name)


# --- the services ---


class Crew:
    """Which process stands for which service right now."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.incarnations = dict.fromkeys(SERVICES, 0)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def node(self, service: str) -> str:
        return f"{service}-{self.incarnations[service]}"

    def output(self, service: str) -> Path:
        return self.site.folder / f"{self.node(service)}.out"

    def start(self, service: str) -> None:
        self.incarnations[service] += 1
        request = self.site.request
        settings = Settings(
            node=self.node(service),
            log=self.site.log.resolve(),
            schema=self.site.schema(service),
            stream=self.site.name,
            orders=request.orders,
            deduplicate=OUTBOX_VARIANTS[request.variant].deduplicate,
            seed=request.seed,
            pause_ms_max=PAUSE_MS_MAX,
        )
        # -P: a folder named `nats` or `checker` in the user's current folder is not imported.
        module = f"{__package__}.{SERVICES[service].module}"
        self.running[service] = processes.start(
            [sys.executable, "-P", "-m", module, *settings.arguments()],
            output=self.output(service),
            environment=self._environment(),
        )

    def _environment(self) -> Mapping[str, str]:
        urls = {
            components.POSTGRES_URL: self.site.database.url,
            components.NATS_URL: self.site.broker.url,
        }
        return {**os.environ, **urls}

    def check(self) -> None:
        """Raises: LabError, if a service ended that nobody killed."""
        for service, process in self.running.items():
            if process.poll() is not None:
                self._fail(service, f"ended by itself with code {process.returncode}")

    def _fail(self, service: str, what: str) -> None:
        output = processes.last_lines(self.output(service))
        raise LabError(f"{self.node(service)} {what}:\n{output}")

    def kill(self, service: str) -> None:
        """Kill for certain. Raises: LabError, if the service had ended before."""
        processes.kill(self.running[service])
        if self.running[service].returncode != -SIGKILL:
            self._fail(service, "ended by itself just before it was to be killed")

    def stop(self) -> None:
        """Ask all to stop. Raises: LabError, if one does not do so cleanly."""
        for process in self.running.values():
            process.send_signal(SIGTERM)
        for service, process in self.running.items():
            processes.wait_or_kill(process)
            if process.returncode != 0:
                self._fail(service, f"did not stop cleanly, its code is {process.returncode}")

    def kill_all(self) -> None:
        for process in self.running.values():
            processes.kill(process)


def _drive(
    site: Site, connection: "Connection[TupleRow]", watch: Watch, tell: Callable[[str], None]
) -> LabResult:
    """From the first `started` to the last `stopped`."""
    request, crew = site.request, Crew(site)
    with ExitStack() as made:
        log = LogWriter(site.log, "driver")
        made.callback(log.close)
        reader = LogReader(site.log)
        made.callback(reader.close)
        log.event(
            "started",
            lab="outbox",
            variant=request.variant,
            seed=request.seed,
            orders=request.orders,
            kills=request.kills,
        )
        made.callback(crew.kill_all)
        for service in SERVICES:
            crew.start(service)
        plan = plan_kills(seed=request.seed, orders=request.orders, kills=request.kills)
        _kill_and_restart(plan, crew, log, reader, watch, tell)
        tell("all kills done, waiting until every order has shipped")
        _wait_for_quiet(site, crew, connection, reader, watch)
        crew.stop()
        log.event("stopped")
        reader.read()
        _check_stopped(crew, reader)
    return LabResult(
        out=request.out,
        variant=request.variant,
        seed=request.seed,
        orders=request.orders,
        placed=_count(connection, "select count(*) from orders"),
        shipped_rows=_count(connection, "select count(*) from shipped"),
        duplicates_delivered=reader.duplicates,
        kills=len(plan),
        events=reader.lines,
        seconds=watch.seconds(),
    )


def _kill_and_restart(
    plan: tuple[Kill, ...],
    crew: Crew,
    log: LogWriter,
    reader: LogReader,
    watch: Watch,
    tell: Callable[[str], None],
) -> None:
    """Carry out the plan; each service has its own queue, since each goes at its own pace."""
    queues = {service: deque(k for k in plan if k.target == service) for service in SERVICES}
    due: dict[str, float] = {}
    while any(queues.values()):
        watch.check(lambda: f"the services to go far enough for the next kill ({reader.summary()})")
        crew.check()
        reader.read()
        now = time.monotonic()
        for service, queue in queues.items():
            if not queue or crew.node(service) not in reader.started:
                continue
            steps = reader.steps[service, SERVICES[service].event]
            if service not in due and steps >= queue[0].after_steps:
                due[service] = now + queue[0].delay_ms / 1000
            elif now >= due.get(service, float("inf")):
                crew.kill(service)
                log.event("killed", target=crew.node(service))
                tell(f"killed {crew.node(service)} after {steps} orders")
                crew.start(service)
                queue.popleft()
                del due[service]
        time.sleep(0.001)


def _wait_for_quiet(
    site: Site,
    crew: Crew,
    connection: "Connection[TupleRow]",
    reader: LogReader,
    watch: Watch,
) -> None:
    """Quiet: all placed, nothing in the outbox, all applied, nothing with the broker."""
    orders = site.request.orders

    def quiet() -> bool:
        crew.check()
        reader.read()
        return (
            all(crew.node(service) in reader.started for service in SERVICES)
            and _count(connection, "select count(*) from orders") == orders
            and _count(connection, "select count(*) from outbox") == 0
            and _count(connection, "select count(*) from applied") == orders
            and components.unfinished_deliveries(site.broker.url, site.name) == 0
        )

    watch.until(
        quiet,
        lambda: f"every order to ship and be acknowledged ({reader.summary()})",
        poll_seconds=0.05,
    )


def _check_stopped(crew: Crew, reader: LogReader) -> None:
    silent = [crew.node(s) for s in SERVICES if crew.node(s) not in reader.stopped]
    if silent:
        raise LabError(f"ended without logging `stopped`: {', '.join(silent)}")


def _count(connection: "Connection[TupleRow]", query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
