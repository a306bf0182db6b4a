"""Which labs exist, which variants each has, and what a run gives back.

Owns the data that a command line or a test lists. Does not run anything: `run.py` does, and is
imported at the first run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path


class LabError(Exception):
    """A lab run that cannot start or cannot finish, for a reason the user can act on."""


class LabUnavailable(LabError):
    """A package that the lab needs is not installed."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"the lab needs {missing}, which is not installed. "
            "Install everything it needs with: pip install 'crashproof[lab]'"
        )


CORRECT = "correct"

BROKERS = ("nats", "rabbitmq", "redis")


@dataclass(frozen=True)
class Variant:
    """One form of the services.

    `model_variant` is the variant of the model that this form is; "" for the model as it is
    written. `switches` are what the services are told. `broker`: the only one it runs on, if any.
    """

    summary: str
    model_variant: str
    switches: Mapping[str, str | float | bool]
    broker: str = ""


@dataclass(frozen=True)
class LabResult:
    """What a finished run did; the log it wrote has every single step.

    `tally` was counted in the stores after everything had stopped, and `struck` are the ids for
    which the stores then show that something went wrong: an effect that is lost or doubled.
    """

    out: Path
    lab: str
    variant: str
    seed: int
    orders: int
    faults: str
    tally: Mapping[str, int]
    struck: tuple[str, ...]
    kills: int
    events: int
    seconds: float


@dataclass(frozen=True)
class Lab:
    """One kind of service under test, and the model that its log is held against."""

    name: str
    model: str
    summary: str
    variants: Mapping[str, Variant]
    brokers: tuple[str, ...]

    def run(
        self,
        *,
        seed: int,
        out: Path,
        variant: str = CORRECT,
        orders: int | None = None,
        faults: str = "",
        broker: str = "",
        seconds_max: float = 120.0,
        progress: Callable[[str], None] | None = None,
    ) -> LabResult:
        """One run: everything is started, killed, restarted, stopped and removed inside the call.

        `faults` are counts such as `kills=8,late_acks=2`; without, and without `orders`, those of
        the lab. `broker` is one of `brokers`, by default the first.

        Raises: LabError, if the request is wrong or the run does not finish; LabUnavailable, if a
        package is missing. In both cases, and after an interruption, `out` is not written.
        """
        from .run import Request, run_lab

        request = Request(self, seed, out, variant, orders, faults, broker or self.brokers[0])
        return run_lab(request, seconds_max=seconds_max, tell=progress or (lambda _text: None))


OUTBOX = Lab(
    name="outbox",
    model="outbox",
    summary="a transactional outbox: PostgreSQL, a relay, a broker, a consumer",
    variants={
        CORRECT: Variant(
            "the consumer remembers what it has applied, and ships once", "", {"deduplicate": True}
        ),
        "no_deduplication": Variant(
            "the consumer ships at every delivery", "no_deduplication", {"deduplicate": False}
        ),
    },
    brokers=BROKERS,
)

OUTBOX_CDC = replace(
    OUTBOX,
    name="outbox_cdc",
    summary="the outbox, with a relay that reads the database's log by logical decoding",
)

DEDUP = Lab(
    name="dedup",
    model="dedup",
    summary="deduplicating consumers that share a table of keys and a table of effects",
    variants={
        CORRECT: Variant(
            "key and effect in one transaction",
            "",
            {"commit": "atomic", "keys_seconds": 3600.0, "broker_copies": True},
        ),
        "key_first": Variant(
            "the key, then the effect",
            "key_first",
            {"commit": "key_first", "keys_seconds": 3600.0, "broker_copies": True},
        ),
        "effect_first": Variant(
            "the effect, then the key",
            "effect_first",
            {"commit": "effect_first", "keys_seconds": 3600.0, "broker_copies": True},
        ),
        "short_window": Variant(
            "a key is kept for half the time after which the broker delivers again",
            "short_window",
            {"commit": "atomic", "keys_seconds": 0.5, "broker_copies": False},
            broker="nats",  # only it drops what is published twice under one key
        ),
        "broker_window": Variant(
            "no keys: only the broker drops what is published twice within its window; "
            "the acknowledgement is the key, and comes after the effect",
            "effect_first",
            {"commit": "no_keys", "keys_seconds": 3600.0, "broker_copies": False},
            broker="nats",  # only it drops what is published twice under one key
        ),
    },
    brokers=BROKERS,
)

SAGA_SWITCHES = (
    *("record_first", "check_state", "retry_pivot", "undo_in_doubt", "undo_backwards", "alert"),
    *("do_once", "undo_once", "tombstones"),
)


def _saga(summary: str, variant: str = "", off: str = "") -> Variant:
    """A form of the saga: its switches are the model's constants, and a mistake has one off."""
    return Variant(summary, variant, {name: name != off for name in SAGA_SWITCHES})


SAGA = Lab(
    name="saga",
    model="saga",
    summary="a saga: an orchestrator, three participants, commands and answers through a broker",
    variants={
        CORRECT: _saga("what was done is undone once, the last step first"),
        "undo_not_deduplicated": _saga(
            "a participant undoes its step each time it is told to",
            "undo_not_deduplicated",
            "undo_once",
        ),
        "do_not_deduplicated": _saga(
            "a participant does its step each time it is told to", "do_not_deduplicated", "do_once"
        ),
        "no_tombstone": _saga(
            "an undo that finds nothing leaves no trace", "no_tombstone", "tombstones"
        ),
        "only_acknowledged_undone": _saga(
            "the step that did not answer is not undone",
            "only_acknowledged_undone",
            "undo_in_doubt",
        ),
        "forward_order": _saga("the first step is undone first", "forward_order", "undo_backwards"),
        "undone_after_the_pivot": _saga(
            "a pivot that does not answer is undone", "undone_after_the_pivot", "retry_pivot"
        ),
        "recorded_after_the_command": _saga(
            "a decision is recorded only after its command is sent",
            "recorded_after_the_command",
            "record_first",
        ),
        "no_state_check": _saga(
            "a timer fires although its step has answered", "no_state_check", "check_state"
        ),
        "failure_swallowed": _saga(
            "a step that can never be undone is taken for undone", "failure_swallowed", "alert"
        ),
    },
    brokers=BROKERS,
)

RIGHT_KEYS: Mapping[str, str | float | bool] = {
    "unique_insert": True,
    "key_for": "order",
    "recovery": "owner",
    "ask_after_timeout": True,
    "stable_fingerprint": True,
    "store_declines": False,
    "keys_seconds": 3600.0,
}

IDEMPOTENCY_KEYS = Lab(
    name="idempotency_keys",
    model="idempotency_keys",
    summary="an HTTP endpoint with idempotency keys: three servers, a client that tries again",
    variants={
        CORRECT: Variant("one claim for a key, at all servers", "", RIGHT_KEYS),
        "check_then_insert": Variant(
            "the key is looked up first and inserted then",
            "check_then_insert",
            {**RIGHT_KEYS, "unique_insert": False},
        ),
        "release_after_timeout": Variant(
            "the key is released when the provider does not answer",
            "release_after_timeout",
            {**RIGHT_KEYS, "ask_after_timeout": False},
        ),
        "short_ttl": Variant(
            "a key expires while the client may still try again",
            "short_ttl",
            {**RIGHT_KEYS, "keys_seconds": 0.3},
        ),
        "key_per_server": Variant(
            "each server keeps its keys to itself",
            "key_per_server",
            {**RIGHT_KEYS, "key_for": "server"},
        ),
        "key_per_attempt": Variant(
            "the client makes a fresh key for each attempt",
            "key_per_attempt",
            {**RIGHT_KEYS, "key_for": "attempt"},
        ),
        "no_recovery": Variant(
            "a key that a killed server has left in progress stays so",
            "no_recovery",
            {**RIGHT_KEYS, "recovery": "nobody"},
        ),
        "take_over": Variant(
            "a key in progress is taken over while its server may still be at work",
            "take_over",
            {**RIGHT_KEYS, "recovery": "anyone"},
        ),
        "store_declines": Variant(
            "a decline of the moment is stored as the answer",
            "store_declines",
            {**RIGHT_KEYS, "store_declines": True},
        ),
        "volatile_fingerprint": Variant(
            "the fingerprint covers what differs between attempts",
            "volatile_fingerprint",
            {**RIGHT_KEYS, "stable_fingerprint": False},
        ),
    },
    brokers=("none",),
)

LABS = {lab.name: lab for lab in (OUTBOX, OUTBOX_CDC, DEDUP, SAGA, IDEMPOTENCY_KEYS)}
