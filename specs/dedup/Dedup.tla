-------------------------------- MODULE Dedup --------------------------------
(****************************************************************************)
(* Deduplication: drop a message whose key is known. When the key is        *)
(* written decides everything.                                              *)
(*                                                                          *)
(* A broker delivers at least once, so a consumer keeps the keys of the     *)
(* messages it has handled, and drops a message whose key it knows. It has  *)
(* two things to write, the key and the effect. In one transaction, all is  *)
(* well. The key first: a crash in between loses the effect. The effect     *)
(* first: two workers can both find the key missing, and no fault is needed *)
(* for the effect to happen twice.                                          *)
(*                                                                          *)
(* The twin of models/dedup.py. `checker twin dedup specs/dedup/Dedup.tla`  *)
(* compares their state graphs under TLC.                                   *)
(****************************************************************************)
EXTENDS Integers, Bags, TLC

CONSTANTS
    MessageId,     \* The idempotency key that the producer puts on a message.
    Worker,        \* One of the competing consumers.
    commit,        \* when a worker writes what: an element of `Commit`
    short_window   \* may a key expire while its message is still visible?

\* The order in which a worker writes the key and the effect.
Commit == {"ATOMIC", "KEY_FIRST", "EFFECT_FIRST"}

ASSUME commit \in Commit /\ short_window \in BOOLEAN

VARIABLES
    sent,
    queue,      \* a message stays visible until a worker acknowledges it
    busy,       \* which worker has which message: a function on the workers that have one
    keys,       \* the keys of the messages that count as handled
    effects,    \* a bag, because an effect may happen twice: that is the point

    \* How often each fault has happened.
    crash_used,
    expire_used

vars == <<sent, queue, busy, keys, effects, crash_used, expire_used>>

EmptyFunction == [x \in {} |-> x]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

\* The most effects. It is never reached: see `Cut`.
Capacity == 8

TypeOK ==
    /\ sent \in SUBSET MessageId
    /\ queue \in SUBSET MessageId
    /\ DOMAIN busy \subseteq Worker
    /\ \A k \in DOMAIN busy : busy[k] \in MessageId
    /\ keys \in SUBSET MessageId
    /\ IsABag(effects)
    /\ BagToSet(effects) \subseteq MessageId
    /\ crash_used \in 0..1
    /\ expire_used \in 0..1

Init ==
    /\ sent = {}
    /\ queue = {}
    /\ busy = EmptyFunction
    /\ keys = {}
    /\ effects = EmptyBag
    /\ crash_used = 0
    /\ expire_used = 0

------------------------------------------------------------------------------
\* The producer puts a message into the queue, once.
send(msg) ==
    /\ msg \notin sent
    /\ sent' = sent \cup {msg}
    /\ queue' = queue \cup {msg}
    /\ UNCHANGED <<busy, keys, effects, crash_used, expire_used>>

(****************************************************************************)
(* A worker has two steps, and between them it can crash. Which of its two  *)
(* writes comes in which step is the decision that `commit` names; ATOMIC   *)
(* makes both in the first. The message is acknowledged in the last, so it  *)
(* stays visible for as long as the worker is busy with it.                 *)
(****************************************************************************)
Full == BagCardinality(effects) >= Capacity

\* A free worker takes a message with an unknown key and makes its first write.
begin(worker, msg) ==
    LET key_now == commit # "EFFECT_FIRST"
        effect_now == commit # "KEY_FIRST"
    IN  /\ worker \notin DOMAIN busy
        /\ msg \in queue
        /\ msg \notin keys
        /\ effect_now => ~Full
        /\ busy' = (worker :> msg) @@ busy
        /\ keys' = IF key_now THEN keys \cup {msg} ELSE keys
        /\ effects' = IF effect_now THEN effects (+) SetToBag({msg}) ELSE effects
        /\ UNCHANGED <<sent, queue, crash_used, expire_used>>

\* The worker makes its second write, if there is one, and acknowledges the message.
finish(worker, msg) ==
    LET key_now == commit = "EFFECT_FIRST"
        effect_now == commit = "KEY_FIRST"
    IN  /\ worker \in DOMAIN busy
        /\ busy[worker] = msg
        /\ effect_now => ~Full
        /\ keys' = IF key_now THEN keys \cup {msg} ELSE keys
        /\ effects' = IF effect_now THEN effects (+) SetToBag({msg}) ELSE effects
        /\ queue' = queue \ {msg}
        /\ busy' = Without(busy, worker)
        /\ UNCHANGED <<sent, crash_used, expire_used>>

\* A free worker acknowledges a message whose key it knows, without any effect.
drop(worker, msg) ==
    /\ worker \notin DOMAIN busy
    /\ msg \in queue
    /\ msg \in keys
    /\ queue' = queue \ {msg}
    /\ UNCHANGED <<sent, busy, keys, effects, crash_used, expire_used>>

(****************************************************************************)
(* Faults: each may happen once, none has to.                               *)
(****************************************************************************)

\* The worker forgets its message, which stays visible to the others.
crash(worker) ==
    /\ crash_used < 1
    /\ worker \in DOMAIN busy
    /\ busy' = Without(busy, worker)
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<sent, queue, keys, effects, expire_used>>

\* The key store evicts a key: with `short_window` too early, while its message is still visible.
expire(msg) ==
    /\ expire_used < 1
    /\ msg \in keys
    /\ ~short_window => msg \notin queue
    /\ keys' = keys \ {msg}
    /\ expire_used' = expire_used + 1
    /\ UNCHANGED <<sent, queue, busy, effects, crash_used>>

------------------------------------------------------------------------------
Next ==
    \/ \E msg \in MessageId : send(msg) \/ expire(msg)
    \/ \E worker \in Worker, msg \in MessageId :
          begin(worker, msg) \/ finish(worker, msg) \/ drop(worker, msg)
    \/ \E worker \in Worker : crash(worker)

\* Workers go on working: each step of each worker with each message happens sooner or later, if it
\* stays possible. The producer and the faults owe nothing.
Fairness ==
    \A worker \in Worker, msg \in MessageId :
        /\ WF_vars(begin(worker, msg))
        /\ WF_vars(finish(worker, msg))
        /\ WF_vars(drop(worker, msg))

Spec == Init /\ [][Next]_vars /\ Fairness

------------------------------------------------------------------------------
\* A step would exceed the capacity, which is an enabling condition above. A CONSTRAINT would hide
\* that, and make liveness unsound.
Cut ==
    \E worker \in Worker, msg \in MessageId :
        /\ Full
        /\ \/ commit # "KEY_FIRST" /\ worker \notin DOMAIN busy /\ msg \in queue \ keys
           \/ commit = "KEY_FIRST" /\ worker \in DOMAIN busy /\ busy[worker] = msg

nothing_is_cut == ~Cut

------------------------------------------------------------------------------
\* What deduplication is for. Broken by EFFECT_FIRST, and by a key that expires too early.
at_most_one_effect == \A msg \in MessageId : CopiesIn(msg, effects) <= 1

\* Has to be reachable, or the invariant above would hold for lack of duplicates: a message is in
\* the queue again, or still, after it took effect.
a_duplicate_can_arrive == \E m \in MessageId : m \in queue /\ BagIn(m, effects)

\* TLC is asked to find this violated.
never_a_duplicate_can_arrive == ~a_duplicate_can_arrive

\* Broken by KEY_FIRST: after a crash the key says that the message was handled.
every_message_takes_effect == \A msg \in MessageId : (msg \in sent) ~> BagIn(msg, effects)

==============================================================================
