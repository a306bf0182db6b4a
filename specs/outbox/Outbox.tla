------------------------------- MODULE Outbox -------------------------------
(***************************************************************************)
(* Transactional outbox: commit the order and its event together, publish  *)
(* the event later.                                                        *)
(*                                                                         *)
(* A service that writes to its database and then sends a message can      *)
(* crash in between. Here it writes the message into a table of the same   *)
(* database, in the same transaction; a relay reads the table, sends, and  *)
(* deletes the row. The relay can crash too, between sending and deleting, *)
(* and then it sends again: nothing is lost, and the consumer has to       *)
(* recognise what it has seen before.                                      *)
(*                                                                         *)
(* The twin of models/outbox.py: the same variables, actions and           *)
(* properties. `checker twin outbox specs/outbox/Outbox.tla` compares      *)
(* their state graphs under TLC.                                           *)
(***************************************************************************)
EXTENDS Integers, Bags

CONSTANTS
    OrderId,      \* the orders, and the events that announce them
    deduplicate,  \* does the consumer remember the events it has applied?
    None          \* no order

VARIABLES
    \* The service's database. Both tables change in the same transaction.
    orders,
    outbox,
    \* The relay's memory: the event that is published but not yet marked. A crash forgets it.
    unmarked,
    \* The broker delivers in any order, and keeps a message until it is acknowledged. A bag,
    \* because the same event may be there twice: that is the point.
    queue,
    \* The consumer's database.
    applied,
    shipped,
    \* How often each fault has happened. The model bounds faults, and TLC needs it to be finite.
    crash_relay_used,
    redeliver_used

vars == <<orders, outbox, unmarked, queue, applied, shipped, crash_relay_used, redeliver_used>>

\* The most messages in the broker, and the most shipments. Neither is ever reached: see `Cut`.
Capacity == 8

TypeOK ==
    /\ orders \subseteq OrderId
    /\ outbox \subseteq OrderId
    /\ unmarked \in OrderId \cup {None}
    /\ IsABag(queue) /\ BagToSet(queue) \subseteq OrderId
    /\ applied \subseteq OrderId
    /\ IsABag(shipped) /\ BagToSet(shipped) \subseteq OrderId
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

-----------------------------------------------------------------------------
(***************************************************************************)
(* The service and its relay.                                              *)
(***************************************************************************)

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
    /\ BagCardinality(queue) < Capacity
    /\ queue' = queue (+) SetToBag({order})
    /\ unmarked' = order
    /\ UNCHANGED <<orders, outbox, applied, shipped, crash_relay_used, redeliver_used>>

\* ... and deletes the row only after the broker has the event. Were it the other way round, a
\* crash in between would lose the event.
mark_sent(order) ==
    /\ order = unmarked
    /\ order \in outbox
    /\ outbox' = outbox \ {order}
    /\ unmarked' = None
    /\ UNCHANGED <<orders, queue, applied, shipped, crash_relay_used, redeliver_used>>

(***************************************************************************)
(* The consumer.                                                           *)
(***************************************************************************)

\* It ships and remembers in one transaction, and then acknowledges. With `deduplicate` it ships
\* only what it has not applied before.
consume(order) ==
    LET ships == ~(deduplicate /\ order \in applied)
    IN  /\ BagIn(order, queue)
        /\ ships => BagCardinality(shipped) < Capacity
        /\ shipped' = IF ships THEN shipped (+) SetToBag({order}) ELSE shipped
        /\ applied' = applied \cup {order}
        /\ queue' = queue (-) SetToBag({order})
        /\ UNCHANGED <<orders, outbox, unmarked, crash_relay_used, redeliver_used>>

(***************************************************************************)
(* Faults: each may happen once, none has to.                              *)
(***************************************************************************)

\* The relay restarts and forgets that its last event is already published.
crash_relay ==
    /\ crash_relay_used < 1
    /\ unmarked # None
    /\ unmarked' = None
    /\ crash_relay_used' = crash_relay_used + 1
    /\ UNCHANGED <<orders, outbox, queue, applied, shipped, redeliver_used>>

\* An acknowledgement is lost, so the broker will deliver the same message again.
redeliver(order) ==
    /\ redeliver_used < 1
    /\ BagIn(order, queue)
    /\ BagCardinality(queue) < Capacity
    /\ queue' = queue (+) SetToBag({order})
    /\ redeliver_used' = redeliver_used + 1
    /\ UNCHANGED <<orders, outbox, unmarked, applied, shipped, crash_relay_used>>

-----------------------------------------------------------------------------
Next ==
    \/ \E order \in OrderId :
          \/ place_order(order)
          \/ publish(order)
          \/ mark_sent(order)
          \/ consume(order)
          \/ redeliver(order)
    \/ crash_relay

(***************************************************************************)
(* The relay and the consumer go on working, for each order; the service   *)
(* need not place any, and faults are never owed. Weak fairness is enough: *)
(* what they wait for stays true until they act, or a fault undoes it, and *)
(* faults are finitely many.                                               *)
(***************************************************************************)
Fairness ==
    \A order \in OrderId :
        /\ WF_vars(publish(order))
        /\ WF_vars(mark_sent(order))
        /\ WF_vars(consume(order))

Spec == Init /\ [][Next]_vars /\ Fairness

-----------------------------------------------------------------------------
(***************************************************************************)
(* What the model itself may do wrong. Both are enabling conditions above, *)
(* so that TLC goes on where the Python model would raise an exception,    *)
(* and predicates here, so that it cannot go unnoticed.                    *)
(***************************************************************************)

\* The relay would delete a row that is not there.
StepError == unmarked # None /\ unmarked \notin outbox

no_step_error == ~StepError

\* A step would exceed a capacity. A CONSTRAINT would hide that, and make liveness unsound.
Cut ==
    \E order \in OrderId :
        \/ /\ order \in outbox
           /\ unmarked = None
           /\ BagCardinality(queue) >= Capacity
        \/ /\ BagIn(order, queue)
           /\ ~(deduplicate /\ order \in applied)
           /\ BagCardinality(shipped) >= Capacity
        \/ /\ BagIn(order, queue)
           /\ redeliver_used < 1
           /\ BagCardinality(queue) >= Capacity

nothing_is_cut == ~Cut

-----------------------------------------------------------------------------
\* A committed order waits in the outbox, waits in the broker, or has shipped.
no_event_is_lost == \A o \in orders : o \in outbox \/ BagIn(o, queue) \/ BagIn(o, shipped)

\* What deduplication is for.
no_order_ships_twice == \A o \in OrderId : CopiesIn(o, shipped) <= 1

only_committed_orders_ship == BagToSet(shipped) \subseteq orders

\* A state that has to be reachable: without it, `no_order_ships_twice` would hold for lack of
\* duplicates. TLC is asked to find `never_...` violated.
a_duplicate_is_in_flight == \E o \in OrderId : CopiesIn(o, queue) > 1

never_a_duplicate_is_in_flight == ~a_duplicate_is_in_flight

every_order_ships == \A order \in OrderId : (order \in orders) ~> BagIn(order, shipped)

=============================================================================
