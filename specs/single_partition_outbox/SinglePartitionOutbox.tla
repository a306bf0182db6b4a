------------------------ MODULE SinglePartitionOutbox ------------------------
\* Single-partition outbox: the entity names one transaction; whoever finds it there finishes it.
\*
\* Claim   Every message changes the entity once, the output that is sent tells of that change, and
\*         every message is acknowledged in the end, although no two stores are written at once.
\* Faults  Two workers have the same message; a worker crashes; a write to the entity is applied, or
\*         refused, and nobody learns which.
\* Source  exactly-once/workshop, exercises 15 and 16; ExactlyOnce.AzureFunctions; the broken
\*         variants with a wrong mark, an early deletion and a hasty clean-up are in the published
\*         code.
\*
\* The twin of models/single_partition_outbox.py: the same variables, actions and properties.
\*     checker twin single_partition_outbox specs/single_partition_outbox/SinglePartitionOutbox.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

------------------------------------------------------------------------------

CONSTANTS
    \* What the sender calls its message. All messages change the same entity.
    MessageId,
    Worker,                \* One of the competing consumers.
    stage_by_attempt,      \* or under the message's id?
    check_first_write,     \* may an entity be created only where there is none?
    mark_owner,            \* is the message of the record marked, or the worker's own?
    mark_before_deletion,
    keep_if_unanswered,    \* does what is staged stay, if the write may be applied?
    help,                  \* does a worker finish what another one has begun?
    None                   \* no value

worker_labels ==
    {"receive", "read_entity", "load_record", "publish", "delete_early", "mark",
     "clear_transaction", "delete_record", "read_inbox", "stage", "commit", "unstage",
     "acknowledge", "done"}

VARIABLES
    queue,                   \* shown to all workers until it is acknowledged

    \* The entity. Its parts are written together.
    version,
    changes,
    transaction,             \* committed, and not finished
    outbox,
    inbox,
    outputs,

    \* The process `worker`.
    worker_at,               \* where each instance stands
    worker_mine,             \* a local; None: it has no value now
    worker_message,          \* a local; None: it has no value now
    worker_version,          \* a local; None: it has no value now
    worker_transaction,      \* a local; None: it has no value now
    worker_attempt,          \* a local; None: it has no value now
    worker_record,           \* a local; None: it has no value now

    \* How often each fault has happened.
    commit_unanswered_used,  \* an unlucky answer
    crash_used

vars ==
    <<queue, version, changes, transaction, outbox, inbox, outputs, worker_at, worker_mine,
      worker_message, worker_version, worker_transaction, worker_attempt, worker_record,
      commit_unanswered_used, crash_used>>

TypeOK ==
    /\ queue \in SUBSET MessageId
    /\ version \in 0..8
    /\ changes \in SUBSET [message : MessageId, version : 0..8]
    /\ transaction \in [message : MessageId, version : 0..8, worker : Worker \cup {None}]
                         \cup {None}
    /\ DOMAIN outbox \subseteq [message : MessageId, version : 0..8, worker : Worker \cup {None}]
    /\ \A k \in DOMAIN outbox : outbox[k] \in [message : MessageId, version : 0..8]
    /\ inbox \in SUBSET MessageId
    /\ outputs \in SUBSET [message : MessageId, version : 0..8]
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_mine \in [Worker -> [message : MessageId, version : 0..8, worker : Worker \cup {None}] \cup {None}]
    /\ worker_message \in [Worker -> MessageId \cup {None}]
    /\ worker_version \in [Worker -> (0..8) \cup {None}]
    /\ worker_transaction \in [Worker -> [value : [message : MessageId, version : 0..8, worker : Worker \cup {None}] \cup {None}] \cup {None}]
    /\ worker_attempt \in [Worker -> [message : MessageId, version : 0..8, worker : Worker \cup {None}] \cup {None}]
    /\ worker_record \in [Worker -> [value : [message : MessageId, version : 0..8] \cup {None}] \cup {None}]
    /\ commit_unanswered_used \in 0..1
    /\ crash_used \in 0..1

Init ==
    /\ queue = MessageId
    /\ version = 0
    /\ changes = {}
    /\ transaction = None
    /\ outbox = EmptyMap
    /\ inbox = {}
    /\ outputs = {}
    /\ worker_at = [me \in Worker |-> "receive"]
    /\ worker_mine = [me \in Worker |-> None]
    /\ worker_message = [me \in Worker |-> None]
    /\ worker_version = [me \in Worker |-> None]
    /\ worker_transaction = [me \in Worker |-> None]
    /\ worker_attempt = [me \in Worker |-> None]
    /\ worker_record = [me \in Worker |-> None]
    /\ commit_unanswered_used = 0
    /\ crash_used = 0

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in queue :
           /\ worker_at' = [worker_at EXCEPT ![me] = "read_entity"]
           /\ worker_message' = [worker_message EXCEPT ![me] = message]
           /\ UNCHANGED <<queue, version, changes, transaction, outbox, inbox, outputs, worker_mine,
                          worker_version, worker_transaction, worker_attempt, worker_record,
                          commit_unanswered_used, crash_used>>

read_entity(me) ==
    /\ worker_at[me] = "read_entity"
    /\ IF transaction # None
       THEN IF ~help /\ transaction # worker_mine[me]
            THEN /\ worker_at' = [worker_at EXCEPT ![me] = "read_entity"]
                 /\ worker_version' = [worker_version EXCEPT ![me] = None]
                 /\ worker_transaction' = [worker_transaction EXCEPT ![me] = None]
            ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "load_record"]
                 /\ worker_version' = [worker_version EXCEPT ![me] = version]
                 /\ worker_transaction' = [worker_transaction EXCEPT ![me] = [value |-> transaction]]
       ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "read_inbox"]
            /\ worker_version' = [worker_version EXCEPT ![me] = version]
            /\ worker_transaction' = [worker_transaction EXCEPT ![me] = None]
    /\ UNCHANGED <<queue, version, changes, transaction, outbox, inbox, outputs, worker_mine,
                   worker_message, worker_attempt, worker_record, commit_unanswered_used,
                   crash_used>>

load_record(me) ==
    /\ worker_at[me] = "load_record"
    /\ worker_transaction[me] # None
    /\ worker_transaction[me].value # None
    /\ LET record == IF worker_transaction[me].value \in DOMAIN outbox
                     THEN outbox[worker_transaction[me].value]
                     ELSE None
       IN  /\ IF record # None
              THEN /\ worker_at' = [worker_at EXCEPT ![me] = "publish"]
                   /\ worker_record' = [worker_record EXCEPT ![me] = [value |-> record]]
              ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "clear_transaction"]
                   /\ worker_record' = [worker_record EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, version, changes, transaction, outbox, inbox, outputs, worker_mine,
                          worker_message, worker_version, worker_transaction, worker_attempt,
                          commit_unanswered_used, crash_used>>

load_record_fails(me) ==
    /\ worker_at[me] = "load_record"
    /\ worker_transaction[me] = None \/ worker_transaction[me].value = None

publish(me) ==
    /\ worker_at[me] = "publish"
    /\ worker_record[me] # None
    /\ worker_record[me].value # None
    /\ LET outputs_1 == outputs \cup {worker_record[me].value}
       IN  /\ outputs' = outputs_1
           /\ worker_at' = [worker_at EXCEPT ![me] = IF ~mark_before_deletion
                                                     THEN "delete_early"
                                                     ELSE "mark"]
           /\ UNCHANGED <<queue, version, changes, transaction, outbox, inbox, worker_mine,
                          worker_message, worker_version, worker_transaction, worker_attempt,
                          worker_record, commit_unanswered_used, crash_used>>

publish_fails(me) ==
    /\ worker_at[me] = "publish"
    /\ worker_record[me] = None \/ worker_record[me].value = None

delete_early(me) ==
    /\ worker_at[me] = "delete_early"
    /\ \A a \in DOMAIN outbox : worker_transaction[me] # None
    /\ LET outbox_1 == [a \in {a \in DOMAIN outbox : a # worker_transaction[me].value} |->
                           outbox[a]]
       IN  /\ outbox' = outbox_1
           /\ worker_at' = [worker_at EXCEPT ![me] = "mark"]
           /\ UNCHANGED <<queue, version, changes, transaction, inbox, outputs, worker_mine,
                          worker_message, worker_version, worker_transaction, worker_attempt,
                          worker_record, commit_unanswered_used, crash_used>>

delete_early_fails(me) ==
    /\ worker_at[me] = "delete_early"
    /\ ~(\A a \in DOMAIN outbox : worker_transaction[me] # None)

mark(me) ==
    /\ worker_at[me] = "mark"
    /\ mark_owner => worker_record[me] # None /\ worker_record[me].value # None
    /\ LET inbox_1 == inbox \cup {IF mark_owner
                                  THEN worker_record[me].value.message
                                  ELSE worker_message[me]}
       IN  /\ inbox' = inbox_1
           /\ worker_at' = [worker_at EXCEPT ![me] = "clear_transaction"]
           /\ worker_record' = [worker_record EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, version, changes, transaction, outbox, outputs, worker_mine,
                          worker_message, worker_version, worker_transaction, worker_attempt,
                          commit_unanswered_used, crash_used>>

mark_fails(me) ==
    /\ worker_at[me] = "mark"
    /\ mark_owner
    /\ worker_record[me] = None \/ worker_record[me].value = None

clear_transaction(me) ==
    /\ worker_at[me] = "clear_transaction"
    /\ worker_version[me] # None
    /\ LET test == worker_version[me] = version
       IN  /\ IF test
              THEN LET version_1 == version + 1
                   IN  /\ version_1 <= 8
                       /\ IF mark_before_deletion
                          THEN /\ worker_at' = [worker_at EXCEPT ![me] = "delete_record"]
                               /\ UNCHANGED worker_transaction
                          ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "read_entity"]
                               /\ worker_transaction' = [worker_transaction EXCEPT ![me] = None]
                       /\ version' = version_1
                       /\ transaction' = None
              ELSE /\ IF mark_before_deletion
                      THEN /\ worker_at' = [worker_at EXCEPT ![me] = "delete_record"]
                           /\ UNCHANGED worker_transaction
                      ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "read_entity"]
                           /\ worker_transaction' = [worker_transaction EXCEPT ![me] = None]
                   /\ UNCHANGED <<version, transaction>>
           /\ worker_version' = [worker_version EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, changes, outbox, inbox, outputs, worker_mine, worker_message,
                          worker_attempt, worker_record, commit_unanswered_used, crash_used>>

clear_transaction_fails(me) ==
    /\ worker_at[me] = "clear_transaction"
    /\ worker_version[me] = None

clear_transaction_is_cut(me) ==
    LET test == worker_version[me] = version
    IN  /\ worker_at[me] = "clear_transaction"
        /\ worker_version[me] # None
        /\ test
        /\ LET version_1 == version + 1 IN version_1 > 8

delete_record(me) ==
    /\ worker_at[me] = "delete_record"
    /\ worker_transaction[me] # None
    /\ LET test == /\ worker_transaction[me].value # None
                   /\ worker_transaction[me].value \in DOMAIN outbox
       IN  /\ IF test
              THEN outbox' = Without(outbox, worker_transaction[me].value)
              ELSE UNCHANGED outbox
           /\ worker_at' = [worker_at EXCEPT ![me] = "read_entity"]
           /\ worker_transaction' = [worker_transaction EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, version, changes, transaction, inbox, outputs, worker_mine,
                          worker_message, worker_version, worker_attempt, worker_record,
                          commit_unanswered_used, crash_used>>

delete_record_fails(me) ==
    /\ worker_at[me] = "delete_record"
    /\ worker_transaction[me] = None

read_inbox(me) ==
    /\ worker_at[me] = "read_inbox"
    /\ IF worker_message[me] \in inbox
       THEN /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
            /\ worker_version' = [worker_version EXCEPT ![me] = None]
            /\ worker_attempt' = [worker_attempt EXCEPT ![me] = None]
       ELSE /\ IF stage_by_attempt
               THEN /\ worker_version[me] # None
                    /\ LET attempt == [message |-> worker_message[me],
                                       version |-> worker_version[me],
                                       worker |-> me]
                       IN  worker_attempt' = [worker_attempt EXCEPT ![me] = attempt]
               ELSE worker_attempt' = [worker_attempt EXCEPT ![me] = [message |-> worker_message[me],
                                                                      version |-> 0,
                                                                      worker |-> None]]
            /\ worker_at' = [worker_at EXCEPT ![me] = "stage"]
            /\ UNCHANGED worker_version
    /\ UNCHANGED <<queue, version, changes, transaction, outbox, inbox, outputs, worker_mine,
                   worker_message, worker_transaction, worker_record, commit_unanswered_used,
                   crash_used>>

read_inbox_fails(me) ==
    /\ worker_at[me] = "read_inbox"
    /\ worker_message[me] \notin inbox
    /\ stage_by_attempt
    /\ worker_version[me] = None

stage(me) ==
    /\ worker_at[me] = "stage"
    /\ worker_version[me] # None
    /\ LET outbox_1 == [message |-> worker_message[me], version |-> worker_version[me] + 1]
           outbox_2 == (worker_attempt[me] :> outbox_1) @@ outbox
       IN  /\ worker_attempt[me] # None
           /\ outbox_1.version <= 8
           /\ outbox' = outbox_2
           /\ worker_at' = [worker_at EXCEPT ![me] = "commit"]
           /\ UNCHANGED <<queue, version, changes, transaction, inbox, outputs, worker_mine,
                          worker_message, worker_version, worker_transaction, worker_attempt,
                          worker_record, commit_unanswered_used, crash_used>>

stage_fails(me) ==
    /\ worker_at[me] = "stage"
    /\ worker_version[me] = None \/ worker_attempt[me] = None

stage_is_cut(me) ==
    LET outbox_1 == [message |-> worker_message[me], version |-> worker_version[me] + 1]
    IN  /\ worker_at[me] = "stage"
        /\ worker_version[me] # None
        /\ worker_attempt[me] # None
        /\ outbox_1.version > 8

commit(me) ==
    /\ worker_at[me] = "commit"
    /\ worker_version[me] # None
    /\ LET created == worker_version[me] = 0 /\ ~check_first_write
           refused == worker_version[me] # version /\ ~created
           test == ~refused
           version_1 == worker_version[me] + 1
           changes_1 == {[message |-> worker_message[me], version |-> 1]}
           changes_2 == [message |-> worker_message[me], version |-> worker_version[me] + 1]
           transaction_1 == worker_attempt[me]
           test_1 == ~help
           mine == worker_attempt[me]
       IN  /\ test => version_1 >= 0 /\ version_1 <= 8
           /\ IF ~test
              THEN TRUE
              ELSE IF created
              THEN TRUE
              ELSE changes_2.version >= 0 /\ changes_2.version <= 8
           /\ test => worker_attempt[me] # None
           /\ IF ~test THEN TRUE ELSE IF ~test_1 THEN TRUE ELSE worker_attempt[me] # None
           /\ \E answer \in (IF commit_unanswered_used < 1
                             THEN {"answered", "unanswered"}
                             ELSE {"answered"}) :
                  LET test_2 == answer = "unanswered"
                  IN  /\ version' = IF test THEN version_1 ELSE version
                      /\ changes' = IF test
                                    THEN IF created THEN changes_1 ELSE changes \cup {changes_2}
                                    ELSE changes
                      /\ transaction' = IF test THEN transaction_1 ELSE transaction
                      /\ worker_at' = [worker_at EXCEPT ![me] = IF test_2
                                                                THEN IF keep_if_unanswered
                                                                     THEN "read_entity"
                                                                     ELSE "unstage"
                                                                ELSE IF refused
                                                                THEN "unstage"
                                                                ELSE "read_entity"]
                      /\ worker_mine' = [worker_mine EXCEPT ![me] = IF test
                                                                    THEN IF test_1 THEN mine ELSE worker_mine[me]
                                                                    ELSE worker_mine[me]]
                      /\ worker_version' = [worker_version EXCEPT ![me] = None]
                      /\ worker_attempt' = [worker_attempt EXCEPT ![me] = IF test_2
                                                                          THEN IF keep_if_unanswered
                                                                               THEN None
                                                                               ELSE worker_attempt[me]
                                                                          ELSE IF refused
                                                                          THEN worker_attempt[me]
                                                                          ELSE None]
                      /\ commit_unanswered_used' = IF answer = "unanswered"
                                                   THEN commit_unanswered_used + 1
                                                   ELSE commit_unanswered_used
                      /\ UNCHANGED <<queue, outbox, inbox, outputs, worker_message,
                                     worker_transaction, worker_record, crash_used>>

commit_fails(me) ==
    LET created == worker_version[me] = 0 /\ ~check_first_write
        refused == worker_version[me] # version /\ ~created
        test == ~refused
        version_1 == worker_version[me] + 1
        changes_2 == [message |-> worker_message[me], version |-> worker_version[me] + 1]
        test_1 == ~help
    IN  IF ~(worker_at[me] = "commit")
        THEN FALSE
        ELSE IF worker_version[me] = None
        THEN TRUE
        ELSE IF ~(test => version_1 >= 0 /\ version_1 <= 8)
        THEN FALSE
        ELSE IF ~(~test \/ created \/ (changes_2.version >= 0 /\ changes_2.version <= 8))
        THEN FALSE
        ELSE IF test /\ worker_attempt[me] = None
        THEN TRUE
        ELSE test /\ test_1 /\ worker_attempt[me] = None

commit_is_cut(me) ==
    LET created == worker_version[me] = 0 /\ ~check_first_write
        refused == worker_version[me] # version /\ ~created
        test == ~refused
        version_1 == worker_version[me] + 1
        changes_2 == [message |-> worker_message[me], version |-> worker_version[me] + 1]
    IN  /\ worker_at[me] = "commit"
        /\ worker_version[me] # None
        /\ \/ test /\ (version_1 < 0 \/ version_1 > 8)
           \/ test /\ ~created /\ (changes_2.version < 0 \/ changes_2.version > 8)

unstage(me) ==
    /\ worker_at[me] = "unstage"
    /\ worker_attempt[me] # None
    /\ LET test == worker_attempt[me] \in DOMAIN outbox
       IN  /\ IF test THEN outbox' = Without(outbox, worker_attempt[me]) ELSE UNCHANGED outbox
           /\ worker_at' = [worker_at EXCEPT ![me] = "read_entity"]
           /\ worker_attempt' = [worker_attempt EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, version, changes, transaction, inbox, outputs, worker_mine,
                          worker_message, worker_version, worker_transaction, worker_record,
                          commit_unanswered_used, crash_used>>

unstage_fails(me) ==
    /\ worker_at[me] = "unstage"
    /\ worker_attempt[me] = None

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ queue' = queue \ {worker_message[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ worker_message' = [worker_message EXCEPT ![me] = None]
    /\ UNCHANGED <<version, changes, transaction, outbox, inbox, outputs, worker_mine,
                   worker_version, worker_transaction, worker_attempt, worker_record,
                   commit_unanswered_used, crash_used>>

\* (A fault, at most once.)
crash(worker) ==
    /\ crash_used < 1
    /\ worker_at[worker] # "receive"
    /\ worker_at' = [worker_at EXCEPT ![worker] = "receive"]
    /\ worker_mine' = [worker_mine EXCEPT ![worker] = None]
    /\ worker_message' = [worker_message EXCEPT ![worker] = None]
    /\ worker_version' = [worker_version EXCEPT ![worker] = None]
    /\ worker_transaction' = [worker_transaction EXCEPT ![worker] = None]
    /\ worker_attempt' = [worker_attempt EXCEPT ![worker] = None]
    /\ worker_record' = [worker_record EXCEPT ![worker] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<queue, version, changes, transaction, outbox, inbox, outputs,
                   commit_unanswered_used>>

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ read_entity(me)
    \/ load_record(me)
    \/ publish(me)
    \/ delete_early(me)
    \/ mark(me)
    \/ clear_transaction(me)
    \/ delete_record(me)
    \/ read_inbox(me)
    \/ stage(me)
    \/ commit(me)
    \/ unstage(me)
    \/ acknowledge(me)

Actions == \E me \in Worker : worker(me)

Faults == \E worker_2 \in Worker : crash(worker_2)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Worker : WF_vars(worker(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Worker : load_record_fails(me)
    \/ \E me \in Worker : publish_fails(me)
    \/ \E me \in Worker : delete_early_fails(me)
    \/ \E me \in Worker : mark_fails(me)
    \/ \E me \in Worker : clear_transaction_fails(me)
    \/ \E me \in Worker : delete_record_fails(me)
    \/ \E me \in Worker : read_inbox_fails(me)
    \/ \E me \in Worker : stage_fails(me)
    \/ \E me \in Worker : commit_fails(me)
    \/ \E me \in Worker : unstage_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Worker : clear_transaction_is_cut(me)
    \/ \E me \in Worker : stage_is_cut(me)
    \/ \E me \in Worker : commit_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : load_record_fails(me))
    /\ ~(\E me \in Worker : publish_fails(me))
    /\ ~(\E me \in Worker : delete_early_fails(me))
    /\ ~(\E me \in Worker : mark_fails(me))
    /\ ~(\E me \in Worker : clear_transaction_fails(me))
    /\ ~(\E me \in Worker : clear_transaction_is_cut(me))
    /\ ~(\E me \in Worker : delete_record_fails(me))
    /\ ~(\E me \in Worker : read_inbox_fails(me))
    /\ ~(\E me \in Worker : stage_fails(me))
    /\ ~(\E me \in Worker : stage_is_cut(me))
    /\ ~(\E me \in Worker : commit_fails(me))
    /\ ~(\E me \in Worker : commit_is_cut(me))
    /\ ~(\E me \in Worker : unstage_fails(me))

no_message_is_applied_twice ==
    \A message \in MessageId : Cardinality({change \in changes : change.message = message}) <= 1

\* An output tells of a change that the entity has.
what_is_said_is_so == \A output \in outputs : output \in changes

what_is_marked_is_applied == \A message \in inbox : \E c \in changes : c.message = message

what_is_acknowledged_is_said ==
    \A message \in MessageId :
        message \in queue \/ (\E output \in outputs : output.message = message)

\* A transaction of which only the end is missing waits for the next message.
nothing_is_left_undone ==
    AtRest => /\ transaction = None \/ transaction # None
              /\ Cardinality(queue) = 0
              /\ transaction = None \/ transaction.message \in inbox

every_message_is_acknowledged ==
    \A message \in MessageId :
        (message \in queue) ~> (message \notin queue)

another_finishes_what_one_has_begun ==
    \E worker_2 \in Worker :
        worker_at[worker_2] = "publish" /\ transaction # None /\ transaction.worker # worker_2

\* Must be found false: the states above have to be reachable.
never_another_finishes_what_one_has_begun == ~another_finishes_what_one_has_begun

==============================================================================
