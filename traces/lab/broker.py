"""What the labs ask of a broker, whichever it is: at-least-once queues with several consumers.

Owns the interface and the list. A queue keeps a message until a delivery of it is acknowledged, and
delivers it again if its consumer is gone, or does not acknowledge it in time where the broker
watches the time. Nothing is promised of the order.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Protocol

from .components import Component
from .watch import Watch

# How long the broker waits for an acknowledgement before it delivers again. Short, because a run
# is quiet only after the last redelivery; long against the few milliseconds that one delivery
# takes, so that nearly every redelivery is due to a fault.
ACK_WAIT_SECONDS = 1.0

FETCH_SECONDS = 0.2  # how long one request to the broker stays open; bounds the time to stop


class Delivery(Protocol):
    """One message, handed to one consumer."""

    text: str

    async def ack(self) -> None:
        """Return when the broker has the acknowledgement, so that quiet means quiet."""


class Channel(Protocol):
    """The connection of a service."""

    async def publish(self, queue: str, text: str, *, key: str) -> None:
        """Return when the broker has the message. A broker that can drops what it has by `key`."""

    async def fetch(self, queue: str) -> Delivery | None:
        """The next message, or None if none came within `FETCH_SECONDS`."""

    async def close(self) -> None: ...


class Broker(Protocol):
    """The driver's side."""

    variable: str  # of the environment; it holds the URL of a server that is given

    def server(self, folder: Path, watch: Watch) -> AbstractContextManager[Component]:
        """The server of the run."""

    def create(self, url: str, name: str, queues: Sequence[str]) -> None:
        """Make what the run needs; every name begins with `name`."""

    def drop(self, url: str, name: str, queues: Sequence[str]) -> None: ...

    def unfinished(self, url: str, name: str, queues: Sequence[str]) -> int:
        """How many messages are not delivered yet, or not acknowledged."""

    async def connect(self, url: str, name: str) -> Channel: ...


MODULES = {
    "nats": "broker_nats",
    "rabbitmq": "broker_rabbitmq",
    "redis": "broker_redis",
    "none": "broker_none",
}


def broker_of(name: str) -> Broker:
    found: Broker = import_module(f".{MODULES[name]}", __package__).BROKER
    return found
