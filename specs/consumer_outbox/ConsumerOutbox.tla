--------------------------- MODULE ConsumerOutbox ---------------------------
\* Consumer outbox: change, record and outputs in one transaction; the outputs go out after it.
\*
\* Claim   Every message changes each endpoint once, and what it makes the endpoint say is said in
\*         the end, and not before the change is committed.
\* Faults  Two workers have the same message, for the broker shows it until it is acknowledged; the
\*         sender sends it twice; a worker crashes, or does not learn whether its commit succeeded.
\* Source  docs.particular.net, "Outbox"; masstransit.io, "Transactional outbox" (consumer outbox).
\*
\* The twin of models/consumer_outbox.py: the same variables, actions and properties.
\*     checker twin consumer_outbox specs/consumer_outbox/ConsumerOutbox.tla
\* compares their state graphs under TLC.
EXTENDS Integers, Bags

CONSTANTS
    MessageId,          \* What the sender calls its message.
    Worker,             \* One of the workers that serve the endpoints.
    record,
    unique_key,         \* does a second record with the key roll the transaction back?
    key_per_endpoint,   \* or one for all who receive the message?
    key_from_sender,    \* or from the broker, another one for each copy?
    send_after_commit,  \* or from the handler, at once?
    mark_after_send,
    keep_records,       \* for longer than a copy can be late?
    keep_trying,        \* or does a message go to the error queue after a crash?
    None                \* no value

Endpoint == {"BILLING", "SHIPPING"}
Copy == {"ORIGINAL", "DUPLICATE"}
worker_labels ==
    {"receive", "send_at_once", "record", "commit", "record_late", "mark_first", "send_marked",
     "send", "mark_sent", "acknowledge", "done"}
Record == {"WITH_CHANGE", "AFTER_CHANGE", "BEFORE_CHANGE"}

VARIABLES
    published,
    queue,                     \* shown to all workers until it is acknowledged
    errors,

    \* The database of both endpoints.
    changes,
    records,
    unsent,                    \* the records whose outputs are not marked as sent
    outputs,                   \* what was said, to whoever wants to hear it

    \* The process `worker`.
    worker_at,                 \* where each instance stands
    worker_delivery,           \* a local; None: it has no value now
    worker_key,                \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    repeat_used,
    expire_used,
    move_to_error_queue_used

vars ==
    <<published, queue, errors, changes, records, unsent, outputs, worker_at, worker_delivery,
      worker_key, crash_used, repeat_used, expire_used, move_to_error_queue_used>>

TypeOK ==
    /\ published \in SUBSET [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ queue \in SUBSET [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ errors \in SUBSET [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ IsABag(changes)
    /\ BagToSet(changes) \subseteq [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ records \in SUBSET [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ unsent \in SUBSET [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ outputs \in SUBSET [message : MessageId, endpoint : Endpoint, copy : Copy]
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_delivery \in [Worker -> [message : MessageId, endpoint : Endpoint, copy : Copy] \cup {None}]
    /\ worker_key \in [Worker -> [message : MessageId, endpoint : Endpoint, copy : Copy] \cup {None}]
    /\ crash_used \in 0..1
    /\ repeat_used \in 0..1
    /\ expire_used \in 0..1
    /\ move_to_error_queue_used \in 0..1

Init ==
    /\ published = {}
    /\ queue = {}
    /\ errors = {}
    /\ changes = EmptyBag
    /\ records = {}
    /\ unsent = {}
    /\ outputs = {}
    /\ worker_at = [me \in Worker |-> "receive"]
    /\ worker_delivery = [me \in Worker |-> None]
    /\ worker_key = [me \in Worker |-> None]
    /\ crash_used = 0
    /\ repeat_used = 0
    /\ expire_used = 0
    /\ move_to_error_queue_used = 0

publish(message, endpoint) ==
    LET delivery == [message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"]
    IN  /\ delivery \notin published
        /\ published' = published \cup {delivery}
        /\ queue' = queue \cup {delivery}
        /\ UNCHANGED <<errors, changes, records, unsent, outputs, worker_at, worker_delivery,
                       worker_key, crash_used, repeat_used, expire_used, move_to_error_queue_used>>

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E delivery \in queue :
           LET key == [message |-> delivery.message,
                       endpoint |-> IF key_per_endpoint THEN delivery.endpoint ELSE "BILLING",
                       copy |-> IF key_from_sender THEN "ORIGINAL" ELSE delivery.copy]
           IN  /\ IF key \notin records
                  THEN /\ worker_at' = [worker_at EXCEPT ![me] = IF ~send_after_commit
                                                                 THEN "send_at_once"
                                                                 ELSE IF record = "BEFORE_CHANGE"
                                                                 THEN "record"
                                                                 ELSE "commit"]
                       /\ worker_key' = [worker_key EXCEPT ![me] = key]
                  ELSE IF ~mark_after_send /\ key \in unsent
                  THEN /\ worker_at' = [worker_at EXCEPT ![me] = "mark_first"]
                       /\ worker_key' = [worker_key EXCEPT ![me] = key]
                  ELSE IF key \in unsent
                  THEN /\ worker_at' = [worker_at EXCEPT ![me] = "send"]
                       /\ worker_key' = [worker_key EXCEPT ![me] = key]
                  ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                       /\ worker_key' = [worker_key EXCEPT ![me] = None]
               /\ worker_delivery' = [worker_delivery EXCEPT ![me] = delivery]
               /\ UNCHANGED <<published, queue, errors, changes, records, unsent, outputs,
                              crash_used, repeat_used, expire_used, move_to_error_queue_used>>

send_at_once(me) ==
    /\ worker_at[me] = "send_at_once"
    /\ outputs' = outputs \cup {LET delivery == worker_delivery[me]
                                IN  [message |-> delivery.message,
                                     endpoint |-> delivery.endpoint,
                                     copy |-> "ORIGINAL"]}
    /\ worker_at' = [worker_at EXCEPT ![me] = IF record = "BEFORE_CHANGE"
                                              THEN "record"
                                              ELSE "commit"]
    /\ UNCHANGED <<published, queue, errors, changes, records, unsent, worker_delivery, worker_key,
                   crash_used, repeat_used, expire_used, move_to_error_queue_used>>

worker_record(me) ==
    /\ worker_at[me] = "record"
    /\ records' = records \cup {worker_key[me]}
    /\ unsent' = unsent \cup {worker_key[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "commit"]
    /\ UNCHANGED <<published, queue, errors, changes, outputs, worker_delivery, worker_key,
                   crash_used, repeat_used, expire_used, move_to_error_queue_used>>

commit(me) ==
    /\ worker_at[me] = "commit"
    /\ IF record = "WITH_CHANGE"
       THEN IF unique_key /\ worker_key[me] \in records
            THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                 /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
                 /\ worker_key' = [worker_key EXCEPT ![me] = None]
                 /\ UNCHANGED <<changes, records, unsent>>
            ELSE LET records_1 == records \cup {worker_key[me]}
                     unsent_1 == unsent \cup {worker_key[me]}
                     changes_1 == changes (+) SetToBag({LET delivery == worker_delivery[me]
                                                        IN  [message |-> delivery.message,
                                                             endpoint |-> delivery.endpoint,
                                                             copy |-> "ORIGINAL"]})
                 IN  /\ BagCardinality(changes_1) <= 6
                     /\ IF ~mark_after_send /\ worker_key[me] \in unsent_1
                        THEN worker_at' = [worker_at EXCEPT ![me] = "mark_first"]
                        ELSE worker_at' = [worker_at EXCEPT ![me] = "send"]
                     /\ changes' = changes_1
                     /\ records' = records_1
                     /\ unsent' = unsent_1
                     /\ UNCHANGED <<worker_delivery, worker_key>>
       ELSE LET changes_3 == changes (+) SetToBag({LET delivery == worker_delivery[me]
                                                   IN  [message |-> delivery.message,
                                                        endpoint |-> delivery.endpoint,
                                                        copy |-> "ORIGINAL"]})
            IN  /\ BagCardinality(changes_3) <= 6
                /\ IF record = "AFTER_CHANGE"
                   THEN /\ worker_at' = [worker_at EXCEPT ![me] = "record_late"]
                        /\ UNCHANGED worker_key
                   ELSE IF ~mark_after_send /\ worker_key[me] \in unsent
                   THEN worker_at' = [worker_at EXCEPT ![me] = "mark_first"] /\ UNCHANGED worker_key
                   ELSE IF worker_key[me] \in unsent
                   THEN worker_at' = [worker_at EXCEPT ![me] = "send"] /\ UNCHANGED worker_key
                   ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                        /\ worker_key' = [worker_key EXCEPT ![me] = None]
                /\ changes' = changes_3
                /\ UNCHANGED <<records, unsent, worker_delivery>>
    /\ UNCHANGED <<published, queue, errors, outputs, crash_used, repeat_used, expire_used,
                   move_to_error_queue_used>>

commit_is_cut(me) ==
    /\ worker_at[me] = "commit"
    /\ IF record = "WITH_CHANGE"
       THEN /\ ~(unique_key /\ worker_key[me] \in records)
            /\ LET changes_1 == changes (+) SetToBag({LET delivery == worker_delivery[me]
                                                      IN  [message |-> delivery.message,
                                                           endpoint |-> delivery.endpoint,
                                                           copy |-> "ORIGINAL"]})
               IN  BagCardinality(changes_1) > 6
       ELSE LET changes_3 == changes (+) SetToBag({LET delivery == worker_delivery[me]
                                                   IN  [message |-> delivery.message,
                                                        endpoint |-> delivery.endpoint,
                                                        copy |-> "ORIGINAL"]})
            IN  BagCardinality(changes_3) > 6

record_late(me) ==
    /\ worker_at[me] = "record_late"
    /\ LET records_1 == records \cup {worker_key[me]}
           unsent_1 == unsent \cup {worker_key[me]}
       IN  /\ IF ~mark_after_send /\ worker_key[me] \in unsent_1
              THEN worker_at' = [worker_at EXCEPT ![me] = "mark_first"]
              ELSE worker_at' = [worker_at EXCEPT ![me] = "send"]
           /\ records' = records_1
           /\ unsent' = unsent_1
           /\ UNCHANGED <<published, queue, errors, changes, outputs, worker_delivery, worker_key,
                          crash_used, repeat_used, expire_used, move_to_error_queue_used>>

mark_first(me) ==
    /\ worker_at[me] = "mark_first"
    /\ unsent' = unsent \ {worker_key[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "send_marked"]
    /\ worker_key' = [worker_key EXCEPT ![me] = None]
    /\ UNCHANGED <<published, queue, errors, changes, records, outputs, worker_delivery, crash_used,
                   repeat_used, expire_used, move_to_error_queue_used>>

send_marked(me) ==
    /\ worker_at[me] = "send_marked"
    /\ outputs' = outputs \cup {LET delivery == worker_delivery[me]
                                IN  [message |-> delivery.message,
                                     endpoint |-> delivery.endpoint,
                                     copy |-> "ORIGINAL"]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
    /\ UNCHANGED <<published, queue, errors, changes, records, unsent, worker_delivery, worker_key,
                   crash_used, repeat_used, expire_used, move_to_error_queue_used>>

send(me) ==
    /\ worker_at[me] = "send"
    /\ outputs' = outputs \cup {LET delivery == worker_delivery[me]
                                IN  [message |-> delivery.message,
                                     endpoint |-> delivery.endpoint,
                                     copy |-> "ORIGINAL"]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "mark_sent"]
    /\ UNCHANGED <<published, queue, errors, changes, records, unsent, worker_delivery, worker_key,
                   crash_used, repeat_used, expire_used, move_to_error_queue_used>>

mark_sent(me) ==
    /\ worker_at[me] = "mark_sent"
    /\ unsent' = unsent \ {worker_key[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
    /\ worker_key' = [worker_key EXCEPT ![me] = None]
    /\ UNCHANGED <<published, queue, errors, changes, records, outputs, worker_delivery, crash_used,
                   repeat_used, expire_used, move_to_error_queue_used>>

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ queue' = queue \ {worker_delivery[me]}
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ worker_delivery' = [worker_delivery EXCEPT ![me] = None]
    /\ UNCHANGED <<published, errors, changes, records, unsent, outputs, worker_key, crash_used,
                   repeat_used, expire_used, move_to_error_queue_used>>

\* A worker dies, or gives its message back since it does not know whether it committed.
\* (A fault, at most once.)
crash(worker) ==
    /\ crash_used < 1
    /\ worker_at[worker] # "receive"
    /\ worker_at' = [worker_at EXCEPT ![worker] = "receive"]
    /\ worker_delivery' = [worker_delivery EXCEPT ![worker] = None]
    /\ worker_key' = [worker_key EXCEPT ![worker] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<published, queue, errors, changes, records, unsent, outputs, repeat_used,
                   expire_used, move_to_error_queue_used>>

\* The sender sends a message again, for it does not know whether it has sent it.
\* (A fault, at most once.)
repeat(message, endpoint) ==
    /\ repeat_used < 1
    /\ [message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"] \in published
    /\ queue' = queue \cup {[message |-> message, endpoint |-> endpoint, copy |-> "DUPLICATE"]}
    /\ repeat_used' = repeat_used + 1
    /\ UNCHANGED <<published, errors, changes, records, unsent, outputs, worker_at, worker_delivery,
                   worker_key, crash_used, expire_used, move_to_error_queue_used>>

\* A job removes the record of a message that was dealt with long ago.
\* (A fault, at most once.)
expire(key) ==
    /\ expire_used < 1
    /\ ~keep_records
    /\ key \in records
    /\ key \notin unsent
    /\ records' = records \ {key}
    /\ expire_used' = expire_used + 1
    /\ UNCHANGED <<published, queue, errors, changes, unsent, outputs, worker_at, worker_delivery,
                   worker_key, crash_used, repeat_used, move_to_error_queue_used>>

\* The broker gives a message up after its last delivery.
\* (A fault, at most once.)
move_to_error_queue(delivery) ==
    /\ move_to_error_queue_used < 1
    /\ ~keep_trying
    /\ delivery \in queue
    /\ queue' = queue \ {delivery}
    /\ errors' = errors \cup {delivery}
    /\ move_to_error_queue_used' = move_to_error_queue_used + 1
    /\ UNCHANGED <<published, changes, records, unsent, outputs, worker_at, worker_delivery,
                   worker_key, crash_used, repeat_used, expire_used>>

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ send_at_once(me)
    \/ worker_record(me)
    \/ commit(me)
    \/ record_late(me)
    \/ mark_first(me)
    \/ send_marked(me)
    \/ send(me)
    \/ mark_sent(me)
    \/ acknowledge(me)

Actions ==
    \/ \E message \in MessageId, endpoint \in Endpoint : publish(message, endpoint)
    \/ \E me \in Worker : worker(me)

Faults ==
    \/ \E worker_2 \in Worker : crash(worker_2)
    \/ \E message \in MessageId, endpoint \in Endpoint : repeat(message, endpoint)
    \/ \E key \in [message : MessageId, endpoint : Endpoint, copy : Copy] : expire(key)
    \/ \E delivery \in [message : MessageId, endpoint : Endpoint, copy : Copy] :
           move_to_error_queue(delivery)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Worker : WF_vars(worker(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut == \E me \in Worker : commit_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : commit_is_cut(me))

no_message_is_applied_twice ==
    \A message \in MessageId, endpoint \in Endpoint :
        CopiesIn([message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"], changes) <= 1

\* No output is a ghost.
nothing_is_said_of_a_change_that_is_not == \A output \in outputs : BagIn(output, changes)

every_message_is_applied == AtRest => \A d \in published : BagIn(d, changes) \/ d \in errors

no_message_is_lost ==
    \A message \in MessageId, endpoint \in Endpoint :
        ([message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"] \in published)
          ~> (LET delivery == [message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"]
              IN  BagIn(delivery, changes) \/ delivery \in errors)

\* A record whose output is never sent is a zombie.
no_output_is_lost ==
    \A message \in MessageId, endpoint \in Endpoint :
        BagIn([message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"], changes)
          ~> ([message |-> message, endpoint |-> endpoint, copy |-> "ORIGINAL"] \in outputs)

a_change_waits_for_its_output == \E change \in BagToSet(changes) : change \notin outputs

\* Must be found false: the states above have to be reachable.
never_a_change_waits_for_its_output == ~a_change_waits_for_its_output

a_known_message_comes_again ==
    \E d \in queue :
        /\ d.copy = "DUPLICATE"
        /\ [message |-> d.message, endpoint |-> d.endpoint, copy |-> "ORIGINAL"] \in records

\* Must be found false: the states above have to be reachable.
never_a_known_message_comes_again == ~a_known_message_comes_again

=============================================================================
