------------------------------ MODULE DualWrite ------------------------------
\* Dual write: a worker commits a change, sends an output and acknowledges, and can die in between.
\*
\* Claim   Commit first, under the version that was loaded, with the message's id and the output in
\*         the same write; then send what is stored; acknowledge last. Every message then changes
\*         the entity once, and what is sent for it is the output of that change, sent once or
\*         repeated.
\* Faults  A worker crashes; a lock expires, and its worker does not know. If a message is given up
\*         after `deliveries_max` deliveries, no order of the calls keeps its output from being
\*         lost.
\* Source  Particular Software, Outbox (ghost messages, zombie records),
\*         https://docs.particular.net/nservicebus/outbox/
\*
\* The twin of models/dual_write.py: the same variables, actions and properties.
\*     checker twin dual_write specs/dual_write/DualWrite.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Sequences, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The elements of a sequence.
Range(s) == {s[i] : i \in DOMAIN s}

\* The sum of f(x) for all x in S.
Sum(f(_), S) ==
    LET sum[T \in SUBSET S] ==
            IF T = {} THEN 0
            ELSE LET x == CHOOSE x \in T : TRUE IN f(x) + sum[T \ {x}]
    IN  sum[S]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

\* op(... op(op(base, s[1]), s[2]) ..., s[n]).
FoldSeq(op(_, _), base, s) ==
    LET fold[i \in 0..Len(s)] == IF i = 0 THEN base ELSE op(fold[i - 1], s[i])
    IN  fold[Len(s)]

------------------------------------------------------------------------------

CONSTANTS
    MessageId,       \* What the sender calls its message.
    Worker,          \* One of the competing consumers.
    first,           \* the others follow in the order of `Call`
    when_known,
    check_version,   \* is a commit refused if the entity has changed since?
    deliveries_max,  \* the worker gives up a message delivered more often; 0: never
    None             \* no value

worker_labels ==
    {"receive", "acknowledge_first", "send_first", "load", "commit", "send", "acknowledge", "done"}
Call == {"COMMIT", "SEND", "ACKNOWLEDGE"}
Known == {"SEND_STORED", "SEND_OWN", "SKIP", "PROCESS"}

VARIABLES
    \* Broker. A message stays in the queue until it is acknowledged; a lock hides it from others.
    queue,
    locked,
    deliveries,
    errors,
    changes,            \* of the entity; their number is its version
    sent,

    \* The process `worker`.
    worker_at,          \* where each instance stands
    worker_message,     \* a local; None: it has no value now
    worker_delivery,    \* a local; None: it has no value now
    worker_version,     \* a local; None: it has no value now
    worker_known,       \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    lock_expires_used

vars ==
    <<queue, locked, deliveries, errors, changes, sent, worker_at, worker_message, worker_delivery,
      worker_version, worker_known, crash_used, lock_expires_used>>

TypeOK ==
    /\ queue \in SUBSET MessageId
    /\ DOMAIN locked \subseteq Worker
    /\ \A k \in DOMAIN locked : locked[k] \in MessageId
    /\ deliveries \in [MessageId -> 0..6]
    /\ errors \in SUBSET MessageId
    /\ changes \in Seq([message : MessageId, delivery : 0..6])
    /\ sent \in SUBSET [message : MessageId, delivery : 0..6]
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_message \in [Worker -> MessageId \cup {None}]
    /\ worker_delivery \in [Worker -> (0..6) \cup {None}]
    /\ worker_version \in [Worker -> (0..6) \cup {None}]
    /\ worker_known \in [Worker -> BOOLEAN \cup {None}]
    /\ crash_used \in 0..1
    /\ lock_expires_used \in 0..1

Init ==
    /\ queue = MessageId
    /\ locked = EmptyMap
    /\ deliveries = [k \in MessageId |-> 0]
    /\ errors = {}
    /\ changes = <<>>
    /\ sent = {}
    /\ worker_at = [me \in Worker |-> "receive"]
    /\ worker_message = [me \in Worker |-> None]
    /\ worker_delivery = [me \in Worker |-> None]
    /\ worker_version = [me \in Worker |-> None]
    /\ worker_known = [me \in Worker |-> None]
    /\ crash_used = 0
    /\ lock_expires_used = 0

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in {m \in queue : \A worker \in Worker :
                                         (IF worker \in DOMAIN locked
                                          THEN locked[worker]
                                          ELSE None)
                                           # m} :
           /\ IF deliveries_max > 0 /\ deliveries_max <= deliveries[message]
              THEN /\ queue' = queue \ {message}
                   /\ errors' = errors \cup {message}
                   /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
                   /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
                   /\ UNCHANGED <<locked, deliveries>>
              ELSE LET deliveries_1 == deliveries[message] + 1
                       deliveries_2 == [deliveries EXCEPT ![message] = deliveries_1]
                       delivery == deliveries_2[message]
                   IN  /\ deliveries_1 <= 6
                       /\ IF first = "ACKNOWLEDGE"
                          THEN worker_at' = [worker_at EXCEPT ![me] = "acknowledge_first"]
                          ELSE IF first = "SEND"
                          THEN worker_at' = [worker_at EXCEPT ![me] = "send_first"]
                          ELSE worker_at' = [worker_at EXCEPT ![me] = "load"]
                       /\ locked' = (me :> message) @@ locked
                       /\ deliveries' = deliveries_2
                       /\ worker_message' = [worker_message EXCEPT ![me] = message]
                       /\ worker_delivery' = [worker_delivery EXCEPT ![me] = delivery]
                       /\ UNCHANGED <<queue, errors>>
           /\ UNCHANGED <<changes, sent, worker_version, worker_known, crash_used,
                          lock_expires_used>>

receive_is_cut(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in {m \in queue : \A worker \in Worker :
                                         (IF worker \in DOMAIN locked
                                          THEN locked[worker]
                                          ELSE None)
                                           # m} :
           /\ ~(deliveries_max > 0 /\ deliveries_max <= deliveries[message])
           /\ LET deliveries_1 == deliveries[message] + 1 IN deliveries_1 > 6

acknowledge_first(me) ==
    /\ worker_at[me] = "acknowledge_first"
    /\ IF (IF me \in DOMAIN locked THEN locked[me] ELSE None) = worker_message[me]
       THEN LET item == worker_message[me]
            IN  item \in queue /\ queue' = queue \ {item} /\ locked' = Without(locked, me)
       ELSE UNCHANGED <<queue, locked>>
    /\ worker_at' = [worker_at EXCEPT ![me] = IF first = "SEND" THEN "send_first" ELSE "load"]
    /\ UNCHANGED <<deliveries, errors, changes, sent, worker_message, worker_delivery,
                   worker_version, worker_known, crash_used, lock_expires_used>>

acknowledge_first_fails(me) ==
    /\ worker_at[me] = "acknowledge_first"
    /\ (IF me \in DOMAIN locked THEN locked[me] ELSE None) = worker_message[me]
    /\ LET item == worker_message[me] IN item \notin queue

send_first(me) ==
    /\ worker_at[me] = "send_first"
    /\ sent' = sent \cup {[message |-> worker_message[me], delivery |-> worker_delivery[me]]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "load"]
    /\ UNCHANGED <<queue, locked, deliveries, errors, changes, worker_message, worker_delivery,
                   worker_version, worker_known, crash_used, lock_expires_used>>

load(me) ==
    /\ worker_at[me] = "load"
    /\ LET version == Len(changes)
           known == /\ when_known # "PROCESS"
                    /\ \E change \in Range(changes) : change.message = worker_message[me]
       IN  /\ IF ~known
              THEN /\ version <= 6
                   /\ worker_at' = [worker_at EXCEPT ![me] = "commit"]
                   /\ worker_version' = [worker_version EXCEPT ![me] = version]
                   /\ worker_known' = [worker_known EXCEPT ![me] = known]
                   /\ UNCHANGED <<worker_message, worker_delivery>>
              ELSE /\ IF first # "SEND" /\ ~(known /\ when_known = "SKIP")
                      THEN /\ version <= 6
                           /\ worker_at' = [worker_at EXCEPT ![me] = "send"]
                           /\ UNCHANGED <<worker_message, worker_delivery>>
                      ELSE /\ IF first # "ACKNOWLEDGE"
                              THEN /\ version <= 6
                                   /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                                   /\ UNCHANGED worker_message
                              ELSE /\ version <= 6
                                   /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
                           /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
                   /\ worker_version' = [worker_version EXCEPT ![me] = None]
                   /\ worker_known' = [worker_known EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, locked, deliveries, errors, changes, sent, crash_used,
                          lock_expires_used>>

load_is_cut(me) ==
    LET version == Len(changes)
        known == /\ when_known # "PROCESS"
                 /\ \E change \in Range(changes) : change.message = worker_message[me]
    IN  /\ worker_at[me] = "load"
        /\ IF ~known
           THEN version > 6
           ELSE IF first # "SEND" /\ ~(known /\ when_known = "SKIP")
           THEN version > 6
           ELSE IF first # "ACKNOWLEDGE"
           THEN version > 6
           ELSE version > 6

commit(me) ==
    /\ worker_at[me] = "commit"
    /\ check_version => worker_version[me] # None
    /\ LET test == check_version /\ worker_version[me] # Len(changes)
       IN  /\ IF test
              THEN /\ IF (IF me \in DOMAIN locked THEN locked[me] ELSE None) = worker_message[me]
                      THEN locked' = Without(locked, me)
                      ELSE UNCHANGED locked
                   /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
                   /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
                   /\ UNCHANGED changes
              ELSE LET changes_1 == Append(changes,
                                           [message |-> worker_message[me],
                                            delivery |-> worker_delivery[me]])
                       test_2 == first # "SEND" /\ ~(worker_known[me] /\ when_known = "SKIP")
                   IN  /\ Len(changes_1) <= 8
                       /\ IF first = "SEND" THEN TRUE ELSE worker_known[me] # None
                       /\ IF test_2
                          THEN /\ worker_at' = [worker_at EXCEPT ![me] = "send"]
                               /\ UNCHANGED <<worker_message, worker_delivery>>
                          ELSE /\ IF first # "ACKNOWLEDGE"
                                  THEN /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                                       /\ UNCHANGED worker_message
                                  ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                                       /\ worker_message' = [worker_message EXCEPT ![me] = None]
                               /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
                       /\ changes' = changes_1
                       /\ UNCHANGED locked
           /\ worker_version' = [worker_version EXCEPT ![me] = None]
           /\ worker_known' = [worker_known EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, deliveries, errors, sent, crash_used, lock_expires_used>>

commit_fails(me) ==
    LET test == check_version /\ worker_version[me] # Len(changes)
    IN  /\ worker_at[me] = "commit"
        /\ \/ check_version /\ worker_version[me] = None
           \/ /\ ~test
              /\ LET changes_1 == Append(changes,
                                         [message |-> worker_message[me],
                                          delivery |-> worker_delivery[me]])
                 IN  Len(changes_1) <= 8 /\ first # "SEND" /\ worker_known[me] = None

commit_is_cut(me) ==
    LET test == check_version /\ worker_version[me] # Len(changes)
    IN  /\ worker_at[me] = "commit"
        /\ check_version => worker_version[me] # None
        /\ ~test
        /\ LET changes_1 == Append(changes,
                                   [message |-> worker_message[me],
                                    delivery |-> worker_delivery[me]])
           IN  Len(changes_1) > 8

send(me) ==
    /\ worker_at[me] = "send"
    /\ IF when_known = "SEND_STORED"
       THEN LET loop == FoldSeq(LAMBDA so_far, change :
                                    IF so_far.end # "done"
                                    THEN so_far
                                    ELSE IF worker_message[me] = None
                                    THEN [so_far EXCEPT !.end = "error"]
                                    ELSE LET test == change.message = worker_message[me]
                                         IN  IF test /\ worker_message[me] = None
                                             THEN [so_far EXCEPT !.end = "error"]
                                             ELSE LET sent_2 == so_far.sent_1_ \cup {[message |-> worker_message[me],
                                                                                      delivery |-> change.delivery]}
                                                  IN  [sent_1_ |-> IF test THEN sent_2 ELSE so_far.sent_1_,
                                                       end |-> "done"],
                                [sent_1_ |-> sent, end |-> "done"],
                                changes)
            IN  /\ loop.end = "done"
                /\ IF first # "ACKNOWLEDGE"
                   THEN /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                        /\ UNCHANGED worker_message
                   ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                        /\ worker_message' = [worker_message EXCEPT ![me] = None]
                /\ sent' = loop.sent_1_
       ELSE LET sent_4 == sent \cup {[message |-> worker_message[me],
                                      delivery |-> worker_delivery[me]]}
            IN  /\ IF first # "ACKNOWLEDGE"
                   THEN /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                        /\ UNCHANGED worker_message
                   ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                        /\ worker_message' = [worker_message EXCEPT ![me] = None]
                /\ sent' = sent_4
    /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
    /\ UNCHANGED <<queue, locked, deliveries, errors, changes, worker_version, worker_known,
                   crash_used, lock_expires_used>>

send_fails(me) ==
    /\ worker_at[me] = "send"
    /\ when_known = "SEND_STORED"
    /\ LET loop == FoldSeq(LAMBDA so_far, change :
                               IF so_far.end # "done"
                               THEN so_far
                               ELSE IF worker_message[me] = None
                               THEN [so_far EXCEPT !.end = "error"]
                               ELSE LET test == change.message = worker_message[me]
                                    IN  IF test /\ worker_message[me] = None
                                        THEN [so_far EXCEPT !.end = "error"]
                                        ELSE LET sent_2 == so_far.sent_1_ \cup {[message |-> worker_message[me],
                                                                                 delivery |-> change.delivery]}
                                             IN  [sent_1_ |-> IF test THEN sent_2 ELSE so_far.sent_1_,
                                                  end |-> "done"],
                           [sent_1_ |-> sent, end |-> "done"],
                           changes)
       IN  loop.end = "error"

send_is_cut(me) ==
    /\ worker_at[me] = "send"
    /\ when_known = "SEND_STORED"
    /\ LET loop == FoldSeq(LAMBDA so_far, change :
                               IF so_far.end # "done"
                               THEN so_far
                               ELSE IF worker_message[me] = None
                               THEN [so_far EXCEPT !.end = "error"]
                               ELSE LET test == change.message = worker_message[me]
                                    IN  IF test /\ worker_message[me] = None
                                        THEN [so_far EXCEPT !.end = "error"]
                                        ELSE LET sent_2 == so_far.sent_1_ \cup {[message |-> worker_message[me],
                                                                                 delivery |-> change.delivery]}
                                             IN  [sent_1_ |-> IF test THEN sent_2 ELSE so_far.sent_1_,
                                                  end |-> "done"],
                           [sent_1_ |-> sent, end |-> "done"],
                           changes)
       IN  loop.end = "cut"

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ IF (IF me \in DOMAIN locked THEN locked[me] ELSE None) = worker_message[me]
       THEN LET item == worker_message[me]
            IN  item \in queue /\ queue' = queue \ {item} /\ locked' = Without(locked, me)
       ELSE UNCHANGED <<queue, locked>>
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ worker_message' = [worker_message EXCEPT ![me] = None]
    /\ UNCHANGED <<deliveries, errors, changes, sent, worker_delivery, worker_version, worker_known,
                   crash_used, lock_expires_used>>

acknowledge_fails(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ (IF me \in DOMAIN locked THEN locked[me] ELSE None) = worker_message[me]
    /\ LET item == worker_message[me] IN item \notin queue

\* The worker restarts; the broker notices, and unlocks its message.
\* (A fault, at most once.)
crash(me) ==
    /\ crash_used < 1
    /\ worker_at[me] # "receive"
    /\ locked' = Without(locked, me)
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ worker_message' = [worker_message EXCEPT ![me] = None]
    /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
    /\ worker_version' = [worker_version EXCEPT ![me] = None]
    /\ worker_known' = [worker_known EXCEPT ![me] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<queue, deliveries, errors, changes, sent, lock_expires_used>>

\* Others can receive the message, while this worker goes on with it.
\* (A fault, at most once.)
lock_expires(me) ==
    /\ lock_expires_used < 1
    /\ me \in DOMAIN locked
    /\ locked' = Without(locked, me)
    /\ lock_expires_used' = lock_expires_used + 1
    /\ UNCHANGED <<queue, deliveries, errors, changes, sent, worker_at, worker_message,
                   worker_delivery, worker_version, worker_known, crash_used>>

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ acknowledge_first(me)
    \/ send_first(me)
    \/ load(me)
    \/ commit(me)
    \/ send(me)
    \/ acknowledge(me)

Actions == \E me \in Worker : worker(me)

Faults ==
    \/ \E me \in Worker : crash(me)
    \/ \E me \in Worker : lock_expires(me)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Worker : WF_vars(worker(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Worker : acknowledge_first_fails(me)
    \/ \E me \in Worker : commit_fails(me)
    \/ \E me \in Worker : send_fails(me)
    \/ \E me \in Worker : acknowledge_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Worker : receive_is_cut(me)
    \/ \E me \in Worker : load_is_cut(me)
    \/ \E me \in Worker : commit_is_cut(me)
    \/ \E me \in Worker : send_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : receive_is_cut(me))
    /\ ~(\E me \in Worker : acknowledge_first_fails(me))
    /\ ~(\E me \in Worker : load_is_cut(me))
    /\ ~(\E me \in Worker : commit_fails(me))
    /\ ~(\E me \in Worker : commit_is_cut(me))
    /\ ~(\E me \in Worker : send_fails(me))
    /\ ~(\E me \in Worker : send_is_cut(me))
    /\ ~(\E me \in Worker : acknowledge_fails(me))

\* Nothing is told to the world that has not happened.
no_ghost_message ==
    \A output \in sent : \E change \in Range(changes) : change.message = output.message

no_double_apply ==
    \A message \in MessageId :
        Sum(LAMBDA i : LET change == changes[i] IN IF change.message = message THEN 1 ELSE 0,
            DOMAIN changes)
          <= 1

\* What is sent for a message twice is the same, so a receiver can drop it.
consistent_output ==
    \A message \in MessageId : Cardinality({output \in sent : output.message = message}) <= 1

no_lost_state ==
    AtRest => \A message \in MessageId :
                  (\E change \in Range(changes) : change.message = message) \/ message \in errors

\* Whatever has happened was told, be its message acknowledged or given up.
no_lost_output ==
    AtRest => \A message \in MessageId :
                     (\E change \in Range(changes) : change.message = message)
                  => \E o \in sent : o.message = message

\* Unless this state occurs, nobody ever sees a duplicate of what he has done.
a_processed_message_returns(message) ==
    /\ message \in queue
    /\ \A worker_2 \in Worker :
           IF worker_2 \in DOMAIN locked THEN worker_2 \in DOMAIN locked ELSE TRUE
    /\ \A worker_2 \in Worker :
           (IF worker_2 \in DOMAIN locked THEN locked[worker_2] ELSE None) # message
    /\ \E change \in Range(changes) : change.message = message

\* Must be found false: the states above have to be reachable.
never_a_processed_message_returns ==
    ~(\E message \in MessageId : a_processed_message_returns(message))

a_processed_message_returns_is_defined ==
    \A message \in MessageId :
        message \in queue => \A worker_2 \in Worker :
                                 IF worker_2 \in DOMAIN locked
                                 THEN worker_2 \in DOMAIN locked
                                 ELSE TRUE

every_message_leaves_the_queue ==
    \A message \in MessageId :
        <>(message \notin queue)

==============================================================================
