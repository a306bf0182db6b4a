"""The consumer of the reference: three steps, and a crash between any two."""

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
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Consumer(Model):
    sent: set[MessageId] = set()
    queue: Bag[MessageId] = Bag()
    charged: Bag[MessageId] = Bag()

    @action
    def send(self, message: MessageId) -> None:
        when(message not in self.sent)
        self.sent.add(message)
        self.queue.add(message)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            message = choose(self.queue)
            yield "charge"
            self.charged.add(message)
            yield "acknowledge"
            self.queue.discard(message)

    @fault(at_most=1)
    def crash(self, me: Worker) -> None:
        restart(self.worker, me)

    @invariant
    def at_most_three(self) -> bool:
        return len(self.charged) <= 3

    @witness
    def both_charge(self) -> bool:
        return all(at(self.worker, w, "charge") for w in Worker)

    @liveness
    def every_message_is_charged(self, message: MessageId) -> LeadsTo:
        return LeadsTo(message in self.sent, message in self.charged)
