"""Which labs exist, which variants each has, and what a run gives back.

Owns the data that a command line or a test lists. Does not run anything: `run.py` does, and is
imported at the first run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class LabError(Exception):
    """A lab run that cannot start or cannot finish, for a reason the user can act on."""


class LabUnavailable(LabError):
    """A package that the lab needs is not installed."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"the lab needs {missing}, which is not installed. "
            "Install everything it needs with: pip install 'crashproof[lab]'"
        )


@dataclass(frozen=True)
class OutboxVariant:
    """What is switched in the outbox services; the names are those of the model's variants."""

    deduplicate: bool
    summary: str


OUTBOX_VARIANTS = {
    "correct": OutboxVariant(
        deduplicate=True, summary="the consumer remembers what it has applied, and ships once"
    ),
    "no_deduplication": OutboxVariant(
        deduplicate=False, summary="the consumer ships at every delivery"
    ),
}


@dataclass(frozen=True)
class LabResult:
    """What a finished run did; the log it wrote has every single step.

    `placed` and `shipped_rows` were counted in the tables after everything had stopped.
    `duplicates_delivered` counts the `consume` lines of orders that had shipped before.
    """

    out: Path
    variant: str
    seed: int
    orders: int
    placed: int
    shipped_rows: int
    duplicates_delivered: int
    kills: int
    events: int
    seconds: float


class RunLab(Protocol):
    """One run: everything is started, killed, restarted, stopped and removed inside the call."""

    def __call__(
        self,
        *,
        seed: int,
        out: Path,
        variant: str = "correct",
        orders: int = 100,
        kills: int = 8,
        seconds_max: float = 120.0,
        progress: Callable[[str], None] | None = None,
    ) -> LabResult: ...


@dataclass(frozen=True)
class Lab:
    """One kind of service under test."""

    summary: str
    variants: tuple[str, ...]
    run: RunLab


def _run_outbox(
    *,
    seed: int,
    out: Path,
    variant: str = "correct",
    orders: int = 100,
    kills: int = 8,
    seconds_max: float = 120.0,
    progress: Callable[[str], None] | None = None,
) -> LabResult:
    """`run.run_outbox`, imported only now so that listing the labs stays fast."""
    from .run import run_outbox

    return run_outbox(
        seed=seed,
        out=out,
        variant=variant,
        orders=orders,
        kills=kills,
        seconds_max=seconds_max,
        progress=progress,
    )


LABS = {
    "outbox": Lab(
        summary="a transactional outbox: PostgreSQL, a relay, NATS JetStream, a consumer",
        variants=tuple(OUTBOX_VARIANTS),
        run=_run_outbox,
    ),
}
