"""The driver: starts everything, injects the faults, waits for quiet, and leaves nothing behind.

Owns the run of a lab. Whatever a run makes (processes, schemas, queues, a temporary folder) is
noted on an `ExitStack` the moment it exists and undone from there, whether the run ends well,
fails, runs out of time or is interrupted.
"""

import contextlib
import os
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from . import components
from .breaks import breaks
from .broker import broker_of
from .components import Component
from .crew import Crew, Site
from .labs import Lab, LabError, LabResult
from .log import LogReader, LogWriter
from .plan import DELAY_MS_MAX, Faults, Kill, plan_kills, plan_marks
from .system import Store, System, system_of
from .watch import Watch, watched

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

ORDERS_MAX = 100_000
SETTLE_SECONDS = 0.2  # until a broker has noticed that a connection is gone

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What the caller asked for."""

    lab: Lab
    seed: int
    out: Path
    variant: str
    orders: int | None
    faults: str
    broker: str


@dataclass(frozen=True)
class _Checked:
    """The request, with what it left out."""

    request: Request
    system: System
    orders: int
    faults: Faults


def run_lab(request: Request, *, seconds_max: float, tell: Tell) -> LabResult:
    """Run the lab under faults until everything has been dealt with, and write the log.

    Raises: as `Lab.run`.
    """
    checked = _check(request)
    out = request.out
    components.require_drivers()
    components.require(checked.system.packages)
    # Beside `out`, so that the final rename stays within one file system.
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    with watched(seconds_max) as watch, ExitStack() as made:
        made.callback(partial.unlink, missing_ok=True)
        folder = made.enter_context(components.temporary_folder())
        broker_kind = broker_of(request.broker)
        database = made.enter_context(components.postgres(folder, watch))
        broker = made.enter_context(broker_kind.server(folder, watch))
        tell(f"{database.name} {database.version}, {broker.name} {broker.version}")
        name = f"crashproof_{secrets.token_hex(4)}"
        connection = made.enter_context(_tables(checked.system, name, database))
        made.enter_context(_queues(checked.system, name, request.broker, broker))
        queues = checked.system.queues
        store = Store(connection, partial, request.broker, broker.url, name, queues, checked.orders)
        between = made.enter_context(
            breaks(checked.faults, database, broker, checked.system.sockets, folder, watch)
        )
        site = Site(
            system=checked.system,
            variant=request.lab.variants[request.variant],
            seed=request.seed,
            orders=checked.orders,
            faults=checked.faults,
            marks=plan_marks(
                seed=request.seed,
                orders=checked.orders,
                faults=checked.faults,
                points=checked.system.points,
            ),
            folder=folder,
            log=partial,
            name=name,
            broker=request.broker,
            environment={
                components.POSTGRES_URL: between.database_url,
                broker_kind.variable: between.broker_url,
            },
        )
        result = _Drive(checked, site, store, between.actions, watch, tell).go()
        partial.rename(out)
        return result


def _check(request: Request) -> _Checked:
    """Raises: LabError, with what to write instead."""
    lab = request.lab
    if request.variant not in lab.variants:
        known = ", ".join(lab.variants)
        raise LabError(f"there is no variant {request.variant!r} of {lab.name}; it has: {known}")
    if request.broker not in lab.brokers:
        known = ", ".join(lab.brokers)
        raise LabError(f"{lab.name} does not run on {request.broker!r}; it runs on: {known}")
    only = lab.variants[request.variant].broker
    if only and request.broker != only:
        raise LabError(f"the variant {request.variant} of {lab.name} runs on {only} only")
    system = system_of(lab.name)
    orders = system.orders if request.orders is None else request.orders
    if not 1 <= orders <= ORDERS_MAX:
        raise LabError(f"orders must be 1 to {ORDERS_MAX}, not {orders}")
    faults = Faults.parse(request.faults, system.faults)
    if request.out.exists():
        raise LabError(f"{request.out} exists, and a log is never overwritten; choose a new name")
    if not request.out.parent.is_dir():
        raise LabError(f"the folder of {request.out} does not exist; create it first")
    return _Checked(request, system, orders, faults)


# --- what a run makes in the servers ---


@contextmanager
def _tables(system: System, name: str, database: Component) -> "Iterator[Connection[TupleRow]]":
    """The run's schemas, and a connection of the driver to look at them."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    schemas = {owner: Identifier(f"{name}_{owner}") for owner in system.tables}
    try:
        with psycopg.connect(database.url, autocommit=True, connect_timeout=5) as connection:
            try:
                for owner, tables in system.tables.items():
                    connection.execute(SQL("create schema {}").format(schemas[owner]))
                    connection.execute(SQL("set search_path to {}").format(schemas[owner]))
                    for table in tables:
                        connection.execute(table)
                every = SQL(", ").join(schemas.values())
                connection.execute(SQL("set search_path to {}").format(every))
                yield connection
            finally:
                # A server that has gone says so in the error that brought us here.
                with contextlib.suppress(psycopg.OperationalError):
                    connection.execute("set statement_timeout = '10s'")
                    for statement in system.undo:
                        _undo(connection, statement)
                    for schema in schemas.values():
                        connection.execute(SQL("drop schema if exists {} cascade").format(schema))
    except psycopg.Error as error:
        raise LabError(f"PostgreSQL does not do what the lab needs: {error}") from error


def _undo(connection: "Connection[TupleRow]", statement: LiteralString) -> None:
    """A killed service's last statement may still hold what is to be dropped, for a moment."""
    import psycopg

    for _ in range(50):
        try:
            connection.execute(statement)
            return
        except psycopg.errors.ObjectInUse:
            time.sleep(0.1)


@contextmanager
def _queues(system: System, name: str, kind: str, broker: Component) -> Iterator[None]:
    broker_of(kind).create(broker.url, name, system.queues)
    try:
        yield
    finally:
        with contextlib.suppress(LabError):  # as above
            broker_of(kind).drop(broker.url, name, system.queues)


# --- the run itself ---


class _Drive:
    """From the first `started` to the last `stopped`."""

    def __init__(
        self,
        checked: _Checked,
        site: Site,
        store: Store,
        actions: dict[str, Callable[[], None]],
        watch: Watch,
        tell: Tell,
    ) -> None:
        self.checked = checked
        self.site = site
        self.store = store
        self.actions = actions
        self.watch = watch
        self.tell = tell

    def go(self) -> LabResult:
        checked, request = self.checked, self.checked.request
        with ExitStack() as made:
            log = LogWriter(self.site.log, "driver")
            made.callback(log.close)
            reader = LogReader(self.site.log)
            made.callback(reader.close)
            log.event(
                "started",
                lab=request.lab.name,
                variant=request.variant,
                seed=request.seed,
                orders=checked.orders,
                faults=checked.faults.text(),
                broker=request.broker,
            )
            crew = Crew(self.site, log)
            made.callback(crew.kill_all)
            for role in self.site.system.roles:
                crew.start(role)
            self._disturb(crew, reader)
            self.tell("all planned faults done, waiting until everything is dealt with")
            while True:
                self._wait_for_quiet(crew, reader)
                crew.stop()
                # Whoever died at a named point just then has left a message to others.
                time.sleep(SETTLE_SECONDS)
                if not self.store.unfinished():
                    break
                for role in self.site.system.roles:
                    crew.start(role)
            log.event("stopped")
            reader.read()
        return LabResult(
            out=request.out,
            lab=request.lab.name,
            variant=request.variant,
            seed=request.seed,
            orders=checked.orders,
            faults=checked.faults.text(),
            tally=self.site.system.tally(self.store),
            struck=tuple(sorted(self.site.system.struck(self.store))),
            kills=crew.kills,
            events=reader.lines,
            seconds=self.watch.seconds(),
        )

    def _plan(self) -> dict[str, deque[Kill]]:
        """What is to happen to each role, and to the connections, in its order."""
        faults, seed, orders = self.checked.faults, self.checked.request.seed, self.checked.orders
        roles = self.site.system.roles
        weights = {name: role.weight for name, role in roles.items() if role.weight}
        plan = plan_kills(seed=seed, orders=orders, kills=faults.kills, targets=weights)
        source = random.Random(f"breaks/{seed}")
        drops = sorted(action for action in self.actions if action.startswith("drop"))
        chosen = [drops[index % len(drops)] for index in range(faults.drops)]
        chosen += ["restart"] * faults.restarts
        plan += tuple(
            Kill(target, source.randint(0, orders // 2), source.uniform(0, DELAY_MS_MAX))
            for target in chosen
        )
        queues: dict[str, deque[Kill]] = {}
        for kill in sorted(plan, key=lambda kill: kill.after_steps):
            queues.setdefault(kill.target, deque()).append(kill)
        return queues

    def _disturb(self, crew: Crew, reader: LogReader) -> None:
        """Carry out the plan; each target has its own queue, since each goes at its own pace."""
        queues = self._plan()
        due: dict[str, float] = {}
        while any(queues.values()):
            self.watch.check(
                lambda: f"the services to go far enough for the next fault ({reader.summary()})"
            )
            crew.check()
            reader.read()
            now = time.monotonic()
            for target, queue in queues.items():
                if not queue or (
                    target in crew.running and crew.node(target) not in reader.started
                ):
                    continue
                steps = self._steps(target, reader)
                if target not in due and steps >= queue[0].after_steps:
                    due[target] = now + queue[0].delay_ms / 1000
                elif now >= due.get(target, float("inf")):
                    self._strike(target, steps, crew)
                    queue.popleft()
                    del due[target]
            time.sleep(0.001)

    def _steps(self, target: str, reader: LogReader) -> int:
        """How far the run is for this target; for connections, as far as its first role."""
        roles = self.site.system.roles
        role = roles.get(target) or next(iter(roles.values()))
        return sum(reader.steps[event] for event in role.progress)

    def _strike(self, target: str, steps: int, crew: Crew) -> None:
        if target in self.actions:
            self.actions[target]()
            self.tell(f"{target} after {steps} orders")
        else:
            self.tell(f"killed {crew.node(target)} after {steps} orders")
            crew.kill(target)

    def _wait_for_quiet(self, crew: Crew, reader: LogReader) -> None:
        def quiet() -> bool:
            crew.check()
            reader.read()
            started = all(crew.node(role) in reader.started for role in crew.running)
            return started and self.site.system.quiet(self.store)

        self.watch.until(
            quiet,
            lambda: f"everything to be dealt with ({reader.summary()})",
            poll_seconds=0.05,
        )
