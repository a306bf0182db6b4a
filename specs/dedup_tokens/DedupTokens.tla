----------------------------- MODULE DedupTokens -----------------------------
\* Token-based deduplication: a message may be processed as long as its token exists.
\*
\* Claim   Every message changes the state of each hop once, although no hop remembers what it has
\*         processed: it deletes the token instead. In the end no token is left.
\* Faults  A hop crashes between any two steps, and its message is delivered again; a token store
\*         comes back from a backup. A write whose acknowledgement is lost is a crash behind the
\*         write.
\* Source  T. Masternak, S. Pobiega, exactly-once workshop (github.com/exactly-once/workshop), the
\*         exercise on tokens, and exactly-once/outbox-based-consistent-messaging.
\*
\* The twin of models/dedup_tokens.py: the same variables, actions and properties.
\*     checker twin dedup_tokens specs/dedup_tokens/DedupTokens.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

------------------------------------------------------------------------------

CONSTANTS
    Message,          \* What is handed from the first hop to the second.
    make,
    commit_first,     \* or is the token deleted before the commit?
    take_unclaimed,   \* or is a token that nobody has claimed a duplicate's?
    delete_finished,  \* or, finishing another message, the token at hand?
    restored,         \* may a deleted token come back?
    None              \* no value

Hop == {"FIRST", "SECOND"}
handler_labels ==
    {"receive", "claim_token", "drop", "use_token", "commit", "register_token", "create_token",
     "checkpoint", "dispatch", "create_late", "delete_token", "clear", "acknowledge", "done"}
Make == {"REGISTERED", "CHECKPOINTED", "AT_EACH_ATTEMPT", "ANEW", "LATE"}

VARIABLES
    queue,           \* messages, each with its token
    tokens,          \* with who has claimed it
    outbox,
    drawn,
    changes,
    acknowledged,

    \* The process `handler`.
    handler_at,      \* where each instance stands
    handler_token,   \* a local; None: it has no value now
    handler_record,  \* a local; None: it has no value now
    handler_out,     \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    restore_used

vars ==
    <<queue, tokens, outbox, drawn, changes, acknowledged, handler_at, handler_token,
      handler_record, handler_out, crash_used, restore_used>>

TypeOK ==
    /\ queue \in SUBSET [message : Message, hop : Hop, number : 0..6]
    /\ DOMAIN tokens \subseteq [message : Message, hop : Hop, number : 0..6]
    /\ \A k \in DOMAIN tokens : tokens[k] \in Hop \cup {None}
    /\ DOMAIN outbox \subseteq Hop
    /\ \A k \in DOMAIN outbox :
           outbox[k] \in [token : [message : Message, hop : Hop, number : 0..6],
                          out : [message : Message, hop : Hop, number : 0..6] \cup {None},
                          made : BOOLEAN]
    /\ drawn \in [Message -> 0..6]
    /\ IsABag(changes)
    /\ BagToSet(changes) \subseteq [message : Message, hop : Hop]
    /\ acknowledged \in SUBSET [message : Message, hop : Hop, number : 0..6]
    /\ handler_at \in [Hop -> handler_labels]
    /\ handler_token \in [Hop -> [message : Message, hop : Hop, number : 0..6] \cup {None}]
    /\ handler_record \in [Hop -> [token : [message : Message, hop : Hop, number : 0..6], out : [message : Message, hop : Hop, number : 0..6] \cup {None}, made : BOOLEAN] \cup {None}]
    /\ handler_out \in [Hop -> [message : Message, hop : Hop, number : 0..6] \cup {None}]
    /\ crash_used \in 0..2
    /\ restore_used \in 0..1

Init ==
    LET queue_1 == {[message |-> message, hop |-> "FIRST", number |-> 0] : message \in Message}
    IN  /\ queue = queue_1
        /\ tokens = [token \in queue_1 |-> None]
        /\ outbox = EmptyMap
        /\ drawn = [k \in Message |-> 0]
        /\ changes = EmptyBag
        /\ acknowledged = {}
        /\ handler_at = [me \in Hop |-> "receive"]
        /\ handler_token = [me \in Hop |-> None]
        /\ handler_record = [me \in Hop |-> None]
        /\ handler_out = [me \in Hop |-> None]
        /\ crash_used = 0
        /\ restore_used = 0

receive(me) ==
    /\ handler_at[me] = "receive"
    /\ \E token \in {token \in queue : token.hop = me} :
           /\ IF me \notin DOMAIN outbox
              THEN /\ handler_at' = [handler_at EXCEPT ![me] = "claim_token"]
                   /\ handler_record' = [handler_record EXCEPT ![me] = None]
                   /\ handler_out' = [handler_out EXCEPT ![me] = None]
                   /\ UNCHANGED drawn
              ELSE LET record == outbox[me]
                   IN  /\ IF me = "FIRST"
                          THEN LET out == LET message == record.token.message
                                          IN  IF record.out # None
                                              THEN record.out
                                              ELSE [message |-> message,
                                                    hop |-> "SECOND",
                                                    number |-> drawn[message]]
                               IN  /\ IF record.out = None
                                      THEN LET drawn_1 == drawn[record.token.message] + 1
                                           IN  /\ drawn_1 <= 6
                                               /\ drawn' = [drawn EXCEPT ![record.token.message] = drawn_1]
                                               /\ handler_at' = [handler_at EXCEPT ![me] = IF make # "CHECKPOINTED" /\ make # "ANEW"
                                                                                           THEN "register_token"
                                                                                           ELSE IF make # "LATE" /\ ~record.made
                                                                                           THEN "create_token"
                                                                                           ELSE "dispatch"]
                                      ELSE /\ handler_at' = [handler_at EXCEPT ![me] = IF make # "LATE" /\ ~record.made
                                                                                       THEN "create_token"
                                                                                       ELSE "dispatch"]
                                           /\ UNCHANGED drawn
                                   /\ handler_out' = [handler_out EXCEPT ![me] = out]
                          ELSE /\ handler_at' = [handler_at EXCEPT ![me] = "delete_token"]
                               /\ handler_out' = [handler_out EXCEPT ![me] = None]
                               /\ UNCHANGED drawn
                       /\ handler_record' = [handler_record EXCEPT ![me] = record]
           /\ handler_token' = [handler_token EXCEPT ![me] = token]
           /\ UNCHANGED <<queue, tokens, outbox, changes, acknowledged, crash_used, restore_used>>

receive_is_cut(me) ==
    /\ handler_at[me] = "receive"
    /\ \E token \in {token \in queue : token.hop = me} :
           /\ ~(me \notin DOMAIN outbox)
           /\ LET record == outbox[me]
              IN  /\ me = "FIRST"
                  /\ LET out == LET message == record.token.message
                                IN  IF record.out # None
                                    THEN record.out
                                    ELSE [message |-> message,
                                          hop |-> "SECOND",
                                          number |-> drawn[message]]
                     IN  /\ record.out = None
                         /\ LET drawn_1 == drawn[record.token.message] + 1 IN drawn_1 > 6

claim_token(me) ==
    /\ handler_at[me] = "claim_token"
    /\ IF LET token == handler_token[me]
          IN  IF token \notin DOMAIN tokens THEN TRUE ELSE tokens[token] = None /\ ~take_unclaimed
       THEN handler_at' = [handler_at EXCEPT ![me] = "drop"] /\ UNCHANGED tokens
       ELSE /\ tokens' = (handler_token[me] :> me) @@ tokens
            /\ handler_at' = [handler_at EXCEPT ![me] = IF ~commit_first
                                                        THEN "use_token"
                                                        ELSE "commit"]
    /\ UNCHANGED <<queue, outbox, drawn, changes, acknowledged, handler_token, handler_record,
                   handler_out, crash_used, restore_used>>

drop(me) ==
    /\ handler_at[me] = "drop"
    /\ LET item == handler_token[me]
       IN  /\ item \in queue
           /\ queue' = queue \ {item}
           /\ acknowledged' = acknowledged \cup {handler_token[me]}
           /\ handler_at' = [handler_at EXCEPT ![me] = "receive"]
           /\ UNCHANGED <<tokens, outbox, drawn, changes, handler_token, handler_record,
                          handler_out, crash_used, restore_used>>

drop_fails(me) ==
    LET item == handler_token[me]
    IN  handler_at[me] = "drop" /\ item \notin queue

use_token(me) ==
    /\ handler_at[me] = "use_token"
    /\ LET key == handler_token[me]
       IN  /\ key \in DOMAIN tokens
           /\ tokens' = Without(tokens, key)
           /\ handler_at' = [handler_at EXCEPT ![me] = "commit"]
           /\ UNCHANGED <<queue, outbox, drawn, changes, acknowledged, handler_token,
                          handler_record, handler_out, crash_used, restore_used>>

use_token_fails(me) ==
    LET key == handler_token[me]
    IN  handler_at[me] = "use_token" /\ key \notin DOMAIN tokens

commit(me) ==
    /\ handler_at[me] = "commit"
    /\ LET changes_1 == changes (+) SetToBag({[message |-> handler_token[me].message, hop |-> me]})
           outbox_1 == (me :> [token |-> handler_token[me], out |-> None, made |-> FALSE]) @@ outbox
           record == outbox_1[me]
       IN  /\ BagCardinality(changes_1) <= 8
           /\ IF me = "FIRST"
              THEN LET drawn_1 == drawn[record.token.message] + 1
                   IN  /\ drawn_1 <= 6
                       /\ drawn' = [drawn EXCEPT ![record.token.message] = drawn_1]
                       /\ handler_at' = [handler_at EXCEPT ![me] = IF make # "CHECKPOINTED" /\ make # "ANEW"
                                                                   THEN "register_token"
                                                                   ELSE IF make # "LATE" /\ ~record.made
                                                                   THEN "create_token"
                                                                   ELSE "dispatch"]
                       /\ handler_out' = [handler_out EXCEPT ![me] = LET message == record.token.message
                                                                     IN  IF record.out # None
                                                                         THEN record.out
                                                                         ELSE [message |-> message,
                                                                               hop |-> "SECOND",
                                                                               number |-> drawn[message]]]
              ELSE /\ handler_at' = [handler_at EXCEPT ![me] = "delete_token"]
                   /\ handler_out' = [handler_out EXCEPT ![me] = None]
                   /\ UNCHANGED drawn
           /\ outbox' = outbox_1
           /\ changes' = changes_1
           /\ handler_record' = [handler_record EXCEPT ![me] = record]
           /\ UNCHANGED <<queue, tokens, acknowledged, handler_token, crash_used, restore_used>>

commit_is_cut(me) ==
    LET changes_1 == changes (+) SetToBag({[message |-> handler_token[me].message, hop |-> me]})
        outbox_1 == (me :> [token |-> handler_token[me], out |-> None, made |-> FALSE]) @@ outbox
        record == outbox_1[me]
    IN  /\ handler_at[me] = "commit"
        /\ \/ BagCardinality(changes_1) > 8
           \/ me = "FIRST" /\ (LET drawn_1 == drawn[record.token.message] + 1 IN drawn_1 > 6)

register_token(me) ==
    /\ handler_at[me] = "register_token"
    /\ handler_record[me] # None
    /\ handler_out[me] # None
    /\ LET outbox_1 == (me :> [token |-> handler_record[me].token,
                               out |-> handler_out[me],
                               made |-> FALSE])
                         @@ outbox
       IN  /\ outbox' = outbox_1
           /\ handler_at' = [handler_at EXCEPT ![me] = IF make # "LATE" /\ ~handler_record[me].made
                                                       THEN "create_token"
                                                       ELSE "dispatch"]
           /\ UNCHANGED <<queue, tokens, drawn, changes, acknowledged, handler_token,
                          handler_record, handler_out, crash_used, restore_used>>

register_token_fails(me) ==
    /\ handler_at[me] = "register_token"
    /\ handler_record[me] = None \/ handler_out[me] = None

create_token(me) ==
    /\ handler_at[me] = "create_token"
    /\ handler_out[me] # None
    /\ LET tokens_1 == (handler_out[me] :> None) @@ tokens
       IN  /\ tokens' = tokens_1
           /\ handler_at' = [handler_at EXCEPT ![me] = IF \/ make = "REGISTERED"
                                                          \/ make = "CHECKPOINTED"
                                                       THEN "checkpoint"
                                                       ELSE "dispatch"]
           /\ UNCHANGED <<queue, outbox, drawn, changes, acknowledged, handler_token,
                          handler_record, handler_out, crash_used, restore_used>>

create_token_fails(me) ==
    /\ handler_at[me] = "create_token"
    /\ handler_out[me] = None

checkpoint(me) ==
    /\ handler_at[me] = "checkpoint"
    /\ handler_record[me] # None
    /\ handler_out[me] # None
    /\ LET outbox_1 == (me :> [token |-> handler_record[me].token,
                               out |-> handler_out[me],
                               made |-> TRUE])
                         @@ outbox
       IN  /\ outbox' = outbox_1
           /\ handler_at' = [handler_at EXCEPT ![me] = "dispatch"]
           /\ UNCHANGED <<queue, tokens, drawn, changes, acknowledged, handler_token,
                          handler_record, handler_out, crash_used, restore_used>>

checkpoint_fails(me) ==
    /\ handler_at[me] = "checkpoint"
    /\ handler_record[me] = None \/ handler_out[me] = None

dispatch(me) ==
    /\ handler_at[me] = "dispatch"
    /\ handler_out[me] # None
    /\ LET queue_1 == queue \cup {handler_out[me]}
       IN  /\ IF make = "LATE"
              THEN handler_at' = [handler_at EXCEPT ![me] = "create_late"] /\ UNCHANGED handler_out
              ELSE /\ handler_at' = [handler_at EXCEPT ![me] = "delete_token"]
                   /\ handler_out' = [handler_out EXCEPT ![me] = None]
           /\ queue' = queue_1
           /\ UNCHANGED <<tokens, outbox, drawn, changes, acknowledged, handler_token,
                          handler_record, crash_used, restore_used>>

dispatch_fails(me) ==
    /\ handler_at[me] = "dispatch"
    /\ handler_out[me] = None

create_late(me) ==
    /\ handler_at[me] = "create_late"
    /\ handler_out[me] # None
    /\ LET tokens_1 == (handler_out[me] :> None) @@ tokens
       IN  /\ tokens' = tokens_1
           /\ handler_at' = [handler_at EXCEPT ![me] = "delete_token"]
           /\ handler_out' = [handler_out EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, outbox, drawn, changes, acknowledged, handler_token,
                          handler_record, crash_used, restore_used>>

create_late_fails(me) ==
    /\ handler_at[me] = "create_late"
    /\ handler_out[me] = None

delete_token(me) ==
    /\ handler_at[me] = "delete_token"
    /\ delete_finished => handler_record[me] # None
    /\ LET deleted == IF delete_finished THEN handler_record[me].token ELSE handler_token[me]
       IN  /\ IF deleted \in DOMAIN tokens
              THEN tokens' = Without(tokens, deleted)
              ELSE UNCHANGED tokens
           /\ handler_at' = [handler_at EXCEPT ![me] = "clear"]
           /\ UNCHANGED <<queue, outbox, drawn, changes, acknowledged, handler_token,
                          handler_record, handler_out, crash_used, restore_used>>

delete_token_fails(me) ==
    /\ handler_at[me] = "delete_token"
    /\ delete_finished
    /\ handler_record[me] = None

clear(me) ==
    /\ handler_at[me] = "clear"
    /\ me \in DOMAIN outbox
    /\ handler_record[me] # None
    /\ LET test == handler_record[me].token # handler_token[me]
       IN  /\ outbox' = Without(outbox, me)
           /\ handler_at' = [handler_at EXCEPT ![me] = IF test THEN "receive" ELSE "acknowledge"]
           /\ handler_record' = [handler_record EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, tokens, drawn, changes, acknowledged, handler_token, handler_out,
                          crash_used, restore_used>>

clear_fails(me) ==
    /\ handler_at[me] = "clear"
    /\ me \notin DOMAIN outbox \/ handler_record[me] = None

acknowledge(me) ==
    /\ handler_at[me] = "acknowledge"
    /\ LET item == handler_token[me]
       IN  /\ item \in queue
           /\ queue' = queue \ {item}
           /\ acknowledged' = acknowledged \cup {handler_token[me]}
           /\ handler_at' = [handler_at EXCEPT ![me] = "receive"]
           /\ UNCHANGED <<tokens, outbox, drawn, changes, handler_token, handler_record,
                          handler_out, crash_used, restore_used>>

acknowledge_fails(me) ==
    LET item == handler_token[me]
    IN  handler_at[me] = "acknowledge" /\ item \notin queue

\* The worker forgets its message, which will be delivered again.
\* (A fault, at most twice.)
crash(hop) ==
    /\ crash_used < 2
    /\ handler_at[hop] # "receive"
    /\ handler_at' = [handler_at EXCEPT ![hop] = "receive"]
    /\ handler_token' = [handler_token EXCEPT ![hop] = None]
    /\ handler_record' = [handler_record EXCEPT ![hop] = None]
    /\ handler_out' = [handler_out EXCEPT ![hop] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<queue, tokens, outbox, drawn, changes, acknowledged, restore_used>>

\* The token store comes back from a backup that still has the token.
\* (A fault, at most once.)
restore(token) ==
    /\ restore_used < 1
    /\ restored
    /\ token \in queue
    /\ token \notin DOMAIN tokens
    /\ tokens' = (token :> None) @@ tokens
    /\ restore_used' = restore_used + 1
    /\ UNCHANGED <<queue, outbox, drawn, changes, acknowledged, handler_at, handler_token,
                   handler_record, handler_out, crash_used>>

\* The process: an instance takes the step at which it stands.
handler(me) ==
    \/ receive(me)
    \/ claim_token(me)
    \/ drop(me)
    \/ use_token(me)
    \/ commit(me)
    \/ register_token(me)
    \/ create_token(me)
    \/ checkpoint(me)
    \/ dispatch(me)
    \/ create_late(me)
    \/ delete_token(me)
    \/ clear(me)
    \/ acknowledge(me)

Actions == \E me \in Hop : handler(me)

Faults ==
    \/ \E hop \in Hop : crash(hop)
    \/ \E token \in [message : Message, hop : Hop, number : 0..6] : restore(token)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Hop : WF_vars(handler(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Hop : drop_fails(me)
    \/ \E me \in Hop : use_token_fails(me)
    \/ \E me \in Hop : register_token_fails(me)
    \/ \E me \in Hop : create_token_fails(me)
    \/ \E me \in Hop : checkpoint_fails(me)
    \/ \E me \in Hop : dispatch_fails(me)
    \/ \E me \in Hop : create_late_fails(me)
    \/ \E me \in Hop : delete_token_fails(me)
    \/ \E me \in Hop : clear_fails(me)
    \/ \E me \in Hop : acknowledge_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Hop : receive_is_cut(me)
    \/ \E me \in Hop : commit_is_cut(me)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Hop : receive_is_cut(me))
    /\ ~(\E me \in Hop : drop_fails(me))
    /\ ~(\E me \in Hop : use_token_fails(me))
    /\ ~(\E me \in Hop : commit_is_cut(me))
    /\ ~(\E me \in Hop : register_token_fails(me))
    /\ ~(\E me \in Hop : create_token_fails(me))
    /\ ~(\E me \in Hop : checkpoint_fails(me))
    /\ ~(\E me \in Hop : dispatch_fails(me))
    /\ ~(\E me \in Hop : create_late_fails(me))
    /\ ~(\E me \in Hop : delete_token_fails(me))
    /\ ~(\E me \in Hop : clear_fails(me))
    /\ ~(\E me \in Hop : acknowledge_fails(me))

nothing_is_changed_twice == \A change \in BagToSet(changes) : CopiesIn(change, changes) <= 1

nothing_acknowledged_is_lost ==
    \A token \in acknowledged : BagIn([message |-> token.message, hop |-> token.hop], changes)

a_message_goes_out_with_one_token ==
    \A a \in queue : \A b \in acknowledged : a = b \/ a.message # b.message \/ a.hop # b.hop

no_token_is_left == AtRest => Cardinality(DOMAIN tokens) = 0

a_duplicate_arrives == \E token \in queue : token \in acknowledged

\* Must be found false: the states above have to be reachable.
never_a_duplicate_arrives == ~a_duplicate_arrives

every_message_is_processed_by_both ==
    \A message \in Message :
        <>(\A hop \in Hop : BagIn([message |-> message, hop |-> hop], changes))

==============================================================================
