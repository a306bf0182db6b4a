--------------------------- MODULE IdempotencyKeys ---------------------------
\* Idempotency keys: all attempts of one request carry one key, and the server acts once for it.
\*
\* Claim   An order is charged at most once, however often it is asked for; every attempt gets the
\*         answer of the first; and the client gets an answer in the end.
\* Faults  A server crashes; the provider declines for the moment, or does not answer, whether it
\*         has charged or not; the key is used for another order by mistake; a key expires. A write
\*         to the key store whose acknowledgement is lost is a crash behind that write.
\* Source  IETF draft-ietf-httpapi-idempotency-key-header-07;
\*         https://docs.stripe.com/api/idempotent_requests
\*
\* The twin of models/idempotency_keys.py: the same variables, actions and properties.
\*     checker twin idempotency_keys specs/idempotency_keys/IdempotencyKeys.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

------------------------------------------------------------------------------

CONSTANTS
    Server,              \* One of the processes that answer requests.
    unique_insert,       \* or look first, and insert then?
    key_for,
    recovery,
    ask_after_timeout,   \* or release the key?
    store_declines,      \* is what may pass tomorrow an answer for good?
    short_ttl,           \* may a key expire while the client still tries?
    stable_fingerprint,  \* or does it cover what differs between attempts?
    None                 \* no value

Order == {"FIRST", "OTHER"}
server_labels == {"claim", "insert", "charge", "ask_provider", "store_answer", "reply", "done"}
KeyFor == {"ORDER", "ATTEMPT", "SERVER"}
Recovery == {"OWNER", "NOBODY", "ANYONE"}

VARIABLES
    requests,
    keys,
    charges,              \* at the provider
    answers,              \* at the client
    refusals,

    \* The process `server`.
    server_at,            \* where each instance stands
    server_request,       \* a local; None: it has no value now
    server_answer,        \* a local; None: it has no value now

    \* How often each fault has happened.
    charge_trouble_used,  \* an unlucky answer
    crash_used,
    reuse_key_used,
    expire_used,
    flip                  \* changed by every step, so that no step changes nothing

vars ==
    <<requests, keys, charges, answers, refusals, server_at, server_request, server_answer,
      charge_trouble_used, crash_used, reuse_key_used, expire_used, flip>>
state ==
    <<requests, keys, charges, answers, refusals, server_at, server_request, server_answer,
      charge_trouble_used, crash_used, reuse_key_used, expire_used>>

TypeOK ==
    /\ requests \in SUBSET [order : Order, attempt : 1..2]
    /\ DOMAIN keys \subseteq [attempt : (1..2) \cup {None}, server : Server \cup {None}]
    /\ \A k \in DOMAIN keys :
           keys[k] \in [fingerprint : [order : Order, attempt : 1..2],
                        owner : Server,
                        answer : [order : Order, charge : (1..4) \cup {None}] \cup {None}]
    /\ IsABag(charges)
    /\ BagToSet(charges) \subseteq Order
    /\ IsABag(answers)
    /\ BagToSet(answers) \subseteq [order : Order, charge : (1..4) \cup {None}]
    /\ refusals \in SUBSET [order : Order, owner : Order]
    /\ server_at \in [Server -> server_labels]
    /\ server_request \in [Server -> [order : Order, attempt : 1..2] \cup {None}]
    /\ server_answer \in [Server -> [order : Order, charge : (1..4) \cup {None}] \cup {None}]
    /\ charge_trouble_used \in 0..1
    /\ crash_used \in 0..1
    /\ reuse_key_used \in 0..1
    /\ expire_used \in 0..1
    /\ flip \in BOOLEAN

Init ==
    /\ requests = {[order |-> "FIRST", attempt |-> 1], [order |-> "FIRST", attempt |-> 2]}
    /\ keys = EmptyMap
    /\ charges = EmptyBag
    /\ answers = EmptyBag
    /\ refusals = {}
    /\ server_at = [me \in Server |-> "claim"]
    /\ server_request = [me \in Server |-> None]
    /\ server_answer = [me \in Server |-> None]
    /\ charge_trouble_used = 0
    /\ crash_used = 0
    /\ reuse_key_used = 0
    /\ expire_used = 0
    /\ flip = FALSE

claim(me) ==
    /\ server_at[me] = "claim"
    /\ \E request \in requests :
           LET claim_2 == IF [attempt |-> IF key_for = "ATTEMPT" THEN request.attempt ELSE None,
                              server |-> IF key_for = "SERVER" THEN me ELSE None]
                               \in DOMAIN keys
                          THEN keys[[attempt |-> IF key_for = "ATTEMPT"
                                                 THEN request.attempt
                                                 ELSE None,
                                     server |-> IF key_for = "SERVER" THEN me ELSE None]]
                          ELSE None
           IN  /\ IF claim_2 # None
                  THEN /\ IF claim_2.fingerprint # (IF stable_fingerprint
                                                    THEN [order |-> request.order, attempt |-> 1]
                                                    ELSE request)
                          THEN /\ requests' = requests \ {request}
                               /\ refusals' = refusals \cup {[order |-> request.order,
                                                              owner |-> claim_2.fingerprint.order]}
                               /\ server_at' = [server_at EXCEPT ![me] = "claim"]
                               /\ server_request' = [server_request EXCEPT ![me] = None]
                               /\ UNCHANGED answers
                          ELSE /\ IF claim_2.answer # None
                                  THEN /\ IF claim_2.answer.charge # None
                                          THEN LET answers_1 == answers (+) SetToBag({claim_2.answer})
                                               IN  /\ BagCardinality(answers_1) <= 8
                                                   /\ requests' = requests \ {request}
                                                   /\ answers' = answers_1
                                          ELSE UNCHANGED <<requests, answers>>
                                       /\ server_at' = [server_at EXCEPT ![me] = "claim"]
                                       /\ server_request' = [server_request EXCEPT ![me] = None]
                                  ELSE /\ IF ~(\/ recovery = "OWNER" /\ claim_2.owner = me
                                               \/ recovery = "ANYONE")
                                          THEN /\ server_at' = [server_at EXCEPT ![me] = "claim"]
                                               /\ server_request' = [server_request EXCEPT ![me] = None]
                                          ELSE /\ server_at' = [server_at EXCEPT ![me] = "ask_provider"]
                                               /\ server_request' = [server_request EXCEPT ![me] = request]
                                       /\ UNCHANGED <<requests, answers>>
                               /\ UNCHANGED refusals
                       /\ UNCHANGED keys
                  ELSE /\ IF ~unique_insert
                          THEN server_at' = [server_at EXCEPT ![me] = "insert"] /\ UNCHANGED keys
                          ELSE /\ keys' = ([attempt |-> IF key_for = "ATTEMPT"
                                                        THEN request.attempt
                                                        ELSE None,
                                            server |-> IF key_for = "SERVER" THEN me ELSE None]
                                             :> [fingerprint |-> IF stable_fingerprint
                                                                 THEN [order |-> request.order, attempt |-> 1]
                                                                 ELSE request,
                                                 owner |-> me,
                                                 answer |-> None])
                                            @@ keys
                               /\ server_at' = [server_at EXCEPT ![me] = "charge"]
                       /\ server_request' = [server_request EXCEPT ![me] = request]
                       /\ UNCHANGED <<requests, answers, refusals>>
               /\ server_answer' = [server_answer EXCEPT ![me] = None]
               /\ UNCHANGED <<charges, charge_trouble_used, crash_used, reuse_key_used,
                              expire_used>>
    /\ flip' = ~flip

claim_is_cut(me) ==
    /\ server_at[me] = "claim"
    /\ \E request \in requests :
           LET claim_2 == IF [attempt |-> IF key_for = "ATTEMPT" THEN request.attempt ELSE None,
                              server |-> IF key_for = "SERVER" THEN me ELSE None]
                               \in DOMAIN keys
                          THEN keys[[attempt |-> IF key_for = "ATTEMPT"
                                                 THEN request.attempt
                                                 ELSE None,
                                     server |-> IF key_for = "SERVER" THEN me ELSE None]]
                          ELSE None
           IN  /\ claim_2 # None
               /\ claim_2.fingerprint = (IF stable_fingerprint
                                         THEN [order |-> request.order, attempt |-> 1]
                                         ELSE request)
               /\ claim_2.answer # None
               /\ claim_2.answer.charge # None
               /\ LET answers_1 == answers (+) SetToBag({claim_2.answer})
                  IN  BagCardinality(answers_1) > 8

insert(me) ==
    /\ server_at[me] = "insert"
    /\ keys' = ([attempt |-> IF key_for = "ATTEMPT" THEN server_request[me].attempt ELSE None,
                 server |-> IF key_for = "SERVER" THEN me ELSE None]
                  :> (LET request == server_request[me]
                      IN  [fingerprint |-> IF stable_fingerprint
                                           THEN [order |-> request.order, attempt |-> 1]
                                           ELSE request,
                           owner |-> me,
                           answer |-> None]))
                 @@ keys
    /\ server_at' = [server_at EXCEPT ![me] = "charge"]
    /\ UNCHANGED <<requests, charges, answers, refusals, server_request, server_answer,
                   charge_trouble_used, crash_used, reuse_key_used, expire_used>>
    /\ flip' = ~flip

charge(me) ==
    /\ server_at[me] = "charge"
    /\ \E charged \in (IF charge_trouble_used < 1 THEN {"charged", "trouble"} ELSE {"charged"}) :
           /\ IF charged = "charged"
              THEN LET charges_1 == charges (+) SetToBag({server_request[me].order})
                       answer == [order |-> server_request[me].order,
                                  charge |-> CopiesIn(server_request[me].order, charges_1)]
                   IN  /\ BagCardinality(charges_1) <= 8
                       /\ answer.charge >= 1
                       /\ answer.charge <= 4
                       /\ charges' = charges_1
                       /\ server_at' = [server_at EXCEPT ![me] = "store_answer"]
                       /\ server_answer' = [server_answer EXCEPT ![me] = answer]
                       /\ UNCHANGED <<keys, server_request>>
              ELSE \E trouble \in {"declined", "timeout", "charged_but_timeout"} :
                       /\ IF trouble = "charged_but_timeout"
                          THEN LET charges_2 == charges (+) SetToBag({server_request[me].order})
                               IN  /\ BagCardinality(charges_2) <= 8
                                   /\ IF trouble = "declined" \/ ~ask_after_timeout
                                      THEN /\ IF [attempt |-> IF key_for = "ATTEMPT"
                                                              THEN server_request[me].attempt
                                                              ELSE None,
                                                  server |-> IF key_for = "SERVER" THEN me ELSE None]
                                                   \in DOMAIN keys
                                              THEN keys' = Without(keys,
                                                                   [attempt |-> IF key_for = "ATTEMPT"
                                                                                THEN server_request[me].attempt
                                                                                ELSE None,
                                                                    server |-> IF key_for = "SERVER" THEN me ELSE None])
                                              ELSE UNCHANGED keys
                                           /\ server_at' = [server_at EXCEPT ![me] = "claim"]
                                           /\ server_request' = [server_request EXCEPT ![me] = None]
                                      ELSE /\ server_at' = [server_at EXCEPT ![me] = "ask_provider"]
                                           /\ UNCHANGED <<keys, server_request>>
                                   /\ charges' = charges_2
                          ELSE /\ IF trouble = "declined" /\ store_declines
                                  THEN /\ keys' = ([attempt |-> IF key_for = "ATTEMPT"
                                                                THEN server_request[me].attempt
                                                                ELSE None,
                                                    server |-> IF key_for = "SERVER" THEN me ELSE None]
                                                     :> (LET request == server_request[me]
                                                         IN  [fingerprint |-> IF stable_fingerprint
                                                                              THEN [order |-> request.order, attempt |-> 1]
                                                                              ELSE request,
                                                              owner |-> me,
                                                              answer |-> [order |-> server_request[me].order,
                                                                          charge |-> None]]))
                                                    @@ keys
                                       /\ server_at' = [server_at EXCEPT ![me] = "claim"]
                                       /\ server_request' = [server_request EXCEPT ![me] = None]
                                  ELSE IF trouble = "declined" \/ ~ask_after_timeout
                                  THEN /\ IF [attempt |-> IF key_for = "ATTEMPT"
                                                          THEN server_request[me].attempt
                                                          ELSE None,
                                              server |-> IF key_for = "SERVER" THEN me ELSE None]
                                               \in DOMAIN keys
                                          THEN keys' = Without(keys,
                                                               [attempt |-> IF key_for = "ATTEMPT"
                                                                            THEN server_request[me].attempt
                                                                            ELSE None,
                                                                server |-> IF key_for = "SERVER" THEN me ELSE None])
                                          ELSE UNCHANGED keys
                                       /\ server_at' = [server_at EXCEPT ![me] = "claim"]
                                       /\ server_request' = [server_request EXCEPT ![me] = None]
                                  ELSE /\ server_at' = [server_at EXCEPT ![me] = "ask_provider"]
                                       /\ UNCHANGED <<keys, server_request>>
                               /\ UNCHANGED charges
                       /\ server_answer' = [server_answer EXCEPT ![me] = None]
           /\ charge_trouble_used' = IF charged = "trouble"
                                     THEN charge_trouble_used + 1
                                     ELSE charge_trouble_used
           /\ UNCHANGED <<requests, answers, refusals, crash_used, reuse_key_used, expire_used>>
    /\ flip' = ~flip

charge_fails(me) ==
    /\ server_at[me] = "charge"
    /\ \E charged \in (IF charge_trouble_used < 1 THEN {"charged", "trouble"} ELSE {"charged"}) :
           /\ charged = "charged"
           /\ LET charges_1 == charges (+) SetToBag({server_request[me].order})
                  answer == [order |-> server_request[me].order,
                             charge |-> CopiesIn(server_request[me].order, charges_1)]
              IN  BagCardinality(charges_1) <= 8 /\ (answer.charge < 1 \/ answer.charge > 4)

charge_is_cut(me) ==
    /\ server_at[me] = "charge"
    /\ \E charged \in (IF charge_trouble_used < 1 THEN {"charged", "trouble"} ELSE {"charged"}) :
           IF charged = "charged"
           THEN LET charges_1 == charges (+) SetToBag({server_request[me].order})
                IN  BagCardinality(charges_1) > 8
           ELSE \E trouble \in {"declined", "timeout", "charged_but_timeout"} :
                    /\ trouble = "charged_but_timeout"
                    /\ LET charges_2 == charges (+) SetToBag({server_request[me].order})
                       IN  BagCardinality(charges_2) > 8

ask_provider(me) ==
    /\ server_at[me] = "ask_provider"
    /\ IF ~BagIn(server_request[me].order, charges)
       THEN /\ IF [attempt |-> IF key_for = "ATTEMPT" THEN server_request[me].attempt ELSE None,
                   server |-> IF key_for = "SERVER" THEN me ELSE None]
                    \in DOMAIN keys
               THEN keys' = Without(keys,
                                    [attempt |-> IF key_for = "ATTEMPT"
                                                 THEN server_request[me].attempt
                                                 ELSE None,
                                     server |-> IF key_for = "SERVER" THEN me ELSE None])
               ELSE UNCHANGED keys
            /\ server_at' = [server_at EXCEPT ![me] = "claim"]
            /\ server_request' = [server_request EXCEPT ![me] = None]
            /\ server_answer' = [server_answer EXCEPT ![me] = None]
       ELSE LET answer == [order |-> server_request[me].order,
                           charge |-> CopiesIn(server_request[me].order, charges)]
            IN  /\ answer.charge >= 1
                /\ answer.charge <= 4
                /\ server_at' = [server_at EXCEPT ![me] = "store_answer"]
                /\ server_answer' = [server_answer EXCEPT ![me] = answer]
                /\ UNCHANGED <<keys, server_request>>
    /\ UNCHANGED <<requests, charges, answers, refusals, charge_trouble_used, crash_used,
                   reuse_key_used, expire_used>>
    /\ flip' = ~flip

ask_provider_fails(me) ==
    /\ server_at[me] = "ask_provider"
    /\ ~(~BagIn(server_request[me].order, charges))
    /\ LET answer == [order |-> server_request[me].order,
                      charge |-> CopiesIn(server_request[me].order, charges)]
       IN  answer.charge < 1 \/ answer.charge > 4

store_answer(me) ==
    /\ server_at[me] = "store_answer"
    /\ keys' = ([attempt |-> IF key_for = "ATTEMPT" THEN server_request[me].attempt ELSE None,
                 server |-> IF key_for = "SERVER" THEN me ELSE None]
                  :> (LET request == server_request[me]
                      IN  [fingerprint |-> IF stable_fingerprint
                                           THEN [order |-> request.order, attempt |-> 1]
                                           ELSE request,
                           owner |-> me,
                           answer |-> server_answer[me]]))
                 @@ keys
    /\ server_at' = [server_at EXCEPT ![me] = "reply"]
    /\ UNCHANGED <<requests, charges, answers, refusals, server_request, server_answer,
                   charge_trouble_used, crash_used, reuse_key_used, expire_used>>
    /\ flip' = ~flip

reply(me) ==
    /\ server_at[me] = "reply"
    /\ LET answers_1 == answers (+) SetToBag({server_answer[me]})
       IN  /\ BagCardinality(answers_1) <= 8
           /\ requests' = requests \ {server_request[me]}
           /\ answers' = answers_1
           /\ server_at' = [server_at EXCEPT ![me] = "claim"]
           /\ server_request' = [server_request EXCEPT ![me] = None]
           /\ server_answer' = [server_answer EXCEPT ![me] = None]
           /\ UNCHANGED <<keys, charges, refusals, charge_trouble_used, crash_used, reuse_key_used,
                          expire_used>>
    /\ flip' = ~flip

reply_is_cut(me) ==
    LET answers_1 == answers (+) SetToBag({server_answer[me]})
    IN  server_at[me] = "reply" /\ BagCardinality(answers_1) > 8

\* The server forgets its request, and the client repeats it.
\* (A fault, at most once.)
crash(server) ==
    /\ crash_used < 1
    /\ server_at[server] # "claim"
    /\ server_at' = [server_at EXCEPT ![server] = "claim"]
    /\ server_request' = [server_request EXCEPT ![server] = None]
    /\ server_answer' = [server_answer EXCEPT ![server] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<requests, keys, charges, answers, refusals, charge_trouble_used, reuse_key_used,
                   expire_used>>
    /\ flip' = ~flip

\* The client sends another order under the key.
\* (A fault, at most once.)
reuse_key ==
    /\ reuse_key_used < 1
    /\ Cardinality(requests) > 0
    /\ requests' = requests \cup {[order |-> "OTHER", attempt |-> 1]}
    /\ reuse_key_used' = reuse_key_used + 1
    /\ UNCHANGED <<keys, charges, answers, refusals, server_at, server_request, server_answer,
                   charge_trouble_used, crash_used, expire_used>>
    /\ flip' = ~flip

\* The store drops the key of an answered request: too early, if the client still tries.
\* (A fault, at most once.)
expire(key) ==
    /\ expire_used < 1
    /\ LET claim_2 == IF key \in DOMAIN keys THEN keys[key] ELSE None
       IN  /\ claim_2 # None
           /\ claim_2.answer # None
           /\ IF short_ttl THEN TRUE ELSE Cardinality(requests) = 0
           /\ keys' = Without(keys, key)
           /\ expire_used' = expire_used + 1
           /\ UNCHANGED <<requests, charges, answers, refusals, server_at, server_request,
                          server_answer, charge_trouble_used, crash_used, reuse_key_used>>
    /\ flip' = ~flip

\* The process: an instance takes the step at which it stands.
server(me) ==
    \/ claim(me)
    \/ insert(me)
    \/ charge(me)
    \/ ask_provider(me)
    \/ store_answer(me)
    \/ reply(me)

Actions == \E me \in Server : server(me)

Faults ==
    \/ \E server_2 \in Server : crash(server_2)
    \/ reuse_key
    \/ \E key \in [attempt : (1..2) \cup {None}, server : Server \cup {None}] : expire(key)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Server : WF_vars(server(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Server : charge_fails(me)
    \/ \E me \in Server : ask_provider_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Server : claim_is_cut(me)
    \/ \E me \in Server : charge_is_cut(me)
    \/ \E me \in Server : reply_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_state
    /\ ~(\E me \in Server : claim_is_cut(me))
    /\ ~(\E me \in Server : charge_fails(me))
    /\ ~(\E me \in Server : charge_is_cut(me))
    /\ ~(\E me \in Server : ask_provider_fails(me))
    /\ ~(\E me \in Server : reply_is_cut(me))

no_order_is_charged_twice == \A order \in Order : CopiesIn(order, charges) <= 1

one_key_charges_for_one_order == BagIn("FIRST", charges) => ~BagIn("OTHER", charges)

every_attempt_gets_the_same_answer == Cardinality(DOMAIN answers) <= 1

only_another_order_is_refused == \A refusal \in refusals : refusal.order # refusal.owner

every_attempt_is_answered == AtRest => Cardinality(requests) = 0

a_retry_gets_the_stored_answer == \E answer \in BagToSet(answers) : CopiesIn(answer, answers) > 1

\* Must be found false: the states above have to be reachable.
never_a_retry_gets_the_stored_answer == ~a_retry_gets_the_stored_answer

the_client_gets_an_answer ==
    <>(\/ \E answer \in BagToSet(answers) : answer.order = "FIRST"
       \/ \E refusal \in refusals : refusal.order = "FIRST")

==============================================================================
