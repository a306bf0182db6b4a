--------------------------- MODULE TwoPhaseCommit ---------------------------
\* Two-phase commit: all participants of a transaction commit, or all abort.
\*
\* Claim   No participant commits while another aborts; when nothing can move, all have decided.
\* Faults  Messages are delayed, repeated and reordered without bound; a participant aborts on its
\*         own; the coordinator gives up. Nobody loses memory, and nobody can be forced to take a
\*         step.
\* Source  J. Gray, L. Lamport, Consensus on Transaction Commit, ACM TODS 31(1), 2006, section 3;
\*         transaction_commit/TwoPhase.tla in tlaplus/Examples has the same states and edges.
\* Twin    specs/two_phase_commit/TwoPhaseCommit.tla

CONSTANTS
    Participant,         \* One database, or one service, that takes part in the transaction.
    wait_for_all_votes   \* does the coordinator commit only when all have voted?

Phase == {"WORKING", "PREPARED", "COMMITTED", "ABORTED"}

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
    /\ messages \in SUBSET ([type : {"Prepared"}, sender : Participant] \cup [type : {"Commit"}]
                              \cup [type : {"Abort"}])

Init ==
    /\ phase = [k \in Participant |-> "WORKING"]
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

Spec == Init /\ [][Next]_vars

\* Nothing but faults can change anything.
AtRest == ~ENABLED <<Next>>_vars

nobody_commits_while_another_aborts ==
    ~(/\ \E p \in Participant : phase[p] = "COMMITTED"
      /\ \E p \in Participant : phase[p] = "ABORTED")

everybody_has_decided ==
    AtRest => \A participant \in Participant :
                  phase[participant] = "COMMITTED" \/ phase[participant] = "ABORTED"

all_can_commit == \A p \in Participant : phase[p] = "COMMITTED"

\* Must be found false: the states above have to be reachable.
never_all_can_commit == ~all_can_commit

all_can_abort == \A p \in Participant : phase[p] = "ABORTED"

\* Must be found false: the states above have to be reachable.
never_all_can_abort == ~all_can_abort

=============================================================================
