-------------------------- MODULE SyncAsyncBoundary --------------------------
\* The boundary from calls to messages: a draft is edited by calls, and submitted by one message.
\*
\* Claim   A draft that is submitted is sent, as one message with one content, however many copies
\*         are sent; and nothing is sent of what is still a draft.
\* Faults  A request handler crashes between any two steps and its command is delivered again; two
\*         tabs submit; a third one edits; the commit of a session is so slow that its control
\*         message gives up. A write whose acknowledgement is lost is a crash behind the write.
\* Source  T. Masternak, S. Pobiega, exactly-once workshop (github.com/exactly-once/workshop), the
\*         exercises on submitting a cart;
\*         https://docs.particular.net/nservicebus/transactional-session/
\*
\* The twin of models/sync_async_boundary.py: the same variables, actions and properties.
\*     checker twin sync_async_boundary specs/sync_async_boundary/SyncAsyncBoundary.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

------------------------------------------------------------------------------

CONSTANTS
    Tab,               \* A tab of the user's browser, and its command to submit the draft.
    handoff,
    id_of_draft,       \* or is it made by each command?
    edit_accepted,     \* may a draft be edited that is being sent?
    accept_submitted,  \* or is it an error if a command finds nothing to do?
    leave_tombstone,   \* does a control message that gives up stop its session?
    None               \* no value

State == {"DRAFT", "ACCEPTED", "SUBMITTED"}
Row == {"STORED", "SENT", "TOMBSTONE"}
submit_labels ==
    {"load", "send_control", "commit", "accept", "send", "save_submitted", "send_saved",
     "acknowledge", "done"}
Handoff == {"TWO_FLAGS", "SAVE_THEN_SEND", "SEND_THEN_SAVE", "SESSION"}

VARIABLES
    draft,
    commands,
    answered,        \* "your order is submitted"
    sent,
    controls,
    rows,            \* in the draft's store

    \* The process `submit`.
    submit_at,       \* where each instance stands
    submit_draft,    \* a local; None: it has no value now
    submit_message,  \* a local; None: it has no value now

    \* How often each fault has happened.
    give_up_used,
    crash_used

vars ==
    <<draft, commands, answered, sent, controls, rows, submit_at, submit_draft, submit_message,
      give_up_used, crash_used>>

TypeOK ==
    /\ draft \in [state : State, revision : 0..1]
    /\ commands \in SUBSET Tab
    /\ answered \in SUBSET Tab
    /\ sent \in SUBSET [id : Tab \cup {None}, revision : 0..1]
    /\ controls \in SUBSET Tab
    /\ DOMAIN rows \subseteq Tab
    /\ \A k \in DOMAIN rows : rows[k] \in Row
    /\ submit_at \in [Tab -> submit_labels]
    /\ submit_draft \in [Tab -> [state : State, revision : 0..1] \cup {None}]
    /\ submit_message \in [Tab -> [id : Tab \cup {None}, revision : 0..1] \cup {None}]
    /\ give_up_used \in 0..1
    /\ crash_used \in 0..1

Init ==
    /\ draft = [state |-> "DRAFT", revision |-> 0]
    /\ commands = Tab
    /\ answered = {}
    /\ sent = {}
    /\ controls = {}
    /\ rows = EmptyMap
    /\ submit_at = [me \in Tab |-> "load"]
    /\ submit_draft = [me \in Tab |-> None]
    /\ submit_message = [me \in Tab |-> None]
    /\ give_up_used = 0
    /\ crash_used = 0

load(me) ==
    /\ submit_at[me] = "load"
    /\ me \in commands
    /\ IF draft.state = "SUBMITTED" /\ ~accept_submitted
       THEN /\ submit_at' = [submit_at EXCEPT ![me] = "load"]
            /\ submit_draft' = [submit_draft EXCEPT ![me] = None]
            /\ submit_message' = [submit_message EXCEPT ![me] = None]
       ELSE IF draft.state # "SUBMITTED" /\ handoff = "SESSION"
       THEN /\ submit_at' = [submit_at EXCEPT ![me] = "send_control"]
            /\ submit_draft' = [submit_draft EXCEPT ![me] = draft]
            /\ submit_message' = [submit_message EXCEPT ![me] = None]
       ELSE IF draft.state # "SUBMITTED"
       THEN /\ submit_at' = [submit_at EXCEPT ![me] = IF /\ handoff = "TWO_FLAGS"
                                                         /\ draft.state = "DRAFT"
                                                      THEN "accept"
                                                      ELSE IF handoff # "SAVE_THEN_SEND"
                                                      THEN "send"
                                                      ELSE "save_submitted"]
            /\ submit_draft' = [submit_draft EXCEPT ![me] = draft]
            /\ submit_message' = [submit_message EXCEPT ![me] = [id |-> IF id_of_draft THEN None ELSE me,
                                                                 revision |-> draft.revision]]
       ELSE /\ submit_at' = [submit_at EXCEPT ![me] = "acknowledge"]
            /\ submit_draft' = [submit_draft EXCEPT ![me] = None]
            /\ submit_message' = [submit_message EXCEPT ![me] = None]
    /\ UNCHANGED <<draft, commands, answered, sent, controls, rows, give_up_used, crash_used>>

send_control(me) ==
    /\ submit_at[me] = "send_control"
    /\ controls' = controls \cup {me}
    /\ submit_at' = [submit_at EXCEPT ![me] = "commit"]
    /\ UNCHANGED <<draft, commands, answered, sent, rows, submit_draft, submit_message,
                   give_up_used, crash_used>>

commit(me) ==
    /\ submit_at[me] = "commit"
    /\ IF (IF me \in DOMAIN rows THEN rows[me] ELSE None) = "TOMBSTONE"
       THEN /\ me \in commands
            /\ commands' = commands \ {me}
            /\ submit_at' = [submit_at EXCEPT ![me] = "load"]
            /\ UNCHANGED <<draft, rows>>
       ELSE /\ IF draft # submit_draft[me]
               THEN submit_at' = [submit_at EXCEPT ![me] = "load"] /\ UNCHANGED <<draft, rows>>
               ELSE /\ draft' = [state |-> "SUBMITTED", revision |-> submit_draft[me].revision]
                    /\ rows' = (me :> "STORED") @@ rows
                    /\ submit_at' = [submit_at EXCEPT ![me] = "acknowledge"]
            /\ UNCHANGED commands
    /\ submit_draft' = [submit_draft EXCEPT ![me] = None]
    /\ UNCHANGED <<answered, sent, controls, submit_message, give_up_used, crash_used>>

commit_fails(me) ==
    /\ submit_at[me] = "commit"
    /\ (IF me \in DOMAIN rows THEN rows[me] ELSE None) = "TOMBSTONE"
    /\ me \notin commands

accept(me) ==
    /\ submit_at[me] = "accept"
    /\ IF draft # submit_draft[me]
       THEN /\ submit_at' = [submit_at EXCEPT ![me] = "load"]
            /\ submit_draft' = [submit_draft EXCEPT ![me] = None]
            /\ submit_message' = [submit_message EXCEPT ![me] = None]
            /\ UNCHANGED draft
       ELSE LET draft_1 == [state |-> "ACCEPTED", revision |-> submit_draft[me].revision]
            IN  /\ draft' = draft_1
                /\ submit_at' = [submit_at EXCEPT ![me] = IF handoff # "SAVE_THEN_SEND"
                                                          THEN "send"
                                                          ELSE "save_submitted"]
                /\ submit_draft' = [submit_draft EXCEPT ![me] = draft_1]
                /\ UNCHANGED submit_message
    /\ UNCHANGED <<commands, answered, sent, controls, rows, give_up_used, crash_used>>

send(me) ==
    /\ submit_at[me] = "send"
    /\ sent' = sent \cup {submit_message[me]}
    /\ submit_at' = [submit_at EXCEPT ![me] = "save_submitted"]
    /\ UNCHANGED <<draft, commands, answered, controls, rows, submit_draft, submit_message,
                   give_up_used, crash_used>>

save_submitted(me) ==
    /\ submit_at[me] = "save_submitted"
    /\ IF draft # submit_draft[me]
       THEN /\ submit_at' = [submit_at EXCEPT ![me] = "load"]
            /\ submit_message' = [submit_message EXCEPT ![me] = None]
            /\ UNCHANGED draft
       ELSE LET draft_1 == [state |-> "SUBMITTED", revision |-> submit_draft[me].revision]
            IN  /\ IF handoff = "SAVE_THEN_SEND"
                   THEN /\ submit_at' = [submit_at EXCEPT ![me] = "send_saved"]
                        /\ UNCHANGED submit_message
                   ELSE /\ submit_at' = [submit_at EXCEPT ![me] = "acknowledge"]
                        /\ submit_message' = [submit_message EXCEPT ![me] = None]
                /\ draft' = draft_1
    /\ submit_draft' = [submit_draft EXCEPT ![me] = None]
    /\ UNCHANGED <<commands, answered, sent, controls, rows, give_up_used, crash_used>>

send_saved(me) ==
    /\ submit_at[me] = "send_saved"
    /\ sent' = sent \cup {submit_message[me]}
    /\ submit_at' = [submit_at EXCEPT ![me] = "acknowledge"]
    /\ submit_message' = [submit_message EXCEPT ![me] = None]
    /\ UNCHANGED <<draft, commands, answered, controls, rows, submit_draft, give_up_used,
                   crash_used>>

acknowledge(me) ==
    /\ submit_at[me] = "acknowledge"
    /\ me \in commands
    /\ commands' = commands \ {me}
    /\ answered' = answered \cup {me}
    /\ submit_at' = [submit_at EXCEPT ![me] = "load"]
    /\ UNCHANGED <<draft, sent, controls, rows, submit_draft, submit_message, give_up_used,
                   crash_used>>

acknowledge_fails(me) ==
    /\ submit_at[me] = "acknowledge"
    /\ me \notin commands

\* Another tab edits the draft, in one call.
edit ==
    /\ draft.revision = 0
    /\ IF draft.state = "DRAFT" THEN TRUE ELSE draft.state = "ACCEPTED" /\ edit_accepted
    /\ draft' = [state |-> draft.state, revision |-> 1]
    /\ UNCHANGED <<commands, answered, sent, controls, rows, submit_at, submit_draft,
                   submit_message, give_up_used, crash_used>>

\* A control message whose row is there has the message sent; else it comes again.
follow_control(tab) ==
    /\ tab \in controls
    /\ tab \in DOMAIN rows
    /\ IF rows[tab] = "STORED"
       THEN /\ sent' = sent \cup {[id |-> IF id_of_draft THEN None ELSE tab,
                                   revision |-> draft.revision]}
            /\ rows' = (tab :> "SENT") @@ rows
       ELSE UNCHANGED <<sent, rows>>
    /\ controls' = controls \ {tab}
    /\ UNCHANGED <<draft, commands, answered, submit_at, submit_draft, submit_message, give_up_used,
                   crash_used>>

\* A control message has waited for its row as long as it may.
\* (A fault, at most once.)
give_up(tab) ==
    /\ give_up_used < 1
    /\ tab \in controls
    /\ tab \notin DOMAIN rows
    /\ controls' = controls \ {tab}
    /\ rows' = IF leave_tombstone THEN (tab :> "TOMBSTONE") @@ rows ELSE rows
    /\ give_up_used' = give_up_used + 1
    /\ UNCHANGED <<draft, commands, answered, sent, submit_at, submit_draft, submit_message,
                   crash_used>>

\* The handler forgets the command, which will be delivered again.
\* (A fault, at most once.)
crash(tab) ==
    /\ crash_used < 1
    /\ submit_at[tab] # "load"
    /\ submit_at' = [submit_at EXCEPT ![tab] = "load"]
    /\ submit_draft' = [submit_draft EXCEPT ![tab] = None]
    /\ submit_message' = [submit_message EXCEPT ![tab] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<draft, commands, answered, sent, controls, rows, give_up_used>>

\* The process: an instance takes the step at which it stands.
submit(me) ==
    \/ load(me)
    \/ send_control(me)
    \/ commit(me)
    \/ accept(me)
    \/ send(me)
    \/ save_submitted(me)
    \/ send_saved(me)
    \/ acknowledge(me)

Actions ==
    \/ \E me \in Tab : submit(me)
    \/ edit
    \/ \E tab \in Tab : follow_control(tab)

Faults ==
    \/ \E tab \in Tab : give_up(tab)
    \/ \E tab \in Tab : crash(tab)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A me \in Tab : WF_vars(submit(me))
    /\ \A tab \in Tab : WF_vars(follow_control(tab))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Tab : commit_fails(me)
    \/ \E me \in Tab : acknowledge_fails(me)

no_step_error == ~StepError

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Tab : commit_fails(me))
    /\ ~(\E me \in Tab : acknowledge_fails(me))

nothing_is_sent_of_a_draft == Cardinality(sent) = 0 \/ draft.state # "DRAFT"

all_copies_have_one_id == \A a \in sent : \A b \in sent : a.id = b.id

all_copies_have_one_content == \A a \in sent : \A b \in sent : a.revision = b.revision

\* A tab that says "submitted" has its message sent, or stored with its control message.
what_is_answered_is_sent ==
    \/ Cardinality(answered) = 0
    \/ Cardinality(sent) > 0
    \/ \E tab \in Tab : tab \in controls /\ tab \in DOMAIN rows

what_is_submitted_is_sent == AtRest => draft.state = "DRAFT" \/ Cardinality(sent) > 0

an_edited_draft_is_submitted == draft = [state |-> "SUBMITTED", revision |-> 1]

\* Must be found false: the states above have to be reachable.
never_an_edited_draft_is_submitted == ~an_edited_draft_is_submitted

what_is_accepted_will_be_submitted == (draft.state = "ACCEPTED") ~> (draft.state = "SUBMITTED")

every_command_is_answered == <>(Cardinality(commands) = 0)

==============================================================================
