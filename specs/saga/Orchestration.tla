---------------------------- MODULE Orchestration ----------------------------
\* Orchestrated saga: reserve, charge, ship; what was done is undone in reverse if a step fails.
\*
\* Claim   Every saga ends: with all steps done; or with each step that was done undone once, the
\*         last one first, and none done later; or, if one can never be undone, with an alert.
\* Faults  A participant rejects a step; a reply is late, so that the step may or may not be done; a
\*         message is lost, or arrives twice; the orchestrator crashes; a step can never be undone.
\* Source  H. Garcia-Molina, K. Salem, Sagas, SIGMOD 1987; pivot: C. Richardson, Microservices
\*         Patterns, 2018, chapter 4.
\*
\* The twin of models/saga.py: the same variables, actions and properties.
\*     checker twin saga specs/saga/Orchestration.tla
\* compares their state graphs under TLC.
EXTENDS Integers, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

------------------------------------------------------------------------------

CONSTANTS
    \* One order, and its saga. Sagas share nothing: one shows what can happen to each.
    OrderId,
    record_first,    \* is a decision in the log before its command is sent?
    check_state,     \* does a timer look whether its step is still awaited?
    retry_pivot,     \* is a pivot that does not answer retried, not undone?
    undo_in_doubt,   \* does undoing begin with the step that does not answer?
    undo_backwards,  \* is the last step undone first?
    alert,           \* is a saga STUCK if a step can never be undone?
    do_once,         \* does a participant know what it has done ...
    undo_once,       \* ... and what it has undone?
    tombstones,      \* does undoing what is not done keep it from being done?
    None             \* no value

Phase == {"FORWARD", "BACKWARD", "COMPLETED", "COMPENSATED", "STUCK"}
Step == {"RESERVE", "CHARGE", "SHIP"}
Kind == {"DO", "DONE", "REJECTED", "UNDO", "UNDONE", "FAILED"}
orchestrator_labels == {"send_command", "receive_answer", "record", "done"}

VARIABLES
    log,
    network,

    \* The participants' databases.
    done,
    undone,
    refused,                 \* rejected, or undone before they were done

    \* The process `orchestrator`.
    orchestrator_at,         \* where each instance stands
    orchestrator_decision,   \* a local; None: it has no value now

    \* How often each fault has happened.
    perform_rejected_used,   \* an unlucky answer
    compensate_failed_used,  \* an unlucky answer
    crash_used,
    disturb_used

vars ==
    <<log, network, done, undone, refused, orchestrator_at, orchestrator_decision,
      perform_rejected_used, compensate_failed_used, crash_used, disturb_used>>

TypeOK ==
    /\ DOMAIN log \subseteq OrderId
    /\ \A k \in DOMAIN log : log[k] \in [phase : Phase, step : Step]
    /\ DOMAIN network = OrderId
    /\ \A k \in DOMAIN network :
           IsABag(network[k]) /\ BagToSet(network[k]) \subseteq [kind : Kind, step : Step]
    /\ DOMAIN done = OrderId
    /\ \A k \in DOMAIN done : IsABag(done[k]) /\ BagToSet(done[k]) \subseteq Step
    /\ DOMAIN undone = OrderId
    /\ \A k \in DOMAIN undone : IsABag(undone[k]) /\ BagToSet(undone[k]) \subseteq Step
    /\ refused \in [OrderId -> SUBSET Step]
    /\ orchestrator_at \in [OrderId -> orchestrator_labels]
    /\ orchestrator_decision \in [OrderId -> [phase : Phase, step : Step] \cup {None}]
    /\ perform_rejected_used \in 0..1
    /\ compensate_failed_used \in 0..1
    /\ crash_used \in 0..1
    /\ disturb_used \in 0..1

Init ==
    /\ log = EmptyMap
    /\ network = [k \in OrderId |-> EmptyBag]
    /\ done = [k \in OrderId |-> EmptyBag]
    /\ undone = [k \in OrderId |-> EmptyBag]
    /\ refused = [k \in OrderId |-> {}]
    /\ orchestrator_at = [order \in OrderId |-> "send_command"]
    /\ orchestrator_decision = [order \in OrderId |-> None]
    /\ perform_rejected_used = 0
    /\ compensate_failed_used = 0
    /\ crash_used = 0
    /\ disturb_used = 0

start(order) ==
    /\ order \notin DOMAIN log
    /\ log' = (order :> [phase |-> "FORWARD", step |-> "RESERVE"]) @@ log
    /\ UNCHANGED <<network, done, undone, refused, orchestrator_at, orchestrator_decision,
                   perform_rejected_used, compensate_failed_used, crash_used, disturb_used>>

send_command(order) ==
    /\ orchestrator_at[order] = "send_command"
    /\ order \in DOMAIN log
    /\ IF log[order].phase = "FORWARD" THEN TRUE ELSE log[order].phase = "BACKWARD"
    /\ LET network_1 == network[order] (+) SetToBag({LET saga == log[order]
                                                     IN  [kind |-> IF saga.phase = "FORWARD"
                                                                   THEN "DO"
                                                                   ELSE "UNDO",
                                                          step |-> saga.step]})
       IN  /\ BagCardinality(network_1) <= 4
           /\ network' = [network EXCEPT ![order] = network_1]
           /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "receive_answer"]
           /\ UNCHANGED <<log, done, undone, refused, orchestrator_decision, perform_rejected_used,
                          compensate_failed_used, crash_used, disturb_used>>

send_command_is_cut(order) ==
    LET network_1 == network[order] (+) SetToBag({LET saga == log[order]
                                                  IN  [kind |-> IF saga.phase = "FORWARD"
                                                                THEN "DO"
                                                                ELSE "UNDO",
                                                       step |-> saga.step]})
    IN  /\ orchestrator_at[order] = "send_command"
        /\ order \in DOMAIN log
        /\ log[order].phase = "FORWARD" \/ log[order].phase = "BACKWARD"
        /\ BagCardinality(network_1) > 4

receive_answer(order) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ \E answer \in BagToSet(network[order]) :
           /\ answer.kind # "DO"
           /\ answer.kind # "UNDO"
           /\ BagIn(answer, network[order])
           /\ LET network_1 == [network EXCEPT ![order] = network[order] (-) SetToBag({answer})]
                  test == log[order] # [phase |-> IF \/ answer.kind = "DONE"
                                                     \/ answer.kind = "REJECTED"
                                                  THEN "FORWARD"
                                                  ELSE "BACKWARD",
                                        step |-> answer.step]
              IN  /\ order \in DOMAIN log
                  /\ IF test
                     THEN /\ network' = network_1
                          /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "receive_answer"]
                          /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = None]
                          /\ UNCHANGED log
                     ELSE LET decision == IF answer.kind = "DONE"
                                          THEN IF answer.step = "SHIP"
                                               THEN [phase |-> "COMPLETED", step |-> "SHIP"]
                                               ELSE [phase |-> "FORWARD",
                                                     step |-> IF answer.step = "CHARGE"
                                                              THEN "SHIP"
                                                              ELSE "CHARGE"]
                                          ELSE IF answer.kind = "FAILED" /\ alert
                                          THEN [phase |-> "STUCK", step |-> answer.step]
                                          ELSE IF answer.kind # "REJECTED" /\ ~undo_backwards
                                          THEN IF answer.step = "RESERVE"
                                               THEN [phase |-> "BACKWARD", step |-> "CHARGE"]
                                               ELSE [phase |-> "COMPENSATED", step |-> "RESERVE"]
                                          ELSE LET step == answer.step
                                               IN  IF step = "RESERVE"
                                                   THEN [phase |-> "COMPENSATED",
                                                         step |-> "RESERVE"]
                                                   ELSE [phase |-> "BACKWARD",
                                                         step |-> IF step = "SHIP" /\ undo_backwards
                                                                  THEN "CHARGE"
                                                                  ELSE "RESERVE"]
                          IN  IF record_first
                              THEN /\ log' = (order :> decision) @@ log
                                   /\ network' = network_1
                                   /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "send_command"]
                                   /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = None]
                              ELSE /\ IF ~(/\ decision.phase # "FORWARD"
                                           /\ decision.phase # "BACKWARD")
                                      THEN /\ BagCardinality(network_1[order]) < 4
                                           /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                                        (+) SetToBag({[kind |-> IF decision.phase = "FORWARD"
                                                                                                                THEN "DO"
                                                                                                                ELSE "UNDO",
                                                                                                       step |-> decision.step]})]
                                      ELSE network' = network_1
                                   /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "record"]
                                   /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = decision]
                                   /\ UNCHANGED log
                  /\ UNCHANGED <<done, undone, refused, perform_rejected_used,
                                 compensate_failed_used, crash_used, disturb_used>>

receive_answer_fails(order) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ \E answer \in BagToSet(network[order]) :
           /\ answer.kind # "DO"
           /\ answer.kind # "UNDO"
           /\ ~BagIn(answer, network[order]) \/ order \notin DOMAIN log

receive_answer_is_cut(order) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ \E answer \in BagToSet(network[order]) :
           LET network_1 == [network EXCEPT ![order] = network[order] (-) SetToBag({answer})]
               test == log[order] # [phase |-> IF answer.kind = "DONE" \/ answer.kind = "REJECTED"
                                               THEN "FORWARD"
                                               ELSE "BACKWARD",
                                     step |-> answer.step]
           IN  /\ answer.kind # "DO"
               /\ answer.kind # "UNDO"
               /\ BagIn(answer, network[order])
               /\ order \in DOMAIN log
               /\ ~test
               /\ LET decision == IF answer.kind = "DONE"
                                  THEN IF answer.step = "SHIP"
                                       THEN [phase |-> "COMPLETED", step |-> "SHIP"]
                                       ELSE [phase |-> "FORWARD",
                                             step |-> IF answer.step = "CHARGE"
                                                      THEN "SHIP"
                                                      ELSE "CHARGE"]
                                  ELSE IF answer.kind = "FAILED" /\ alert
                                  THEN [phase |-> "STUCK", step |-> answer.step]
                                  ELSE IF answer.kind # "REJECTED" /\ ~undo_backwards
                                  THEN IF answer.step = "RESERVE"
                                       THEN [phase |-> "BACKWARD", step |-> "CHARGE"]
                                       ELSE [phase |-> "COMPENSATED", step |-> "RESERVE"]
                                  ELSE LET step == answer.step
                                       IN  IF step = "RESERVE"
                                           THEN [phase |-> "COMPENSATED", step |-> "RESERVE"]
                                           ELSE [phase |-> "BACKWARD",
                                                 step |-> IF step = "SHIP" /\ undo_backwards
                                                          THEN "CHARGE"
                                                          ELSE "RESERVE"]
                  IN  /\ ~record_first
                      /\ ~(decision.phase # "FORWARD" /\ decision.phase # "BACKWARD")
                      /\ BagCardinality(network_1[order]) >= 4

record(order) ==
    /\ orchestrator_at[order] = "record"
    /\ log' = (order :> orchestrator_decision[order]) @@ log
    /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "receive_answer"]
    /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = None]
    /\ UNCHANGED <<network, done, undone, refused, perform_rejected_used, compensate_failed_used,
                   crash_used, disturb_used>>

\* A step does not answer in time: whether it is done is in doubt, so it is undone.
time_out(order, step) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ order \in DOMAIN log
    /\ LET now == log[order]
       IN  /\ now.phase = "FORWARD"
           /\ retry_pivot => step # "SHIP"
           /\ IF step = now.step
              THEN TRUE
              ELSE step # "SHIP" /\ now.step # "RESERVE" /\ ~check_state
           /\ log' = IF undo_in_doubt /\ undo_backwards
                     THEN (order :> [phase |-> "BACKWARD", step |-> step]) @@ log
                     ELSE IF undo_in_doubt
                     THEN (order :> [phase |-> "BACKWARD", step |-> "RESERVE"]) @@ log
                     ELSE (order :> (IF step = "RESERVE"
                                     THEN [phase |-> "COMPENSATED", step |-> "RESERVE"]
                                     ELSE [phase |-> "BACKWARD",
                                           step |-> IF step = "SHIP" /\ undo_backwards
                                                    THEN "CHARGE"
                                                    ELSE "RESERVE"]))
                            @@ log
           /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "send_command"]
           /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = None]
           /\ UNCHANGED <<network, done, undone, refused, perform_rejected_used,
                          compensate_failed_used, crash_used, disturb_used>>

time_out_fails(order, step) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ order \notin DOMAIN log

\* The pivot, or a step to be undone, does not answer: the same command is sent again.
retry(order) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ order \in DOMAIN log
    /\ LET now == log[order]
       IN  /\ IF now.phase = "BACKWARD" THEN TRUE ELSE now = [phase |-> "FORWARD", step |-> "SHIP"]
           /\ \A m \in BagToSet(network[order]) : m.step # now.step
           /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "send_command"]
           /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = None]
           /\ UNCHANGED <<log, network, done, undone, refused, perform_rejected_used,
                          compensate_failed_used, crash_used, disturb_used>>

retry_fails(order) ==
    /\ orchestrator_at[order] = "receive_answer"
    /\ order \notin DOMAIN log

\* A participant does its step, or says what has become of it before.
perform(order, step) ==
    /\ BagIn([kind |-> "DO", step |-> step], network[order])
    /\ LET network_1 == [network EXCEPT ![order] = network[order] (-) SetToBag({[kind |-> "DO", step |-> step]})]
       IN  /\ IF step \in refused[order]
              THEN /\ BagCardinality(network_1[order]) < 4
                   /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                (+) SetToBag({[kind |-> "REJECTED", step |-> step]})]
                   /\ UNCHANGED <<done, refused, perform_rejected_used>>
              ELSE IF ~(do_once /\ BagIn(step, done[order]))
              THEN \E answer \in (IF perform_rejected_used < 1
                                  THEN {"ok", "rejected"}
                                  ELSE {"ok"}) :
                       /\ IF answer = "ok"
                          THEN /\ BagCardinality(done[order]) < 6
                               /\ BagCardinality(network_1[order]) < 4
                               /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                            (+) SetToBag({[kind |-> "DONE", step |-> step]})]
                               /\ done' = [done EXCEPT ![order] = done[order] (+) SetToBag({step})]
                               /\ UNCHANGED refused
                          ELSE /\ BagCardinality(network_1[order]) < 4
                               /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                            (+) SetToBag({[kind |-> "REJECTED", step |-> step]})]
                               /\ refused' = [refused EXCEPT ![order] = refused[order] \cup {step}]
                               /\ UNCHANGED done
                       /\ perform_rejected_used' = IF answer = "rejected"
                                                   THEN perform_rejected_used + 1
                                                   ELSE perform_rejected_used
              ELSE /\ BagCardinality(network_1[order]) < 4
                   /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                (+) SetToBag({[kind |-> "DONE", step |-> step]})]
                   /\ UNCHANGED <<done, refused, perform_rejected_used>>
           /\ UNCHANGED <<log, undone, orchestrator_at, orchestrator_decision,
                          compensate_failed_used, crash_used, disturb_used>>

perform_is_cut(order, step) ==
    LET network_1 == [network EXCEPT ![order] = network[order] (-) SetToBag({[kind |-> "DO", step |-> step]})]
    IN  /\ BagIn([kind |-> "DO", step |-> step], network[order])
        /\ IF step \in refused[order]
           THEN BagCardinality(network_1[order]) >= 4
           ELSE IF ~(do_once /\ BagIn(step, done[order]))
           THEN \E answer \in (IF perform_rejected_used < 1 THEN {"ok", "rejected"} ELSE {"ok"}) :
                    IF answer = "ok"
                    THEN BagCardinality(done[order]) >= 6 \/ BagCardinality(network_1[order]) >= 4
                    ELSE BagCardinality(network_1[order]) >= 4
           ELSE BagCardinality(network_1[order]) >= 4

\* A participant undoes its step, or leaves a tombstone if there is nothing to undo.
compensate(order, step) ==
    /\ BagIn([kind |-> "UNDO", step |-> step], network[order])
    /\ LET network_1 == [network EXCEPT ![order] = network[order] (-) SetToBag({[kind |-> "UNDO", step |-> step]})]
       IN  /\ IF ~BagIn(step, done[order])
              THEN /\ BagCardinality(network_1[order]) < 4
                   /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                (+) SetToBag({[kind |-> "UNDONE", step |-> step]})]
                   /\ refused' = IF tombstones
                                 THEN [refused EXCEPT ![order] = refused[order] \cup {step}]
                                 ELSE refused
                   /\ UNCHANGED <<undone, compensate_failed_used>>
              ELSE /\ IF ~(undo_once /\ BagIn(step, undone[order]))
                      THEN \E answer \in (IF compensate_failed_used < 1
                                          THEN {"ok", "failed"}
                                          ELSE {"ok"}) :
                               /\ IF answer = "ok"
                                  THEN /\ BagCardinality(undone[order]) < 6
                                       /\ BagCardinality(network_1[order]) < 4
                                       /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                                    (+) SetToBag({[kind |-> "UNDONE", step |-> step]})]
                                       /\ undone' = [undone EXCEPT ![order] = undone[order] (+) SetToBag({step})]
                                  ELSE /\ BagCardinality(network_1[order]) < 4
                                       /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                                    (+) SetToBag({[kind |-> "FAILED", step |-> step]})]
                                       /\ UNCHANGED undone
                               /\ compensate_failed_used' = IF answer = "failed"
                                                            THEN compensate_failed_used + 1
                                                            ELSE compensate_failed_used
                      ELSE /\ BagCardinality(network_1[order]) < 4
                           /\ network' = [network_1 EXCEPT ![order] = network_1[order]
                                                                        (+) SetToBag({[kind |-> "UNDONE", step |-> step]})]
                           /\ UNCHANGED <<undone, compensate_failed_used>>
                   /\ UNCHANGED refused
           /\ UNCHANGED <<log, done, orchestrator_at, orchestrator_decision, perform_rejected_used,
                          crash_used, disturb_used>>

compensate_is_cut(order, step) ==
    LET network_1 == [network EXCEPT ![order] = network[order] (-) SetToBag({[kind |-> "UNDO", step |-> step]})]
    IN  /\ BagIn([kind |-> "UNDO", step |-> step], network[order])
        /\ IF ~BagIn(step, done[order])
           THEN BagCardinality(network_1[order]) >= 4
           ELSE IF ~(undo_once /\ BagIn(step, undone[order]))
           THEN \E answer \in (IF compensate_failed_used < 1 THEN {"ok", "failed"} ELSE {"ok"}) :
                    IF answer = "ok"
                    THEN BagCardinality(undone[order]) >= 6 \/ BagCardinality(network_1[order]) >= 4
                    ELSE BagCardinality(network_1[order]) >= 4
           ELSE BagCardinality(network_1[order]) >= 4

\* The orchestrator restarts, and knows of the saga what its log says.
\* (A fault, at most once.)
crash(order) ==
    /\ crash_used < 1
    /\ orchestrator_at' = [orchestrator_at EXCEPT ![order] = "send_command"]
    /\ orchestrator_decision' = [orchestrator_decision EXCEPT ![order] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<log, network, done, undone, refused, perform_rejected_used,
                   compensate_failed_used, disturb_used>>

\* The network loses a message, or delivers it twice.
\* (A fault, at most once.)
disturb(order) ==
    /\ disturb_used < 1
    /\ \E message \in BagToSet(network[order]) :
           \E answer \in {"lost", "twice"} :
               /\ IF answer = "lost"
                  THEN /\ BagIn(message, network[order])
                       /\ network' = [network EXCEPT ![order] = network[order] (-) SetToBag({message})]
                  ELSE /\ BagCardinality(network[order]) < 4
                       /\ network' = [network EXCEPT ![order] = network[order] (+) SetToBag({message})]
               /\ disturb_used' = disturb_used + 1
               /\ UNCHANGED <<log, done, undone, refused, orchestrator_at, orchestrator_decision,
                              perform_rejected_used, compensate_failed_used, crash_used>>

disturb_fails(order) ==
    /\ disturb_used < 1
    /\ \E message \in BagToSet(network[order]) :
           \E answer \in {"lost", "twice"} : answer = "lost" /\ ~BagIn(message, network[order])

disturb_is_cut(order) ==
    /\ disturb_used < 1
    /\ \E message \in BagToSet(network[order]) :
           \E answer \in {"lost", "twice"} : answer # "lost" /\ BagCardinality(network[order]) >= 4

\* The process: an instance takes the step at which it stands.
orchestrator(order) ==
    \/ send_command(order)
    \/ receive_answer(order)
    \/ record(order)

Actions ==
    \/ \E order \in OrderId : start(order)
    \/ \E order \in OrderId : orchestrator(order)
    \/ \E order \in OrderId, step \in Step : time_out(order, step)
    \/ \E order \in OrderId : retry(order)
    \/ \E order \in OrderId, step \in Step : perform(order, step)
    \/ \E order \in OrderId, step \in Step : compensate(order, step)

Faults ==
    \/ \E order \in OrderId : crash(order)
    \/ \E order \in OrderId : disturb(order)

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A order \in OrderId : WF_vars(orchestrator(order))
    /\ \A order \in OrderId : WF_vars(\E step \in Step : time_out(order, step))
    /\ \A order \in OrderId : WF_vars(retry(order))
    /\ \A order \in OrderId : WF_vars(\E step \in Step : perform(order, step))
    /\ \A order \in OrderId : WF_vars(\E step \in Step : compensate(order, step))

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E order \in OrderId : receive_answer_fails(order)
    \/ \E order \in OrderId, step \in Step : time_out_fails(order, step)
    \/ \E order \in OrderId : retry_fails(order)
    \/ \E order \in OrderId : disturb_fails(order)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E order \in OrderId : send_command_is_cut(order)
    \/ \E order \in OrderId : receive_answer_is_cut(order)
    \/ \E order \in OrderId, step \in Step : perform_is_cut(order, step)
    \/ \E order \in OrderId, step \in Step : compensate_is_cut(order, step)
    \/ \E order \in OrderId : disturb_is_cut(order)

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E order \in OrderId : send_command_is_cut(order))
    /\ ~(\E order \in OrderId : receive_answer_fails(order))
    /\ ~(\E order \in OrderId : receive_answer_is_cut(order))
    /\ ~(\E order \in OrderId, step \in Step : time_out_fails(order, step))
    /\ ~(\E order \in OrderId : retry_fails(order))
    /\ ~(\E order \in OrderId, step \in Step : perform_is_cut(order, step))
    /\ ~(\E order \in OrderId, step \in Step : compensate_is_cut(order, step))

no_step_is_done_twice == \A order \in OrderId : \A s \in Step : CopiesIn(s, done[order]) <= 1

no_step_is_undone_twice == \A order \in OrderId : \A s \in Step : CopiesIn(s, undone[order]) <= 1

\* While the payment stands, so does what was set aside for it.
the_last_step_is_undone_first ==
    \A order \in OrderId :
        ~(/\ BagIn("CHARGE", done[order])
          /\ ~BagIn("CHARGE", undone[order])
          /\ BagIn("RESERVE", undone[order]))

\* Behind the pivot nothing is undone.
what_is_shipped_stays_paid ==
    \A order \in OrderId : BagIn("SHIP", done[order]) => BagCardinality(undone[order]) = 0

only_an_aborted_saga_is_undone ==
    \A order \in OrderId :
        /\ IF order \in DOMAIN log THEN order \in DOMAIN log ELSE TRUE
        /\ LET phase == IF order \in DOMAIN log THEN log[order].phase ELSE "FORWARD"
           IN  ~((phase = "FORWARD" \/ phase = "COMPLETED") /\ BagCardinality(undone[order]) > 0)

a_saga_ends_whole_or_undone ==
    \A order \in OrderId :
        /\ IF order \in DOMAIN log THEN order \in DOMAIN log ELSE TRUE
        /\ LET saga == IF order \in DOMAIN log THEN log[order] ELSE None
           IN  /\ \/ saga = None
                  \/ /\ saga # None
                     /\    (LET saga_1 == saga
                            IN  saga_1.phase # "FORWARD" /\ saga_1.phase # "BACKWARD")
                        => saga # None
               /\ IF \/ saga = None
                     \/ ~(LET saga_1 == saga
                          IN  saga_1.phase # "FORWARD" /\ saga_1.phase # "BACKWARD")
                     \/ saga.phase = "STUCK"
                  THEN TRUE
                  ELSE saga # None
        /\ LET saga == IF order \in DOMAIN log THEN log[order] ELSE None
           IN  IF \/ saga = None
                  \/ ~(LET saga_1 == saga IN saga_1.phase # "FORWARD" /\ saga_1.phase # "BACKWARD")
                  \/ saga.phase = "STUCK"
               THEN TRUE
               ELSE IF saga.phase = "COMPLETED"
               THEN \A s \in Step : BagIn(s, done[order])
               ELSE \A s \in BagToSet(done[order]) : BagIn(s, undone[order])

every_saga_has_ended ==
    AtRest => \A order \in OrderId :
                  /\ order \in DOMAIN log
                  /\ LET saga == log[order] IN saga.phase # "FORWARD" /\ saga.phase # "BACKWARD"

an_undo_can_come_before_its_do(order) ==
    \E m \in BagToSet(network[order]) : m.kind = "DO" /\ m.step \in refused[order]

\* Must be found false: the states above have to be reachable.
never_an_undo_can_come_before_its_do ==
    ~(\E order \in OrderId : an_undo_can_come_before_its_do(order))

an_alert_can_be_raised(order) == order \in DOMAIN log /\ log[order].phase = "STUCK"

\* Must be found false: the states above have to be reachable.
never_an_alert_can_be_raised == ~(\E order \in OrderId : an_alert_can_be_raised(order))

a_saga_can_be_completed(order) == order \in DOMAIN log /\ log[order].phase = "COMPLETED"

\* Must be found false: the states above have to be reachable.
never_a_saga_can_be_completed == ~(\E order \in OrderId : a_saga_can_be_completed(order))

every_saga_ends ==
    \A order \in OrderId :
        (order \in DOMAIN log) ~> ((/\ order \in DOMAIN log
                                    /\ LET saga == log[order]
                                       IN  saga.phase # "FORWARD" /\ saga.phase # "BACKWARD")
                                     = TRUE)

==============================================================================
