----------------------------- MODULE CreateOnce -----------------------------
\* Create once: two submissions of one cart become one order, without remembering any message.
\*
\* Claim   If the order takes its id from the cart and the database refuses a second one of that id,
\*         or if the flag in the cart is written under the version that was read, every cart becomes
\*         one order, however often it is submitted and by whomever that is handled.
\* Faults  A customer submits twice, a worker crashes before it acknowledges, an order is cancelled
\*         while a submission of it is still under way.
\* Source  T. Masternak, S. Pobiega, Exactly-once workshop, NewExercises 1 to 3 and 10, 2024.
\*
\* The twin of models/create_once.py: the same variables, actions and properties.
\*     checker twin create_once specs/create_once/CreateOnce.tla
\* compares their state graphs under TLC.
EXTENDS Integers, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

\* op(... op(op(base, x1), x2) ..., xn) over the elements of S in some order.
FoldSet(op(_, _), base, S) ==
    LET fold[T \in SUBSET S] ==
            IF T = {} THEN base
            ELSE LET x == CHOOSE x \in T : TRUE IN op(fold[T \ {x}], x)
    IN  fold[S]

------------------------------------------------------------------------------

CONSTANTS
    CartId,          \* One cart, and the submission that carries its id.
    Worker,          \* One of the servers that handle submissions.
    guard,
    keep_cancelled,  \* does the row of a cancelled order stay?
    None             \* no value

worker_labels == {"receive", "load", "create", "acknowledge", "done"}
Guard == {"KEY", "FLAG_AND_VERSION", "FLAG", "NOTHING"}

VARIABLES
    queue,
    taken,
    flagged,
    versions,        \* of the carts
    orders,          \* the carts that have an order now
    created,         \* each order that there has ever been

    \* The process `worker`.
    worker_at,       \* where each instance stands
    worker_cart,     \* a local; None: it has no value now
    worker_version,  \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    cancel_used

vars ==
    <<queue, taken, flagged, versions, orders, created, worker_at, worker_cart, worker_version,
      crash_used, cancel_used>>

TypeOK ==
    /\ IsABag(queue)
    /\ BagToSet(queue) \subseteq CartId
    /\ DOMAIN taken \subseteq Worker
    /\ \A k \in DOMAIN taken : taken[k] \in CartId
    /\ flagged \in SUBSET CartId
    /\ versions \in [CartId -> 0..4]
    /\ orders \in SUBSET CartId
    /\ IsABag(created)
    /\ BagToSet(created) \subseteq CartId
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_cart \in [Worker -> CartId \cup {None}]
    /\ worker_version \in [Worker -> (0..4) \cup {None}]
    /\ crash_used \in 0..1
    /\ cancel_used \in 0..1

Init ==
    LET queue_1 == FoldSet(LAMBDA so_far, cart : so_far (+) SetToBag({cart}), EmptyBag, CartId)
        queue_3 == FoldSet(LAMBDA so_far, cart : so_far (+) SetToBag({cart}), queue_1, CartId)
    IN  /\ BagCardinality(queue_1) <= 8
        /\ BagCardinality(queue_3) <= 8
        /\ queue = queue_3
        /\ taken = EmptyMap
        /\ flagged = {}
        /\ versions = [k \in CartId |-> 0]
        /\ orders = {}
        /\ created = EmptyBag
        /\ worker_at = [me \in Worker |-> "receive"]
        /\ worker_cart = [me \in Worker |-> None]
        /\ worker_version = [me \in Worker |-> None]
        /\ crash_used = 0
        /\ cancel_used = 0

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E cart \in BagToSet(queue) :
           /\ BagIn(cart, queue)
           /\ IF guard = "FLAG" \/ guard = "FLAG_AND_VERSION"
              THEN /\ worker_at' = [worker_at EXCEPT ![me] = "load"]
                   /\ worker_version' = [worker_version EXCEPT ![me] = None]
              ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "create"]
                   /\ worker_version' = [worker_version EXCEPT ![me] = 0]
           /\ queue' = queue (-) SetToBag({cart})
           /\ taken' = (me :> cart) @@ taken
           /\ worker_cart' = [worker_cart EXCEPT ![me] = cart]
           /\ UNCHANGED <<flagged, versions, orders, created, crash_used, cancel_used>>

receive_fails(me) ==
    /\ worker_at[me] = "receive"
    /\ \E cart \in BagToSet(queue) : ~BagIn(cart, queue)

load(me) ==
    /\ worker_at[me] = "load"
    /\ IF worker_cart[me] \notin flagged
       THEN /\ worker_at' = [worker_at EXCEPT ![me] = "create"]
            /\ worker_version' = [worker_version EXCEPT ![me] = versions[worker_cart[me]]]
            /\ UNCHANGED worker_cart
       ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
            /\ worker_cart' = [worker_cart EXCEPT ![me] = None]
            /\ worker_version' = [worker_version EXCEPT ![me] = None]
    /\ UNCHANGED <<queue, taken, flagged, versions, orders, created, crash_used, cancel_used>>

create(me) ==
    /\ worker_at[me] = "create"
    /\ IF guard = "FLAG_AND_VERSION" /\ versions[worker_cart[me]] # worker_version[me]
       THEN LET queue_1 == queue (+) SetToBag({worker_cart[me]})
            IN  /\ BagCardinality(queue_1) <= 8
                /\ me \in DOMAIN taken
                /\ queue' = queue_1
                /\ taken' = Without(taken, me)
                /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                /\ UNCHANGED <<flagged, versions, orders, created>>
       ELSE /\ IF guard = "FLAG" \/ guard = "FLAG_AND_VERSION"
               THEN LET flagged_1 == flagged \cup {worker_cart[me]}
                        versions_1 == versions[worker_cart[me]] + 1
                        versions_2 == [versions EXCEPT ![worker_cart[me]] = versions_1]
                    IN  /\ versions_1 <= 4
                        /\ IF guard # "KEY" \/ worker_cart[me] \notin orders
                           THEN LET created_1 == created (+) SetToBag({worker_cart[me]})
                                IN  /\ BagCardinality(created_1) <= 8
                                    /\ orders' = orders \cup {worker_cart[me]}
                                    /\ created' = created_1
                           ELSE UNCHANGED <<orders, created>>
                        /\ flagged' = flagged_1
                        /\ versions' = versions_2
               ELSE /\ IF guard # "KEY" \/ worker_cart[me] \notin orders
                       THEN LET created_1 == created (+) SetToBag({worker_cart[me]})
                            IN  /\ BagCardinality(created_1) <= 8
                                /\ orders' = orders \cup {worker_cart[me]}
                                /\ created' = created_1
                       ELSE UNCHANGED <<orders, created>>
                    /\ UNCHANGED <<flagged, versions>>
            /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
            /\ UNCHANGED <<queue, taken>>
    /\ worker_cart' = [worker_cart EXCEPT ![me] = None]
    /\ worker_version' = [worker_version EXCEPT ![me] = None]
    /\ UNCHANGED <<crash_used, cancel_used>>

create_fails(me) ==
    /\ worker_at[me] = "create"
    /\ guard = "FLAG_AND_VERSION"
    /\ versions[worker_cart[me]] # worker_version[me]
    /\ LET queue_1 == queue (+) SetToBag({worker_cart[me]})
       IN  BagCardinality(queue_1) <= 8 /\ me \notin DOMAIN taken

create_is_cut(me) ==
    /\ worker_at[me] = "create"
    /\ IF guard = "FLAG_AND_VERSION" /\ versions[worker_cart[me]] # worker_version[me]
       THEN LET queue_1 == queue (+) SetToBag({worker_cart[me]}) IN BagCardinality(queue_1) > 8
       ELSE IF guard = "FLAG" \/ guard = "FLAG_AND_VERSION"
       THEN LET versions_1 == versions[worker_cart[me]] + 1
            IN  \/ versions_1 > 4
                \/ /\ guard # "KEY" \/ worker_cart[me] \notin orders
                   /\ LET created_1 == created (+) SetToBag({worker_cart[me]})
                      IN  BagCardinality(created_1) > 8
       ELSE /\ guard # "KEY" \/ worker_cart[me] \notin orders
            /\ LET created_1 == created (+) SetToBag({worker_cart[me]})
               IN  BagCardinality(created_1) > 8

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ me \in DOMAIN taken
    /\ taken' = Without(taken, me)
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ UNCHANGED <<queue, flagged, versions, orders, created, worker_cart, worker_version,
                   crash_used, cancel_used>>

acknowledge_fails(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ me \notin DOMAIN taken

\* The server restarts; the broker delivers its submission again.
\* (A fault, at most once.)
crash(me) ==
    /\ crash_used < 1
    /\ me \in DOMAIN taken
    /\ LET queue_1 == queue (+) SetToBag({taken[me]})
       IN  /\ BagCardinality(queue_1) <= 8
           /\ queue' = queue_1
           /\ taken' = Without(taken, me)
           /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
           /\ worker_cart' = [worker_cart EXCEPT ![me] = None]
           /\ worker_version' = [worker_version EXCEPT ![me] = None]
           /\ crash_used' = crash_used + 1
           /\ UNCHANGED <<flagged, versions, orders, created, cancel_used>>

crash_is_cut(me) ==
    LET queue_1 == queue (+) SetToBag({taken[me]})
    IN  crash_used < 1 /\ me \in DOMAIN taken /\ BagCardinality(queue_1) > 8

\* The customer cancels an order, and the row may be deleted.
\* (A fault, at most once.)
cancel(cart) ==
    /\ cancel_used < 1
    /\ cart \in orders
    /\ orders' = IF ~keep_cancelled THEN orders \ {cart} ELSE orders
    /\ cancel_used' = cancel_used + 1
    /\ UNCHANGED <<queue, taken, flagged, versions, created, worker_at, worker_cart, worker_version,
                   crash_used>>

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ load(me)
    \/ create(me)
    \/ acknowledge(me)

Actions == \E me \in Worker : worker(me)

Faults ==
    \/ \E me \in Worker : crash(me)
    \/ \E cart \in CartId : cancel(cart)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Worker : WF_vars(worker(me))

Spec == Init /\ [][Next]_vars /\ Fairness

InitCut ==
    LET queue_1 == FoldSet(LAMBDA so_far, cart : so_far (+) SetToBag({cart}), EmptyBag, CartId)
        queue_3 == FoldSet(LAMBDA so_far, cart : so_far (+) SetToBag({cart}), queue_1, CartId)
    IN  BagCardinality(queue_1) > 8 \/ BagCardinality(queue_3) > 8

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Worker : receive_fails(me)
    \/ \E me \in Worker : create_fails(me)
    \/ \E me \in Worker : acknowledge_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Worker : create_is_cut(me)
    \/ \E me \in Worker : crash_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : receive_fails(me))
    /\ ~(\E me \in Worker : create_fails(me))
    /\ ~(\E me \in Worker : create_is_cut(me))
    /\ ~(\E me \in Worker : acknowledge_fails(me))

no_cart_becomes_two_orders == \A cart \in CartId : CopiesIn(cart, created) <= 1

every_cart_becomes_an_order == AtRest => \A cart \in CartId : BagIn(cart, created)

a_submission_follows_its_order(cart) == BagIn(cart, created) /\ BagIn(cart, queue)

\* Must be found false: the states above have to be reachable.
never_a_submission_follows_its_order == ~(\E cart \in CartId : a_submission_follows_its_order(cart))

every_submission_is_handled ==
    \A cart \in CartId :
        <>(~BagIn(cart, queue) /\ (\A w \in Worker : w \notin DOMAIN taken))

=============================================================================
