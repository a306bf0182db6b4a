-------------------------------- MODULE Dedup --------------------------------
\* Deduplication: drop a message whose key is known. When the key is written decides everything.
\*
\* Claim   With Commit.ATOMIC every message takes effect exactly once.
\*         With KEY_FIRST an effect can be lost; with EFFECT_FIRST it can happen twice.
\* Faults  A worker crashes between its two writes; a key expires.
\* Source  P. Helland, Idempotence Is Not a Medical Condition, CACM 55(5), 2012.
\* Twin    specs/dedup/Dedup.tla
EXTENDS Integers, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

------------------------------------------------------------------------------

CONSTANTS
    MessageId,     \* The idempotency key that the producer puts on a message.
    Worker,        \* One of the competing consumers.
    commit,
    short_window   \* may a key expire while its message is still visible?

Commit == {"ATOMIC", "KEY_FIRST", "EFFECT_FIRST"}

VARIABLES
    sent,
    queue,        \* a message stays visible until a worker acknowledges it
    busy,
    keys,
    effects,

    \* How often each fault has happened.
    crash_used,
    expire_used

vars == <<sent, queue, busy, keys, effects, crash_used, expire_used>>

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
    /\ busy = EmptyMap
    /\ keys = {}
    /\ effects = EmptyBag
    /\ crash_used = 0
    /\ expire_used = 0

send(msg) ==
    /\ msg \notin sent
    /\ sent' = sent \cup {msg}
    /\ queue' = queue \cup {msg}
    /\ UNCHANGED <<busy, keys, effects, crash_used, expire_used>>

\* A free worker takes a message with an unknown key and makes its first write.
begin(worker, msg) ==
    /\ worker \notin DOMAIN busy
    /\ msg \in queue
    /\ msg \notin keys
    /\ IF commit # "KEY_FIRST"
       THEN BagCardinality(effects) < 8 /\ effects' = effects (+) SetToBag({msg})
       ELSE UNCHANGED effects
    /\ busy' = (worker :> msg) @@ busy
    /\ keys' = IF commit # "EFFECT_FIRST" THEN keys \cup {msg} ELSE keys
    /\ UNCHANGED <<sent, queue, crash_used, expire_used>>

begin_is_cut(worker, msg) ==
    /\ worker \notin DOMAIN busy
    /\ msg \in queue
    /\ msg \notin keys
    /\ commit # "KEY_FIRST"
    /\ BagCardinality(effects) >= 8

\* The worker makes its second write, if there is one, and acknowledges the message.
finish(worker, msg) ==
    /\ worker \in DOMAIN busy
    /\ busy[worker] = msg
    /\ IF commit = "KEY_FIRST"
       THEN BagCardinality(effects) < 8 /\ effects' = effects (+) SetToBag({msg})
       ELSE UNCHANGED effects
    /\ queue' = queue \ {msg}
    /\ busy' = Without(busy, worker)
    /\ keys' = IF commit = "EFFECT_FIRST" THEN keys \cup {msg} ELSE keys
    /\ UNCHANGED <<sent, crash_used, expire_used>>

finish_is_cut(worker, msg) ==
    /\ worker \in DOMAIN busy
    /\ busy[worker] = msg
    /\ commit = "KEY_FIRST"
    /\ BagCardinality(effects) >= 8

\* A free worker acknowledges a message whose key it knows, without any effect.
drop(worker, msg) ==
    /\ worker \notin DOMAIN busy
    /\ msg \in queue
    /\ msg \in keys
    /\ queue' = queue \ {msg}
    /\ UNCHANGED <<sent, busy, keys, effects, crash_used, expire_used>>

\* The worker forgets its message, which stays visible to the others.
\* (A fault, at most once.)
crash(worker) ==
    /\ crash_used < 1
    /\ worker \in DOMAIN busy
    /\ busy' = Without(busy, worker)
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<sent, queue, keys, effects, expire_used>>

\* The key store evicts a key: too early, if its message is still visible.
\* (A fault, at most once.)
expire(msg) ==
    /\ expire_used < 1
    /\ msg \in keys
    /\ IF short_window THEN TRUE ELSE msg \notin queue
    /\ keys' = keys \ {msg}
    /\ expire_used' = expire_used + 1
    /\ UNCHANGED <<sent, queue, busy, effects, crash_used>>

Actions ==
    \/ \E msg \in MessageId : send(msg)
    \/ \E worker \in Worker, msg \in MessageId : begin(worker, msg)
    \/ \E worker \in Worker, msg \in MessageId : finish(worker, msg)
    \/ \E worker \in Worker, msg \in MessageId : drop(worker, msg)

Faults ==
    \/ \E worker \in Worker : crash(worker)
    \/ \E msg \in MessageId : expire(msg)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A worker \in Worker, msg \in MessageId : WF_vars(begin(worker, msg))
    /\ \A worker \in Worker, msg \in MessageId : WF_vars(finish(worker, msg))
    /\ \A worker \in Worker, msg \in MessageId : WF_vars(drop(worker, msg))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E worker \in Worker, msg \in MessageId : begin_is_cut(worker, msg)
    \/ \E worker \in Worker, msg \in MessageId : finish_is_cut(worker, msg)

nothing_is_cut == ~Cut

at_most_one_effect == \A msg \in MessageId : CopiesIn(msg, effects) <= 1

a_duplicate_can_arrive == \E m \in MessageId : m \in queue /\ BagIn(m, effects)

\* Must be found false: the states above have to be reachable.
never_a_duplicate_can_arrive == ~a_duplicate_can_arrive

every_message_takes_effect ==
    \A msg \in MessageId :
        (msg \in sent) ~> BagIn(msg, effects)

==============================================================================
