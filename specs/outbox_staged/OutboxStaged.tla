---------------------------- MODULE OutboxStaged ----------------------------
\* An outbox in another store than the state: outputs are staged, and published after the commit.
\*
\* Claim   A message that is acknowledged has changed the state once and sent one output, of the
\*         version that it made, although no two stores are written at once.
\* Faults  Each message is in the queue in several copies; a commit may fail, and its handler gives
\*         up. With outputs staged under the message's id, the attempt that loses replaces the
\*         output of the one that has won. Without the version check the loser wins, too.
\* Source  T. Masternak, S. Pobiega, Model checking exactly-once, 2020
\*         (exactly_once_none_atomic.tla); the counts in the manifest are those that TLC prints.
\*
\* The twin of models/outbox_staged.py: the same variables, actions and properties.
\*     checker twin outbox_staged specs/outbox_staged/OutboxStaged.tla --keep-dead-locals
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

\* op(... op(op(base, x1), x2) ..., xn) over the elements of S in some order.
FoldSet(op(_, _), base, S) ==
    LET fold[T \in SUBSET S] ==
            IF T = {} THEN base
            ELSE LET x == CHOOSE x \in T : TRUE IN op(fold[T \ {x}], x)
    IN  fold[S]

------------------------------------------------------------------------------

CONSTANTS
    MessageId,         \* What the sender calls its message.
    Handler,           \* One of the processes that take messages from the queue.
    copies,
    stage_by_attempt,  \* or by the message's id?
    check_version,     \* is a commit refused if the state has changed meanwhile?
    None               \* no value

Copy == {"FIRST", "SECOND"}
handler_labels ==
    {"main_loop", "lock", "publish_pending", "clear_pending", "process", "stage", "commit",
     "publish", "clear", "send", "done"}

VARIABLES
    queue,
    entity,
    staged,
    outbox,
    sent,
    processed,

    \* The process `handler`.
    handler_at,        \* where each instance stands
    handler_delivery,  \* a local; None: it has no value now
    handler_state,     \* a local; None: it has no value now
    handler_attempt    \* a local; None: it has no value now

vars ==
    <<queue, entity, staged, outbox, sent, processed, handler_at, handler_delivery, handler_state,
      handler_attempt>>

TypeOK ==
    /\ queue \in SUBSET [message : MessageId, copy : Copy]
    /\ entity \in [history : Seq([message : MessageId, version : 0..8]),
                   version : 0..8,
                   pending : [message : MessageId, copy : Copy] \cup {None}]
    /\ DOMAIN staged \subseteq [message : MessageId, copy : Copy]
    /\ \A k \in DOMAIN staged : staged[k] \in [message : MessageId, version : 0..8]
    /\ DOMAIN outbox \subseteq MessageId
    /\ \A k \in DOMAIN outbox : outbox[k] \in [message : MessageId, version : 0..8]
    /\ sent \in SUBSET [message : MessageId, version : 0..8]
    /\ processed \in SUBSET [message : MessageId, copy : Copy]
    /\ handler_at \in [Handler -> handler_labels]
    /\ handler_delivery \in [Handler -> [message : MessageId, copy : Copy] \cup {None}]
    /\ handler_state \in [Handler -> [history : Seq([message : MessageId, version : 0..8]), version : 0..8, pending : [message : MessageId, copy : Copy] \cup {None}] \cup {None}]
    /\ handler_attempt \in [Handler -> [message : MessageId, copy : Copy] \cup {None}]

Init ==
    LET queue_1 == FoldSet(LAMBDA so_far, message :
                               LET queue_2 == so_far \cup {[message |-> message, copy |-> "FIRST"]}
                               IN  IF copies > 1
                                   THEN queue_2 \cup {[message |-> message, copy |-> "SECOND"]}
                                   ELSE queue_2,
                           {},
                           MessageId)
    IN  /\ queue = queue_1
        /\ entity = [history |-> <<>>, version |-> 0, pending |-> None]
        /\ staged = EmptyMap
        /\ outbox = EmptyMap
        /\ sent = {}
        /\ processed = {}
        /\ handler_at = [me \in Handler |-> "main_loop"]
        /\ handler_delivery = [me \in Handler |-> None]
        /\ handler_state = [me \in Handler |-> None]
        /\ handler_attempt = [me \in Handler |-> None]

main_loop(me) ==
    /\ handler_at[me] = "main_loop"
    /\ handler_at' = [handler_at EXCEPT ![me] = "lock"]
    /\ UNCHANGED <<queue, entity, staged, outbox, sent, processed, handler_delivery, handler_state,
                   handler_attempt>>

lock(me) ==
    /\ handler_at[me] = "lock"
    /\ \E delivery \in queue :
           /\ queue' = queue \ {delivery}
           /\ handler_at' = [handler_at EXCEPT ![me] = IF entity.pending # None
                                                       THEN "publish_pending"
                                                       ELSE "process"]
           /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
           /\ handler_state' = [handler_state EXCEPT ![me] = entity]
           /\ UNCHANGED <<entity, staged, outbox, sent, processed, handler_attempt>>

publish_pending(me) ==
    /\ handler_at[me] = "publish_pending"
    /\ handler_state[me].pending # None
    /\ handler_state[me].pending \in DOMAIN staged
    /\ LET output == staged[handler_state[me].pending]
       IN  /\ outbox' = (output.message :> output) @@ outbox
           /\ handler_at' = [handler_at EXCEPT ![me] = "clear_pending"]
           /\ UNCHANGED <<queue, entity, staged, sent, processed, handler_delivery, handler_state,
                          handler_attempt>>

publish_pending_fails(me) ==
    /\ handler_at[me] = "publish_pending"
    /\ handler_state[me].pending = None \/ handler_state[me].pending \notin DOMAIN staged

clear_pending(me) ==
    /\ handler_at[me] = "clear_pending"
    /\ IF entity.version # handler_state[me].version
       THEN handler_at' = [handler_at EXCEPT ![me] = "main_loop"] /\ UNCHANGED entity
       ELSE \E answer \in {"ok", "failure"} :
                IF answer = "failure"
                THEN handler_at' = [handler_at EXCEPT ![me] = "main_loop"] /\ UNCHANGED entity
                ELSE LET entity_1 == [history |-> entity.history,
                                      version |-> handler_state[me].version + 1,
                                      pending |-> None]
                     IN  /\ entity_1.version <= 8
                         /\ entity' = entity_1
                         /\ handler_at' = [handler_at EXCEPT ![me] = "process"]
    /\ UNCHANGED <<queue, staged, outbox, sent, processed, handler_delivery, handler_state,
                   handler_attempt>>

clear_pending_is_cut(me) ==
    /\ handler_at[me] = "clear_pending"
    /\ entity.version = handler_state[me].version
    /\ \E answer \in {"ok", "failure"} :
           /\ answer # "failure"
           /\ LET entity_1 == [history |-> entity.history,
                               version |-> handler_state[me].version + 1,
                               pending |-> None]
              IN  entity_1.version > 8

process(me) ==
    /\ handler_at[me] = "process"
    /\ IF handler_delivery[me].message \notin DOMAIN outbox
       THEN /\ IF ~stage_by_attempt
               THEN LET attempt == [message |-> handler_delivery[me].message, copy |-> "FIRST"]
                        version == handler_state[me].version + 1
                        state_1 == [history |-> Append(handler_state[me].history,
                                                       [message |-> handler_delivery[me].message,
                                                        version |-> version]),
                                    version |-> version,
                                    pending |-> attempt]
                    IN  /\ handler_state[me].version < 8
                        /\ Len(state_1.history) <= 8
                        /\ handler_state' = [handler_state EXCEPT ![me] = state_1]
                        /\ handler_attempt' = [handler_attempt EXCEPT ![me] = attempt]
               ELSE LET attempt == handler_delivery[me]
                        version == handler_state[me].version + 1
                        state_1 == [history |-> Append(handler_state[me].history,
                                                       [message |-> handler_delivery[me].message,
                                                        version |-> version]),
                                    version |-> version,
                                    pending |-> attempt]
                    IN  /\ handler_state[me].version < 8
                        /\ Len(state_1.history) <= 8
                        /\ handler_state' = [handler_state EXCEPT ![me] = state_1]
                        /\ handler_attempt' = [handler_attempt EXCEPT ![me] = attempt]
            /\ handler_at' = [handler_at EXCEPT ![me] = "stage"]
       ELSE /\ handler_at' = [handler_at EXCEPT ![me] = "send"]
            /\ UNCHANGED <<handler_state, handler_attempt>>
    /\ UNCHANGED <<queue, entity, staged, outbox, sent, processed, handler_delivery>>

process_is_cut(me) ==
    /\ handler_at[me] = "process"
    /\ handler_delivery[me].message \notin DOMAIN outbox
    /\ IF ~stage_by_attempt
       THEN LET attempt == [message |-> handler_delivery[me].message, copy |-> "FIRST"]
                version == handler_state[me].version + 1
                state_1 == [history |-> Append(handler_state[me].history,
                                               [message |-> handler_delivery[me].message,
                                                version |-> version]),
                            version |-> version,
                            pending |-> attempt]
            IN  handler_state[me].version >= 8 \/ Len(state_1.history) > 8
       ELSE LET attempt == handler_delivery[me]
                version == handler_state[me].version + 1
                state_1 == [history |-> Append(handler_state[me].history,
                                               [message |-> handler_delivery[me].message,
                                                version |-> version]),
                            version |-> version,
                            pending |-> attempt]
            IN  handler_state[me].version >= 8 \/ Len(state_1.history) > 8

stage(me) ==
    /\ handler_at[me] = "stage"
    /\ handler_attempt[me] # None
    /\ LET staged_1 == (handler_attempt[me] :> [message |-> handler_delivery[me].message,
                                                version |-> handler_state[me].version])
                         @@ staged
       IN  /\ staged' = staged_1
           /\ handler_at' = [handler_at EXCEPT ![me] = "commit"]
           /\ UNCHANGED <<queue, entity, outbox, sent, processed, handler_delivery, handler_state,
                          handler_attempt>>

stage_fails(me) ==
    /\ handler_at[me] = "stage"
    /\ handler_attempt[me] = None

commit(me) ==
    /\ handler_at[me] = "commit"
    /\ IF check_version /\ entity.version + 1 # handler_state[me].version
       THEN handler_at' = [handler_at EXCEPT ![me] = "main_loop"] /\ UNCHANGED entity
       ELSE \E answer \in {"ok", "failure"} :
                IF answer = "failure"
                THEN handler_at' = [handler_at EXCEPT ![me] = "main_loop"] /\ UNCHANGED entity
                ELSE /\ entity' = handler_state[me]
                     /\ handler_at' = [handler_at EXCEPT ![me] = "publish"]
    /\ UNCHANGED <<queue, staged, outbox, sent, processed, handler_delivery, handler_state,
                   handler_attempt>>

publish(me) ==
    /\ handler_at[me] = "publish"
    /\ handler_attempt[me] # None
    /\ handler_attempt[me] \in DOMAIN staged
    /\ LET outbox_1 == (handler_delivery[me].message :> staged[handler_attempt[me]]) @@ outbox
       IN  /\ outbox' = outbox_1
           /\ handler_at' = [handler_at EXCEPT ![me] = "clear"]
           /\ UNCHANGED <<queue, entity, staged, sent, processed, handler_delivery, handler_state,
                          handler_attempt>>

publish_fails(me) ==
    /\ handler_at[me] = "publish"
    /\ handler_attempt[me] = None \/ handler_attempt[me] \notin DOMAIN staged

clear(me) ==
    /\ handler_at[me] = "clear"
    /\ IF entity.version # handler_state[me].version
       THEN handler_at' = [handler_at EXCEPT ![me] = "main_loop"] /\ UNCHANGED entity
       ELSE \E answer \in {"ok", "failure"} :
                IF answer = "failure"
                THEN handler_at' = [handler_at EXCEPT ![me] = "main_loop"] /\ UNCHANGED entity
                ELSE LET entity_1 == [history |-> entity.history,
                                      version |-> handler_state[me].version + 1,
                                      pending |-> None]
                     IN  /\ entity_1.version <= 8
                         /\ entity' = entity_1
                         /\ handler_at' = [handler_at EXCEPT ![me] = "send"]
    /\ UNCHANGED <<queue, staged, outbox, sent, processed, handler_delivery, handler_state,
                   handler_attempt>>

clear_is_cut(me) ==
    /\ handler_at[me] = "clear"
    /\ entity.version = handler_state[me].version
    /\ \E answer \in {"ok", "failure"} :
           /\ answer # "failure"
           /\ LET entity_1 == [history |-> entity.history,
                               version |-> handler_state[me].version + 1,
                               pending |-> None]
              IN  entity_1.version > 8

send(me) ==
    /\ handler_at[me] = "send"
    /\ handler_delivery[me].message \in DOMAIN outbox
    /\ LET sent_1 == sent \cup {outbox[handler_delivery[me].message]}
       IN  /\ sent' = sent_1
           /\ processed' = processed \cup {handler_delivery[me]}
           /\ handler_at' = [handler_at EXCEPT ![me] = "main_loop"]
           /\ UNCHANGED <<queue, entity, staged, outbox, handler_delivery, handler_state,
                          handler_attempt>>

send_fails(me) ==
    /\ handler_at[me] = "send"
    /\ handler_delivery[me].message \notin DOMAIN outbox

\* The process: an instance takes the step at which it stands.
handler(me) ==
    \/ main_loop(me)
    \/ lock(me)
    \/ publish_pending(me)
    \/ clear_pending(me)
    \/ process(me)
    \/ stage(me)
    \/ commit(me)
    \/ publish(me)
    \/ clear(me)
    \/ send(me)

Next == \E me \in Handler : handler(me)

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Handler : WF_vars(handler(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Handler : publish_pending_fails(me)
    \/ \E me \in Handler : stage_fails(me)
    \/ \E me \in Handler : publish_fails(me)
    \/ \E me \in Handler : send_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Handler : clear_pending_is_cut(me)
    \/ \E me \in Handler : process_is_cut(me)
    \/ \E me \in Handler : clear_is_cut(me)

nothing_is_cut == ~Cut

at_most_one_change ==
    \A message \in MessageId :
        Sum(LAMBDA i : LET c == entity.history[i] IN IF c.message = message THEN 1 ELSE 0,
            DOMAIN entity.history)
          <= 1

at_most_one_output ==
    \A message \in MessageId : Cardinality({output \in sent : output.message = message}) <= 1

\* An acknowledged message has sent the version that it made.
state_and_output_agree ==
    \A message \in MessageId :
           (\E delivery \in processed : delivery.message = message)
        => \E output \in sent :
               /\ output.message = message
               /\ [message |-> message, version |-> output.version] \in Range(entity.history)

a_message_is_processed(message) == \E delivery \in processed : delivery.message = message

\* Must be found false: the states above have to be reachable.
never_a_message_is_processed == ~(\E message \in MessageId : a_message_is_processed(message))

every_handler_comes_to_rest ==
    <>(Cardinality(queue) = 0 /\ (\A handler_2 \in Handler : handler_at[handler_2] = "lock"))

=============================================================================
