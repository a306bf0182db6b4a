---------------------------- MODULE OutboxHandler ----------------------------
\* An outbox kept with the state, and a handler that can fail at every step.
\*
\* Claim   Every message that is acknowledged has changed the state once and sent one output, of the
\*         version that it made; and in the end all messages are acknowledged or given up.
\* Faults  Each write may fail; the message then returns to the queue, at most `retries` times.
\*         Without the version check a handler overwrites what the other one has committed;
\*         without a look into the outbox a message that returns is processed again.
\* Source  T. Masternak, S. Pobiega, Model checking exactly-once, 2020 (exactly_once.tla); the
\*         counts in the manifest are those that TLC prints for it.
\*
\* The twin of models/outbox_handler.py: the same variables, actions and properties.
\*     checker twin outbox_handler specs/outbox_handler/OutboxHandler.tla --keep-dead-locals
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

------------------------------------------------------------------------------

CONSTANTS
    MessageId,      \* What the sender calls its message.
    Handler,        \* One of the processes that take messages from the queue.
    retries,
    check_version,  \* is a commit refused if the snapshot is not the newest?
    check_outbox,   \* is a message with an entry in the outbox not processed?
    None            \* no value

handler_labels ==
    {"main_loop", "lock", "load", "process_and_commit", "send", "update_outbox", "acknowledge",
     "done"}

VARIABLES
    queue,
    log,
    outbox,            \* None: sent, and cleared
    sent,
    processed,

    \* The process `handler`.
    handler_at,        \* where each instance stands
    handler_delivery,  \* a local; None: it has no value now
    handler_log,       \* a local; None: it has no value now
    handler_outbox     \* a local; None: it has no value now

vars ==
    <<queue, log, outbox, sent, processed, handler_at, handler_delivery, handler_log,
      handler_outbox>>

TypeOK ==
    /\ queue \in SUBSET [message : MessageId, failed : 0..3]
    /\ log \in Seq([message : MessageId, version : 0..8])
    /\ DOMAIN outbox \subseteq MessageId
    /\ \A k \in DOMAIN outbox : outbox[k] \in [message : MessageId, version : 0..8] \cup {None}
    /\ sent \in SUBSET [message : MessageId, version : 0..8]
    /\ processed \in SUBSET [message : MessageId, failed : 0..3]
    /\ handler_at \in [Handler -> handler_labels]
    /\ handler_delivery \in [Handler -> [message : MessageId, failed : 0..3] \cup {None}]
    /\ handler_log \in [Handler -> Seq([message : MessageId, version : 0..8]) \cup {None}]
    /\ DOMAIN handler_outbox = Handler

Init ==
    /\ queue = {[message |-> message, failed |-> 0] : message \in MessageId}
    /\ log = <<>>
    /\ outbox = EmptyMap
    /\ sent = {}
    /\ processed = {}
    /\ handler_at = [me \in Handler |-> "main_loop"]
    /\ handler_delivery = [me \in Handler |-> None]
    /\ handler_log = [me \in Handler |-> None]
    /\ handler_outbox = [me \in Handler |-> None]

main_loop(me) ==
    /\ handler_at[me] = "main_loop"
    /\ handler_at' = [handler_at EXCEPT ![me] = "lock"]
    /\ UNCHANGED <<queue, log, outbox, sent, processed, handler_delivery, handler_log,
                   handler_outbox>>

lock(me) ==
    /\ handler_at[me] = "lock"
    /\ \E delivery \in queue :
           /\ queue' = queue \ {delivery}
           /\ handler_at' = [handler_at EXCEPT ![me] = "load"]
           /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
           /\ UNCHANGED <<log, outbox, sent, processed, handler_log, handler_outbox>>

load(me) ==
    /\ handler_at[me] = "load"
    /\ handler_at' = [handler_at EXCEPT ![me] = IF check_outbox => handler_delivery[me].message
                                                                     \notin DOMAIN outbox
                                                THEN "process_and_commit"
                                                ELSE "send"]
    /\ handler_log' = [handler_log EXCEPT ![me] = log]
    /\ handler_outbox' = [handler_outbox EXCEPT ![me] = outbox]
    /\ UNCHANGED <<queue, log, outbox, sent, processed, handler_delivery>>

process_and_commit(me) ==
    /\ handler_at[me] = "process_and_commit"
    /\ LET version == Len(handler_log[me]) + 1
           log_1 == Append(handler_log[me],
                           [message |-> handler_delivery[me].message, version |-> version])
           outbox_1 == (handler_delivery[me].message :> [message |-> handler_delivery[me].message,
                                                         version |-> version])
                         @@ handler_outbox[me]
       IN  /\ IF check_version /\ Len(log) + 1 # version
              THEN /\ IF /\ handler_delivery[me] \notin processed
                         /\ handler_delivery[me].failed < retries
                      THEN LET delivery == [message |-> handler_delivery[me].message,
                                            failed |-> handler_delivery[me].failed + 1]
                           IN  /\ delivery.failed <= 3
                               /\ Len(handler_log[me]) < 8
                               /\ queue' = queue \cup {delivery}
                               /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
                      ELSE Len(handler_log[me]) < 8 /\ UNCHANGED <<queue, handler_delivery>>
                   /\ handler_at' = [handler_at EXCEPT ![me] = "main_loop"]
                   /\ UNCHANGED <<log, outbox>>
              ELSE \E answer \in {"ok", "failure"} :
                       IF answer = "failure"
                       THEN /\ IF /\ handler_delivery[me] \notin processed
                                  /\ handler_delivery[me].failed < retries
                               THEN LET delivery == [message |-> handler_delivery[me].message,
                                                     failed |-> handler_delivery[me].failed + 1]
                                    IN  /\ delivery.failed <= 3
                                        /\ Len(handler_log[me]) < 8
                                        /\ queue' = queue \cup {delivery}
                                        /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
                               ELSE /\ Len(handler_log[me]) < 8
                                    /\ UNCHANGED <<queue, handler_delivery>>
                            /\ handler_at' = [handler_at EXCEPT ![me] = "main_loop"]
                            /\ UNCHANGED <<log, outbox>>
                       ELSE /\ Len(handler_log[me]) < 8
                            /\ log' = log_1
                            /\ outbox' = outbox_1
                            /\ handler_at' = [handler_at EXCEPT ![me] = "send"]
                            /\ UNCHANGED <<queue, handler_delivery>>
           /\ handler_log' = [handler_log EXCEPT ![me] = log_1]
           /\ handler_outbox' = [handler_outbox EXCEPT ![me] = outbox_1]
           /\ UNCHANGED <<sent, processed>>

process_and_commit_fails(me) ==
    LET version == Len(handler_log[me]) + 1
    IN  /\ handler_at[me] = "process_and_commit"
        /\ IF check_version /\ Len(log) + 1 # version
           THEN /\ handler_delivery[me] \notin processed
                /\ handler_delivery[me].failed < retries
                /\ LET delivery == [message |-> handler_delivery[me].message,
                                    failed |-> handler_delivery[me].failed + 1]
                   IN  delivery.failed > 3
           ELSE \E answer \in {"ok", "failure"} :
                    /\ answer = "failure"
                    /\ handler_delivery[me] \notin processed
                    /\ handler_delivery[me].failed < retries
                    /\ LET delivery == [message |-> handler_delivery[me].message,
                                        failed |-> handler_delivery[me].failed + 1]
                       IN  delivery.failed > 3

process_and_commit_is_cut(me) ==
    LET version == Len(handler_log[me]) + 1
    IN  /\ handler_at[me] = "process_and_commit"
        /\ IF check_version /\ Len(log) + 1 # version
           THEN IF handler_delivery[me] \notin processed /\ handler_delivery[me].failed < retries
                THEN LET delivery == [message |-> handler_delivery[me].message,
                                      failed |-> handler_delivery[me].failed + 1]
                     IN  delivery.failed <= 3 /\ Len(handler_log[me]) >= 8
                ELSE Len(handler_log[me]) >= 8
           ELSE \E answer \in {"ok", "failure"} :
                    IF answer = "failure"
                    THEN IF /\ handler_delivery[me] \notin processed
                            /\ handler_delivery[me].failed < retries
                         THEN LET delivery == [message |-> handler_delivery[me].message,
                                               failed |-> handler_delivery[me].failed + 1]
                              IN  delivery.failed <= 3 /\ Len(handler_log[me]) >= 8
                         ELSE Len(handler_log[me]) >= 8
                    ELSE Len(handler_log[me]) >= 8

send(me) ==
    /\ handler_at[me] = "send"
    /\ handler_delivery[me].message \in DOMAIN handler_outbox[me]
    /\ LET output == handler_outbox[me][handler_delivery[me].message]
       IN  /\ IF output # None
              THEN \E answer \in {"ok", "failure"} :
                       IF answer = "failure"
                       THEN /\ IF /\ handler_delivery[me] \notin processed
                                  /\ handler_delivery[me].failed < retries
                               THEN LET delivery == [message |-> handler_delivery[me].message,
                                                     failed |-> handler_delivery[me].failed + 1]
                                    IN  /\ delivery.failed <= 3
                                        /\ queue' = queue \cup {delivery}
                                        /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
                               ELSE UNCHANGED <<queue, handler_delivery>>
                            /\ handler_at' = [handler_at EXCEPT ![me] = "main_loop"]
                            /\ UNCHANGED sent
                       ELSE /\ sent' = sent \cup {output}
                            /\ handler_at' = [handler_at EXCEPT ![me] = "update_outbox"]
                            /\ UNCHANGED <<queue, handler_delivery>>
              ELSE /\ handler_at' = [handler_at EXCEPT ![me] = "update_outbox"]
                   /\ UNCHANGED <<queue, sent, handler_delivery>>
           /\ UNCHANGED <<log, outbox, processed, handler_log, handler_outbox>>

send_fails(me) ==
    LET output == handler_outbox[me][handler_delivery[me].message]
    IN  /\ handler_at[me] = "send"
        /\ \/ handler_delivery[me].message \notin DOMAIN handler_outbox[me]
           \/ /\ output # None
              /\ \E answer \in {"ok", "failure"} :
                     /\ answer = "failure"
                     /\ handler_delivery[me] \notin processed
                     /\ handler_delivery[me].failed < retries
                     /\ LET delivery == [message |-> handler_delivery[me].message,
                                         failed |-> handler_delivery[me].failed + 1]
                        IN  delivery.failed > 3

update_outbox(me) ==
    /\ handler_at[me] = "update_outbox"
    /\ \E answer \in {"ok", "failure"} :
           /\ IF answer = "failure"
              THEN /\ IF /\ handler_delivery[me] \notin processed
                         /\ handler_delivery[me].failed < retries
                      THEN LET delivery == [message |-> handler_delivery[me].message,
                                            failed |-> handler_delivery[me].failed + 1]
                           IN  /\ delivery.failed <= 3
                               /\ queue' = queue \cup {delivery}
                               /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
                      ELSE UNCHANGED <<queue, handler_delivery>>
                   /\ handler_at' = [handler_at EXCEPT ![me] = "main_loop"]
                   /\ UNCHANGED outbox
              ELSE /\ outbox' = (handler_delivery[me].message :> None) @@ outbox
                   /\ handler_at' = [handler_at EXCEPT ![me] = "acknowledge"]
                   /\ UNCHANGED <<queue, handler_delivery>>
           /\ UNCHANGED <<log, sent, processed, handler_log, handler_outbox>>

update_outbox_fails(me) ==
    /\ handler_at[me] = "update_outbox"
    /\ \E answer \in {"ok", "failure"} :
           /\ answer = "failure"
           /\ handler_delivery[me] \notin processed
           /\ handler_delivery[me].failed < retries
           /\ LET delivery == [message |-> handler_delivery[me].message,
                               failed |-> handler_delivery[me].failed + 1]
              IN  delivery.failed > 3

acknowledge(me) ==
    /\ handler_at[me] = "acknowledge"
    /\ \E answer \in {"ok", "failure"} :
           /\ IF answer = "ok"
              THEN /\ processed' = processed \cup {handler_delivery[me]}
                   /\ UNCHANGED <<queue, handler_delivery>>
              ELSE /\ IF /\ handler_delivery[me] \notin processed
                         /\ handler_delivery[me].failed < retries
                      THEN LET delivery == [message |-> handler_delivery[me].message,
                                            failed |-> handler_delivery[me].failed + 1]
                           IN  /\ delivery.failed <= 3
                               /\ queue' = queue \cup {delivery}
                               /\ handler_delivery' = [handler_delivery EXCEPT ![me] = delivery]
                      ELSE UNCHANGED <<queue, handler_delivery>>
                   /\ UNCHANGED processed
           /\ handler_at' = [handler_at EXCEPT ![me] = "main_loop"]
           /\ UNCHANGED <<log, outbox, sent, handler_log, handler_outbox>>

acknowledge_fails(me) ==
    /\ handler_at[me] = "acknowledge"
    /\ \E answer \in {"ok", "failure"} :
           /\ answer # "ok"
           /\ handler_delivery[me] \notin processed
           /\ handler_delivery[me].failed < retries
           /\ LET delivery == [message |-> handler_delivery[me].message,
                               failed |-> handler_delivery[me].failed + 1]
              IN  delivery.failed > 3

\* The process: an instance takes the step at which it stands.
handler(me) ==
    \/ main_loop(me)
    \/ lock(me)
    \/ load(me)
    \/ process_and_commit(me)
    \/ send(me)
    \/ update_outbox(me)
    \/ acknowledge(me)

Next == \E me \in Handler : handler(me)

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Handler : WF_vars(handler(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Handler : process_and_commit_fails(me)
    \/ \E me \in Handler : send_fails(me)
    \/ \E me \in Handler : update_outbox_fails(me)
    \/ \E me \in Handler : acknowledge_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut == \E me \in Handler : process_and_commit_is_cut(me)

nothing_is_cut == ~Cut

at_most_one_change ==
    \A message \in MessageId :
        Sum(LAMBDA i : LET change == log[i] IN IF change.message = message THEN 1 ELSE 0,
            DOMAIN log)
          <= 1

at_most_one_output ==
    \A message \in MessageId : Cardinality({output \in sent : output.message = message}) <= 1

\* An acknowledged message has sent the version that it made.
state_and_output_agree ==
    \A message \in MessageId :
           (\E delivery \in processed : delivery.message = message)
        => \E output \in sent :
               /\ output.message = message
               /\ [message |-> message, version |-> output.version] \in Range(log)

a_message_is_processed(message) == \E delivery \in processed : delivery.message = message

\* Must be found false: the states above have to be reachable.
never_a_message_is_processed == ~(\E message \in MessageId : a_message_is_processed(message))

every_handler_comes_to_rest ==
    <>(Cardinality(queue) = 0 /\ (\A handler_2 \in Handler : handler_at[handler_2] = "lock"))

==============================================================================
