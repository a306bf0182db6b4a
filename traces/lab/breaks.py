"""Faults of the connections: a proxy before each server, and the restart of the broker.

Owns the proxies' processes and the URLs that lead through them. The driver itself talks to the
servers directly, so that it can look while connections break.
"""

import ast
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, SIGUSR1
from sys import executable
from urllib.parse import urlsplit, urlunsplit

from . import processes
from .components import SOCKET_NAME, Component
from .labs import LabError
from .plan import Faults
from .watch import Watch


@dataclass(frozen=True)
class Breaks:
    """The URLs for the services, and what can be done to what stands behind them, by name."""

    database_url: str
    broker_url: str
    actions: dict[str, Callable[[], None]]


@contextmanager
def breaks(
    faults: Faults,
    database: Component,
    broker: Component,
    sockets: Sequence[str],
    folder: Path,
    watch: Watch,
) -> Iterator[Breaks]:
    """Proxies where connections are to be dropped, else the servers themselves.

    Of `sockets`, on which services listen, clients find the proxy at `proxied(socket)`.
    """
    actions: dict[str, Callable[[], None]] = {}
    if faults.restarts:
        if broker.restart is None:
            raise LabError(
                "only a broker that the lab has started can be restarted: "
                "unset its URL, or leave `restarts` out of the faults"
            )
        actions["restart"] = broker.restart
    if not faults.drops:
        yield Breaks(database.url, broker.url, actions)
        return
    with ExitStack() as proxies:

        def proxy(name: str, ends: tuple[str, str]) -> tuple[Callable[[], None], tuple[str, int]]:
            return proxies.enter_context(_proxy(ends, folder / f"proxy-{name}.out", watch))

        database_url, ends = _database(database.url, folder)
        actions["drop database"], _ = proxy("database", ends)
        broker_url = ""
        if broker.url:
            actions["drop broker"], where = proxy("broker", ("127.0.0.1:0", _address(broker.url)))
            parts = urlsplit(broker.url)
            user = parts.netloc.rpartition("@")[0]
            host = f"{user}@127.0.0.1:{where[1]}" if user else f"127.0.0.1:{where[1]}"
            broker_url = urlunsplit(parts._replace(netloc=host))
        if sockets:
            breaking = [
                proxy(each, (str(folder / proxied(each)), str(folder / each)))[0]
                for each in sockets
            ]

            def break_clients() -> None:
                for each in breaking:
                    each()

            actions["drop clients"] = break_clients
        yield Breaks(database_url, broker_url, actions)


def proxied(socket: str) -> str:
    """The name of the socket at which a proxy stands before this one."""
    return f"{socket}.proxy"


PORTS = {"nats": 4222, "amqp": 5672, "redis": 6379}


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or '127.0.0.1'}:{parts.port or PORTS[parts.scheme]}"


def _database(url: str, folder: Path) -> tuple[str, tuple[str, str]]:
    """The URL through the proxy, and where that listens and what is behind it."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts = conninfo_to_dict(url)
    host, port = str(parts.get("host") or "127.0.0.1"), str(parts.get("port") or 5432)
    target = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else f"{host}:{port}"
    home = folder / "proxied"
    home.mkdir(mode=0o700)
    listen = home / Path(SOCKET_NAME).name
    return make_conninfo(url, host=str(home), port=5432), (str(listen), target)


@contextmanager
def _proxy(
    ends: tuple[str, str], output: Path, watch: Watch
) -> Iterator[tuple[Callable[[], None], tuple[str, int]]]:
    """A running proxy: how to make it break all connections, and where it listens."""
    process = processes.start(
        [executable, "-P", "-m", f"{__package__}.proxy", *ends],
        output=output,
        environment=os.environ,
    )
    try:

        def listens() -> bool:
            if process.poll() is not None:
                raise LabError(f"the proxy ended:\n{processes.last_lines(output)}")
            return output.read_bytes().endswith(b"\n")

        watch.until(listens, lambda: "the proxy to start", poll_seconds=0.02)
        where = ("", 0)
        if not ends[0].startswith("/"):
            where = ast.literal_eval(output.read_text())
        yield lambda: process.send_signal(SIGUSR1), where
    finally:
        processes.stop(process, by=SIGTERM)
