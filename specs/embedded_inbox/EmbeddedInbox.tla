---------------------------- MODULE EmbeddedInbox ----------------------------
\* Embedded inbox: the ids of processed messages in the entity itself, and only so many of them.
\*
\* Claim   A message is not processed again as long as fewer than `capacity` others were processed
\*         in between; every output is sent; the entity stays small and can always be written.
\* Faults  A worker crashes; a message is delivered again, at any later time. A list that forgets
\*         too early, by number or by the clock, makes a late copy a new message.
\* Source  T. Masternak, S. Pobiega, Exactly-once workshop, NewExercises 12 to 16, 2024.
\*
\* The twin of models/embedded_inbox.py: the same variables, actions and properties.
\*     checker twin embedded_inbox specs/embedded_inbox/EmbeddedInbox.tla
\* compares their state graphs under TLC.
EXTENDS Integers, Sequences, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

\* The elements of a sequence.
Range(s) == {s[i] : i \in DOMAIN s}

\* The sum of f(x) for all x in S.
Sum(f(_), S) ==
    LET sum[T \in SUBSET S] ==
            IF T = {} THEN 0
            ELSE LET x == CHOOSE x \in T : TRUE IN f(x) + sum[T \ {x}]
    IN  sum[S]

\* <<lo, lo + 1, ..., hi - 1>>, which is empty if hi is not above lo.
Upto(lo, hi) ==
    IF hi <= lo THEN <<>> ELSE [i \in 1..(hi - lo) |-> lo + i - 1]

MapSeq(f(_), s) == [i \in DOMAIN s |-> f(s[i])]

\* Where element i of the list s is: lists count from 0, and from the end below that.
Place(s, i) == IF i < 0 THEN Len(s) + i + 1 ELSE i + 1

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
    MessageId,      \* What the sender calls its message.
    Worker,         \* One of the competing consumers.
    capacity,
    window,         \* copies with fewer other messages in between have to be recognised
    evict,
    check_version,  \* is a commit refused if the entity has changed since?
    send_again,     \* is the output of a known message sent, if it is still there?
    clear_sent,     \* is an output removed from its entry when it is sent?
    outputs_max,    \* more do not fit into the entity: the database refuses the write
    None            \* no value

worker_labels == {"receive", "load", "commit", "send", "clear", "acknowledge", "done"}
Evict == {"OLDEST", "BY_CLOCK", "NEVER"}

VARIABLES
    queue,
    taken,
    history,         \* the messages that changed the entity; its version is how many
    inbox,
    sent,

    \* The process `worker`.
    worker_at,       \* where each instance stands
    worker_message,  \* a local; None: it has no value now
    worker_version,  \* a local; None: it has no value now
    worker_known,    \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    repeat_used

vars ==
    <<queue, taken, history, inbox, sent, worker_at, worker_message, worker_version, worker_known,
      crash_used, repeat_used>>

TypeOK ==
    /\ IsABag(queue)
    /\ BagToSet(queue) \subseteq MessageId
    /\ DOMAIN taken \subseteq Worker
    /\ \A k \in DOMAIN taken : taken[k] \in MessageId
    /\ history \in Seq(MessageId)
    /\ inbox \in Seq([message : MessageId, has_output : BOOLEAN])
    /\ sent \in SUBSET MessageId
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_message \in [Worker -> MessageId \cup {None}]
    /\ worker_version \in [Worker -> (0..8) \cup {None}]
    /\ worker_known \in [Worker -> BOOLEAN \cup {None}]
    /\ crash_used \in 0..1
    /\ repeat_used \in 0..1

Init ==
    LET queue_1 == FoldSet(LAMBDA so_far, message : so_far (+) SetToBag({message}),
                           EmptyBag,
                           MessageId)
    IN  /\ BagCardinality(queue_1) <= 8
        /\ queue = queue_1
        /\ taken = EmptyMap
        /\ history = <<>>
        /\ inbox = <<>>
        /\ sent = {}
        /\ worker_at = [me \in Worker |-> "receive"]
        /\ worker_message = [me \in Worker |-> None]
        /\ worker_version = [me \in Worker |-> None]
        /\ worker_known = [me \in Worker |-> None]
        /\ crash_used = 0
        /\ repeat_used = 0

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in BagToSet(queue) :
           /\ BagIn(message, queue)
           /\ queue' = queue (-) SetToBag({message})
           /\ taken' = (me :> message) @@ taken
           /\ worker_at' = [worker_at EXCEPT ![me] = "load"]
           /\ worker_message' = [worker_message EXCEPT ![me] = message]
           /\ UNCHANGED <<history, inbox, sent, worker_version, worker_known, crash_used,
                          repeat_used>>

receive_fails(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in BagToSet(queue) : ~BagIn(message, queue)

load(me) ==
    /\ worker_at[me] = "load"
    /\ LET version == Len(history)
           known == \E entry \in Range(inbox) : entry.message = worker_message[me]
       IN  /\ IF ~known
              THEN /\ version <= 8
                   /\ worker_at' = [worker_at EXCEPT ![me] = "commit"]
                   /\ worker_version' = [worker_version EXCEPT ![me] = version]
                   /\ worker_known' = [worker_known EXCEPT ![me] = known]
                   /\ UNCHANGED worker_message
              ELSE /\ IF known => /\ send_again
                                  /\ [message |-> worker_message[me], has_output |-> TRUE]
                                       \in Range(inbox)
                      THEN /\ version <= 8
                           /\ worker_at' = [worker_at EXCEPT ![me] = "send"]
                           /\ UNCHANGED worker_message
                      ELSE /\ version <= 8
                           /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                           /\ worker_message' = [worker_message EXCEPT ![me] = None]
                   /\ worker_version' = [worker_version EXCEPT ![me] = None]
                   /\ worker_known' = [worker_known EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, taken, history, inbox, sent, crash_used, repeat_used>>

load_is_cut(me) ==
    LET version == Len(history)
        known == \E entry \in Range(inbox) : entry.message = worker_message[me]
    IN  /\ worker_at[me] = "load"
        /\ IF ~known
           THEN version > 8
           ELSE IF known => /\ send_again
                            /\ [message |-> worker_message[me], has_output |-> TRUE]
                                 \in Range(inbox)
           THEN version > 8
           ELSE version > 8

commit(me) ==
    /\ worker_at[me] = "commit"
    /\ IF \/ check_version /\ worker_version[me] # Len(history)
          \/ Sum(LAMBDA i : LET entry == inbox[i] IN IF entry.has_output THEN 1 ELSE 0,
                 DOMAIN inbox)
               = outputs_max
       THEN LET queue_1 == queue (+) SetToBag({worker_message[me]})
            IN  /\ BagCardinality(queue_1) <= 8
                /\ me \in DOMAIN taken
                /\ queue' = queue_1
                /\ taken' = Without(taken, me)
                /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                /\ worker_message' = [worker_message EXCEPT ![me] = None]
                /\ UNCHANGED <<history, inbox>>
       ELSE LET history_1 == Append(history, worker_message[me])
            IN  /\ Len(history_1) <= 8
                /\ IF evict = "BY_CLOCK"
                   THEN \E clock \in {"soon", "late"} :
                            LET inbox_4 == Append(IF clock = "late"
                                                  THEN SelectSeq(inbox,
                                                                 LAMBDA entry : entry.has_output)
                                                  ELSE inbox,
                                                  [message |-> worker_message[me],
                                                   has_output |-> TRUE])
                                inbox_5 == MapSeq(LAMBDA n : inbox_4[Place(inbox_4, n)],
                                                  SelectSeq(Upto(0, Len(inbox_4)),
                                                            LAMBDA n :
                                                                \/ evict # "OLDEST"
                                                                \/ inbox_4[Place(inbox_4, n)].has_output
                                                                \/ Len(inbox_4) - capacity <= n))
                            IN  /\ Len(inbox_4) <= 8
                                /\ \A n \in 0 .. (Len(inbox_4) - 1) :
                                       /\ IF evict # "OLDEST"
                                          THEN TRUE
                                          ELSE -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                       /\    \/ evict # "OLDEST"
                                             \/ inbox_4[Place(inbox_4, n)].has_output
                                             \/ Len(inbox_4) - capacity <= n
                                          => -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                /\ Len(inbox_5) <= 8
                                /\ IF worker_known[me] => /\ send_again
                                                          /\ [message |-> worker_message[me],
                                                              has_output |-> TRUE]
                                                               \in Range(inbox_5)
                                   THEN /\ worker_at' = [worker_at EXCEPT ![me] = "send"]
                                        /\ UNCHANGED worker_message
                                   ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                                        /\ worker_message' = [worker_message EXCEPT ![me] = None]
                                /\ inbox' = inbox_5
                   ELSE LET inbox_4 == Append(inbox,
                                              [message |-> worker_message[me], has_output |-> TRUE])
                            inbox_5 == MapSeq(LAMBDA n : inbox_4[Place(inbox_4, n)],
                                              SelectSeq(Upto(0, Len(inbox_4)),
                                                        LAMBDA n :
                                                            \/ evict # "OLDEST"
                                                            \/ inbox_4[Place(inbox_4, n)].has_output
                                                            \/ Len(inbox_4) - capacity <= n))
                        IN  /\ Len(inbox_4) <= 8
                            /\ \A n \in 0 .. (Len(inbox_4) - 1) :
                                   /\ IF evict # "OLDEST"
                                      THEN TRUE
                                      ELSE -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                   /\    \/ evict # "OLDEST"
                                         \/ inbox_4[Place(inbox_4, n)].has_output
                                         \/ Len(inbox_4) - capacity <= n
                                      => -Len(inbox_4) <= n /\ n < Len(inbox_4)
                            /\ Len(inbox_5) <= 8
                            /\ IF worker_known[me] => /\ send_again
                                                      /\ [message |-> worker_message[me],
                                                          has_output |-> TRUE]
                                                           \in Range(inbox_5)
                               THEN /\ worker_at' = [worker_at EXCEPT ![me] = "send"]
                                    /\ UNCHANGED worker_message
                               ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                                    /\ worker_message' = [worker_message EXCEPT ![me] = None]
                            /\ inbox' = inbox_5
                /\ history' = history_1
                /\ UNCHANGED <<queue, taken>>
    /\ worker_version' = [worker_version EXCEPT ![me] = None]
    /\ worker_known' = [worker_known EXCEPT ![me] = None]
    /\ UNCHANGED <<sent, crash_used, repeat_used>>

commit_fails(me) ==
    /\ worker_at[me] = "commit"
    /\ IF \/ check_version /\ worker_version[me] # Len(history)
          \/ Sum(LAMBDA i : LET entry == inbox[i] IN IF entry.has_output THEN 1 ELSE 0,
                 DOMAIN inbox)
               = outputs_max
       THEN LET queue_1 == queue (+) SetToBag({worker_message[me]})
            IN  BagCardinality(queue_1) <= 8 /\ me \notin DOMAIN taken
       ELSE LET history_1 == Append(history, worker_message[me])
            IN  /\ Len(history_1) <= 8
                /\ IF evict = "BY_CLOCK"
                   THEN \E clock \in {"soon", "late"} :
                            LET inbox_4 == Append(IF clock = "late"
                                                  THEN SelectSeq(inbox,
                                                                 LAMBDA entry : entry.has_output)
                                                  ELSE inbox,
                                                  [message |-> worker_message[me],
                                                   has_output |-> TRUE])
                            IN  /\ Len(inbox_4) <= 8
                                /\ ~(\A n \in 0 .. (Len(inbox_4) - 1) :
                                         /\ \/ evict # "OLDEST"
                                            \/ -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                         /\    \/ evict # "OLDEST"
                                               \/ inbox_4[Place(inbox_4, n)].has_output
                                               \/ Len(inbox_4) - capacity <= n
                                            => -Len(inbox_4) <= n /\ n < Len(inbox_4))
                   ELSE LET inbox_4 == Append(inbox,
                                              [message |-> worker_message[me], has_output |-> TRUE])
                        IN  /\ Len(inbox_4) <= 8
                            /\ ~(\A n \in 0 .. (Len(inbox_4) - 1) :
                                     /\ \/ evict # "OLDEST"
                                        \/ -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                     /\    \/ evict # "OLDEST"
                                           \/ inbox_4[Place(inbox_4, n)].has_output
                                           \/ Len(inbox_4) - capacity <= n
                                        => -Len(inbox_4) <= n /\ n < Len(inbox_4))

commit_is_cut(me) ==
    /\ worker_at[me] = "commit"
    /\ IF \/ check_version /\ worker_version[me] # Len(history)
          \/ Sum(LAMBDA i : LET entry == inbox[i] IN IF entry.has_output THEN 1 ELSE 0,
                 DOMAIN inbox)
               = outputs_max
       THEN LET queue_1 == queue (+) SetToBag({worker_message[me]}) IN BagCardinality(queue_1) > 8
       ELSE LET history_1 == Append(history, worker_message[me])
            IN  \/ Len(history_1) > 8
                \/ IF evict = "BY_CLOCK"
                   THEN \E clock \in {"soon", "late"} :
                            LET inbox_4 == Append(IF clock = "late"
                                                  THEN SelectSeq(inbox,
                                                                 LAMBDA entry : entry.has_output)
                                                  ELSE inbox,
                                                  [message |-> worker_message[me],
                                                   has_output |-> TRUE])
                                inbox_5 == MapSeq(LAMBDA n : inbox_4[Place(inbox_4, n)],
                                                  SelectSeq(Upto(0, Len(inbox_4)),
                                                            LAMBDA n :
                                                                \/ evict # "OLDEST"
                                                                \/ inbox_4[Place(inbox_4, n)].has_output
                                                                \/ Len(inbox_4) - capacity <= n))
                            IN  \/ Len(inbox_4) > 8
                                \/ /\ \A n \in 0 .. (Len(inbox_4) - 1) :
                                          /\ \/ evict # "OLDEST"
                                             \/ -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                          /\    \/ evict # "OLDEST"
                                                \/ inbox_4[Place(inbox_4, n)].has_output
                                                \/ Len(inbox_4) - capacity <= n
                                             => -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                   /\ Len(inbox_5) > 8
                   ELSE LET inbox_4 == Append(inbox,
                                              [message |-> worker_message[me], has_output |-> TRUE])
                            inbox_5 == MapSeq(LAMBDA n : inbox_4[Place(inbox_4, n)],
                                              SelectSeq(Upto(0, Len(inbox_4)),
                                                        LAMBDA n :
                                                            \/ evict # "OLDEST"
                                                            \/ inbox_4[Place(inbox_4, n)].has_output
                                                            \/ Len(inbox_4) - capacity <= n))
                        IN  \/ Len(inbox_4) > 8
                            \/ /\ \A n \in 0 .. (Len(inbox_4) - 1) :
                                      /\ \/ evict # "OLDEST"
                                         \/ -Len(inbox_4) <= n /\ n < Len(inbox_4)
                                      /\    \/ evict # "OLDEST"
                                            \/ inbox_4[Place(inbox_4, n)].has_output
                                            \/ Len(inbox_4) - capacity <= n
                                         => -Len(inbox_4) <= n /\ n < Len(inbox_4)
                               /\ Len(inbox_5) > 8

send(me) ==
    /\ worker_at[me] = "send"
    /\ LET sent_1 == sent \cup {worker_message[me]}
       IN  /\ IF clear_sent
              THEN worker_at' = [worker_at EXCEPT ![me] = "clear"] /\ UNCHANGED worker_message
              ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
                   /\ worker_message' = [worker_message EXCEPT ![me] = None]
           /\ sent' = sent_1
           /\ UNCHANGED <<queue, taken, history, inbox, worker_version, worker_known, crash_used,
                          repeat_used>>

clear(me) ==
    /\ worker_at[me] = "clear"
    /\ LET inbox_1 == MapSeq(LAMBDA entry :
                                 IF entry.message = worker_message[me]
                                 THEN [message |-> entry.message, has_output |-> FALSE]
                                 ELSE entry,
                             inbox)
           inbox_2 == MapSeq(LAMBDA n : inbox_1[Place(inbox_1, n)],
                             SelectSeq(Upto(0, Len(inbox_1)),
                                       LAMBDA n :
                                           \/ evict # "OLDEST"
                                           \/ inbox_1[Place(inbox_1, n)].has_output
                                           \/ Len(inbox_1) - capacity <= n))
       IN  /\ \A n \in 0 .. (Len(inbox_1) - 1) :
                  /\ IF evict # "OLDEST" THEN TRUE ELSE -Len(inbox_1) <= n /\ n < Len(inbox_1)
                  /\    \/ evict # "OLDEST"
                        \/ inbox_1[Place(inbox_1, n)].has_output
                        \/ Len(inbox_1) - capacity <= n
                     => -Len(inbox_1) <= n /\ n < Len(inbox_1)
           /\ Len(inbox_2) <= 8
           /\ inbox' = inbox_2
           /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
           /\ worker_message' = [worker_message EXCEPT ![me] = None]
           /\ UNCHANGED <<queue, taken, history, sent, worker_version, worker_known, crash_used,
                          repeat_used>>

clear_fails(me) ==
    LET inbox_1 == MapSeq(LAMBDA entry :
                              IF entry.message = worker_message[me]
                              THEN [message |-> entry.message, has_output |-> FALSE]
                              ELSE entry,
                          inbox)
    IN  /\ worker_at[me] = "clear"
        /\ ~(\A n \in 0 .. (Len(inbox_1) - 1) :
                 /\ evict # "OLDEST" \/ (-Len(inbox_1) <= n /\ n < Len(inbox_1))
                 /\    \/ evict # "OLDEST"
                       \/ inbox_1[Place(inbox_1, n)].has_output
                       \/ Len(inbox_1) - capacity <= n
                    => -Len(inbox_1) <= n /\ n < Len(inbox_1))

clear_is_cut(me) ==
    LET inbox_1 == MapSeq(LAMBDA entry :
                              IF entry.message = worker_message[me]
                              THEN [message |-> entry.message, has_output |-> FALSE]
                              ELSE entry,
                          inbox)
        inbox_2 == MapSeq(LAMBDA n : inbox_1[Place(inbox_1, n)],
                          SelectSeq(Upto(0, Len(inbox_1)),
                                    LAMBDA n :
                                        \/ evict # "OLDEST"
                                        \/ inbox_1[Place(inbox_1, n)].has_output
                                        \/ Len(inbox_1) - capacity <= n))
    IN  /\ worker_at[me] = "clear"
        /\ \A n \in 0 .. (Len(inbox_1) - 1) :
               /\ evict # "OLDEST" \/ (-Len(inbox_1) <= n /\ n < Len(inbox_1))
               /\    \/ evict # "OLDEST"
                     \/ inbox_1[Place(inbox_1, n)].has_output
                     \/ Len(inbox_1) - capacity <= n
                  => -Len(inbox_1) <= n /\ n < Len(inbox_1)
        /\ Len(inbox_2) > 8

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ me \in DOMAIN taken
    /\ taken' = Without(taken, me)
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ UNCHANGED <<queue, history, inbox, sent, worker_message, worker_version, worker_known,
                   crash_used, repeat_used>>

acknowledge_fails(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ me \notin DOMAIN taken

\* The worker restarts; the broker delivers its message again.
\* (A fault, at most once.)
crash(me) ==
    /\ crash_used < 1
    /\ me \in DOMAIN taken
    /\ LET queue_1 == queue (+) SetToBag({taken[me]})
       IN  /\ BagCardinality(queue_1) <= 8
           /\ queue' = queue_1
           /\ taken' = Without(taken, me)
           /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
           /\ worker_message' = [worker_message EXCEPT ![me] = None]
           /\ worker_version' = [worker_version EXCEPT ![me] = None]
           /\ worker_known' = [worker_known EXCEPT ![me] = None]
           /\ crash_used' = crash_used + 1
           /\ UNCHANGED <<history, inbox, sent, repeat_used>>

crash_is_cut(me) ==
    LET queue_1 == queue (+) SetToBag({taken[me]})
    IN  crash_used < 1 /\ me \in DOMAIN taken /\ BagCardinality(queue_1) > 8

\* The broker delivers a message again, be it acknowledged or still being processed.
\* (A fault, at most once.)
repeat(message) ==
    /\ repeat_used < 1
    /\ ~BagIn(message, queue)
    /\ BagCardinality(queue) < 8
    /\ queue' = queue (+) SetToBag({message})
    /\ repeat_used' = repeat_used + 1
    /\ UNCHANGED <<taken, history, inbox, sent, worker_at, worker_message, worker_version,
                   worker_known, crash_used>>

repeat_is_cut(message) ==
    /\ repeat_used < 1
    /\ ~BagIn(message, queue)
    /\ BagCardinality(queue) >= 8

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ load(me)
    \/ commit(me)
    \/ send(me)
    \/ clear(me)
    \/ acknowledge(me)

Actions == \E me \in Worker : worker(me)

Faults ==
    \/ \E me \in Worker : crash(me)
    \/ \E message \in MessageId : repeat(message)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness == \A me \in Worker : WF_vars(worker(me))

Spec == Init /\ [][Next]_vars /\ Fairness

InitCut ==
    LET queue_1 == FoldSet(LAMBDA so_far, message : so_far (+) SetToBag({message}),
                           EmptyBag,
                           MessageId)
    IN  BagCardinality(queue_1) > 8

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Worker : receive_fails(me)
    \/ \E me \in Worker : commit_fails(me)
    \/ \E me \in Worker : clear_fails(me)
    \/ \E me \in Worker : acknowledge_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Worker : load_is_cut(me)
    \/ \E me \in Worker : commit_is_cut(me)
    \/ \E me \in Worker : clear_is_cut(me)
    \/ \E me \in Worker : crash_is_cut(me)
    \/ \E message \in MessageId : repeat_is_cut(message)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : receive_fails(me))
    /\ ~(\E me \in Worker : load_is_cut(me))
    /\ ~(\E me \in Worker : commit_fails(me))
    /\ ~(\E me \in Worker : commit_is_cut(me))
    /\ ~(\E me \in Worker : clear_fails(me))
    /\ ~(\E me \in Worker : clear_is_cut(me))
    /\ ~(\E me \in Worker : acknowledge_fails(me))

no_double_apply_within_the_window ==
    /\ \A i \in 0 .. (Len(history) - 1) :
           \A j \in (i + 1) .. ((IF Len(history) < (i + window) + 1
                                 THEN Len(history)
                                 ELSE (i + window) + 1)
                                  - 1) :
               -Len(history) <= i /\ i < Len(history) /\ -Len(history) <= j /\ j < Len(history)
    /\ \A i \in 0 .. (Len(history) - 1) :
           \A j \in (i + 1) .. ((IF Len(history) < (i + window) + 1
                                 THEN Len(history)
                                 ELSE (i + window) + 1)
                                  - 1) :
               history[Place(history, i)] # history[Place(history, j)]

the_list_stays_short ==
    Len(inbox) - Sum(LAMBDA i : LET entry == inbox[i] IN IF entry.has_output THEN 1 ELSE 0,
                     DOMAIN inbox)
      <= capacity

no_lost_output ==
    AtRest => \A message \in MessageId : message \in Range(history) => message \in sent

a_known_message_is_delivered(message) ==
    BagIn(message, queue) /\ (\E entry \in Range(inbox) : entry.message = message)

\* Must be found false: the states above have to be reachable.
never_a_known_message_is_delivered ==
    ~(\E message \in MessageId : a_known_message_is_delivered(message))

every_message_is_processed ==
    \A message \in MessageId :
        <>(message \in Range(history) /\ ~BagIn(message, queue))

==============================================================================
