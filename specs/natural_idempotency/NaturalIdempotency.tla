------------------------- MODULE NaturalIdempotency -------------------------
\* Natural idempotency: which operations stand being repeated, and which being repeated late.
\*
\* Claim   If the entity only ever advances (`max` of what it has and what the message says),
\*         neither copies nor messages that overtake each other make a difference, and nothing about
\*         messages has to be remembered.
\* Faults  The broker delivers a message again, at once or when others have come in between; a
\*         message overtakes another one. Operations that are idempotent by themselves stand a copy
\*         that comes at once. That one comes late they do not stand: it undoes what has come in
\*         between.
\* Source  P. Helland, Idempotence Is Not a Medical Condition, CACM 55(5), 2012.
\*
\* The twin of models/natural_idempotency.py: the same variables, actions and properties.
\*     checker twin natural_idempotency specs/natural_idempotency/NaturalIdempotency.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Sequences

------------------------------------------------------------------------------

\* The elements of a sequence.
Range(s) == {s[i] : i \in DOMAIN s}

Min(S) == CHOOSE x \in S : \A y \in S : x <= y

\* <<lo, lo + 1, ..., hi - 1>>, which is empty if hi is not above lo.
Upto(lo, hi) ==
    IF hi <= lo THEN <<>> ELSE [i \in 1..(hi - lo) |-> lo + i - 1]

------------------------------------------------------------------------------

CONSTANTS
    operation

Operation == {"ADVANCE", "ADVANCE_BY_ONE", "ASSIGN", "ADD_REMOVE", "INCREMENT"}

VARIABLES
    delivered,
    last,              \* the message that came last; 0: none
    entity,
    once,              \* what the entity would be if no message had come twice

    \* How often each fault has happened.
    overtake_used,
    repeat_used,
    repeat_late_used

vars == <<delivered, last, entity, once, overtake_used, repeat_used, repeat_late_used>>

TypeOK ==
    /\ delivered \in SUBSET (1..3)
    /\ last \in 0..3
    /\ entity \in 0..5
    /\ once \in 0..5
    /\ overtake_used \in 0..1
    /\ repeat_used \in 0..1
    /\ repeat_late_used \in 0..1

Init ==
    /\ delivered = {}
    /\ last = 0
    /\ entity = 0
    /\ once = 0
    /\ overtake_used = 0
    /\ repeat_used = 0
    /\ repeat_late_used = 0

deliver(message) ==
    /\ {x \in Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)) : TRUE} # {}
    /\ message = Min(Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)))
    /\ LET entity_1 == IF operation = "ADVANCE"
                       THEN IF entity < message THEN message ELSE entity
                       ELSE IF operation = "ADVANCE_BY_ONE"
                       THEN IF message = entity + 1 THEN message ELSE entity
                       ELSE IF operation = "ASSIGN"
                       THEN message
                       ELSE IF operation = "ADD_REMOVE"
                       THEN IF message = 2 THEN 0 ELSE 1
                       ELSE entity + 1
           once_1 == IF operation = "ADVANCE"
                     THEN IF once < message THEN message ELSE once
                     ELSE IF operation = "ADVANCE_BY_ONE"
                     THEN IF message = once + 1 THEN message ELSE once
                     ELSE IF operation = "ASSIGN"
                     THEN message
                     ELSE IF operation = "ADD_REMOVE"
                     THEN IF message = 2 THEN 0 ELSE 1
                     ELSE once + 1
       IN  /\ entity_1 <= 5
           /\ once_1 <= 5
           /\ delivered' = delivered \cup {message}
           /\ last' = message
           /\ entity' = entity_1
           /\ once' = once_1
           /\ UNCHANGED <<overtake_used, repeat_used, repeat_late_used>>

deliver_fails(message) ==
    LET entity_1 == IF operation = "ADVANCE"
                    THEN IF entity < message THEN message ELSE entity
                    ELSE IF operation = "ADVANCE_BY_ONE"
                    THEN IF message = entity + 1 THEN message ELSE entity
                    ELSE IF operation = "ASSIGN"
                    THEN message
                    ELSE IF operation = "ADD_REMOVE"
                    THEN IF message = 2 THEN 0 ELSE 1
                    ELSE entity + 1
        once_1 == IF operation = "ADVANCE"
                  THEN IF once < message THEN message ELSE once
                  ELSE IF operation = "ADVANCE_BY_ONE"
                  THEN IF message = once + 1 THEN message ELSE once
                  ELSE IF operation = "ASSIGN"
                  THEN message
                  ELSE IF operation = "ADD_REMOVE"
                  THEN IF message = 2 THEN 0 ELSE 1
                  ELSE once + 1
    IN  IF ~(\E x \in Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)) : TRUE)
        THEN TRUE
        ELSE IF ~(/\ \E x \in Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)) : TRUE
                  /\ message = Min(Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered))))
        THEN FALSE
        ELSE IF entity_1 > 5
        THEN TRUE
        ELSE once_1 > 5

\* A message arrives before an older one.
\* (A fault, at most once.)
overtake(message) ==
    /\ overtake_used < 1
    /\ {x \in Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)) : TRUE} # {}
    /\ Min(Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered))) < message
    /\ message \notin delivered
    /\ LET entity_1 == IF operation = "ADVANCE"
                       THEN IF entity < message THEN message ELSE entity
                       ELSE IF operation = "ADVANCE_BY_ONE"
                       THEN IF message = entity + 1 THEN message ELSE entity
                       ELSE IF operation = "ASSIGN"
                       THEN message
                       ELSE IF operation = "ADD_REMOVE"
                       THEN IF message = 2 THEN 0 ELSE 1
                       ELSE entity + 1
           once_1 == IF operation = "ADVANCE"
                     THEN IF once < message THEN message ELSE once
                     ELSE IF operation = "ADVANCE_BY_ONE"
                     THEN IF message = once + 1 THEN message ELSE once
                     ELSE IF operation = "ASSIGN"
                     THEN message
                     ELSE IF operation = "ADD_REMOVE"
                     THEN IF message = 2 THEN 0 ELSE 1
                     ELSE once + 1
       IN  /\ entity_1 <= 5
           /\ once_1 <= 5
           /\ delivered' = delivered \cup {message}
           /\ last' = message
           /\ entity' = entity_1
           /\ once' = once_1
           /\ overtake_used' = overtake_used + 1
           /\ UNCHANGED <<repeat_used, repeat_late_used>>

overtake_fails(message) ==
    LET entity_1 == IF operation = "ADVANCE"
                    THEN IF entity < message THEN message ELSE entity
                    ELSE IF operation = "ADVANCE_BY_ONE"
                    THEN IF message = entity + 1 THEN message ELSE entity
                    ELSE IF operation = "ASSIGN"
                    THEN message
                    ELSE IF operation = "ADD_REMOVE"
                    THEN IF message = 2 THEN 0 ELSE 1
                    ELSE entity + 1
        once_1 == IF operation = "ADVANCE"
                  THEN IF once < message THEN message ELSE once
                  ELSE IF operation = "ADVANCE_BY_ONE"
                  THEN IF message = once + 1 THEN message ELSE once
                  ELSE IF operation = "ASSIGN"
                  THEN message
                  ELSE IF operation = "ADD_REMOVE"
                  THEN IF message = 2 THEN 0 ELSE 1
                  ELSE once + 1
    IN  IF ~(overtake_used < 1)
        THEN FALSE
        ELSE IF ~(\E x \in Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)) : TRUE)
        THEN TRUE
        ELSE IF ~(/\ \E x \in Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered)) : TRUE
                  /\ Min(Range(SelectSeq(Upto(1, 5), LAMBDA n : n \notin delivered))) < message)
        THEN FALSE
        ELSE IF ~(message \notin delivered)
        THEN FALSE
        ELSE IF entity_1 > 5
        THEN TRUE
        ELSE once_1 > 5

\* The message that came last comes again at once.
\* (A fault, at most once.)
repeat ==
    /\ repeat_used < 1
    /\ last > 0
    /\ LET entity_1 == IF operation = "ADVANCE"
                       THEN IF entity < last THEN last ELSE entity
                       ELSE IF operation = "ADVANCE_BY_ONE"
                       THEN IF last = entity + 1 THEN last ELSE entity
                       ELSE IF operation = "ASSIGN"
                       THEN last
                       ELSE IF operation = "ADD_REMOVE"
                       THEN IF last = 2 THEN 0 ELSE 1
                       ELSE entity + 1
       IN  /\ entity_1 <= 5
           /\ entity' = entity_1
           /\ repeat_used' = repeat_used + 1
           /\ UNCHANGED <<delivered, last, once, overtake_used, repeat_late_used>>

repeat_fails ==
    LET entity_1 == IF operation = "ADVANCE"
                    THEN IF entity < last THEN last ELSE entity
                    ELSE IF operation = "ADVANCE_BY_ONE"
                    THEN IF last = entity + 1 THEN last ELSE entity
                    ELSE IF operation = "ASSIGN"
                    THEN last
                    ELSE IF operation = "ADD_REMOVE"
                    THEN IF last = 2 THEN 0 ELSE 1
                    ELSE entity + 1
    IN  repeat_used < 1 /\ last > 0 /\ entity_1 > 5

\* A message comes again when others have come in between.
\* (A fault, at most once.)
repeat_late(message) ==
    /\ repeat_late_used < 1
    /\ message \in delivered
    /\ message # last
    /\ LET entity_1 == IF operation = "ADVANCE"
                       THEN IF entity < message THEN message ELSE entity
                       ELSE IF operation = "ADVANCE_BY_ONE"
                       THEN IF message = entity + 1 THEN message ELSE entity
                       ELSE IF operation = "ASSIGN"
                       THEN message
                       ELSE IF operation = "ADD_REMOVE"
                       THEN IF message = 2 THEN 0 ELSE 1
                       ELSE entity + 1
       IN  /\ entity_1 <= 5
           /\ last' = message
           /\ entity' = entity_1
           /\ repeat_late_used' = repeat_late_used + 1
           /\ UNCHANGED <<delivered, once, overtake_used, repeat_used>>

repeat_late_fails(message) ==
    LET entity_1 == IF operation = "ADVANCE"
                    THEN IF entity < message THEN message ELSE entity
                    ELSE IF operation = "ADVANCE_BY_ONE"
                    THEN IF message = entity + 1 THEN message ELSE entity
                    ELSE IF operation = "ASSIGN"
                    THEN message
                    ELSE IF operation = "ADD_REMOVE"
                    THEN IF message = 2 THEN 0 ELSE 1
                    ELSE entity + 1
    IN  repeat_late_used < 1 /\ message \in delivered /\ message # last /\ entity_1 > 5

Actions == \E message \in 1..3 : deliver(message)

Faults ==
    \/ \E message \in 1..3 : overtake(message)
    \/ repeat
    \/ \E message \in 1..3 : repeat_late(message)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == WF_vars(\E message \in 1..3 : deliver(message))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E message \in 1..3 : deliver_fails(message)
    \/ \E message \in 1..3 : overtake_fails(message)
    \/ repeat_fails
    \/ \E message \in 1..3 : repeat_late_fails(message)

no_step_error == ~StepError

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E message \in 1..3 : deliver_fails(message))

copies_make_no_difference == entity = once

\* Neither a copy nor an older message has the last word.
the_newest_message_counts == AtRest => entity = (IF operation = "ADD_REMOVE" THEN 1 ELSE 3)

\* Unless this state occurs, nothing is ever delivered late.
an_old_message_comes_again == \E message \in delivered : last < message

\* Must be found false: the states above have to be reachable.
never_an_old_message_comes_again == ~an_old_message_comes_again

every_message_is_delivered == <>(Cardinality(delivered) = 3)

=============================================================================
