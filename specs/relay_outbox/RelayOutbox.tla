----------------------------- MODULE RelayOutbox -----------------------------
\* Relay outbox: rows that other transactions commit are published by a process of its own.
\*
\* Claim   Every committed row is published, no row that was rolled back is, and the rows of one
\*         aggregate are first published in the order of their commits. Some are published twice.
\* Faults  Transactions commit in another order than their rows were numbered; a relay crashes
\*         between publishing a row and noting that it has; the log's reader is moved to another
\*         server.
\* Source  microservices.io, "Polling publisher" and "Transaction log tailing"; O. Dudycz, How
\*         Postgres sequences issues can impact your messaging guarantees, 2022.
\*
\* The twin of models/relay_outbox.py: the same variables, actions and properties.
\*     checker twin relay_outbox specs/relay_outbox/RelayOutbox.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Sequences, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The elements of a sequence.
Range(s) == {s[i] : i \in DOMAIN s}

\* Where element i of the list s is: lists count from 0, and from the end below that.
Place(s, i) == IF i < 0 THEN Len(s) + i + 1 ELSE i + 1

\* The function without the key k.
Without(f, k) == [x \in DOMAIN f \ {k} |-> f[x]]

------------------------------------------------------------------------------

CONSTANTS
    Row,                 \* A row of the outbox, and the event that it announces.
    \* What a row is about. The transactions on one aggregate wait for each other.
    Aggregate,
    Relay,               \* A process that publishes.
    reads,
    lock,
    note_after_publish,  \* is a row noted as published only when it is?
    wait_for_open,       \* does a cursor stop at a transaction that may still commit?
    committed_only,
    keep_position,       \* does the log's reader stay where it is at a failover?
    None                 \* no value

relay_labels == {"select", "publish", "note", "done"}
Reads == {"FLAG", "CURSOR", "LOG"}
Lock == {"TABLE", "ROW", "NOTHING"}

VARIABLES
    about,
    number,          \* taken at the insert, as sequences do
    open,            \* their transactions have not ended
    log,             \* committed, in this order
    published,       \* FLAG
    position,        \* CURSOR and LOG
    claimed,
    topic,

    \* The process `relay`.
    relay_at,        \* where each instance stands
    relay_row,       \* a local; None: it has no value now
    relay_place,     \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    fail_over_used

vars ==
    <<about, number, open, log, published, position, claimed, topic, relay_at, relay_row,
      relay_place, crash_used, fail_over_used>>

TypeOK ==
    /\ DOMAIN about \subseteq Row
    /\ \A k \in DOMAIN about : about[k] \in Aggregate
    /\ DOMAIN number \subseteq Row
    /\ \A k \in DOMAIN number : number[k] \in 1..4
    /\ open \in SUBSET Row
    /\ log \in Seq(Row)
    /\ published \in SUBSET Row
    /\ position \in 0..4
    /\ DOMAIN claimed \subseteq Relay
    /\ \A k \in DOMAIN claimed : claimed[k] \in Row
    /\ topic \in SUBSET Row
    /\ relay_at \in [Relay -> relay_labels]
    /\ relay_row \in [Relay -> Row \cup {None}]
    /\ relay_place \in [Relay -> (0..4) \cup {None}]
    /\ crash_used \in 0..1
    /\ fail_over_used \in 0..1

Init ==
    /\ about = EmptyMap
    /\ number = EmptyMap
    /\ open = {}
    /\ log = <<>>
    /\ published = {}
    /\ position = 0
    /\ claimed = EmptyMap
    /\ topic = {}
    /\ relay_at = [me \in Relay |-> "select"]
    /\ relay_row = [me \in Relay |-> None]
    /\ relay_place = [me \in Relay |-> None]
    /\ crash_used = 0
    /\ fail_over_used = 0

insert(row, aggregate) ==
    /\ row \notin DOMAIN number
    /\ \A r \in open : r \in DOMAIN about
    /\ \A r \in open : about[r] # aggregate
    /\ LET number_1 == Cardinality(DOMAIN number) + 1
       IN  /\ number_1 <= 4
           /\ about' = (row :> aggregate) @@ about
           /\ number' = (row :> number_1) @@ number
           /\ open' = open \cup {row}
           /\ UNCHANGED <<log, published, position, claimed, topic, relay_at, relay_row,
                          relay_place, crash_used, fail_over_used>>

insert_fails(row, aggregate) ==
    /\ row \notin DOMAIN number
    /\ ~(\A r \in open : r \in DOMAIN about)

insert_is_cut(row, aggregate) ==
    LET number_1 == Cardinality(DOMAIN number) + 1
    IN  /\ row \notin DOMAIN number
        /\ \A r \in open : r \in DOMAIN about
        /\ \A r \in open : about[r] # aggregate
        /\ number_1 > 4

commit(row) ==
    /\ row \in open
    /\ Len(log) < 8
    /\ open' = open \ {row}
    /\ log' = Append(log, row)
    /\ UNCHANGED <<about, number, published, position, claimed, topic, relay_at, relay_row,
                   relay_place, crash_used, fail_over_used>>

commit_is_cut(row) ==
    /\ row \in open
    /\ Len(log) >= 8

roll_back(row) ==
    /\ row \in open
    /\ open' = open \ {row}
    /\ UNCHANGED <<about, number, log, published, position, claimed, topic, relay_at, relay_row,
                   relay_place, crash_used, fail_over_used>>

select(me) ==
    /\ relay_at[me] = "select"
    /\ \E row \in DOMAIN number :
           /\ \A r \in DOMAIN number :
                  IF reads = "CURSOR"
                  THEN TRUE
                  ELSE IF reads # "LOG"
                  THEN TRUE
                  ELSE IF Len(log) <= position
                  THEN TRUE
                  ELSE -Len(log) <= position
           /\ \A r \in open : r \in DOMAIN number
           /\ IF reads = "CURSOR"
              THEN TRUE
              ELSE IF reads # "LOG"
              THEN TRUE
              ELSE IF Len(log) <= position
              THEN TRUE
              ELSE -Len(log) <= position
           /\ LET first == \A r \in DOMAIN number :
                                  (LET visible == \/ r \in Range(log)
                                                  \/ r \in open /\ ~committed_only
                                   IN  IF reads = "CURSOR"
                                       THEN visible /\ position < number[r]
                                       ELSE IF reads = "LOG"
                                       THEN position < Len(log) /\ log[Place(log, position)] = r
                                       ELSE /\ visible
                                            /\ r \notin published
                                            /\ ~(/\ lock = "ROW"
                                                 /\ \E r_1 \in Relay :
                                                        r_1 \in DOMAIN claimed /\ claimed[r_1] = r))
                               => number[row] <= number[r]
                  closed == \A r \in open : number[row] < number[r]
              IN  /\ LET visible == row \in Range(log) \/ (row \in open /\ ~committed_only)
                     IN  IF reads = "CURSOR"
                         THEN visible /\ position < number[row]
                         ELSE IF reads = "LOG"
                         THEN position < Len(log) /\ log[Place(log, position)] = row
                         ELSE LET skipped == /\ lock = "ROW"
                                             /\ \E r \in Relay :
                                                    r \in DOMAIN claimed /\ claimed[r] = row
                              IN  visible /\ row \notin published /\ ~skipped
                  /\ first
                  /\ IF closed THEN TRUE ELSE ~(reads = "CURSOR" /\ wait_for_open)
           /\ IF lock # "TABLE" THEN TRUE ELSE Cardinality(DOMAIN claimed) = 0
           /\ LET place == IF reads = "FLAG"
                           THEN 0
                           ELSE IF reads = "CURSOR"
                           THEN number[row]
                           ELSE position + 1
              IN  /\ IF ~note_after_publish
                     THEN /\ place <= 4
                          /\ place <= 4
                          /\ published' = published \cup {row}
                          /\ position' = place
                     ELSE place <= 4 /\ UNCHANGED <<published, position>>
                  /\ claimed' = (me :> row) @@ claimed
                  /\ relay_at' = [relay_at EXCEPT ![me] = "publish"]
                  /\ relay_row' = [relay_row EXCEPT ![me] = row]
                  /\ relay_place' = [relay_place EXCEPT ![me] = place]
                  /\ UNCHANGED <<about, number, open, log, topic, crash_used, fail_over_used>>

select_fails(me) ==
    /\ relay_at[me] = "select"
    /\ \E row \in DOMAIN number :
           \/ ~(\A r \in DOMAIN number :
                    \/ reads = "CURSOR"
                    \/ reads # "LOG"
                    \/ Len(log) <= position
                    \/ -Len(log) <= position)
           \/ ~(\A r \in open : r \in DOMAIN number)
           \/ reads # "CURSOR" /\ reads = "LOG" /\ position < Len(log) /\ position < -Len(log)

select_is_cut(me) ==
    /\ relay_at[me] = "select"
    /\ \E row \in DOMAIN number :
           LET place == IF reads = "FLAG"
                        THEN 0
                        ELSE IF reads = "CURSOR"
                        THEN number[row]
                        ELSE position + 1
           IN  /\ \A r \in DOMAIN number :
                      \/ reads = "CURSOR"
                      \/ reads # "LOG"
                      \/ Len(log) <= position
                      \/ -Len(log) <= position
               /\ \A r \in open : r \in DOMAIN number
               /\ reads = "CURSOR" \/ reads # "LOG" \/ Len(log) <= position \/ -Len(log) <= position
               /\ LET visible == row \in Range(log) \/ (row \in open /\ ~committed_only)
                  IN  IF reads = "CURSOR"
                      THEN visible /\ position < number[row]
                      ELSE IF reads = "LOG"
                      THEN position < Len(log) /\ log[Place(log, position)] = row
                      ELSE /\ visible
                           /\ row \notin published
                           /\ ~(/\ lock = "ROW"
                                /\ \E r \in Relay : r \in DOMAIN claimed /\ claimed[r] = row)
               /\ \A r \in DOMAIN number :
                         (LET visible == r \in Range(log) \/ (r \in open /\ ~committed_only)
                          IN  IF reads = "CURSOR"
                              THEN visible /\ position < number[r]
                              ELSE IF reads = "LOG"
                              THEN position < Len(log) /\ log[Place(log, position)] = r
                              ELSE /\ visible
                                   /\ r \notin published
                                   /\ ~(/\ lock = "ROW"
                                        /\ \E r_1 \in Relay :
                                               r_1 \in DOMAIN claimed /\ claimed[r_1] = r))
                      => number[row] <= number[r]
               /\ (\A r \in open : number[row] < number[r]) \/ ~(reads = "CURSOR" /\ wait_for_open)
               /\ lock # "TABLE" \/ Cardinality(DOMAIN claimed) = 0
               /\ IF ~note_after_publish THEN place > 4 \/ place > 4 ELSE place > 4

publish(me) ==
    /\ relay_at[me] = "publish"
    /\ LET topic_1 == topic \cup {relay_row[me]}
       IN  /\ IF note_after_publish
              THEN /\ relay_at' = [relay_at EXCEPT ![me] = "note"]
                   /\ UNCHANGED <<claimed, relay_row, relay_place>>
              ELSE /\ me \in DOMAIN claimed
                   /\ claimed' = Without(claimed, me)
                   /\ relay_at' = [relay_at EXCEPT ![me] = "select"]
                   /\ relay_row' = [relay_row EXCEPT ![me] = None]
                   /\ relay_place' = [relay_place EXCEPT ![me] = None]
           /\ topic' = topic_1
           /\ UNCHANGED <<about, number, open, log, published, position, crash_used,
                          fail_over_used>>

publish_fails(me) ==
    /\ relay_at[me] = "publish"
    /\ ~note_after_publish
    /\ me \notin DOMAIN claimed

note(me) ==
    /\ relay_at[me] = "note"
    /\ me \in DOMAIN claimed
    /\ published' = published \cup {relay_row[me]}
    /\ position' = relay_place[me]
    /\ claimed' = Without(claimed, me)
    /\ relay_at' = [relay_at EXCEPT ![me] = "select"]
    /\ relay_row' = [relay_row EXCEPT ![me] = None]
    /\ relay_place' = [relay_place EXCEPT ![me] = None]
    /\ UNCHANGED <<about, number, open, log, topic, crash_used, fail_over_used>>

note_fails(me) ==
    /\ relay_at[me] = "note"
    /\ me \notin DOMAIN claimed

\* A relay forgets its row, and the database lets go of its lock.
\* (A fault, at most once.)
crash(relay) ==
    /\ crash_used < 1
    /\ relay \in DOMAIN claimed
    /\ claimed' = Without(claimed, relay)
    /\ relay_at' = [relay_at EXCEPT ![relay] = "select"]
    /\ relay_row' = [relay_row EXCEPT ![relay] = None]
    /\ relay_place' = [relay_place EXCEPT ![relay] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<about, number, open, log, published, position, topic, fail_over_used>>

\* Another server takes over; without the reader's position the log is read from now on.
\* (A fault, at most once.)
fail_over ==
    /\ fail_over_used < 1
    /\ reads = "LOG"
    /\ ~keep_position
    /\ LET position_1 == Len(log)
       IN  /\ position_1 <= 4
           /\ position' = position_1
           /\ fail_over_used' = fail_over_used + 1
           /\ UNCHANGED <<about, number, open, log, published, claimed, topic, relay_at, relay_row,
                          relay_place, crash_used>>

fail_over_is_cut ==
    LET position_1 == Len(log)
    IN  fail_over_used < 1 /\ reads = "LOG" /\ ~keep_position /\ position_1 > 4

\* The process: an instance takes the step at which it stands.
relay(me) ==
    \/ select(me)
    \/ publish(me)
    \/ note(me)

Actions ==
    \/ \E row \in Row, aggregate \in Aggregate : insert(row, aggregate)
    \/ \E row \in Row : commit(row)
    \/ \E row \in Row : roll_back(row)
    \/ \E me \in Relay : relay(me)

Faults ==
    \/ \E relay_2 \in Relay : crash(relay_2)
    \/ fail_over

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A row \in Row : WF_vars(commit(row))
    /\ \A me \in Relay : WF_vars(relay(me))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E row \in Row, aggregate \in Aggregate : insert_fails(row, aggregate)
    \/ \E me \in Relay : select_fails(me)
    \/ \E me \in Relay : publish_fails(me)
    \/ \E me \in Relay : note_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E row \in Row, aggregate \in Aggregate : insert_is_cut(row, aggregate)
    \/ \E row \in Row : commit_is_cut(row)
    \/ \E me \in Relay : select_is_cut(me)
    \/ fail_over_is_cut

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E row \in Row, aggregate \in Aggregate : insert_fails(row, aggregate))
    /\ ~(\E row \in Row, aggregate \in Aggregate : insert_is_cut(row, aggregate))
    /\ ~(\E row \in Row : commit_is_cut(row))
    /\ ~(\E me \in Relay : select_fails(me))
    /\ ~(\E me \in Relay : select_is_cut(me))
    /\ ~(\E me \in Relay : publish_fails(me))
    /\ ~(\E me \in Relay : note_fails(me))

no_row_is_published_that_is_not_committed == \A row \in topic : row \in Range(log)

\* Of one aggregate no row is on the topic before an earlier one.
rows_are_published_in_order ==
    \A row \in Row, later \in Row :
        /\ \/ row \notin Range(log)
           \/ later \notin topic
           \/ /\ row \in DOMAIN about
              /\ later \in DOMAIN about
              /\ about[row] # about[later] \/ (row \in DOMAIN number /\ later \in DOMAIN number)
        /\ \/ row \notin Range(log)
           \/ later \notin topic
           \/ about[row] # about[later]
           \/ number[later] <= number[row]
           \/ row \in topic

nothing_is_left_out == AtRest => \A row \in Range(log) : row \in topic

every_row_is_published ==
    \A row \in Row :
        (row \in Range(log)) ~> (row \in topic)

a_row_can_be_committed_before_an_earlier_one ==
    /\ \A row \in Range(log) :
           \A earlier \in open : earlier \in DOMAIN number /\ row \in DOMAIN number
    /\ \E row \in Range(log) : \E earlier \in open : number[earlier] < number[row]

\* Must be found false: the states above have to be reachable.
never_a_row_can_be_committed_before_an_earlier_one == ~a_row_can_be_committed_before_an_earlier_one

a_row_can_be_committed_before_an_earlier_one_is_defined ==
    \A row \in Range(log) : \A earlier \in open : earlier \in DOMAIN number /\ row \in DOMAIN number

a_row_can_be_published_again(row) ==
    /\ row \in topic
    /\ \A r \in DOMAIN number :
           /\ IF reads = "CURSOR"
              THEN r \in Range(log) \/ (r \in open /\ ~committed_only) => r \in DOMAIN number
              ELSE IF reads = "LOG"
              THEN position < Len(log) => -Len(log) <= position
              ELSE TRUE
           /\    (LET visible == r \in Range(log) \/ (r \in open /\ ~committed_only)
                  IN  IF reads = "CURSOR"
                      THEN visible /\ position < number[r]
                      ELSE IF reads = "LOG"
                      THEN position < Len(log) /\ log[Place(log, position)] = r
                      ELSE /\ visible
                           /\ r \notin published
                           /\ ~(/\ lock = "ROW"
                                /\ \E r_1 \in Relay : r_1 \in DOMAIN claimed /\ claimed[r_1] = r))
              => row \in DOMAIN number /\ r \in DOMAIN number
    /\ \A r \in open : row \in DOMAIN number /\ r \in DOMAIN number
    /\ IF reads = "CURSOR"
       THEN row \in Range(log) \/ (row \in open /\ ~committed_only) => row \in DOMAIN number
       ELSE IF reads = "LOG"
       THEN position < Len(log) => -Len(log) <= position
       ELSE TRUE
    /\ LET visible == row \in Range(log) \/ (row \in open /\ ~committed_only)
       IN  IF reads = "CURSOR"
           THEN visible /\ position < number[row]
           ELSE IF reads = "LOG"
           THEN position < Len(log) /\ log[Place(log, position)] = row
           ELSE /\ visible
                /\ row \notin published
                /\ ~(lock = "ROW" /\ (\E r \in Relay : r \in DOMAIN claimed /\ claimed[r] = row))
    /\ \A r \in DOMAIN number :
              (LET visible == r \in Range(log) \/ (r \in open /\ ~committed_only)
               IN  IF reads = "CURSOR"
                   THEN visible /\ position < number[r]
                   ELSE IF reads = "LOG"
                   THEN position < Len(log) /\ log[Place(log, position)] = r
                   ELSE /\ visible
                        /\ r \notin published
                        /\ ~(/\ lock = "ROW"
                             /\ \E r_1 \in Relay : r_1 \in DOMAIN claimed /\ claimed[r_1] = r))
           => number[row] <= number[r]
    /\ (\A r \in open : number[row] < number[r]) \/ ~(reads = "CURSOR" /\ wait_for_open)
    /\ Cardinality(DOMAIN claimed) = 0

\* Must be found false: the states above have to be reachable.
never_a_row_can_be_published_again == ~(\E row \in Row : a_row_can_be_published_again(row))

a_row_can_be_published_again_is_defined ==
    \A row \in Row :
        row \in topic => /\ \A r \in DOMAIN number :
                                /\ IF reads = "CURSOR"
                                   THEN    r \in Range(log) \/ (r \in open /\ ~committed_only)
                                        => r \in DOMAIN number
                                   ELSE IF reads = "LOG"
                                   THEN position < Len(log) => -Len(log) <= position
                                   ELSE TRUE
                                /\    (LET visible == \/ r \in Range(log)
                                                      \/ r \in open /\ ~committed_only
                                       IN  IF reads = "CURSOR"
                                           THEN visible /\ position < number[r]
                                           ELSE IF reads = "LOG"
                                           THEN /\ position < Len(log)
                                                /\ log[Place(log, position)] = r
                                           ELSE /\ visible
                                                /\ r \notin published
                                                /\ ~(/\ lock = "ROW"
                                                     /\ \E r_1 \in Relay :
                                                            /\ r_1 \in DOMAIN claimed
                                                            /\ claimed[r_1] = r))
                                   => row \in DOMAIN number /\ r \in DOMAIN number
                         /\ \A r \in open : row \in DOMAIN number /\ r \in DOMAIN number
                         /\ IF reads = "CURSOR"
                            THEN    row \in Range(log) \/ (row \in open /\ ~committed_only)
                                 => row \in DOMAIN number
                            ELSE IF reads = "LOG"
                            THEN position < Len(log) => -Len(log) <= position
                            ELSE TRUE

==============================================================================
