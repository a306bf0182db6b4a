"""What may become of a call to another machine: a store, a broker, a payment provider.

Owns the four outcomes, and nothing about who is called. What the network does is the environment's
choice, made in the model with the budgets that it names:

    call = either(Call.ANSWERED, unlucky(Call.ANSWER_LOST, at_most=1), unlucky(...))
    outcome = outcome_of(call, self.orders.is_at(order, version))

The outcome says what happened; the caller sees only `Answer`: of the two silent outcomes it cannot
tell which it is, and that is what idempotency is for.
"""

from __future__ import annotations

from enum import Enum

from .model import pure

__all__ = ["Answer", "Call", "Outcome", "answer_of", "is_applied", "outcome_of"]


class Call(Enum):
    """What the network does with a call."""

    ANSWERED = "answered"
    ANSWER_LOST = "the answer is lost"
    LOST = "the call itself is lost"


class Outcome(Enum):
    """What became of a call."""

    APPLIED = "applied, and acknowledged"
    APPLIED_SILENTLY = "applied, but the acknowledgement is lost"
    REJECTED = "rejected, and said so"
    TIMED_OUT = "not applied, and no answer"


class Answer(Enum):
    """What the caller sees."""

    OK = "ok"
    REJECTED = "rejected"
    NONE = "no answer"


@pure
def outcome_of(call: Call, accepted: bool) -> Outcome:
    """The outcome of a call that the other side accepts, or does not, if it arrives.

    >>> outcome_of(Call.ANSWER_LOST, True), outcome_of(Call.ANSWER_LOST, False)
    (<Outcome.APPLIED_SILENTLY: 'applied, but the acknowledgement is lost'>, \
<Outcome.TIMED_OUT: 'not applied, and no answer'>)
    """
    if call is Call.ANSWERED:
        return Outcome.APPLIED if accepted else Outcome.REJECTED
    if call is Call.ANSWER_LOST and accepted:
        return Outcome.APPLIED_SILENTLY
    return Outcome.TIMED_OUT


@pure
def is_applied(outcome: Outcome) -> bool:
    """Did the other side do it, whatever the caller knows?

    >>> is_applied(Outcome.APPLIED_SILENTLY)
    True
    """
    return outcome in (Outcome.APPLIED, Outcome.APPLIED_SILENTLY)


@pure
def answer_of(outcome: Outcome) -> Answer:
    """What the caller sees of an outcome.

    >>> answer_of(Outcome.APPLIED_SILENTLY) is answer_of(Outcome.TIMED_OUT) is Answer.NONE
    True
    """
    if outcome is Outcome.APPLIED:
        return Answer.OK
    return Answer.REJECTED if outcome is Outcome.REJECTED else Answer.NONE
