"""What the orchestrator and the participants of a saga say to each other, and the network between.

A message is `KIND STEP ORDER`, such as `DO CHARGE order-7`. The network may hold one back for
longer than the orchestrator waits, while later ones pass it, and may deliver one twice. Who is
killed meanwhile takes what is held back with it: that message is lost.

The seed decides what becomes of an order, and which of its messages meets the faults of the plan.
"""

import asyncio
import random
import secrets
from dataclasses import dataclass

from .broker import Channel
from .service import Service, number_of

STEPS = ("RESERVE", "CHARGE", "SHIP")

STEP_SECONDS = 2.0  # until a step that may be undone is taken for failed; a redelivery takes 1
RETRY_SECONDS = 4.0  # until a command that must succeed is sent again
HELD_SECONDS = 2.7  # how long the network holds a message back


@dataclass(frozen=True)
class Message:
    """DO and UNDO are commands; DONE, REJECTED, UNDONE and FAILED are answers."""

    kind: str
    step: str
    order: str

    def text(self) -> str:
        return f"{self.kind} {self.step} {self.order}"


def parse(text: str) -> Message:
    """
    >>> parse("DO CHARGE order-7")
    Message(kind='DO', step='CHARGE', order='order-7')
    """
    return Message(*text.split(" "))


@dataclass(frozen=True)
class Fate:
    """What the seed has decided for an order.

    `rejected` is the step that its participant refuses, `lasting` the one that it can never undo;
    "" for none. Kills at named points strike while `weak` is dealt with; `late` and `twice` are the
    kind and step of the messages that the faults of these names can strike.
    """

    rejected: str
    lasting: str
    weak: str
    late: tuple[str, str]
    twice: tuple[str, str]


def fate(seed: int, order: str) -> Fate:
    """
    >>> fate(1, "order-3") == fate(1, "order-3")
    True
    """
    source = random.Random(f"fate/{seed}/{order}")
    ends = source.choices(("well", "rejected", "lasting"), (5, 4, 1))[0]
    rejected = lasting = ""
    if ends == "rejected":
        rejected = source.choices(STEPS, (1, 2, 3))[0]
    elif ends == "lasting":
        rejected, lasting = source.choice((("CHARGE", "RESERVE"), ("SHIP", "CHARGE")))
    undone = STEPS[: STEPS.index(rejected)] if rejected else ()
    weak = source.choice(STEPS)
    late = (source.choice(("DO", "DONE")), source.choice(STEPS))
    twice = ("DO", source.choice(STEPS))
    if undone and source.random() < 0.7:
        twice = ("UNDO", source.choice(undone))
    return Fate(rejected, lasting, weak, late, twice)


class Network:
    """Sends, and keeps what is held back until it is sent."""

    def __init__(self, service: Service, channel: Channel) -> None:
        self._service = service
        self._channel = channel
        self._held: set[asyncio.Task[None]] = set()

    async def send(self, queue: str, message: Message, *, hold: bool = False) -> None:
        """Return when the broker has the message, or when it is held back."""
        own, number = fate(self._service.settings.seed, message.order), number_of(message.order)
        what = (message.kind, message.step)
        if hold or (what == own.late and self._service.meets("delay", number)):
            task = asyncio.create_task(self._later(queue, message))
            self._held.add(task)
            task.add_done_callback(self._held.discard)
            return
        await self._publish(queue, message)
        if what == own.twice and self._service.meets("duplicate", number):
            await self._publish(queue, message)

    async def settle(self) -> None:
        """Return when nothing is held back any more. Raises: what sending raises."""
        await asyncio.gather(*self._held)

    async def _later(self, queue: str, message: Message) -> None:
        await asyncio.sleep(HELD_SECONDS)
        await self._publish(queue, message)

    async def _publish(self, queue: str, message: Message) -> None:
        await self._channel.publish(queue, message.text(), key=secrets.token_hex(8))
