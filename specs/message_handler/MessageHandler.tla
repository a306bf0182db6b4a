--------------------------- MODULE MessageHandler ---------------------------
\* A message handler without distributed transactions: seven stages, each repairs the one before.
\*
\* Claim   With the number of the attempt stored beside the change, and outputs sent again from what
\*         is stored, every message changes the database once and has one output, that of its
\*         change.
\* Faults  Each call to the queue or the database may fail, `failures_max` + 1 times for a message;
\*         the handler then starts over. With `give_up` the last failure moves the message to the
\*         error queue instead: what was done for it until then stays.
\* Source  T. Masternak, S. Pobiega, Exactly-once workshop, model-checking/, 2020-2024; the counts
\*         in the manifest are those that TLC prints for it and for the edits that its exercises ask
\*         for.
\*
\* The twin of models/message_handler.py: the same variables, actions and properties.
\*     checker twin message_handler specs/message_handler/MessageHandler.tla --keep-dead-locals
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets

------------------------------------------------------------------------------

\* op(... op(op(base, x1), x2) ..., xn) over the elements of S in some order.
FoldSet(op(_, _), base, S) ==
    LET fold[T \in SUBSET S] ==
            IF T = {} THEN base
            ELSE LET x == CHOOSE x \in T : TRUE IN op(fold[T \ {x}], x)
    IN  fold[S]

------------------------------------------------------------------------------

CONSTANTS
    MessageId,     \* What the sender calls its message.
    stage,
    give_up,       \* is there an error queue, or do calls succeed in the end?
    failures_max,
    None           \* no value

handler_labels ==
    {"main_loop", "receive", "process", "send_first", "update", "send", "acknowledge", "done"}
Stage ==
    {"SEND_FIRST", "UPDATE_FIRST", "ATOMIC", "CHECK_FIRST", "SKIP_DUPLICATE", "RESEND",
     "RESEND_STORED"}
Answer == {"OK", "FAILURE"}

VARIABLES
    queue,            \* a message stays until it is acknowledged
    database,
    sent,
    processed,        \* acknowledged or given up: it will not be delivered again
    attempts,
    failures,

    \* The process `handler`.
    handler_at,       \* where each instance stands
    handler_message,  \* a local; None: it has no value now
    handler_attempt   \* a local; None: it has no value now

vars ==
    <<queue, database, sent, processed, attempts, failures, handler_at, handler_message,
      handler_attempt>>

TypeOK ==
    /\ queue \in SUBSET MessageId
    /\ database \in SUBSET [message : MessageId, attempt : 0..12]
    /\ sent \in SUBSET [message : MessageId, attempt : 0..12]
    /\ processed \in SUBSET MessageId
    /\ attempts \in 0..12
    /\ failures \in [MessageId -> 0..8]
    /\ handler_at \in handler_labels
    /\ handler_message \in MessageId \cup {None}
    /\ handler_attempt \in (0..12) \cup {None}

Init ==
    /\ queue = MessageId
    /\ database = {}
    /\ sent = {}
    /\ processed = {}
    /\ attempts = 0
    /\ failures = [k \in MessageId |-> 0]
    /\ handler_at = "main_loop"
    /\ handler_message = None
    /\ handler_attempt = None

main_loop ==
    /\ handler_at = "main_loop"
    /\ handler_at' = "receive"
    /\ UNCHANGED <<queue, database, sent, processed, attempts, failures, handler_message,
                   handler_attempt>>

receive ==
    /\ handler_at = "receive"
    /\ \E message \in queue :
           /\ handler_at' = "process"
           /\ handler_message' = message
           /\ UNCHANGED <<queue, database, sent, processed, attempts, failures, handler_attempt>>

process ==
    /\ handler_at = "process"
    /\ LET attempts_1 == attempts + 1
       IN  /\ attempts_1 <= 12
           /\ attempts' = attempts_1
           /\ handler_at' = IF stage = "SEND_FIRST" THEN "send_first" ELSE "update"
           /\ handler_attempt' = attempts
           /\ UNCHANGED <<queue, database, sent, processed, failures, handler_message>>

process_is_cut ==
    LET attempts_1 == attempts + 1
    IN  handler_at = "process" /\ attempts_1 > 12

send_first ==
    /\ handler_at = "send_first"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ IF answer = "FAILURE"
              THEN /\ IF handler_message \notin processed
                      THEN IF give_up /\ failures[handler_message] = failures_max
                           THEN LET item == handler_message
                                IN  /\ item \in queue
                                    /\ queue' = queue \ {item}
                                    /\ processed' = processed \cup {handler_message}
                                    /\ UNCHANGED failures
                           ELSE LET failures_1 == failures[handler_message] + 1
                                IN  /\ failures_1 <= 8
                                    /\ failures' = [failures EXCEPT ![handler_message] = failures_1]
                                    /\ UNCHANGED <<queue, processed>>
                      ELSE UNCHANGED <<queue, processed, failures>>
                   /\ handler_at' = "main_loop"
                   /\ UNCHANGED sent
              ELSE /\ sent' = sent \cup {[message |-> handler_message, attempt |-> handler_attempt]}
                   /\ handler_at' = "update"
                   /\ UNCHANGED <<queue, processed, failures>>
           /\ UNCHANGED <<database, attempts, handler_message, handler_attempt>>

send_first_fails ==
    /\ handler_at = "send_first"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ answer = "FAILURE"
           /\ handler_message \notin processed
           /\ give_up
           /\ failures[handler_message] = failures_max
           /\ LET item == handler_message IN item \notin queue

send_first_is_cut ==
    /\ handler_at = "send_first"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ answer = "FAILURE"
           /\ handler_message \notin processed
           /\ ~(give_up /\ failures[handler_message] = failures_max)
           /\ LET failures_1 == failures[handler_message] + 1 IN failures_1 > 8

update ==
    /\ handler_at = "update"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ IF answer = "FAILURE"
              THEN /\ IF handler_message \notin processed
                      THEN IF give_up /\ failures[handler_message] = failures_max
                           THEN LET item == handler_message
                                IN  /\ item \in queue
                                    /\ queue' = queue \ {item}
                                    /\ processed' = processed \cup {handler_message}
                                    /\ UNCHANGED failures
                           ELSE LET failures_1 == failures[handler_message] + 1
                                IN  /\ failures_1 <= 8
                                    /\ failures' = [failures EXCEPT ![handler_message] = failures_1]
                                    /\ UNCHANGED <<queue, processed>>
                      ELSE UNCHANGED <<queue, processed, failures>>
                   /\ handler_at' = "main_loop"
                   /\ UNCHANGED <<database, sent>>
              ELSE LET duplicate == /\ ~(\/ stage = "SEND_FIRST"
                                         \/ stage = "UPDATE_FIRST"
                                         \/ stage = "ATOMIC")
                                    /\ \E change \in database : change.message = handler_message
                   IN  /\ IF ~duplicate
                          THEN LET database_1 == database \cup {[message |-> handler_message,
                                                                 attempt |-> handler_attempt]}
                               IN  /\ IF stage = "ATOMIC" \/ stage = "CHECK_FIRST"
                                      THEN sent' = sent \cup {[message |-> handler_message,
                                                               attempt |-> handler_attempt]}
                                      ELSE UNCHANGED sent
                                   /\ database' = database_1
                          ELSE UNCHANGED <<database, sent>>
                       /\ handler_at' = IF /\ ~(stage = "ATOMIC" \/ stage = "CHECK_FIRST")
                                           /\ stage # "SEND_FIRST"
                                           /\ ~(duplicate /\ stage = "SKIP_DUPLICATE")
                                        THEN "send"
                                        ELSE "acknowledge"
                       /\ UNCHANGED <<queue, processed, failures>>
           /\ UNCHANGED <<attempts, handler_message, handler_attempt>>

update_fails ==
    /\ handler_at = "update"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ answer = "FAILURE"
           /\ handler_message \notin processed
           /\ give_up
           /\ failures[handler_message] = failures_max
           /\ LET item == handler_message IN item \notin queue

update_is_cut ==
    /\ handler_at = "update"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ answer = "FAILURE"
           /\ handler_message \notin processed
           /\ ~(give_up /\ failures[handler_message] = failures_max)
           /\ LET failures_1 == failures[handler_message] + 1 IN failures_1 > 8

send ==
    /\ handler_at = "send"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ IF answer = "FAILURE"
              THEN /\ IF handler_message \notin processed
                      THEN IF give_up /\ failures[handler_message] = failures_max
                           THEN LET item == handler_message
                                IN  /\ item \in queue
                                    /\ queue' = queue \ {item}
                                    /\ processed' = processed \cup {handler_message}
                                    /\ UNCHANGED failures
                           ELSE LET failures_1 == failures[handler_message] + 1
                                IN  /\ failures_1 <= 8
                                    /\ failures' = [failures EXCEPT ![handler_message] = failures_1]
                                    /\ UNCHANGED <<queue, processed>>
                      ELSE UNCHANGED <<queue, processed, failures>>
                   /\ handler_at' = "main_loop"
                   /\ UNCHANGED sent
              ELSE /\ IF stage # "RESEND_STORED"
                      THEN sent' = sent \cup {[message |-> handler_message,
                                               attempt |-> handler_attempt]}
                      ELSE LET loop == FoldSet(LAMBDA so_far, change :
                                                   IF so_far.end # "done"
                                                   THEN so_far
                                                   ELSE IF handler_message = None
                                                   THEN [so_far EXCEPT !.end = "error"]
                                                   ELSE LET test == change.message = handler_message
                                                        IN  IF test /\ handler_message = None
                                                            THEN [so_far EXCEPT !.end = "error"]
                                                            ELSE LET sent_3 == so_far.sent_2_ \cup {[message |-> handler_message,
                                                                                                     attempt |-> change.attempt]}
                                                                 IN  [sent_2_ |-> IF test THEN sent_3 ELSE so_far.sent_2_,
                                                                      end |-> "done"],
                                               [sent_2_ |-> sent, end |-> "done"],
                                               database)
                           IN  /\ loop.end = "done"
                               /\ \A each \in loop.sent_2_ : each.attempt >= 0 /\ each.attempt <= 12
                               /\ sent' = loop.sent_2_
                   /\ handler_at' = "acknowledge"
                   /\ UNCHANGED <<queue, processed, failures>>
           /\ UNCHANGED <<database, attempts, handler_message, handler_attempt>>

send_fails ==
    /\ handler_at = "send"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           IF answer = "FAILURE"
           THEN /\ handler_message \notin processed
                /\ give_up
                /\ failures[handler_message] = failures_max
                /\ LET item == handler_message IN item \notin queue
           ELSE /\ stage = "RESEND_STORED"
                /\ LET loop == FoldSet(LAMBDA so_far, change :
                                           IF so_far.end # "done"
                                           THEN so_far
                                           ELSE IF handler_message = None
                                           THEN [so_far EXCEPT !.end = "error"]
                                           ELSE LET test == change.message = handler_message
                                                IN  IF test /\ handler_message = None
                                                    THEN [so_far EXCEPT !.end = "error"]
                                                    ELSE LET sent_3 == so_far.sent_2_ \cup {[message |-> handler_message,
                                                                                             attempt |-> change.attempt]}
                                                         IN  [sent_2_ |-> IF test THEN sent_3 ELSE so_far.sent_2_,
                                                              end |-> "done"],
                                       [sent_2_ |-> sent, end |-> "done"],
                                       database)
                   IN  loop.end = "error"

send_is_cut ==
    /\ handler_at = "send"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           IF answer = "FAILURE"
           THEN /\ handler_message \notin processed
                /\ ~(give_up /\ failures[handler_message] = failures_max)
                /\ LET failures_1 == failures[handler_message] + 1 IN failures_1 > 8
           ELSE /\ stage = "RESEND_STORED"
                /\ LET loop == FoldSet(LAMBDA so_far, change :
                                           IF so_far.end # "done"
                                           THEN so_far
                                           ELSE IF handler_message = None
                                           THEN [so_far EXCEPT !.end = "error"]
                                           ELSE LET test == change.message = handler_message
                                                IN  IF test /\ handler_message = None
                                                    THEN [so_far EXCEPT !.end = "error"]
                                                    ELSE LET sent_3 == so_far.sent_2_ \cup {[message |-> handler_message,
                                                                                             attempt |-> change.attempt]}
                                                         IN  [sent_2_ |-> IF test THEN sent_3 ELSE so_far.sent_2_,
                                                              end |-> "done"],
                                       [sent_2_ |-> sent, end |-> "done"],
                                       database)
                   IN  \/ loop.end = "cut"
                       \/ /\ loop.end = "done"
                          /\ ~(\A each \in loop.sent_2_ : each.attempt >= 0 /\ each.attempt <= 12)

acknowledge ==
    /\ handler_at = "acknowledge"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ IF answer = "FAILURE"
              THEN IF handler_message \notin processed
                   THEN IF give_up /\ failures[handler_message] = failures_max
                        THEN LET item == handler_message
                             IN  /\ item \in queue
                                 /\ queue' = queue \ {item}
                                 /\ processed' = processed \cup {handler_message}
                                 /\ UNCHANGED failures
                        ELSE LET failures_1 == failures[handler_message] + 1
                             IN  /\ failures_1 <= 8
                                 /\ failures' = [failures EXCEPT ![handler_message] = failures_1]
                                 /\ UNCHANGED <<queue, processed>>
                   ELSE UNCHANGED <<queue, processed, failures>>
              ELSE LET item == handler_message
                   IN  /\ item \in queue
                       /\ queue' = queue \ {item}
                       /\ processed' = processed \cup {handler_message}
                       /\ UNCHANGED failures
           /\ handler_at' = "main_loop"
           /\ UNCHANGED <<database, sent, attempts, handler_message, handler_attempt>>

acknowledge_fails ==
    /\ handler_at = "acknowledge"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           IF answer = "FAILURE"
           THEN /\ handler_message \notin processed
                /\ give_up
                /\ failures[handler_message] = failures_max
                /\ LET item == handler_message IN item \notin queue
           ELSE LET item == handler_message IN item \notin queue

acknowledge_is_cut ==
    /\ handler_at = "acknowledge"
    /\ \E answer \in (IF give_up \/ failures[handler_message] <= failures_max
                      THEN {"OK", "FAILURE"}
                      ELSE {"OK"}) :
           /\ answer = "FAILURE"
           /\ handler_message \notin processed
           /\ ~(give_up /\ failures[handler_message] = failures_max)
           /\ LET failures_1 == failures[handler_message] + 1 IN failures_1 > 8

\* The process: an instance takes the step at which it stands.
handler ==
    \/ main_loop
    \/ receive
    \/ process
    \/ send_first
    \/ update
    \/ send
    \/ acknowledge

Next == handler

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == WF_vars(handler)

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ send_first_fails
    \/ update_fails
    \/ send_fails
    \/ acknowledge_fails

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ process_is_cut
    \/ send_first_is_cut
    \/ update_is_cut
    \/ send_is_cut
    \/ acknowledge_is_cut

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Next>>_vars
    /\ ~process_is_cut
    /\ ~send_first_fails
    /\ ~send_first_is_cut
    /\ ~update_fails
    /\ ~update_is_cut
    /\ ~send_fails
    /\ ~send_is_cut
    /\ ~acknowledge_fails
    /\ ~acknowledge_is_cut

\* What was told has happened: the output of a processed message has a change.
no_ghost_messages ==
    \A message \in MessageId :
           message \in processed /\ (\E output \in sent : output.message = message)
        => \E change \in database : change.message = message

\* What has happened was told: the change of a processed message has an output.
no_lost_messages ==
    \A message \in MessageId :
           message \in processed /\ (\E change \in database : change.message = message)
        => \E output \in sent : output.message = message

no_lost_writes ==
    \A message \in MessageId :
        message \in processed => \E change \in database : change.message = message

no_duplicate_processing ==
    \A message \in MessageId : Cardinality({change \in database : change.message = message}) <= 1

\* All outputs of a message tell of the same attempt; then the receiver can drop copies.
consistent_output ==
    \A message \in MessageId : Cardinality({output \in sent : output.message = message}) <= 1

every_output_tells_of_its_change ==
    AtRest => \A message \in MessageId :
                  \E output \in sent :
                      /\ output.message = message
                      /\ [message |-> message, attempt |-> output.attempt] \in database

\* Unless this state occurs, nothing is ever processed a second time.
a_known_message_returns(message) ==
    message \in queue /\ (\E change \in database : change.message = message)

\* Must be found false: the states above have to be reachable.
never_a_known_message_returns == ~(\E message \in MessageId : a_known_message_returns(message))

every_message_is_processed ==
    \A message \in MessageId :
        <>(message \in processed)

=============================================================================
