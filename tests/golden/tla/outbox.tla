------------------------------- MODULE Outbox -------------------------------
\* Transactional outbox: commit the order and its event together, publish the event later.
\*
\* Claim   Every committed order ships, and ships once.
\* Faults  The relay crashes between "publish" and "mark sent"; the broker delivers twice.
\* Source  https://microservices.io/patterns/data/transactional-outbox.html
\* Twin    specs/outbox/Outbox.tla
EXTENDS Integers, Bags

CONSTANTS
    OrderId,      \* One order, and the event that announces it. Orders are interchangeable.
    deduplicate,  \* does the consumer remember the events it has applied?
    None          \* no value

VARIABLES
    \* Service database. Both tables change in the same transaction.
    orders,
    outbox,

    \* Relay memory: the event that is published but not yet marked. Lost in a crash.
    unmarked,

    \* Broker. Delivers in any order; keeps a message until it is acknowledged.
    queue,

    \* Consumer database.
    applied,
    shipped,

    \* How often each fault has happened.
    crash_relay_used,
    redeliver_used

vars == <<orders, outbox, unmarked, queue, applied, shipped, crash_relay_used, redeliver_used>>

TypeOK ==
    /\ orders \in SUBSET OrderId
    /\ outbox \in SUBSET OrderId
    /\ unmarked \in OrderId \cup {None}
    /\ IsABag(queue)
    /\ BagToSet(queue) \subseteq OrderId
    /\ applied \in SUBSET OrderId
    /\ IsABag(shipped)
    /\ BagToSet(shipped) \subseteq OrderId
    /\ crash_relay_used \in 0..1
    /\ redeliver_used \in 0..1

Init ==
    /\ orders = {}
    /\ outbox = {}
    /\ unmarked = None
    /\ queue = EmptyBag
    /\ applied = {}
    /\ shipped = EmptyBag
    /\ crash_relay_used = 0
    /\ redeliver_used = 0

\* The service commits the order and its outbox row in one transaction.
place_order(order) ==
    /\ order \notin orders
    /\ orders' = orders \cup {order}
    /\ outbox' = outbox \cup {order}
    /\ UNCHANGED <<unmarked, queue, applied, shipped, crash_relay_used, redeliver_used>>

\* The relay sends a pending event to the broker ...
publish(order) ==
    /\ order \in outbox
    /\ unmarked = None
    /\ BagCardinality(queue) < 8
    /\ unmarked' = order
    /\ queue' = queue (+) SetToBag({order})
    /\ UNCHANGED <<orders, outbox, applied, shipped, crash_relay_used, redeliver_used>>

publish_is_cut(order) ==
    /\ order \in outbox
    /\ unmarked = None
    /\ BagCardinality(queue) >= 8

\* ... and deletes the outbox row only after the broker has the event.
mark_sent(order) ==
    /\ order = unmarked
    /\ order \in outbox
    /\ outbox' = outbox \ {order}
    /\ unmarked' = None
    /\ UNCHANGED <<orders, queue, applied, shipped, crash_relay_used, redeliver_used>>

mark_sent_fails(order) ==
    /\ order = unmarked
    /\ order \notin outbox

\* The consumer ships and remembers in one transaction, then acknowledges.
consume(order) ==
    /\ BagIn(order, queue)
    /\ IF ~(deduplicate /\ order \in applied)
       THEN BagCardinality(shipped) < 8 /\ shipped' = shipped (+) SetToBag({order})
       ELSE UNCHANGED shipped
    /\ queue' = queue (-) SetToBag({order})
    /\ applied' = applied \cup {order}
    /\ UNCHANGED <<orders, outbox, unmarked, crash_relay_used, redeliver_used>>

consume_is_cut(order) ==
    /\ BagIn(order, queue)
    /\ ~(deduplicate /\ order \in applied)
    /\ BagCardinality(shipped) >= 8

\* The relay restarts and forgets that its last event is already published.
\* (A fault, at most once.)
crash_relay ==
    /\ crash_relay_used < 1
    /\ unmarked # None
    /\ unmarked' = None
    /\ crash_relay_used' = crash_relay_used + 1
    /\ UNCHANGED <<orders, outbox, queue, applied, shipped, redeliver_used>>

\* An acknowledgement is lost, so the broker will deliver the same message again.
\* (A fault, at most once.)
redeliver(order) ==
    /\ redeliver_used < 1
    /\ BagIn(order, queue)
    /\ BagCardinality(queue) < 8
    /\ queue' = queue (+) SetToBag({order})
    /\ redeliver_used' = redeliver_used + 1
    /\ UNCHANGED <<orders, outbox, unmarked, applied, shipped, crash_relay_used>>

redeliver_is_cut(order) ==
    /\ redeliver_used < 1
    /\ BagIn(order, queue)
    /\ BagCardinality(queue) >= 8

Actions ==
    \/ \E order \in OrderId : place_order(order)
    \/ \E order \in OrderId : publish(order)
    \/ \E order \in OrderId : mark_sent(order)
    \/ \E order \in OrderId : consume(order)

Faults ==
    \/ crash_relay
    \/ \E order \in OrderId : redeliver(order)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A order \in OrderId : WF_vars(publish(order))
    /\ \A order \in OrderId : WF_vars(mark_sent(order))
    /\ \A order \in OrderId : WF_vars(consume(order))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError == \E order \in OrderId : mark_sent_fails(order)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E order \in OrderId : publish_is_cut(order)
    \/ \E order \in OrderId : consume_is_cut(order)
    \/ \E order \in OrderId : redeliver_is_cut(order)

nothing_is_cut == ~Cut

\* A committed order waits in the outbox, waits in the broker, or has shipped.
no_event_is_lost == \A o \in orders : o \in outbox \/ BagIn(o, queue) \/ BagIn(o, shipped)

no_order_ships_twice == \A o \in OrderId : CopiesIn(o, shipped) <= 1

only_committed_orders_ship == \A o \in BagToSet(shipped) : o \in orders

\* Unless this state occurs, `no_order_ships_twice` holds for lack of duplicates.
a_duplicate_is_in_flight == \E o \in OrderId : CopiesIn(o, queue) > 1

\* Must be found false: the states above have to be reachable.
never_a_duplicate_is_in_flight == ~a_duplicate_is_in_flight

every_order_ships ==
    \A order \in OrderId :
        (order \in orders) ~> BagIn(order, shipped)

=============================================================================
