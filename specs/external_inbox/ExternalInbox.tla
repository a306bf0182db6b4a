---------------------------- MODULE ExternalInbox ----------------------------
\* External inbox: the ids of processed messages are kept in a store beside the entity.
\*
\* Claim   Every message changes the entity once, its output is sent, it is acknowledged in the end;
\*         and nothing of it stays in the entity.
\* Faults  Two workers have the same message, or one comes again later; a worker crashes, or does
\*         not learn whether a write succeeded; the inbox answers from a stale replica.
\* Source  exactly-once/workshop, exercise 18; S. Pobiega, T. Masternak, exactly-once.github.io.
\*
\* The twin of models/external_inbox.py: the same variables, actions and properties.
\*     checker twin external_inbox specs/external_inbox/ExternalInbox.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Bags

CONSTANTS
    MessageId,            \* What the sender calls its message. All messages change the same entity.
    Worker,               \* One of the competing consumers.
    entity_first,         \* is the entity read before the inbox?
    check_version,        \* is a write refused if the entity is not as it was read?
    mark_after_dispatch,
    mark_before_removal,
    clean_up,
    pending_first,        \* are pending outputs sent without a look into the inbox?
    mark_again,           \* can a message be marked that is marked already?
    stale_reads,          \* may the inbox not show what was marked before?
    None                  \* no value

worker_labels ==
    {"receive", "look_up", "read_again", "remove_rest", "drop", "commit", "dispatch", "mark",
     "dispatch_late", "remove", "mark_late", "acknowledge", "done"}
CleanUp == {"READ_AGAIN", "AS_READ", "NEVER"}

VARIABLES
    sent,
    queue,               \* shown to all workers until it is acknowledged

    \* The entity. Its parts are written together.
    version,
    changes,
    pending,             \* whose outputs are stored, and not all sent
    inbox,
    outputs,

    \* The process `worker`.
    worker_at,           \* where each instance stands
    worker_message,      \* a local; None: it has no value now
    worker_known,        \* a local; None: it has no value now
    worker_pending,      \* a local; None: it has no value now
    worker_version,      \* a local; None: it has no value now

    \* How often each fault has happened.
    look_up_stale_used,  \* an unlucky answer
    crash_used,
    repeat_used

vars ==
    <<sent, queue, version, changes, pending, inbox, outputs, worker_at, worker_message,
      worker_known, worker_pending, worker_version, look_up_stale_used, crash_used, repeat_used>>

TypeOK ==
    /\ sent \in SUBSET MessageId
    /\ queue \in SUBSET MessageId
    /\ version \in 0..12
    /\ IsABag(changes)
    /\ BagToSet(changes) \subseteq MessageId
    /\ pending \in SUBSET MessageId
    /\ inbox \in SUBSET MessageId
    /\ outputs \in SUBSET MessageId
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_message \in [Worker -> MessageId \cup {None}]
    /\ worker_known \in [Worker -> BOOLEAN \cup {None}]
    /\ worker_pending \in [Worker -> BOOLEAN \cup {None}]
    /\ worker_version \in [Worker -> (0..12) \cup {None}]
    /\ look_up_stale_used \in 0..1
    /\ crash_used \in 0..1
    /\ repeat_used \in 0..1

Init ==
    /\ sent = {}
    /\ queue = {}
    /\ version = 0
    /\ changes = EmptyBag
    /\ pending = {}
    /\ inbox = {}
    /\ outputs = {}
    /\ worker_at = [me \in Worker |-> "receive"]
    /\ worker_message = [me \in Worker |-> None]
    /\ worker_known = [me \in Worker |-> None]
    /\ worker_pending = [me \in Worker |-> None]
    /\ worker_version = [me \in Worker |-> None]
    /\ look_up_stale_used = 0
    /\ crash_used = 0
    /\ repeat_used = 0

send(message) ==
    /\ message \notin sent
    /\ sent' = sent \cup {message}
    /\ queue' = queue \cup {message}
    /\ UNCHANGED <<version, changes, pending, inbox, outputs, worker_at, worker_message,
                   worker_known, worker_pending, worker_version, look_up_stale_used, crash_used,
                   repeat_used>>

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in queue :
           /\ worker_at' = [worker_at EXCEPT ![me] = "look_up"]
           /\ worker_message' = [worker_message EXCEPT ![me] = message]
           /\ worker_known' = [worker_known EXCEPT ![me] = message \in inbox]
           /\ worker_pending' = [worker_pending EXCEPT ![me] = message \in pending]
           /\ worker_version' = [worker_version EXCEPT ![me] = version]
           /\ UNCHANGED <<sent, queue, version, changes, pending, inbox, outputs,
                          look_up_stale_used, crash_used, repeat_used>>

look_up(me) ==
    /\ worker_at[me] = "look_up"
    /\ LET known == worker_message[me] \in inbox
           pending_1 == worker_message[me] \in pending
           known_1 == IF entity_first THEN known ELSE worker_known[me]
           pending_2 == IF entity_first THEN worker_pending[me] ELSE pending_1
           version_1 == IF entity_first THEN worker_version[me] ELSE version
           test == stale_reads /\ known_1
       IN  /\ stale_reads => known_1 # None
           /\ \E known_2 \in (IF test
                              THEN IF look_up_stale_used < 1
                                   THEN {"fresh", "stale"}
                                   ELSE {"fresh"}
                              ELSE {None}) :
                  /\ (IF test THEN known_2 = "fresh" ELSE known_1) # None
                  /\ IF ~(IF test THEN known_2 = "fresh" ELSE known_1)
                     THEN TRUE
                     ELSE IF ~pending_first
                     THEN TRUE
                     ELSE pending_2 # None
                  /\ LET test_1 == /\ IF test THEN known_2 = "fresh" ELSE known_1
                                   /\ ~(pending_first /\ pending_2)
                         test_2 == clean_up = "READ_AGAIN"
                         test_3 == clean_up # "NEVER" /\ pending_2
                         test_4 == ~pending_2
                     IN  /\ IF ~test_1
                            THEN TRUE
                            ELSE IF test_2
                            THEN TRUE
                            ELSE IF clean_up = "NEVER"
                            THEN TRUE
                            ELSE pending_2 # None
                         /\ IF test_1 THEN TRUE ELSE pending_2 # None
                         /\ worker_at' = [worker_at EXCEPT ![me] = IF test_1
                                                                   THEN IF test_2
                                                                        THEN "read_again"
                                                                        ELSE IF test_3
                                                                        THEN "remove_rest"
                                                                        ELSE "drop"
                                                                   ELSE IF test_4
                                                                   THEN "commit"
                                                                   ELSE IF mark_after_dispatch
                                                                   THEN "dispatch"
                                                                   ELSE IF mark_before_removal
                                                                   THEN "mark"
                                                                   ELSE "remove"]
                         /\ worker_known' = [worker_known EXCEPT ![me] = None]
                         /\ worker_pending' = [worker_pending EXCEPT ![me] = None]
                         /\ worker_version' = [worker_version EXCEPT ![me] = IF test_1
                                                                             THEN IF test_2
                                                                                  THEN None
                                                                                  ELSE IF test_3
                                                                                  THEN version_1
                                                                                  ELSE None
                                                                             ELSE version_1]
                         /\ look_up_stale_used' = IF test
                                                  THEN IF test /\ known_2 = "stale"
                                                       THEN look_up_stale_used + 1
                                                       ELSE look_up_stale_used
                                                  ELSE look_up_stale_used
                         /\ UNCHANGED <<sent, queue, version, changes, pending, inbox, outputs,
                                        worker_message, crash_used, repeat_used>>

look_up_fails(me) ==
    LET known == worker_message[me] \in inbox
        pending_1 == worker_message[me] \in pending
        known_1 == IF entity_first THEN known ELSE worker_known[me]
        pending_2 == IF entity_first THEN worker_pending[me] ELSE pending_1
        test == stale_reads /\ known_1
    IN  /\ worker_at[me] = "look_up"
        /\ \/ stale_reads /\ known_1 = None
           \/ \E known_2 \in (IF test
                              THEN IF look_up_stale_used < 1
                                   THEN {"fresh", "stale"}
                                   ELSE {"fresh"}
                              ELSE {None}) :
                  LET test_1 == /\ IF test THEN known_2 = "fresh" ELSE known_1
                                /\ ~(pending_first /\ pending_2)
                      test_2 == clean_up = "READ_AGAIN"
                  IN  IF \/ (IF test THEN known_2 = "fresh" ELSE known_1) = None
                         \/ /\ IF test THEN known_2 = "fresh" ELSE known_1
                            /\ pending_first
                            /\ pending_2 = None
                      THEN TRUE
                      ELSE IF test_1 /\ ~test_2 /\ clean_up # "NEVER" /\ pending_2 = None
                      THEN TRUE
                      ELSE ~test_1 /\ pending_2 = None

read_again(me) ==
    /\ worker_at[me] = "read_again"
    /\ IF clean_up # "NEVER" /\ worker_message[me] \in pending
       THEN /\ worker_at' = [worker_at EXCEPT ![me] = "remove_rest"]
            /\ worker_version' = [worker_version EXCEPT ![me] = version]
       ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "drop"]
            /\ worker_version' = [worker_version EXCEPT ![me] = None]
    /\ UNCHANGED <<sent, queue, version, changes, pending, inbox, outputs, worker_message,
                   worker_known, worker_pending, look_up_stale_used, crash_used, repeat_used>>

remove_rest(me) ==
    /\ worker_at[me] = "remove_rest"
    /\ check_version => worker_version[me] # None
    /\ LET test == check_version /\ worker_version[me] # version
       IN  /\ IF test
              THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
                   /\ UNCHANGED <<version, pending>>
              ELSE LET version_1 == version + 1
                   IN  /\ version_1 <= 12
                       /\ version' = version_1
                       /\ pending' = pending \ {worker_message[me]}
                       /\ worker_at' = [worker_at EXCEPT ![me] = "drop"]
                       /\ UNCHANGED worker_message
           /\ worker_version' = [worker_version EXCEPT ![me] = None]
           /\ UNCHANGED <<sent, queue, changes, inbox, outputs, worker_known, worker_pending,
                          look_up_stale_used, crash_used, repeat_used>>

remove_rest_fails(me) ==
    /\ worker_at[me] = "remove_rest"
    /\ check_version
    /\ worker_version[me] = None

remove_rest_is_cut(me) ==
    LET test == check_version /\ worker_version[me] # version
    IN  /\ worker_at[me] = "remove_rest"
        /\ check_version => worker_version[me] # None
        /\ ~test
        /\ LET version_1 == version + 1 IN version_1 > 12

drop(me) ==
    /\ worker_at[me] = "drop"
    /\ queue' = queue \ {worker_message[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ worker_message' = [worker_message EXCEPT ![me] = None]
    /\ UNCHANGED <<sent, version, changes, pending, inbox, outputs, worker_known, worker_pending,
                   worker_version, look_up_stale_used, crash_used, repeat_used>>

commit(me) ==
    /\ worker_at[me] = "commit"
    /\ check_version => worker_version[me] # None
    /\ LET test == check_version /\ worker_version[me] # version
       IN  /\ IF test
              THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
                   /\ worker_version' = [worker_version EXCEPT ![me] = None]
                   /\ UNCHANGED <<version, changes, pending>>
              ELSE LET changes_1 == changes (+) SetToBag({worker_message[me]})
                       pending_1 == pending \cup {worker_message[me]}
                       version_1 == version + 1
                   IN  /\ BagCardinality(changes_1) <= 4
                       /\ version_1 <= 12
                       /\ IF mark_after_dispatch
                          THEN worker_at' = [worker_at EXCEPT ![me] = "dispatch"]
                          ELSE IF mark_before_removal
                          THEN worker_at' = [worker_at EXCEPT ![me] = "mark"]
                          ELSE worker_at' = [worker_at EXCEPT ![me] = "remove"]
                       /\ version' = version_1
                       /\ changes' = changes_1
                       /\ pending' = pending_1
                       /\ worker_version' = [worker_version EXCEPT ![me] = version_1]
                       /\ UNCHANGED worker_message
           /\ UNCHANGED <<sent, queue, inbox, outputs, worker_known, worker_pending,
                          look_up_stale_used, crash_used, repeat_used>>

commit_fails(me) ==
    /\ worker_at[me] = "commit"
    /\ check_version
    /\ worker_version[me] = None

commit_is_cut(me) ==
    LET test == check_version /\ worker_version[me] # version
    IN  /\ worker_at[me] = "commit"
        /\ check_version => worker_version[me] # None
        /\ ~test
        /\ LET changes_1 == changes (+) SetToBag({worker_message[me]})
               version_1 == version + 1
           IN  BagCardinality(changes_1) > 4 \/ version_1 > 12

dispatch(me) ==
    /\ worker_at[me] = "dispatch"
    /\ outputs' = outputs \cup {worker_message[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = IF mark_before_removal THEN "mark" ELSE "remove"]
    /\ UNCHANGED <<sent, queue, version, changes, pending, inbox, worker_message, worker_known,
                   worker_pending, worker_version, look_up_stale_used, crash_used, repeat_used>>

mark(me) ==
    /\ worker_at[me] = "mark"
    /\ IF ~mark_again /\ worker_message[me] \in inbox
       THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
            /\ worker_message' = [worker_message EXCEPT ![me] = None]
            /\ worker_version' = [worker_version EXCEPT ![me] = None]
            /\ UNCHANGED inbox
       ELSE /\ inbox' = inbox \cup {worker_message[me]}
            /\ worker_at' = [worker_at EXCEPT ![me] = IF ~mark_after_dispatch
                                                      THEN "dispatch_late"
                                                      ELSE "remove"]
            /\ UNCHANGED <<worker_message, worker_version>>
    /\ UNCHANGED <<sent, queue, version, changes, pending, outputs, worker_known, worker_pending,
                   look_up_stale_used, crash_used, repeat_used>>

dispatch_late(me) ==
    /\ worker_at[me] = "dispatch_late"
    /\ outputs' = outputs \cup {worker_message[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "remove"]
    /\ UNCHANGED <<sent, queue, version, changes, pending, inbox, worker_message, worker_known,
                   worker_pending, worker_version, look_up_stale_used, crash_used, repeat_used>>

remove(me) ==
    /\ worker_at[me] = "remove"
    /\ check_version => worker_version[me] # None
    /\ LET test == check_version /\ worker_version[me] # version
       IN  /\ IF test
              THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
                   /\ UNCHANGED <<version, pending>>
              ELSE LET version_1 == version + 1
                   IN  /\ version_1 <= 12
                       /\ version' = version_1
                       /\ pending' = pending \ {worker_message[me]}
                       /\ worker_at' = [worker_at EXCEPT ![me] = IF ~mark_before_removal
                                                                 THEN "mark_late"
                                                                 ELSE "acknowledge"]
                       /\ UNCHANGED worker_message
           /\ worker_version' = [worker_version EXCEPT ![me] = None]
           /\ UNCHANGED <<sent, queue, changes, inbox, outputs, worker_known, worker_pending,
                          look_up_stale_used, crash_used, repeat_used>>

remove_fails(me) ==
    /\ worker_at[me] = "remove"
    /\ check_version
    /\ worker_version[me] = None

remove_is_cut(me) ==
    LET test == check_version /\ worker_version[me] # version
    IN  /\ worker_at[me] = "remove"
        /\ check_version => worker_version[me] # None
        /\ ~test
        /\ LET version_1 == version + 1 IN version_1 > 12

mark_late(me) ==
    /\ worker_at[me] = "mark_late"
    /\ inbox' = inbox \cup {worker_message[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
    /\ UNCHANGED <<sent, queue, version, changes, pending, outputs, worker_message, worker_known,
                   worker_pending, worker_version, look_up_stale_used, crash_used, repeat_used>>

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ queue' = queue \ {worker_message[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ worker_message' = [worker_message EXCEPT ![me] = None]
    /\ UNCHANGED <<sent, version, changes, pending, inbox, outputs, worker_known, worker_pending,
                   worker_version, look_up_stale_used, crash_used, repeat_used>>

\* A worker dies, or gives its message back not knowing whether it has written.
\* (A fault, at most once.)
crash(worker) ==
    /\ crash_used < 1
    /\ worker_at[worker] # "receive"
    /\ worker_at' = [worker_at EXCEPT ![worker] = "receive"]
    /\ worker_message' = [worker_message EXCEPT ![worker] = None]
    /\ worker_known' = [worker_known EXCEPT ![worker] = None]
    /\ worker_pending' = [worker_pending EXCEPT ![worker] = None]
    /\ worker_version' = [worker_version EXCEPT ![worker] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<sent, queue, version, changes, pending, inbox, outputs, look_up_stale_used,
                   repeat_used>>

\* A duplicate comes after the message was dealt with.
\* (A fault, at most once.)
repeat(message) ==
    /\ repeat_used < 1
    /\ message \in sent
    /\ message \notin queue
    /\ queue' = queue \cup {message}
    /\ repeat_used' = repeat_used + 1
    /\ UNCHANGED <<sent, version, changes, pending, inbox, outputs, worker_at, worker_message,
                   worker_known, worker_pending, worker_version, look_up_stale_used, crash_used>>

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ look_up(me)
    \/ read_again(me)
    \/ remove_rest(me)
    \/ drop(me)
    \/ commit(me)
    \/ dispatch(me)
    \/ mark(me)
    \/ dispatch_late(me)
    \/ remove(me)
    \/ mark_late(me)
    \/ acknowledge(me)

Actions ==
    \/ \E message \in MessageId : send(message)
    \/ \E me \in Worker : worker(me)

Faults ==
    \/ \E worker_2 \in Worker : crash(worker_2)
    \/ \E message \in MessageId : repeat(message)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Worker : WF_vars(worker(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Worker : look_up_fails(me)
    \/ \E me \in Worker : remove_rest_fails(me)
    \/ \E me \in Worker : commit_fails(me)
    \/ \E me \in Worker : remove_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Worker : remove_rest_is_cut(me)
    \/ \E me \in Worker : commit_is_cut(me)
    \/ \E me \in Worker : remove_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : look_up_fails(me))
    /\ ~(\E me \in Worker : remove_rest_fails(me))
    /\ ~(\E me \in Worker : remove_rest_is_cut(me))
    /\ ~(\E me \in Worker : commit_fails(me))
    /\ ~(\E me \in Worker : commit_is_cut(me))
    /\ ~(\E me \in Worker : remove_fails(me))
    /\ ~(\E me \in Worker : remove_is_cut(me))

no_message_is_applied_twice == \A message \in MessageId : CopiesIn(message, changes) <= 1

\* From its commit on, a message is in the entity or in the inbox.
a_change_is_always_known ==
    \A message \in BagToSet(changes) : message \in pending \/ message \in inbox

nothing_is_left_behind == AtRest => Cardinality(pending) = 0

no_output_is_lost ==
    \A message \in MessageId :
        BagIn(message, changes) ~> (message \in outputs)

every_message_is_acknowledged ==
    \A message \in MessageId :
        (message \in queue) ~> (BagIn(message, changes) /\ message \notin queue)

a_processed_message_can_come_again(message) ==
    message \in queue /\ message \in inbox /\ message \notin pending

\* Must be found false: the states above have to be reachable.
never_a_processed_message_can_come_again ==
    ~(\E message \in MessageId : a_processed_message_can_come_again(message))

something_can_be_left_for_the_next(message) == message \in inbox /\ message \in pending

\* Must be found false: the states above have to be reachable.
never_something_can_be_left_for_the_next ==
    ~(\E message \in MessageId : something_can_be_left_for_the_next(message))

==============================================================================
