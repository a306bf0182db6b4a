"""Deterministic ids: a retry has to send what the first attempt sent, under the same id.

Claim   What an endpoint has decided for a message is mailed once, whatever crashes: the outputs are
        stored with the decision, under ids made of the message, the endpoint and the ordinal.
Faults  An endpoint crashes between its commit and its acknowledgement, so that its message returns.
        A send whose acknowledgement is lost is a crash behind the send.
Source  T. Masternak, S. Pobiega, exactly-once workshop (github.com/exactly-once/workshop), the
        exercises on deterministic ids and on outputs that are made anew from the state.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Bounds,
    Eventually,
    Id,
    Limit,
    Map,
    Model,
    Steps,
    action,
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
    when,
    witness,
)


class Payment(Id, scope=2):
    """An event that both endpoints subscribe to, by the id that its sender has given it."""


class Endpoint(Enum):
    """Who handles the event."""

    BILLING = "books the payment, or rejects it"
    LOYALTY = "welcomes who pays for the first time, and sends a coupon"


class Retry(Enum):
    """Where an endpoint that has committed already takes the outputs from."""

    STORED = "they are stored with the change"
    FROM_STATE = "they are made from the state as it is now"
    FROM_MESSAGE = "they are made from the message"


@dataclass(frozen=True)
class Mail:
    """What is to be mailed: receipt and welcome are first outputs, the coupon is a second one."""

    payment: Payment
    endpoint: Endpoint
    ordinal: Annotated[int, Bounds(1, 2)]


@dataclass(frozen=True)
class OutputId:
    """A hash of these. A part that is None was not hashed."""

    payment: Payment
    endpoint: Endpoint | None
    ordinal: Annotated[int, Bounds(1, 2)] | None
    attempt: Annotated[int, Limit(0, 5)] | None


@dataclass(frozen=True)
class Output:
    """A message to the mailer, which looks at nothing but the id."""

    mail: Mail
    attempt: Annotated[int, Limit(0, 5)] | None


class DeterministicIds(Model):
    """Two endpoints that handle the same events, and a mailer that drops ids it knows."""

    hash_endpoint: Final[bool] = True
    hash_ordinal: Final[bool] = True
    random_id: Final[bool] = False  # is each attempt's id another one?
    retry: Final[Retry] = Retry.STORED

    waiting: Map[Endpoint, set[Payment]] = Map(set())
    committed: Map[Endpoint, set[Payment]] = Map(set())
    decided: set[Mail] = set()  # with the commit, and stored there
    attempts: Annotated[int, Limit(0, 5)] = 0  # of those with a random id
    sent: set[Output] = set()
    received: set[Output] = set()
    mails: Bag[Mail] = Bag()

    @initial
    def every_payment_is_published(self) -> None:
        for endpoint in Endpoint:
            self.waiting[endpoint] = set(Payment)

    @pure
    def made(self, endpoint: Endpoint, payment: Payment, booked: bool, first: bool) -> set[Mail]:
        if endpoint is Endpoint.BILLING:
            return {Mail(payment, endpoint, 1)} if booked else set()
        return {Mail(payment, endpoint, 1), Mail(payment, endpoint, 2)} if first else set()

    @pure
    def to_send(self, endpoint: Endpoint, payment: Payment, again: bool) -> set[Mail]:
        stored = {m for m in self.decided if m.payment == payment and m.endpoint == endpoint}
        if again and self.retry is Retry.FROM_STATE:
            first = len(self.committed[endpoint]) == 1
            return self.made(endpoint, payment, len(stored) > 0, first)
        if again and self.retry is Retry.FROM_MESSAGE:
            return self.made(endpoint, payment, True, False)
        return stored

    @pure
    def id_of(self, output: Output) -> OutputId:
        mail = output.mail
        endpoint = mail.endpoint if self.hash_endpoint else None
        ordinal = mail.ordinal if self.hash_ordinal else None
        return OutputId(mail.payment, endpoint, ordinal, output.attempt)

    @process(fair="weak")
    def handler(self, me: Endpoint) -> Steps:
        while True:
            yield "commit"
            payment = choose(self.waiting[me])
            again = payment in self.committed[me]
            if not again:
                booked = False
                if me is Endpoint.BILLING:
                    booked = either("booked", "rejected") == "booked"
                first = len(self.committed[me]) == 0
                self.committed[me].add(payment)
                self.decided |= self.made(me, payment, booked, first)
            yield "send"
            mails = self.to_send(me, payment, again)
            attempt = self.attempts if self.random_id else None
            self.sent |= {Output(mail, attempt) for mail in mails}
            if self.random_id:
                self.attempts += 1
            yield "acknowledge"
            self.waiting[me].remove(payment)

    @action(fair="weak")
    def deliver(self) -> None:
        """The mailer mails what has an id that it has not seen, and remembers the id with it."""
        output = choose(self.sent - self.received)
        if all(self.id_of(output) != self.id_of(known) for known in self.received):
            self.mails.add(output.mail)
        self.received.add(output)

    @fault(at_most=1)
    def crash(self, endpoint: Endpoint) -> None:
        """The endpoint forgets its message, which will be delivered again."""
        when(not at(self.handler, endpoint, "commit"))
        restart(self.handler, endpoint)

    @invariant
    def nothing_is_mailed_twice(self) -> bool:
        return all(self.mails.count(mail) <= 1 for mail in self.mails)

    @invariant
    def only_what_was_decided_is_mailed(self) -> bool:
        return all(mail in self.decided for mail in self.mails)

    @invariant
    def one_id_is_one_mail(self) -> bool:
        return all(
            all(a.mail == b.mail or self.id_of(a) != self.id_of(b) for b in self.sent)
            for a in self.sent
        )

    @invariant
    def nothing_received_is_dropped(self) -> bool:
        return all(output.mail in self.mails for output in self.received)

    @invariant
    def an_acknowledged_message_has_sent_what_was_decided(self) -> bool:
        return all(
            mail.payment in self.waiting[mail.endpoint]
            or any(output.mail == mail for output in self.sent)
            for mail in self.decided
        )

    @at_rest
    def everything_decided_is_mailed(self) -> bool:
        return all(mail in self.mails for mail in self.decided)

    @witness
    def an_output_is_sent_again(self) -> bool:
        """A message has been sent for, and its endpoint will handle it once more."""
        return any(
            at(self.handler, output.mail.endpoint, "commit")
            and output.mail.payment in self.waiting[output.mail.endpoint]
            for output in self.sent
        )

    @liveness
    def every_message_is_acknowledged(self) -> Eventually:
        return Eventually(all(len(self.waiting[endpoint]) == 0 for endpoint in Endpoint))
