--------------------------- MODULE TwoPhaseCommit ---------------------------
(***************************************************************************)
(* Two-phase commit: all participants of a transaction commit, or all      *)
(* abort.                                                                  *)
(*                                                                         *)
(* A participant that is prepared has promised to do as it is told, and    *)
(* can do nothing but wait. The coordinator commits when all have promised,*)
(* and may abort at any time before that. Messages are never lost and may  *)
(* be received again: the network is the set of all that were ever sent.   *)
(*                                                                         *)
(* The twin of models/two_phase_commit.py. It has as many states and       *)
(* transitions as transaction_commit/TwoPhase of tlaplus/Examples, which   *)
(* follows J. Gray, L. Lamport, Consensus on Transaction Commit, 2006.     *)
(***************************************************************************)

CONSTANTS
    Participant,         \* One database, or one service, that takes part in the transaction.
    wait_for_all_votes   \* does the coordinator commit only when all have voted?

\* How far a participant is.
Phase == {"WORKING", "PREPARED", "COMMITTED", "ABORTED"}

\* A vote to commit, and the coordinator's decision, which is to all.
Message ==
    [type : {"Prepared"}, sender : Participant] \cup [type : {"Commit"}] \cup [type : {"Abort"}]

VARIABLES
    \* Participants.
    phase,

    \* Coordinator.
    votes,
    decided,

    \* Network. A message that was sent can be received at any later time, and any number of times.
    messages

vars == <<phase, votes, decided, messages>>

TypeOK ==
    /\ phase \in [Participant -> Phase]
    /\ votes \in SUBSET Participant
    /\ decided \in BOOLEAN
    /\ messages \subseteq Message

Init ==
    /\ phase = [p \in Participant |-> "WORKING"]
    /\ votes = {}
    /\ decided = FALSE
    /\ messages = {}

\* The participant votes to commit and can no longer change its mind.
prepare(participant) ==
    /\ phase[participant] = "WORKING"
    /\ phase' = [phase EXCEPT ![participant] = "PREPARED"]
    /\ messages' = messages \cup {[type |-> "Prepared", sender |-> participant]}
    /\ UNCHANGED <<votes, decided>>

\* The participant gives up before its vote, and tells nobody.
choose_to_abort(participant) ==
    /\ phase[participant] = "WORKING"
    /\ phase' = [phase EXCEPT ![participant] = "ABORTED"]
    /\ UNCHANGED <<votes, decided, messages>>

\* The coordinator notes a vote; a repeated one changes nothing.
receive_vote(participant) ==
    /\ ~decided
    /\ [type |-> "Prepared", sender |-> participant] \in messages
    /\ votes' = votes \cup {participant}
    /\ UNCHANGED <<phase, decided, messages>>

\* The coordinator tells all participants to commit.
decide_commit ==
    /\ ~decided
    /\ wait_for_all_votes => \A p \in Participant : p \in votes
    /\ decided' = TRUE
    /\ messages' = messages \cup {[type |-> "Commit"]}
    /\ UNCHANGED <<phase, votes>>

\* The coordinator may give up at any time before its decision.
decide_abort ==
    /\ ~decided
    /\ decided' = TRUE
    /\ messages' = messages \cup {[type |-> "Abort"]}
    /\ UNCHANGED <<phase, votes>>

\* The participant obeys, without a look at what it did before.
receive_commit(participant) ==
    /\ [type |-> "Commit"] \in messages
    /\ phase' = [phase EXCEPT ![participant] = "COMMITTED"]
    /\ UNCHANGED <<votes, decided, messages>>

\* The participant obeys; so does one that has aborted on its own before.
receive_abort(participant) ==
    /\ [type |-> "Abort"] \in messages
    /\ phase' = [phase EXCEPT ![participant] = "ABORTED"]
    /\ UNCHANGED <<votes, decided, messages>>

Next ==
    \/ \E participant \in Participant : prepare(participant)
    \/ \E participant \in Participant : choose_to_abort(participant)
    \/ \E participant \in Participant : receive_vote(participant)
    \/ decide_commit
    \/ decide_abort
    \/ \E participant \in Participant : receive_commit(participant)
    \/ \E participant \in Participant : receive_abort(participant)

\* No fairness: nobody can be forced to take a step, and nothing is said to happen in the end.
Spec == Init /\ [][Next]_vars

\* Nothing can change any more. Steps that repeat what was done before are still possible.
AtRest == ~ENABLED <<Next>>_vars

\* What the protocol is for.
nobody_commits_while_another_aborts ==
    ~(/\ \E p \in Participant : phase[p] = "COMMITTED"
      /\ \E p \in Participant : phase[p] = "ABORTED")

\* When nothing can change, nobody is left waiting.
everybody_has_decided ==
    AtRest => \A participant \in Participant :
                  phase[participant] = "COMMITTED" \/ phase[participant] = "ABORTED"

\* Both outcomes have to be reachable; TLC is asked to find `never_...` violated.
all_can_commit == \A p \in Participant : phase[p] = "COMMITTED"

never_all_can_commit == ~all_can_commit

all_can_abort == \A p \in Participant : phase[p] = "ABORTED"

never_all_can_abort == ~all_can_abort

=============================================================================
