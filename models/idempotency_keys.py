"""Idempotency keys: all attempts of one request carry one key, and the server acts once for it.

Claim   An order is charged at most once, however often it is asked for; every attempt gets the
        answer of the first; and the client gets an answer in the end.
Faults  A server crashes; the provider declines for the moment, or does not answer, whether it has
        charged or not; the key is used for another order by mistake; a key expires. A write to the
        key store whose acknowledgement is lost is a crash behind that write.
Source  IETF draft-ietf-httpapi-idempotency-key-header-07;
        https://docs.stripe.com/api/idempotent_requests
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Bounds,
    Eventually,
    Id,
    Model,
    Steps,
    at,
    at_rest,
    choose,
    either,
    fault,
    initial,
    invariant,
    liveness,
    process,
    pure,
    restart,
    unlucky,
    when,
    witness,
)


class Server(Id, scope=2):
    """One of the processes that answer requests."""


class Order(Enum):
    """What a request asks to be charged."""

    FIRST = "the order that the key was made for"
    OTHER = "another one, sent under the same key by mistake"


class KeyFor(Enum):
    """What shares a key."""

    ORDER = "all attempts, at all servers"
    ATTEMPT = "one attempt: the client makes a key for each"
    SERVER = "what reaches one server: it keeps its keys to itself"


class Recovery(Enum):
    """Who finishes a request that its server has left in progress."""

    OWNER = "the same server, when it meets the key again"
    NOBODY = "nobody"
    ANYONE = "whoever meets the key, as after a lease"


@dataclass(frozen=True)
class Request:
    """One attempt. It is on its way until it is answered: a client without an answer repeats it."""

    order: Order
    attempt: Annotated[int, Bounds(1, 2)] = 1


@dataclass(frozen=True)
class Key:
    """What a claim is stored under. A part that is None does not tell keys apart."""

    attempt: Annotated[int, Bounds(1, 2)] | None
    server: Server | None


@dataclass(frozen=True)
class Answer:
    """The number of a charge at the provider; None: declined for the moment."""

    order: Order
    charge: Annotated[int, Bounds(1, 4)] | None


@dataclass(frozen=True)
class Claim:
    """The row of a key. It is in progress until it has an answer."""

    fingerprint: Request
    owner: Server
    answer: Answer | None = None


@dataclass(frozen=True)
class Refusal:
    """A 422: an order came under the key of `owner`."""

    order: Order
    owner: Order


class IdempotencyKeys(Model):
    """A client, servers that share a store of keys, and a provider that knows no keys."""

    unique_insert: Final[bool] = True  # or look first, and insert then?
    key_for: Final[KeyFor] = KeyFor.ORDER
    recovery: Final[Recovery] = Recovery.OWNER
    ask_after_timeout: Final[bool] = True  # or release the key?
    store_declines: Final[bool] = False  # is what may pass tomorrow an answer for good?
    short_ttl: Final[bool] = False  # may a key expire while the client still tries?
    stable_fingerprint: Final[bool] = True  # or does it cover what differs between attempts?

    requests: set[Request] = set()
    keys: dict[Key, Claim] = {}
    charges: Bag[Order] = Bag()  # at the provider
    answers: Bag[Answer] = Bag()  # at the client
    refusals: set[Refusal] = set()

    @initial
    def the_client_has_asked_twice(self) -> None:
        self.requests.add(Request(Order.FIRST, 1))
        self.requests.add(Request(Order.FIRST, 2))

    @pure
    def key_of(self, request: Request, server: Server) -> Key:
        attempt = request.attempt if self.key_for is KeyFor.ATTEMPT else None
        return Key(attempt, server if self.key_for is KeyFor.SERVER else None)

    @pure
    def claim_of(self, request: Request, server: Server, answer: Answer | None) -> Claim:
        fingerprint = Request(request.order) if self.stable_fingerprint else request
        return Claim(fingerprint, server, answer)

    @pure
    def may_finish(self, server: Server, claim: Claim) -> bool:
        owner = self.recovery is Recovery.OWNER and claim.owner == server
        return owner or self.recovery is Recovery.ANYONE

    @process(fair="weak")
    def server(self, me: Server) -> Steps:
        while True:
            yield "claim"
            request = choose(self.requests)
            claim = self.keys.get(self.key_of(request, me))
            if claim is not None:
                if claim.fingerprint != self.claim_of(request, me, None).fingerprint:  # 422
                    self.refusals.add(Refusal(request.order, claim.fingerprint.order))
                    self.requests.remove(request)
                    continue
                if claim.answer is not None:
                    if claim.answer.charge is not None:
                        self.answers.add(claim.answer)
                        self.requests.remove(request)
                    continue  # who is declined tries again
                if not self.may_finish(me, claim):  # 409: try again
                    continue
                charged = False
            else:
                if not self.unique_insert:
                    yield "insert"
                self.keys[self.key_of(request, me)] = self.claim_of(request, me, None)
                yield "charge"
                charged = either("charged", unlucky("trouble", at_most=1)) == "charged"
                if charged:
                    self.charges.add(request.order)
                else:
                    trouble = either("declined", "timeout", "charged_but_timeout")
                    if trouble == "charged_but_timeout":
                        self.charges.add(request.order)
                    if trouble == "declined" and self.store_declines:
                        declined = Answer(request.order, None)
                        self.keys[self.key_of(request, me)] = self.claim_of(request, me, declined)
                        continue
                    if trouble == "declined" or not self.ask_after_timeout:
                        if self.key_of(request, me) in self.keys:
                            del self.keys[self.key_of(request, me)]
                        continue
            if not charged:
                yield "ask_provider"
                if request.order not in self.charges:
                    if self.key_of(request, me) in self.keys:
                        del self.keys[self.key_of(request, me)]
                    continue
            answer = Answer(request.order, self.charges.count(request.order))
            yield "store_answer"
            self.keys[self.key_of(request, me)] = self.claim_of(request, me, answer)
            yield "reply"
            self.answers.add(answer)
            self.requests.discard(request)

    @fault(at_most=1)
    def crash(self, server: Server) -> None:
        """The server forgets its request, and the client repeats it."""
        when(not at(self.server, server, "claim"))
        restart(self.server, server)

    @fault(at_most=1)
    def reuse_key(self) -> None:
        """The client sends another order under the key."""
        when(len(self.requests) > 0)
        self.requests.add(Request(Order.OTHER))

    @fault(at_most=1)
    def expire(self, key: Key) -> None:
        """The store drops the key of an answered request: too early, if the client still tries."""
        claim = self.keys.get(key)
        when(claim is not None and claim.answer is not None)
        when(self.short_ttl or len(self.requests) == 0)
        del self.keys[key]

    @invariant
    def no_order_is_charged_twice(self, order: Order) -> bool:
        return self.charges.count(order) <= 1

    @invariant
    def one_key_charges_for_one_order(self) -> bool:
        return Order.FIRST not in self.charges or Order.OTHER not in self.charges

    @invariant
    def every_attempt_gets_the_same_answer(self) -> bool:
        return len(self.answers.values()) <= 1

    @invariant
    def only_another_order_is_refused(self) -> bool:
        return all(refusal.order != refusal.owner for refusal in self.refusals)

    @at_rest
    def every_attempt_is_answered(self) -> bool:
        return len(self.requests) == 0

    @witness
    def a_retry_gets_the_stored_answer(self) -> bool:
        return any(self.answers.count(answer) > 1 for answer in self.answers)

    @liveness
    def the_client_gets_an_answer(self) -> Eventually:
        return Eventually(
            any(answer.order is Order.FIRST for answer in self.answers)
            or any(refusal.order is Order.FIRST for refusal in self.refusals)
        )
