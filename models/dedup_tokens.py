"""Token-based deduplication: a message may be processed as long as its token exists.

Claim   Every message changes the state of each hop once, although no hop remembers what it has
        processed: it deletes the token instead. In the end no token is left.
Faults  A hop crashes between any two steps, and its message is delivered again; a token store comes
        back from a backup. A write whose acknowledgement is lost is a crash behind the write.
Source  T. Masternak, S. Pobiega, exactly-once workshop (github.com/exactly-once/workshop), the
        exercise on tokens, and exactly-once/outbox-based-consistent-messaging.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Eventually,
    Id,
    Limit,
    Map,
    Model,
    Steps,
    at,
    at_rest,
    choose,
    fault,
    initial,
    invariant,
    liveness,
    process,
    pure,
    restart,
    when,
    witness,
)


class Message(Id, scope=1):
    """What is handed from the first hop to the second."""


class Hop(Enum):
    """A service with a queue, a store for its state and outbox, and a store for tokens."""

    FIRST = "sends a message on"
    SECOND = "sends nothing"


class Make(Enum):
    """When the first hop makes the token of what it sends."""

    REGISTERED = "its id is stored, it is made, and that is stored, before the message goes out"
    CHECKPOINTED = "it is made, and its id is stored, before the message goes out"
    AT_EACH_ATTEMPT = "its id is stored; each attempt sees to it that it exists"
    ANEW = "each attempt makes another one"
    LATE = "its id is stored; it is made when the message has gone out"


@dataclass(frozen=True)
class Token:
    """The right to process a message at a hop, once; the message carries its id."""

    message: Message
    hop: Hop
    number: Annotated[int, Limit(0, 6)] = 0


@dataclass(frozen=True)
class Change:
    """What processing a message does to a hop's state."""

    message: Message
    hop: Hop


@dataclass(frozen=True)
class Record:
    """The outbox of a hop: whose change is not finished, and which token its output has."""

    token: Token
    out: Token | None = None
    made: bool = False


class DedupTokens(Model):
    """Two hops, each with one worker."""

    make: Final[Make] = Make.REGISTERED
    commit_first: Final[bool] = True  # or is the token deleted before the commit?
    take_unclaimed: Final[bool] = True  # or is a token that nobody has claimed a duplicate's?
    delete_finished: Final[bool] = True  # or, finishing another message, the token at hand?
    restored: Final[bool] = False  # may a deleted token come back?

    queue: set[Token] = set()  # messages, each with its token
    tokens: dict[Token, Hop | None] = {}  # with who has claimed it
    outbox: dict[Hop, Record] = {}
    drawn: Map[Message, Annotated[int, Limit(0, 6)]] = Map(0)
    changes: Bag[Change] = Bag()
    acknowledged: set[Token] = set()

    @initial
    def every_message_arrives_with_a_token(self) -> None:
        self.queue = {Token(message, Hop.FIRST) for message in Message}
        self.tokens = {token: None for token in self.queue}  # noqa: C420 (no `fromkeys` in models)

    @pure
    def is_duplicate(self, token: Token) -> bool:
        if token not in self.tokens:
            return True
        return self.tokens[token] is None and not self.take_unclaimed

    @pure
    def next_token(self, record: Record) -> Token:
        message = record.token.message
        return (
            record.out
            if record.out is not None
            else Token(message, Hop.SECOND, self.drawn[message])
        )

    @process(fair="weak")
    def handler(self, me: Hop) -> Steps:
        while True:
            yield "receive"
            token = choose({token for token in self.queue if token.hop == me})
            if me not in self.outbox:
                yield "claim_token"
                if self.is_duplicate(token):
                    yield "drop"
                    self.queue.remove(token)
                    self.acknowledged.add(token)
                    continue
                self.tokens[token] = me
                if not self.commit_first:
                    yield "use_token"
                    del self.tokens[token]
                yield "commit"
                self.changes.add(Change(token.message, me))
                self.outbox[me] = Record(token)
            record = self.outbox[me]
            if me is Hop.FIRST:
                out = self.next_token(record)
                if record.out is None:
                    self.drawn[record.token.message] += 1
                    if self.make is not Make.CHECKPOINTED and self.make is not Make.ANEW:
                        yield "register_token"
                        self.outbox[me] = Record(record.token, out)
                if self.make is not Make.LATE and not record.made:
                    yield "create_token"
                    self.tokens[out] = None
                    if self.make is Make.REGISTERED or self.make is Make.CHECKPOINTED:
                        yield "checkpoint"
                        self.outbox[me] = Record(record.token, out, True)
                yield "dispatch"
                self.queue.add(out)
                if self.make is Make.LATE:
                    yield "create_late"
                    self.tokens[out] = None
            yield "delete_token"
            deleted = record.token if self.delete_finished else token
            if deleted in self.tokens:
                del self.tokens[deleted]
            yield "clear"
            del self.outbox[me]
            if record.token != token:
                continue  # what was received is still to be processed
            yield "acknowledge"
            self.queue.remove(token)
            self.acknowledged.add(token)

    @fault(at_most=2)
    def crash(self, hop: Hop) -> None:
        """The worker forgets its message, which will be delivered again."""
        when(not at(self.handler, hop, "receive"))
        restart(self.handler, hop)

    @fault(at_most=1)
    def restore(self, token: Token) -> None:
        """The token store comes back from a backup that still has the token."""
        when(self.restored and token in self.queue and token not in self.tokens)
        self.tokens[token] = None

    @invariant
    def nothing_is_changed_twice(self) -> bool:
        return all(self.changes.count(change) <= 1 for change in self.changes)

    @invariant
    def nothing_acknowledged_is_lost(self) -> bool:
        return all(Change(token.message, token.hop) in self.changes for token in self.acknowledged)

    @invariant
    def a_message_goes_out_with_one_token(self) -> bool:
        return all(
            all(a == b or a.message != b.message or a.hop != b.hop for b in self.acknowledged)
            for a in self.queue
        )

    @at_rest
    def no_token_is_left(self) -> bool:
        return len(self.tokens) == 0

    @witness
    def a_duplicate_arrives(self) -> bool:
        return any(token in self.acknowledged for token in self.queue)

    @liveness
    def every_message_is_processed_by_both(self, message: Message) -> Eventually:
        return Eventually(all(Change(message, hop) in self.changes for hop in Hop))
