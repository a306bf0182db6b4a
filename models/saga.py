"""Orchestrated saga: reserve, charge, ship; what was done is undone in reverse if a step fails.

Claim   Every saga ends: with all steps done; or with each step that was done undone once, the last
        one first, and none done later; or, if one can never be undone, with an alert.
Faults  A participant rejects a step; a reply is late, so that the step may or may not be done; a
        message is lost, or arrives twice; the orchestrator crashes; a step can never be undone.
Source  H. Garcia-Molina, K. Salem, Sagas, SIGMOD 1987; pivot: C. Richardson, Microservices
        Patterns, 2018, chapter 4.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Capacity,
    Id,
    LeadsTo,
    Map,
    Model,
    Steps,
    action,
    at,
    at_rest,
    choose,
    either,
    fault,
    invariant,
    liveness,
    process,
    pure,
    restart,
    unlucky,
    when,
    witness,
)


class OrderId(Id, scope=1):
    """One order, and its saga. Sagas share nothing: one shows what can happen to each."""


class Step(Enum):
    """What is to be done, each by a participant with its own database."""

    RESERVE = "set the goods aside"
    CHARGE = "take the money"
    SHIP = "hand the parcel over: the pivot, for it cannot be undone"


class Kind(Enum):
    """What a message says: do or undo a step, and the answers to both."""

    DO = "do the step"
    DONE = "it is done"
    REJECTED = "it is not done, and will never be"
    UNDO = "undo the step"
    UNDONE = "nothing of it remains"
    FAILED = "it can never be undone"


@dataclass(frozen=True)
class Message:
    """A command to the participant of a step, or an answer."""

    kind: Kind
    step: Step


class Phase(Enum):
    """How far a saga is. The last three are ends."""

    FORWARD = "its step is to be done"
    BACKWARD = "its step is to be undone"
    COMPLETED = "all steps are done"
    COMPENSATED = "no step remains done"
    STUCK = "a step can never be undone: somebody is called"


@dataclass(frozen=True)
class Saga:
    """The record of a saga in the orchestrator's log."""

    phase: Phase
    step: Step


@pure
def command(saga: Saga) -> Message:
    """What the orchestrator sends for a saga that has not ended."""
    return Message(Kind.DO if saga.phase is Phase.FORWARD else Kind.UNDO, saga.step)


@pure
def has_ended(saga: Saga) -> bool:
    return saga.phase is not Phase.FORWARD and saga.phase is not Phase.BACKWARD


class Orchestration(Model):
    """One orchestrator with a durable log; a participant for each step; a network."""

    record_first: Final[bool] = True  # is a decision in the log before its command is sent?
    check_state: Final[bool] = True  # does a timer look whether its step is still awaited?
    retry_pivot: Final[bool] = True  # is a pivot that does not answer retried, not undone?
    undo_in_doubt: Final[bool] = True  # does undoing begin with the step that does not answer?
    undo_backwards: Final[bool] = True  # is the last step undone first?
    alert: Final[bool] = True  # is a saga STUCK if a step can never be undone?
    do_once: Final[bool] = True  # does a participant know what it has done ...
    undo_once: Final[bool] = True  # ... and what it has undone?
    tombstones: Final[bool] = True  # does undoing what is not done keep it from being done?

    log: dict[OrderId, Saga] = {}
    network: Map[OrderId, Annotated[Bag[Message], Capacity(4)]] = Map(Bag())

    # The participants' databases.
    done: Map[OrderId, Annotated[Bag[Step], Capacity(6)]] = Map(Bag())
    undone: Map[OrderId, Annotated[Bag[Step], Capacity(6)]] = Map(Bag())
    refused: Map[OrderId, set[Step]] = Map(set())  # rejected, or undone before they were done

    @action
    def start(self, order: OrderId) -> None:
        when(order not in self.log)
        self.log[order] = Saga(Phase.FORWARD, Step.RESERVE)

    @process(fair="weak")
    def orchestrator(self, order: OrderId) -> Steps:
        """Sends the command that the log asks for, and waits; a restart does the same again."""
        while True:
            yield "send_command"
            when(order in self.log and not has_ended(self.log[order]))
            self.network[order].add(command(self.log[order]))
            while True:
                yield "receive_answer"
                answer = choose(self.network[order])
                when(answer.kind is not Kind.DO and answer.kind is not Kind.UNDO)
                self.network[order].remove(answer)
                if not self.is_awaited(order, answer):
                    continue  # it comes too late
                decision = self.decide(answer)
                if self.record_first:
                    self.log[order] = decision
                    break
                if not has_ended(decision):
                    self.network[order].add(command(decision))
                yield "record"
                self.log[order] = decision

    @pure
    def is_awaited(self, order: OrderId, answer: Message) -> bool:
        forward = answer.kind is Kind.DONE or answer.kind is Kind.REJECTED
        phase = Phase.FORWARD if forward else Phase.BACKWARD
        return self.log[order] == Saga(phase, answer.step)

    @pure
    def decide(self, answer: Message) -> Saga:
        """The next record of a saga, after the answer that it awaits."""
        if answer.kind is Kind.DONE:
            if answer.step is Step.SHIP:
                return Saga(Phase.COMPLETED, Step.SHIP)
            return Saga(Phase.FORWARD, Step.SHIP if answer.step is Step.CHARGE else Step.CHARGE)
        if answer.kind is Kind.FAILED and self.alert:
            return Saga(Phase.STUCK, answer.step)
        if answer.kind is not Kind.REJECTED and not self.undo_backwards:
            if answer.step is Step.RESERVE:
                return Saga(Phase.BACKWARD, Step.CHARGE)
            return Saga(Phase.COMPENSATED, Step.RESERVE)
        return self.undo_before(answer.step)

    @pure
    def undo_before(self, step: Step) -> Saga:
        """The record of a saga that has to undo the steps before this one."""
        if step is Step.RESERVE:
            return Saga(Phase.COMPENSATED, Step.RESERVE)
        last = step is Step.SHIP and self.undo_backwards
        return Saga(Phase.BACKWARD, Step.CHARGE if last else Step.RESERVE)

    @action(fair="weak")
    def time_out(self, order: OrderId, step: Step) -> None:
        """A step does not answer in time: whether it is done is in doubt, so it is undone."""
        when(at(self.orchestrator, order, "receive_answer"))
        now = self.log[order]
        when(now.phase is Phase.FORWARD and not (self.retry_pivot and step is Step.SHIP))
        earlier = step is not Step.SHIP and now.step is not Step.RESERVE
        when(step == now.step or (earlier and not self.check_state))
        if self.undo_in_doubt and self.undo_backwards:
            self.log[order] = Saga(Phase.BACKWARD, step)
        elif self.undo_in_doubt:
            self.log[order] = Saga(Phase.BACKWARD, Step.RESERVE)
        else:
            self.log[order] = self.undo_before(step)
        restart(self.orchestrator, order)

    @action(fair="weak")
    def retry(self, order: OrderId) -> None:
        """The pivot, or a step to be undone, does not answer: the same command is sent again."""
        when(at(self.orchestrator, order, "receive_answer"))
        now = self.log[order]
        when(now.phase is Phase.BACKWARD or now == Saga(Phase.FORWARD, Step.SHIP))
        when(all(m.step != now.step for m in self.network[order]))  # nothing is on its way
        restart(self.orchestrator, order)

    @action(fair="weak")
    def perform(self, order: OrderId, step: Step) -> None:
        """A participant does its step, or says what has become of it before."""
        when(Message(Kind.DO, step) in self.network[order])
        self.network[order].remove(Message(Kind.DO, step))
        answer = Kind.DONE
        if step in self.refused[order]:
            answer = Kind.REJECTED
        elif not (self.do_once and step in self.done[order]):
            if either("ok", unlucky("rejected", at_most=1)) == "ok":
                self.done[order].add(step)
            else:
                self.refused[order].add(step)
                answer = Kind.REJECTED
        self.network[order].add(Message(answer, step))

    @action(fair="weak")
    def compensate(self, order: OrderId, step: Step) -> None:
        """A participant undoes its step, or leaves a tombstone if there is nothing to undo."""
        when(Message(Kind.UNDO, step) in self.network[order])
        self.network[order].remove(Message(Kind.UNDO, step))
        answer = Kind.UNDONE
        if step not in self.done[order]:
            if self.tombstones:
                self.refused[order].add(step)
        elif not (self.undo_once and step in self.undone[order]):
            if either("ok", unlucky("failed", at_most=1)) == "ok":
                self.undone[order].add(step)
            else:
                answer = Kind.FAILED
        self.network[order].add(Message(answer, step))

    @fault(at_most=1)
    def crash(self, order: OrderId) -> None:
        """The orchestrator restarts, and knows of the saga what its log says."""
        restart(self.orchestrator, order)

    @fault(at_most=1)
    def disturb(self, order: OrderId) -> None:
        """The network loses a message, or delivers it twice."""
        message = choose(self.network[order])
        if either("lost", "twice") == "lost":
            self.network[order].remove(message)
        else:
            self.network[order].add(message)

    @invariant
    def no_step_is_done_twice(self, order: OrderId) -> bool:
        return all(self.done[order].count(s) <= 1 for s in Step)

    @invariant
    def no_step_is_undone_twice(self, order: OrderId) -> bool:
        return all(self.undone[order].count(s) <= 1 for s in Step)

    @invariant
    def the_last_step_is_undone_first(self, order: OrderId) -> bool:
        """While the payment stands, so does what was set aside for it."""
        charged = Step.CHARGE in self.done[order] and Step.CHARGE not in self.undone[order]
        return not (charged and Step.RESERVE in self.undone[order])

    @invariant
    def what_is_shipped_stays_paid(self, order: OrderId) -> bool:
        """Behind the pivot nothing is undone."""
        return Step.SHIP not in self.done[order] or len(self.undone[order]) == 0

    @invariant
    def only_an_aborted_saga_is_undone(self, order: OrderId) -> bool:
        phase = self.log[order].phase if order in self.log else Phase.FORWARD
        forward = phase is Phase.FORWARD or phase is Phase.COMPLETED
        return not (forward and len(self.undone[order]) > 0)

    @invariant
    def a_saga_ends_whole_or_undone(self, order: OrderId) -> bool:
        saga = self.log.get(order)
        if saga is None or not has_ended(saga) or saga.phase is Phase.STUCK:
            return True
        if saga.phase is Phase.COMPLETED:
            return all(s in self.done[order] for s in Step)
        return all(s in self.undone[order] for s in self.done[order])

    @at_rest
    def every_saga_has_ended(self, order: OrderId) -> bool:
        return order in self.log and has_ended(self.log[order])

    @witness
    def an_undo_can_come_before_its_do(self, order: OrderId) -> bool:
        return any(m.kind is Kind.DO and m.step in self.refused[order] for m in self.network[order])

    @witness
    def an_alert_can_be_raised(self, order: OrderId) -> bool:
        return order in self.log and self.log[order].phase is Phase.STUCK

    @witness
    def a_saga_can_be_completed(self, order: OrderId) -> bool:
        """Unless this state occurs, every saga could be undone, and no answer ever arrive."""
        return order in self.log and self.log[order].phase is Phase.COMPLETED

    @liveness
    def every_saga_ends(self, order: OrderId) -> LeadsTo:
        return LeadsTo(order in self.log, order in self.log and has_ended(self.log[order]))
