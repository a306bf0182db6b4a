"""The catalogue's `dedup`, its workers written as processes."""

from enum import Enum
from typing import Final

from checker import (
    Bag,
    Id,
    LeadsTo,
    Model,
    Steps,
    action,
    at,
    choose,
    fault,
    invariant,
    liveness,
    process,
    restart,
    when,
    witness,
)


class MessageId(Id, scope=2):
    """The idempotency key that the producer puts on a message."""


class Worker(Id, scope=2):
    """One of the competing consumers."""


class Commit(Enum):
    """The order in which a worker writes the key and the effect."""

    ATOMIC = "both in one transaction"
    KEY_FIRST = "the key, then the effect"
    EFFECT_FIRST = "the effect, then the key"


class DedupProcesses(Model):
    """One queue, and workers that share a key store and a database of effects."""

    commit: Final[Commit] = Commit.ATOMIC
    short_window: Final[bool] = False

    sent: set[MessageId] = set()
    queue: set[MessageId] = set()
    keys: set[MessageId] = set()
    effects: Bag[MessageId] = Bag()

    @action
    def send(self, msg: MessageId) -> None:
        when(msg not in self.sent)
        self.sent.add(msg)
        self.queue.add(msg)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "begin"
            msg = choose(self.queue)
            if msg in self.keys:
                self.queue.remove(msg)
                continue
            if self.commit is not Commit.EFFECT_FIRST:
                self.keys.add(msg)
            if self.commit is not Commit.KEY_FIRST:
                self.effects.add(msg)
            yield "finish"
            if self.commit is Commit.KEY_FIRST:
                self.effects.add(msg)
            if self.commit is Commit.EFFECT_FIRST:
                self.keys.add(msg)
            self.queue.discard(msg)

    @fault(at_most=1)
    def crash(self, worker: Worker) -> None:
        """The worker forgets its message, which stays visible to the others."""
        when(at(self.worker, worker, "finish"))
        restart(self.worker, worker)

    @fault(at_most=1)
    def expire(self, msg: MessageId) -> None:
        when(msg in self.keys and (self.short_window or msg not in self.queue))
        self.keys.remove(msg)

    @invariant
    def at_most_one_effect(self, msg: MessageId) -> bool:
        return self.effects.count(msg) <= 1

    @witness
    def a_duplicate_can_arrive(self) -> bool:
        return any(m in self.queue and m in self.effects for m in MessageId)

    @liveness
    def every_message_takes_effect(self, msg: MessageId) -> LeadsTo:
        return LeadsTo(msg in self.sent, msg in self.effects)
