"""Two-phase commit: all participants of a transaction commit, or all abort.

Claim   No participant commits while another aborts; when nothing can move, all have decided.
Faults  Messages are delayed, repeated and reordered without bound; a participant aborts on its own;
        the coordinator gives up. Nobody loses memory, and nobody can be forced to take a step.
Source  J. Gray, L. Lamport, Consensus on Transaction Commit, ACM TODS 31(1), 2006, section 3;
        transaction_commit/TwoPhase.tla in tlaplus/Examples has the same states and edges.
Twin    specs/two_phase_commit/TwoPhaseCommit.tla
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from checker import Id, Map, Model, action, at_rest, invariant, when, witness


class Participant(Id, scope=3):
    """One database, or one service, that takes part in the transaction."""


class Phase(Enum):
    """How far a participant is."""

    WORKING = "may still go either way"
    PREPARED = "has promised to commit if told so, and waits"
    COMMITTED = "has made its changes visible"
    ABORTED = "has undone its changes"


@dataclass(frozen=True)
class Prepared:
    """A participant's vote to commit."""

    sender: Participant


@dataclass(frozen=True)
class Commit:
    """The coordinator's decision, to all."""


@dataclass(frozen=True)
class Abort:
    """The coordinator's other decision, to all."""


class TwoPhaseCommit(Model):
    """One transaction, one coordinator, and a network that never forgets a message."""

    wait_for_all_votes: Final[bool] = True  # does the coordinator commit only when all have voted?

    # Participants.
    phase: Map[Participant, Phase] = Map(Phase.WORKING)

    # Coordinator.
    votes: set[Participant] = set()
    decided: bool = False

    # Network. A message that was sent can be received at any later time, and any number of times.
    messages: set[Prepared | Commit | Abort] = set()

    @action
    def prepare(self, participant: Participant) -> None:
        """The participant votes to commit and can no longer change its mind."""
        when(self.phase[participant] is Phase.WORKING)
        self.phase[participant] = Phase.PREPARED
        self.messages.add(Prepared(participant))

    @action
    def choose_to_abort(self, participant: Participant) -> None:
        """The participant gives up before its vote, and tells nobody."""
        when(self.phase[participant] is Phase.WORKING)
        self.phase[participant] = Phase.ABORTED

    @action
    def receive_vote(self, participant: Participant) -> None:
        """The coordinator notes a vote; a repeated one changes nothing."""
        when(not self.decided and Prepared(participant) in self.messages)
        self.votes.add(participant)

    @action
    def decide_commit(self) -> None:
        """The coordinator tells all participants to commit."""
        when(not self.decided)
        when(not self.wait_for_all_votes or all(p in self.votes for p in Participant))
        self.decided = True
        self.messages.add(Commit())

    @action
    def decide_abort(self) -> None:
        """The coordinator may give up at any time before its decision."""
        when(not self.decided)
        self.decided = True
        self.messages.add(Abort())

    @action
    def receive_commit(self, participant: Participant) -> None:
        """The participant obeys, without a look at what it did before."""
        when(Commit() in self.messages)
        self.phase[participant] = Phase.COMMITTED

    @action
    def receive_abort(self, participant: Participant) -> None:
        when(Abort() in self.messages)
        self.phase[participant] = Phase.ABORTED

    @invariant
    def nobody_commits_while_another_aborts(self) -> bool:
        return not (
            any(self.phase[p] is Phase.COMMITTED for p in Participant)
            and any(self.phase[p] is Phase.ABORTED for p in Participant)
        )

    @at_rest
    def everybody_has_decided(self, participant: Participant) -> bool:
        return (
            self.phase[participant] is Phase.COMMITTED or self.phase[participant] is Phase.ABORTED
        )

    @witness
    def all_can_commit(self) -> bool:
        return all(self.phase[p] is Phase.COMMITTED for p in Participant)

    @witness
    def all_can_abort(self) -> bool:
        return all(self.phase[p] is Phase.ABORTED for p in Participant)
