"""What a lab is made of, as data: its services, tables and queues, and what to count at the end.

Owns the shape, and the list of the systems. `labs.py` has what a command line shows of them.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from .broker import broker_of
from .plan import Faults

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow


@dataclass(frozen=True)
class Role:
    """A service: its program and its schema.

    `progress` are the events by which it is seen how far the run is when this service is to be
    killed; `weight` says how likely that is, 0 never.
    """

    program: str
    schema: str
    progress: tuple[str, ...]
    weight: int = 1


@dataclass(frozen=True)
class Store:
    """What the driver can look at: the tables, the queues and the log of the run."""

    connection: "Connection[TupleRow]"
    log: Path
    broker: str
    broker_url: str
    name: str
    queues: tuple[str, ...]
    orders: int

    def count(self, query: LiteralString) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def names(self, query: LiteralString) -> list[str]:
        return [str(row[0]) for row in self.connection.execute(query)]

    def unfinished(self) -> int:
        return broker_of(self.broker).unfinished(self.broker_url, self.name, self.queues)

    def lines(self) -> Iterator[dict[str, str | int]]:
        with self.log.open("rb") as lines:
            yield from map(json.loads, lines)


@dataclass(frozen=True)
class System:
    """`tables` are made in a schema for each key, and dropped with it; `undo` takes back what
    stands outside of the schemas, and runs in the first one. `points` are the named points of the
    services at which they can be killed.

    `quiet`: has every message been dealt with? `tally` counts at the end, and `struck` names the
    ids that the stores show an error for.
    """

    roles: Mapping[str, Role]
    tables: Mapping[str, tuple[LiteralString, ...]]
    queues: tuple[str, ...]
    points: tuple[str, ...]
    orders: int
    faults: Faults
    quiet: Callable[[Store], bool]
    tally: Callable[[Store], dict[str, int]]
    struck: Callable[[Store], list[str]]
    undo: tuple[LiteralString, ...] = ()
    sockets: tuple[str, ...] = ()  # in the run's folder, that services listen on and drops break
    packages: tuple[str, ...] = ()  # that its services import, beside the clients of the servers


def system_of(lab: str) -> System:
    found: System = import_module(f".{lab}_system", __package__).SYSTEM
    return found
