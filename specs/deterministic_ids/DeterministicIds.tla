-------------------------- MODULE DeterministicIds --------------------------
\* Deterministic ids: a retry has to send what the first attempt sent, under the same id.
\*
\* Claim   What an endpoint has decided for a message is mailed once, whatever crashes: the outputs
\*         are stored with the decision, under ids made of the message, the endpoint and the
\*         ordinal.
\* Faults  An endpoint crashes between its commit and its acknowledgement, so that its message
\*         returns. A send whose acknowledgement is lost is a crash behind the send.
\* Source  T. Masternak, S. Pobiega, exactly-once workshop (github.com/exactly-once/workshop), the
\*         exercises on deterministic ids and on outputs that are made anew from the state.
\*
\* The twin of models/deterministic_ids.py: the same variables, actions and properties.
\*     checker twin deterministic_ids specs/deterministic_ids/DeterministicIds.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Sequences, Bags

------------------------------------------------------------------------------

\* op(... op(op(base, s[1]), s[2]) ..., s[n]).
FoldSeq(op(_, _), base, s) ==
    LET fold[i \in 0..Len(s)] == IF i = 0 THEN base ELSE op(fold[i - 1], s[i])
    IN  fold[Len(s)]

------------------------------------------------------------------------------

CONSTANTS
    \* An event that both endpoints subscribe to, by the id that its sender has given it.
    Payment,
    hash_endpoint,
    hash_ordinal,
    random_id,      \* is each attempt's id another one?
    retry,
    None            \* no value

Endpoint == {"BILLING", "LOYALTY"}
handler_labels == {"commit", "send", "acknowledge", "done"}
Retry == {"STORED", "FROM_STATE", "FROM_MESSAGE"}

VARIABLES
    waiting,
    committed,
    decided,          \* with the commit, and stored there
    attempts,         \* of those with a random id
    sent,
    received,
    mails,

    \* The process `handler`.
    handler_at,       \* where each instance stands
    handler_payment,  \* a local; None: it has no value now
    handler_again,    \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used

vars ==
    <<waiting, committed, decided, attempts, sent, received, mails, handler_at, handler_payment,
      handler_again, crash_used>>

TypeOK ==
    /\ waiting \in [Endpoint -> SUBSET Payment]
    /\ committed \in [Endpoint -> SUBSET Payment]
    /\ decided \in SUBSET [payment : Payment, endpoint : Endpoint, ordinal : 1..2]
    /\ attempts \in 0..5
    /\ sent \in SUBSET [mail : [payment : Payment, endpoint : Endpoint, ordinal : 1..2],
                        attempt : (0..5) \cup {None}]
    /\ received \in SUBSET [mail : [payment : Payment, endpoint : Endpoint, ordinal : 1..2],
                            attempt : (0..5) \cup {None}]
    /\ IsABag(mails)
    /\ BagToSet(mails) \subseteq [payment : Payment, endpoint : Endpoint, ordinal : 1..2]
    /\ handler_at \in [Endpoint -> handler_labels]
    /\ handler_payment \in [Endpoint -> Payment \cup {None}]
    /\ handler_again \in [Endpoint -> BOOLEAN \cup {None}]
    /\ crash_used \in 0..1

Init ==
    LET waiting_1 == FoldSeq(LAMBDA so_far, endpoint : [so_far EXCEPT ![endpoint] = Payment],
                             [k \in Endpoint |-> {}],
                             <<"BILLING", "LOYALTY">>)
    IN  /\ waiting = waiting_1
        /\ committed = [k \in Endpoint |-> {}]
        /\ decided = {}
        /\ attempts = 0
        /\ sent = {}
        /\ received = {}
        /\ mails = EmptyBag
        /\ handler_at = [me \in Endpoint |-> "commit"]
        /\ handler_payment = [me \in Endpoint |-> None]
        /\ handler_again = [me \in Endpoint |-> None]
        /\ crash_used = 0

commit(me) ==
    /\ handler_at[me] = "commit"
    /\ \E payment \in waiting[me] :
           LET again == payment \in committed[me]
           IN  /\ IF ~again
                  THEN /\ IF me = "BILLING"
                          THEN \E booked \in {"booked", "rejected"} :
                                   decided' = decided \cup (IF me = "BILLING"
                                                            THEN IF booked = "booked"
                                                                 THEN {[payment |-> payment,
                                                                        endpoint |-> me,
                                                                        ordinal |-> 1]}
                                                                 ELSE {}
                                                            ELSE IF Cardinality(committed[me]) = 0
                                                            THEN {[payment |-> payment,
                                                                   endpoint |-> me,
                                                                   ordinal |-> 1],
                                                                  [payment |-> payment,
                                                                   endpoint |-> me,
                                                                   ordinal |-> 2]}
                                                            ELSE {})
                          ELSE decided' = decided \cup (IF me = "BILLING"
                                                        THEN {}
                                                        ELSE IF Cardinality(committed[me]) = 0
                                                        THEN {[payment |-> payment,
                                                               endpoint |-> me,
                                                               ordinal |-> 1],
                                                              [payment |-> payment,
                                                               endpoint |-> me,
                                                               ordinal |-> 2]}
                                                        ELSE {})
                       /\ committed' = [committed EXCEPT ![me] = committed[me] \cup {payment}]
                  ELSE UNCHANGED <<committed, decided>>
               /\ handler_at' = [handler_at EXCEPT ![me] = "send"]
               /\ handler_payment' = [handler_payment EXCEPT ![me] = payment]
               /\ handler_again' = [handler_again EXCEPT ![me] = again]
               /\ UNCHANGED <<waiting, attempts, sent, received, mails, crash_used>>

send(me) ==
    /\ handler_at[me] = "send"
    /\ LET mails_1 == LET payment == handler_payment[me]
                          again == handler_again[me]
                          stored == {m \in decided : m.payment = payment /\ m.endpoint = me}
                      IN  IF again /\ retry = "FROM_STATE"
                          THEN IF me = "BILLING"
                               THEN IF Cardinality(stored) > 0
                                    THEN {[payment |-> payment, endpoint |-> me, ordinal |-> 1]}
                                    ELSE {}
                               ELSE IF Cardinality(committed[me]) = 1
                               THEN {[payment |-> payment, endpoint |-> me, ordinal |-> 1],
                                     [payment |-> payment, endpoint |-> me, ordinal |-> 2]}
                               ELSE {}
                          ELSE IF again /\ retry = "FROM_MESSAGE"
                          THEN IF me = "BILLING"
                               THEN {[payment |-> payment, endpoint |-> me, ordinal |-> 1]}
                               ELSE {}
                          ELSE stored
       IN  /\ IF random_id
              THEN LET attempts_1 == attempts + 1
                   IN  /\ attempts_1 <= 5
                       /\ attempts' = attempts_1
                       /\ sent' = sent \cup {[mail |-> mail, attempt |-> attempts]
                                               : mail \in mails_1}
              ELSE /\ sent' = sent \cup {[mail |-> mail, attempt |-> None] : mail \in mails_1}
                   /\ UNCHANGED attempts
           /\ handler_at' = [handler_at EXCEPT ![me] = "acknowledge"]
           /\ handler_again' = [handler_again EXCEPT ![me] = None]
           /\ UNCHANGED <<waiting, committed, decided, received, mails, handler_payment,
                          crash_used>>

send_is_cut(me) ==
    /\ handler_at[me] = "send"
    /\ random_id
    /\ LET attempts_1 == attempts + 1 IN attempts_1 > 5

acknowledge(me) ==
    /\ handler_at[me] = "acknowledge"
    /\ LET item == handler_payment[me]
       IN  /\ item \in waiting[me]
           /\ waiting' = [waiting EXCEPT ![me] = waiting[me] \ {item}]
           /\ handler_at' = [handler_at EXCEPT ![me] = "commit"]
           /\ handler_payment' = [handler_payment EXCEPT ![me] = None]
           /\ UNCHANGED <<committed, decided, attempts, sent, received, mails, handler_again,
                          crash_used>>

acknowledge_fails(me) ==
    LET item == handler_payment[me]
    IN  handler_at[me] = "acknowledge" /\ item \notin waiting[me]

\* The mailer mails what has an id that it has not seen, and remembers the id with it.
deliver ==
    \E output \in sent \ received :
        /\ IF \A known \in received :
                  (LET mail == output.mail
                   IN  [payment |-> mail.payment,
                        endpoint |-> IF hash_endpoint THEN mail.endpoint ELSE None,
                        ordinal |-> IF hash_ordinal THEN mail.ordinal ELSE None,
                        attempt |-> output.attempt])
                    # (LET mail == known.mail
                       IN  [payment |-> mail.payment,
                            endpoint |-> IF hash_endpoint THEN mail.endpoint ELSE None,
                            ordinal |-> IF hash_ordinal THEN mail.ordinal ELSE None,
                            attempt |-> known.attempt])
           THEN BagCardinality(mails) < 8 /\ mails' = mails (+) SetToBag({output.mail})
           ELSE UNCHANGED mails
        /\ received' = received \cup {output}
        /\ UNCHANGED <<waiting, committed, decided, attempts, sent, handler_at, handler_payment,
                       handler_again, crash_used>>

deliver_is_cut ==
    \E output \in sent \ received :
        /\ \A known \in received :
               (LET mail == output.mail
                IN  [payment |-> mail.payment,
                     endpoint |-> IF hash_endpoint THEN mail.endpoint ELSE None,
                     ordinal |-> IF hash_ordinal THEN mail.ordinal ELSE None,
                     attempt |-> output.attempt])
                 # (LET mail == known.mail
                    IN  [payment |-> mail.payment,
                         endpoint |-> IF hash_endpoint THEN mail.endpoint ELSE None,
                         ordinal |-> IF hash_ordinal THEN mail.ordinal ELSE None,
                         attempt |-> known.attempt])
        /\ BagCardinality(mails) >= 8

\* The endpoint forgets its message, which will be delivered again.
\* (A fault, at most once.)
crash(endpoint) ==
    /\ crash_used < 1
    /\ handler_at[endpoint] # "commit"
    /\ handler_at' = [handler_at EXCEPT ![endpoint] = "commit"]
    /\ handler_payment' = [handler_payment EXCEPT ![endpoint] = None]
    /\ handler_again' = [handler_again EXCEPT ![endpoint] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<waiting, committed, decided, attempts, sent, received, mails>>

\* The process: an instance takes the step at which it stands.
handler(me) ==
    \/ commit(me)
    \/ send(me)
    \/ acknowledge(me)

Actions ==
    \/ \E me \in Endpoint : handler(me)
    \/ deliver

Faults == \E endpoint \in Endpoint : crash(endpoint)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A me \in Endpoint : WF_vars(handler(me))
    /\ WF_vars(deliver)

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError == \E me \in Endpoint : acknowledge_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Endpoint : send_is_cut(me)
    \/ deliver_is_cut

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Endpoint : send_is_cut(me))
    /\ ~(\E me \in Endpoint : acknowledge_fails(me))
    /\ ~deliver_is_cut

nothing_is_mailed_twice == \A mail \in BagToSet(mails) : CopiesIn(mail, mails) <= 1

only_what_was_decided_is_mailed == \A mail \in BagToSet(mails) : mail \in decided

one_id_is_one_mail ==
    \A a \in sent :
        \A b \in sent :
            \/ a.mail = b.mail
            \/ (LET mail == a.mail
                IN  [payment |-> mail.payment,
                     endpoint |-> IF hash_endpoint THEN mail.endpoint ELSE None,
                     ordinal |-> IF hash_ordinal THEN mail.ordinal ELSE None,
                     attempt |-> a.attempt])
                 # (LET mail == b.mail
                    IN  [payment |-> mail.payment,
                         endpoint |-> IF hash_endpoint THEN mail.endpoint ELSE None,
                         ordinal |-> IF hash_ordinal THEN mail.ordinal ELSE None,
                         attempt |-> b.attempt])

nothing_received_is_dropped == \A output \in received : BagIn(output.mail, mails)

an_acknowledged_message_has_sent_what_was_decided ==
    \A mail \in decided :
        mail.payment \in waiting[mail.endpoint] \/ (\E output \in sent : output.mail = mail)

everything_decided_is_mailed == AtRest => \A mail \in decided : BagIn(mail, mails)

\* A message has been sent for, and its endpoint will handle it once more.
an_output_is_sent_again ==
    \E output \in sent :
        /\ handler_at[output.mail.endpoint] = "commit"
        /\ output.mail.payment \in waiting[output.mail.endpoint]

\* Must be found false: the states above have to be reachable.
never_an_output_is_sent_again == ~an_output_is_sent_again

every_message_is_acknowledged == <>(\A endpoint \in Endpoint : Cardinality(waiting[endpoint]) = 0)

=============================================================================
