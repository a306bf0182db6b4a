"""No broker: for labs whose services talk to each other directly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .components import Component
from .labs import LabError
from .watch import Watch


class NoBroker:
    variable = "CRASHPROOF_NO_BROKER"

    @contextmanager
    def server(self, folder: Path, watch: Watch) -> Iterator[Component]:
        yield Component("no broker", "", "")

    def create(self, url: str, name: str, queues: Sequence[str]) -> None:
        """There is nothing to make."""

    def drop(self, url: str, name: str, queues: Sequence[str]) -> None:
        """There is nothing to drop."""

    def unfinished(self, url: str, name: str, queues: Sequence[str]) -> int:
        return 0

    async def connect(self, url: str, name: str) -> "NoChannel":
        raise LabError("this lab has no broker")


class NoChannel:
    """Never made; it is here so that the interface is whole."""

    async def publish(self, queue: str, text: str, *, key: str) -> None: ...

    async def fetch(self, queue: str) -> None: ...

    async def close(self) -> None: ...


BROKER = NoBroker()
