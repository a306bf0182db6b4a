--------------------------- MODULE AlternatingBit ---------------------------
\* The alternating bit: a stream of values over two links that lose messages, with one bit each.
\*
\* Claim   The receiver that has the sender's bit has the sender's value, and what is sent is
\*         received. With a link that reorders, a bit that changes at a retry, or a sender that does
\*         not wait, an old value passes for a new one.
\* Faults  Each link loses any message under way, as often as it likes.
\* Source  K. A. Bartlett, R. A. Scantlebury, P. T. Wilkinson, A Note on Reliable Full-Duplex
\*         Transmission over Half-Duplex Links, CACM 12(5), 1969. L. Lamport, Specifying Systems,
\*         14.
\* Twin    none; the states are those of MCAlternatingBit in tlaplus/Examples
\*
\* The twin of models/alternating_bit.py: the same variables, actions and properties.
\*     checker twin alternating_bit specs/alternating_bit/AlternatingBit.tla
\* compares their state graphs under TLC.
EXTENDS Integers, Sequences

------------------------------------------------------------------------------

\* <<lo, lo + 1, ..., hi - 1>>, which is empty if hi is not above lo.
Upto(lo, hi) ==
    IF hi <= lo THEN <<>> ELSE [i \in 1..(hi - lo) |-> lo + i - 1]

MapSeq(f(_), s) == [i \in DOMAIN s |-> f(s[i])]

\* Where element i of the list s is: lists count from 0, and from the end below that.
Place(s, i) == IF i < 0 THEN Len(s) + i + 1 ELSE i + 1

------------------------------------------------------------------------------

CONSTANTS
    Value,             \* What is sent; the same value may be sent again and again.
    reorders,          \* does the link deliver messages in any order?
    toggles_on_retry,  \* does a retry carry another bit?
    waits,             \* is the next value sent only after the acknowledgement?
    None               \* no value

VARIABLES
    messages,
    acks,
    bit,           \* of the value that is being sent
    acknowledged,
    sent,
    received_bit,
    received

vars == <<messages, acks, bit, acknowledged, sent, received_bit, received>>

TypeOK ==
    /\ messages \in [under_way : Seq([bit : BOOLEAN, value : Value])]
    /\ acks \in [under_way : Seq(BOOLEAN)]
    /\ bit \in BOOLEAN
    /\ acknowledged \in BOOLEAN
    /\ sent \in Value \cup {None}
    /\ received_bit \in BOOLEAN
    /\ received \in Value \cup {None}

Init ==
    \E bit_1 \in {FALSE, TRUE} :
        \E sent_1 \in Value :
            \E received_1 \in Value :
                /\ messages = [under_way |-> <<>>]
                /\ acks = [under_way |-> <<>>]
                /\ bit = bit_1
                /\ acknowledged = bit_1
                /\ sent = sent_1
                /\ received_bit = bit_1
                /\ received = received_1

send(value) ==
    /\ IF bit = acknowledged THEN TRUE ELSE ~waits
    /\ Len(messages.under_way) < 2
    /\ LET bit_1 == ~bit
       IN  /\ messages' = [under_way |-> Append(messages.under_way,
                                                [bit |-> bit_1, value |-> value])]
           /\ bit' = bit_1
           /\ sent' = value
           /\ UNCHANGED <<acks, acknowledged, received_bit, received>>

resend ==
    /\ bit # acknowledged
    /\ Len(messages.under_way) < 2
    /\ sent # None
    /\ LET bit_2 == IF toggles_on_retry THEN ~bit ELSE bit
       IN  /\ messages' = [under_way |-> Append(messages.under_way,
                                                [bit |-> bit_2, value |-> sent])]
           /\ bit' = bit_2
           /\ UNCHANGED <<acks, acknowledged, sent, received_bit, received>>

resend_fails ==
    /\ bit # acknowledged
    /\ Len(messages.under_way) < 2
    /\ sent = None

receive(place) ==
    /\ place < Len(messages.under_way)
    /\ IF place = 0 THEN TRUE ELSE reorders
    /\ -Len(messages.under_way) <= place
    /\ LET packet == messages.under_way[Place(messages.under_way, place)]
           messages_1 == [under_way |-> MapSeq(LAMBDA i :
                                                   messages.under_way[Place(messages.under_way, i)],
                                               SelectSeq(Upto(0, Len(messages.under_way)),
                                                         LAMBDA i : i # place))]
       IN  /\ \A i \in 0 .. (Len(messages.under_way) - 1) :
                  IF i = place
                  THEN TRUE
                  ELSE -Len(messages.under_way) <= i /\ i < Len(messages.under_way)
           /\ Len(messages_1.under_way) <= 2
           /\ messages' = messages_1
           /\ received_bit' = packet.bit
           /\ received' = packet.value
           /\ UNCHANGED <<acks, bit, acknowledged, sent>>

receive_fails(place) ==
    /\ place < Len(messages.under_way)
    /\ place = 0 \/ reorders
    /\ \/ place < -Len(messages.under_way)
       \/ ~(\A i \in 0 .. (Len(messages.under_way) - 1) :
                i = place \/ (-Len(messages.under_way) <= i /\ i < Len(messages.under_way)))

receive_is_cut(place) ==
    LET messages_1 == [under_way |-> MapSeq(LAMBDA i :
                                                messages.under_way[Place(messages.under_way, i)],
                                            SelectSeq(Upto(0, Len(messages.under_way)),
                                                      LAMBDA i : i # place))]
    IN  /\ place < Len(messages.under_way)
        /\ place = 0 \/ reorders
        /\ -Len(messages.under_way) <= place
        /\ \A i \in 0 .. (Len(messages.under_way) - 1) :
               i = place \/ (-Len(messages.under_way) <= i /\ i < Len(messages.under_way))
        /\ Len(messages_1.under_way) > 2

acknowledge ==
    /\ Len(acks.under_way) < 2
    /\ acks' = [under_way |-> Append(acks.under_way, received_bit)]
    /\ UNCHANGED <<messages, bit, acknowledged, sent, received_bit, received>>

receive_ack ==
    /\ Len(acks.under_way) > 0
    /\ \A i \in 0 .. (Len(acks.under_way) - 1) :
           IF i = 0 THEN TRUE ELSE -Len(acks.under_way) <= i /\ i < Len(acks.under_way)
    /\ LET acks_1 == [under_way |-> MapSeq(LAMBDA i : acks.under_way[Place(acks.under_way, i)],
                                           SelectSeq(Upto(0, Len(acks.under_way)),
                                                     LAMBDA i : i # 0))]
       IN  /\ Len(acks_1.under_way) <= 2
           /\ acks' = acks_1
           /\ acknowledged' = Head(acks.under_way)
           /\ UNCHANGED <<messages, bit, sent, received_bit, received>>

receive_ack_fails ==
    /\ Len(acks.under_way) > 0
    /\ ~(\A i \in 0 .. (Len(acks.under_way) - 1) :
             i = 0 \/ (-Len(acks.under_way) <= i /\ i < Len(acks.under_way)))

receive_ack_is_cut ==
    LET acks_1 == [under_way |-> MapSeq(LAMBDA i : acks.under_way[Place(acks.under_way, i)],
                                        SelectSeq(Upto(0, Len(acks.under_way)), LAMBDA i : i # 0))]
    IN  /\ Len(acks.under_way) > 0
        /\ \A i \in 0 .. (Len(acks.under_way) - 1) :
               i = 0 \/ (-Len(acks.under_way) <= i /\ i < Len(acks.under_way))
        /\ Len(acks_1.under_way) > 2

\* (A fault.)
lose_message(place) ==
    /\ place < Len(messages.under_way)
    /\ \A i \in 0 .. (Len(messages.under_way) - 1) :
           IF i = place THEN TRUE ELSE -Len(messages.under_way) <= i /\ i < Len(messages.under_way)
    /\ LET messages_1 == [under_way |-> MapSeq(LAMBDA i :
                                                   messages.under_way[Place(messages.under_way, i)],
                                               SelectSeq(Upto(0, Len(messages.under_way)),
                                                         LAMBDA i : i # place))]
       IN  /\ Len(messages_1.under_way) <= 2
           /\ messages' = messages_1
           /\ UNCHANGED <<acks, bit, acknowledged, sent, received_bit, received>>

lose_message_fails(place) ==
    /\ place < Len(messages.under_way)
    /\ ~(\A i \in 0 .. (Len(messages.under_way) - 1) :
             i = place \/ (-Len(messages.under_way) <= i /\ i < Len(messages.under_way)))

lose_message_is_cut(place) ==
    LET messages_1 == [under_way |-> MapSeq(LAMBDA i :
                                                messages.under_way[Place(messages.under_way, i)],
                                            SelectSeq(Upto(0, Len(messages.under_way)),
                                                      LAMBDA i : i # place))]
    IN  /\ place < Len(messages.under_way)
        /\ \A i \in 0 .. (Len(messages.under_way) - 1) :
               i = place \/ (-Len(messages.under_way) <= i /\ i < Len(messages.under_way))
        /\ Len(messages_1.under_way) > 2

\* (A fault.)
lose_ack(place) ==
    /\ place < Len(acks.under_way)
    /\ \A i \in 0 .. (Len(acks.under_way) - 1) :
           IF i = place THEN TRUE ELSE -Len(acks.under_way) <= i /\ i < Len(acks.under_way)
    /\ LET acks_1 == [under_way |-> MapSeq(LAMBDA i : acks.under_way[Place(acks.under_way, i)],
                                           SelectSeq(Upto(0, Len(acks.under_way)),
                                                     LAMBDA i : i # place))]
       IN  /\ Len(acks_1.under_way) <= 2
           /\ acks' = acks_1
           /\ UNCHANGED <<messages, bit, acknowledged, sent, received_bit, received>>

lose_ack_fails(place) ==
    /\ place < Len(acks.under_way)
    /\ ~(\A i \in 0 .. (Len(acks.under_way) - 1) :
             i = place \/ (-Len(acks.under_way) <= i /\ i < Len(acks.under_way)))

lose_ack_is_cut(place) ==
    LET acks_1 == [under_way |-> MapSeq(LAMBDA i : acks.under_way[Place(acks.under_way, i)],
                                        SelectSeq(Upto(0, Len(acks.under_way)),
                                                  LAMBDA i : i # place))]
    IN  /\ place < Len(acks.under_way)
        /\ \A i \in 0 .. (Len(acks.under_way) - 1) :
               i = place \/ (-Len(acks.under_way) <= i /\ i < Len(acks.under_way))
        /\ Len(acks_1.under_way) > 2

Actions ==
    \/ \E value \in Value : send(value)
    \/ resend
    \/ \E place \in 0..1 : receive(place)
    \/ acknowledge
    \/ receive_ack

Faults ==
    \/ \E place \in 0..1 : lose_message(place)
    \/ \E place \in 0..1 : lose_ack(place)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ WF_vars(resend)
    /\ SF_vars(\E place \in 0..1 : receive(place))
    /\ WF_vars(acknowledge)
    /\ SF_vars(receive_ack)

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ resend_fails
    \/ \E place \in 0..1 : receive_fails(place)
    \/ receive_ack_fails
    \/ \E place \in 0..1 : lose_message_fails(place)
    \/ \E place \in 0..1 : lose_ack_fails(place)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E place \in 0..1 : receive_is_cut(place)
    \/ receive_ack_is_cut
    \/ \E place \in 0..1 : lose_message_is_cut(place)
    \/ \E place \in 0..1 : lose_ack_is_cut(place)

nothing_is_cut == ~Cut

the_same_bit_is_the_same_value ==
    IF bit = acknowledged \/ received_bit # bit THEN TRUE ELSE received = sent

what_is_sent_is_received ==
    \A value \in Value :
        (bit # acknowledged /\ sent = value) ~> (received = value)

both_links_are_full == Len(messages.under_way) >= 2 /\ Len(acks.under_way) >= 2

\* Must be found false: the states above have to be reachable.
never_both_links_are_full == ~both_links_are_full

a_value_is_received_before_that_is_known == bit # acknowledged /\ received_bit = bit

\* Must be found false: the states above have to be reachable.
never_a_value_is_received_before_that_is_known == ~a_value_is_received_before_that_is_known

=============================================================================
