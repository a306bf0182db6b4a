--------------------------- MODULE HttpExactlyOnce ---------------------------
\* Exactly-once calls over HTTP: PUT a request, POST to run it, GET the response, DELETE both.
\*
\* Claim   A message's call is executed once, with the body of the attempt that was committed; the
\*         caller gets the response of that execution; and in the end no document is left.
\* Faults  A worker or the server crashes between any two steps; several workers may have the
\*         message; the network delivers a PUT or a POST once more, however late. A call whose reply
\*         is lost is a crash of the worker behind the call.
\* Source  T. Masternak, S. Pobiega, exactly-once/EndToEndDeduplication on GitHub.
\*
\* The twin of models/http_exactly_once.py: the same variables, actions and properties.
\*     checker twin http_exactly_once specs/http_exactly_once/HttpExactlyOnce.tla
\* compares their state graphs under TLC.
EXTENDS Integers, FiniteSets, Bags, TLC

------------------------------------------------------------------------------

\* A function with no keys.
EmptyMap == [x \in {} |-> x]

------------------------------------------------------------------------------

CONSTANTS
    Worker,             \* One of the caller's processes.
    own_url,            \* does each attempt have a url of its own?
    post_after_commit,  \* or is it done while the order is handled?
    delete_last,        \* or before the answer is committed?
    record,
    keep_deleted,       \* does the server refuse a PUT to a url that was deleted?
    None                \* no value

Message == {"ORDER", "FOLLOW_UP"}
worker_labels ==
    {"receive", "register", "put", "post_early", "commit", "send_follow_up", "delete_aborted",
     "acknowledge", "post", "get", "delete_early", "commit_answer", "delete",
     "acknowledge_follow_up", "done"}
server_labels == {"take_post", "execute", "record_rest", "done"}
Record == {"TOGETHER", "MARK_LATER", "RESPONSE_LATER"}

VARIABLES
    \* The caller.
    messages,
    attempts,
    registered,         \* urls that may have a document
    committed,
    answer,

    \* The network.
    puts,               \* that were made, and may come again
    posts,
    posted,             \* what was on its way, and may come again

    \* The server.
    requests,           \* url to body
    executed,
    responses,
    deleted,
    executions,

    \* The process `worker`.
    worker_at,          \* where each instance stands
    worker_url,         \* a local; None: it has no value now
    worker_answer,      \* a local; None: it has no value now
    worker_attempt,     \* a local; None: it has no value now

    \* The process `server`.
    server_at,          \* where each instance stands
    server_url,         \* a local; None: it has no value now
    server_body,        \* a local; None: it has no value now

    \* How often each fault has happened.
    crash_used,
    crash_server_used,
    repeat_put_used,
    repeat_post_used

vars ==
    <<messages, attempts, registered, committed, answer, puts, posts, posted, requests, executed,
      responses, deleted, executions, worker_at, worker_url, worker_answer, worker_attempt,
      server_at, server_url, server_body, crash_used, crash_server_used, repeat_put_used,
      repeat_post_used>>

TypeOK ==
    /\ messages \in SUBSET Message
    /\ attempts \in 0..4
    /\ registered \in SUBSET (0..4)
    /\ committed \in (0..4) \cup {None}
    /\ answer \in [body : (0..4) \cup {None}] \cup {None}
    /\ puts \in SUBSET [url : 0..4, body : 0..4]
    /\ posts \in SUBSET (0..4)
    /\ posted \in SUBSET (0..4)
    /\ DOMAIN requests \subseteq 0..4
    /\ \A k \in DOMAIN requests : requests[k] \in 0..4
    /\ executed \in SUBSET (0..4)
    /\ DOMAIN responses \subseteq 0..4
    /\ \A k \in DOMAIN responses : responses[k] \in 0..4
    /\ deleted \in SUBSET (0..4)
    /\ IsABag(executions)
    /\ BagToSet(executions) \subseteq 0..4
    /\ worker_at \in [Worker -> worker_labels]
    /\ worker_url \in [Worker -> (0..4) \cup {None}]
    /\ worker_answer \in [Worker -> [body : (0..4) \cup {None}] \cup {None}]
    /\ worker_attempt \in [Worker -> (0..4) \cup {None}]
    /\ server_at \in server_labels
    /\ server_url \in (0..4) \cup {None}
    /\ server_body \in (0..4) \cup {None}
    /\ crash_used \in 0..1
    /\ crash_server_used \in 0..1
    /\ repeat_put_used \in 0..1
    /\ repeat_post_used \in 0..1

Init ==
    /\ messages = {"ORDER"}
    /\ attempts = 0
    /\ registered = {}
    /\ committed = None
    /\ answer = None
    /\ puts = {}
    /\ posts = {}
    /\ posted = {}
    /\ requests = EmptyMap
    /\ executed = {}
    /\ responses = EmptyMap
    /\ deleted = {}
    /\ executions = EmptyBag
    /\ worker_at = [me \in Worker |-> "receive"]
    /\ worker_url = [me \in Worker |-> None]
    /\ worker_answer = [me \in Worker |-> None]
    /\ worker_attempt = [me \in Worker |-> None]
    /\ server_at = "take_post"
    /\ server_url = None
    /\ server_body = None
    /\ crash_used = 0
    /\ crash_server_used = 0
    /\ repeat_put_used = 0
    /\ repeat_post_used = 0

receive(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in messages :
           /\ IF message = "ORDER"
              THEN /\ IF committed = None
                      THEN LET attempts_1 == attempts + 1
                           IN  /\ attempts_1 <= 4
                               /\ attempts' = attempts_1
                               /\ worker_at' = [worker_at EXCEPT ![me] = "register"]
                               /\ worker_attempt' = [worker_attempt EXCEPT ![me] = attempts_1]
                      ELSE /\ worker_at' = [worker_at EXCEPT ![me] = "send_follow_up"]
                           /\ worker_attempt' = [worker_attempt EXCEPT ![me] = None]
                           /\ UNCHANGED attempts
                   /\ worker_url' = [worker_url EXCEPT ![me] = None]
              ELSE /\ committed # None
                   /\ worker_at' = [worker_at EXCEPT ![me] = IF answer = None
                                                             THEN "post"
                                                             ELSE "delete"]
                   /\ worker_url' = [worker_url EXCEPT ![me] = IF own_url THEN committed ELSE 1]
                   /\ worker_attempt' = [worker_attempt EXCEPT ![me] = None]
                   /\ UNCHANGED attempts
           /\ UNCHANGED <<messages, registered, committed, answer, puts, posts, posted, requests,
                          executed, responses, deleted, executions, worker_answer, server_at,
                          server_url, server_body, crash_used, crash_server_used, repeat_put_used,
                          repeat_post_used>>

receive_fails(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in messages : message # "ORDER" /\ committed = None

receive_is_cut(me) ==
    /\ worker_at[me] = "receive"
    /\ \E message \in messages :
           /\ message = "ORDER"
           /\ committed = None
           /\ LET attempts_1 == attempts + 1 IN attempts_1 > 4

register(me) ==
    /\ worker_at[me] = "register"
    /\ IF committed # None
       THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
            /\ worker_attempt' = [worker_attempt EXCEPT ![me] = None]
            /\ UNCHANGED registered
       ELSE /\ worker_attempt[me] # None
            /\ LET registered_1 == registered \cup {IF own_url THEN worker_attempt[me] ELSE 1}
               IN  /\ registered' = registered_1
                   /\ worker_at' = [worker_at EXCEPT ![me] = "put"]
                   /\ UNCHANGED worker_attempt
    /\ UNCHANGED <<messages, attempts, committed, answer, puts, posts, posted, requests, executed,
                   responses, deleted, executions, worker_url, worker_answer, server_at, server_url,
                   server_body, crash_used, crash_server_used, repeat_put_used, repeat_post_used>>

register_fails(me) ==
    /\ worker_at[me] = "register"
    /\ committed = None
    /\ worker_attempt[me] = None

put(me) ==
    /\ worker_at[me] = "put"
    /\ worker_attempt[me] # None
    /\ LET puts_1 == puts \cup {[url |-> IF own_url THEN worker_attempt[me] ELSE 1,
                                 body |-> worker_attempt[me]]}
       IN  /\ IF (IF own_url THEN worker_attempt[me] ELSE 1) \notin deleted
              THEN requests' = ((IF own_url THEN worker_attempt[me] ELSE 1) :> worker_attempt[me])
                                 @@ requests
              ELSE UNCHANGED requests
           /\ puts' = puts_1
           /\ worker_at' = [worker_at EXCEPT ![me] = IF ~post_after_commit
                                                     THEN "post_early"
                                                     ELSE "commit"]
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, posts, posted,
                          executed, responses, deleted, executions, worker_url, worker_answer,
                          worker_attempt, server_at, server_url, server_body, crash_used,
                          crash_server_used, repeat_put_used, repeat_post_used>>

put_fails(me) ==
    /\ worker_at[me] = "put"
    /\ worker_attempt[me] = None

post_early(me) ==
    /\ worker_at[me] = "post_early"
    /\ worker_attempt[me] # None
    /\ LET posts_1 == posts \cup {IF own_url THEN worker_attempt[me] ELSE 1}
       IN  /\ posts' = posts_1
           /\ posted' = posted \cup {IF own_url THEN worker_attempt[me] ELSE 1}
           /\ worker_at' = [worker_at EXCEPT ![me] = "commit"]
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, requests,
                          executed, responses, deleted, executions, worker_url, worker_answer,
                          worker_attempt, server_at, server_url, server_body, crash_used,
                          crash_server_used, repeat_put_used, repeat_post_used>>

post_early_fails(me) ==
    /\ worker_at[me] = "post_early"
    /\ worker_attempt[me] = None

commit(me) ==
    /\ worker_at[me] = "commit"
    /\ IF committed = None
       THEN /\ worker_attempt[me] # None
            /\ LET committed_1 == worker_attempt[me] IN committed' = committed_1
       ELSE UNCHANGED committed
    /\ worker_at' = [worker_at EXCEPT ![me] = "send_follow_up"]
    /\ worker_attempt' = [worker_attempt EXCEPT ![me] = None]
    /\ UNCHANGED <<messages, attempts, registered, answer, puts, posts, posted, requests, executed,
                   responses, deleted, executions, worker_url, worker_answer, server_at, server_url,
                   server_body, crash_used, crash_server_used, repeat_put_used, repeat_post_used>>

commit_fails(me) ==
    /\ worker_at[me] = "commit"
    /\ committed = None
    /\ worker_attempt[me] = None

send_follow_up(me) ==
    /\ worker_at[me] = "send_follow_up"
    /\ messages' = messages \cup {"FOLLOW_UP"}
    /\ worker_at' = [worker_at EXCEPT ![me] = "delete_aborted"]
    /\ UNCHANGED <<attempts, registered, committed, answer, puts, posts, posted, requests, executed,
                   responses, deleted, executions, worker_url, worker_answer, worker_attempt,
                   server_at, server_url, server_body, crash_used, crash_server_used,
                   repeat_put_used, repeat_post_used>>

delete_aborted(me) ==
    /\ worker_at[me] = "delete_aborted"
    /\ LET aborted == registered \ (IF committed # None
                                    THEN {IF own_url THEN committed ELSE 1}
                                    ELSE {})
       IN  /\ requests' = [u \in (DOMAIN requests) \ aborted |-> requests[u]]
           /\ deleted' = deleted \cup aborted
           /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge"]
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted,
                          executed, responses, executions, worker_url, worker_answer,
                          worker_attempt, server_at, server_url, server_body, crash_used,
                          crash_server_used, repeat_put_used, repeat_post_used>>

acknowledge(me) ==
    /\ worker_at[me] = "acknowledge"
    /\ messages' = messages \ {"ORDER"}
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ UNCHANGED <<attempts, registered, committed, answer, puts, posts, posted, requests, executed,
                   responses, deleted, executions, worker_url, worker_answer, worker_attempt,
                   server_at, server_url, server_body, crash_used, crash_server_used,
                   repeat_put_used, repeat_post_used>>

post(me) ==
    /\ worker_at[me] = "post"
    /\ worker_url[me] # None
    /\ LET posts_1 == posts \cup {worker_url[me]}
       IN  /\ posts' = posts_1
           /\ posted' = posted \cup {worker_url[me]}
           /\ worker_at' = [worker_at EXCEPT ![me] = "get"]
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, requests,
                          executed, responses, deleted, executions, worker_url, worker_answer,
                          worker_attempt, server_at, server_url, server_body, crash_used,
                          crash_server_used, repeat_put_used, repeat_post_used>>

post_fails(me) ==
    /\ worker_at[me] = "post"
    /\ worker_url[me] = None

get(me) ==
    /\ worker_at[me] = "get"
    /\ worker_url[me] # None
    /\ LET test == worker_url[me] \in DOMAIN requests /\ worker_url[me] \notin DOMAIN responses
       IN  /\ IF test
              THEN /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
                   /\ worker_url' = [worker_url EXCEPT ![me] = None]
                   /\ worker_answer' = [worker_answer EXCEPT ![me] = None]
              ELSE /\ worker_at' = [worker_at EXCEPT ![me] = IF ~delete_last
                                                             THEN "delete_early"
                                                             ELSE "commit_answer"]
                   /\ worker_answer' = [worker_answer EXCEPT ![me] = [body |-> IF worker_url[me] \in DOMAIN responses
                                                                               THEN responses[worker_url[me]]
                                                                               ELSE None]]
                   /\ UNCHANGED worker_url
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted,
                          requests, executed, responses, deleted, executions, worker_attempt,
                          server_at, server_url, server_body, crash_used, crash_server_used,
                          repeat_put_used, repeat_post_used>>

get_fails(me) ==
    /\ worker_at[me] = "get"
    /\ worker_url[me] = None

delete_early(me) ==
    /\ worker_at[me] = "delete_early"
    /\ worker_url[me] # None
    /\ LET deleted_1 == deleted \cup {worker_url[me]}
       IN  /\ requests' = [u \in {u \in DOMAIN requests : u # worker_url[me]} |-> requests[u]]
           /\ executed' = executed \ {worker_url[me]}
           /\ responses' = [u \in {u \in DOMAIN responses : u # worker_url[me]} |-> responses[u]]
           /\ deleted' = deleted_1
           /\ worker_at' = [worker_at EXCEPT ![me] = "commit_answer"]
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted,
                          executions, worker_url, worker_answer, worker_attempt, server_at,
                          server_url, server_body, crash_used, crash_server_used, repeat_put_used,
                          repeat_post_used>>

delete_early_fails(me) ==
    /\ worker_at[me] = "delete_early"
    /\ worker_url[me] = None

commit_answer(me) ==
    /\ worker_at[me] = "commit_answer"
    /\ IF answer = None
       THEN worker_answer[me] # None /\ (LET answer_1 == worker_answer[me] IN answer' = answer_1)
       ELSE UNCHANGED answer
    /\ worker_at' = [worker_at EXCEPT ![me] = "delete"]
    /\ worker_answer' = [worker_answer EXCEPT ![me] = None]
    /\ UNCHANGED <<messages, attempts, registered, committed, puts, posts, posted, requests,
                   executed, responses, deleted, executions, worker_url, worker_attempt, server_at,
                   server_url, server_body, crash_used, crash_server_used, repeat_put_used,
                   repeat_post_used>>

commit_answer_fails(me) ==
    /\ worker_at[me] = "commit_answer"
    /\ answer = None
    /\ worker_answer[me] = None

delete(me) ==
    /\ worker_at[me] = "delete"
    /\ worker_url[me] # None
    /\ LET deleted_1 == deleted \cup {worker_url[me]}
       IN  /\ requests' = [u \in {u \in DOMAIN requests : u # worker_url[me]} |-> requests[u]]
           /\ executed' = executed \ {worker_url[me]}
           /\ responses' = [u \in {u \in DOMAIN responses : u # worker_url[me]} |-> responses[u]]
           /\ deleted' = deleted_1
           /\ worker_at' = [worker_at EXCEPT ![me] = "acknowledge_follow_up"]
           /\ worker_url' = [worker_url EXCEPT ![me] = None]
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted,
                          executions, worker_answer, worker_attempt, server_at, server_url,
                          server_body, crash_used, crash_server_used, repeat_put_used,
                          repeat_post_used>>

delete_fails(me) ==
    /\ worker_at[me] = "delete"
    /\ worker_url[me] = None

acknowledge_follow_up(me) ==
    /\ worker_at[me] = "acknowledge_follow_up"
    /\ messages' = messages \ {"FOLLOW_UP"}
    /\ worker_at' = [worker_at EXCEPT ![me] = "receive"]
    /\ UNCHANGED <<attempts, registered, committed, answer, puts, posts, posted, requests, executed,
                   responses, deleted, executions, worker_url, worker_answer, worker_attempt,
                   server_at, server_url, server_body, crash_used, crash_server_used,
                   repeat_put_used, repeat_post_used>>

take_post ==
    /\ server_at = "take_post"
    /\ \E url \in posts :
           /\ posts' = posts \ {url}
           /\ server_at' = "execute"
           /\ server_url' = url
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posted, requests,
                          executed, responses, deleted, executions, worker_at, worker_url,
                          worker_answer, worker_attempt, server_body, crash_used, crash_server_used,
                          repeat_put_used, repeat_post_used>>

execute ==
    /\ server_at = "execute"
    /\ IF server_url \in DOMAIN requests => server_url \in executed
       THEN /\ server_at' = "take_post"
            /\ server_url' = None
            /\ server_body' = None
            /\ UNCHANGED <<executed, responses, executions>>
       ELSE LET body == requests[server_url]
            IN  /\ BagCardinality(executions) < 8
                /\ IF record # "MARK_LATER"
                   THEN LET executed_1 == executed \cup {server_url}
                        IN  /\ IF record # "RESPONSE_LATER"
                               THEN LET responses_1 == (server_url :> body) @@ responses
                                    IN  /\ IF record # "TOGETHER"
                                           THEN /\ server_at' = "record_rest"
                                                /\ server_body' = body
                                                /\ UNCHANGED server_url
                                           ELSE /\ server_at' = "take_post"
                                                /\ server_url' = None
                                                /\ server_body' = None
                                        /\ responses' = responses_1
                               ELSE /\ server_at' = "record_rest"
                                    /\ server_body' = body
                                    /\ UNCHANGED <<responses, server_url>>
                            /\ executed' = executed_1
                   ELSE /\ responses' = (server_url :> body) @@ responses
                        /\ server_at' = "record_rest"
                        /\ server_body' = body
                        /\ UNCHANGED <<executed, server_url>>
                /\ executions' = executions (+) SetToBag({body})
    /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted, requests,
                   deleted, worker_at, worker_url, worker_answer, worker_attempt, crash_used,
                   crash_server_used, repeat_put_used, repeat_post_used>>

execute_is_cut ==
    /\ server_at = "execute"
    /\ ~(server_url \in DOMAIN requests => server_url \in executed)
    /\ BagCardinality(executions) >= 8

record_rest ==
    /\ server_at = "record_rest"
    /\ executed' = executed \cup {server_url}
    /\ responses' = (server_url :> server_body) @@ responses
    /\ server_at' = "take_post"
    /\ server_url' = None
    /\ server_body' = None
    /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted, requests,
                   deleted, executions, worker_at, worker_url, worker_answer, worker_attempt,
                   crash_used, crash_server_used, repeat_put_used, repeat_post_used>>

\* The worker forgets its message, which will be delivered again.
\* (A fault, at most once.)
crash(worker) ==
    /\ crash_used < 1
    /\ worker_at[worker] # "receive"
    /\ worker_at' = [worker_at EXCEPT ![worker] = "receive"]
    /\ worker_url' = [worker_url EXCEPT ![worker] = None]
    /\ worker_answer' = [worker_answer EXCEPT ![worker] = None]
    /\ worker_attempt' = [worker_attempt EXCEPT ![worker] = None]
    /\ crash_used' = crash_used + 1
    /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted, requests,
                   executed, responses, deleted, executions, server_at, server_url, server_body,
                   crash_server_used, repeat_put_used, repeat_post_used>>

\* The server forgets the POST; the caller, without a response, makes it again.
\* (A fault, at most once.)
crash_server ==
    /\ crash_server_used < 1
    /\ server_at # "take_post"
    /\ server_at' = "take_post"
    /\ server_url' = None
    /\ server_body' = None
    /\ crash_server_used' = crash_server_used + 1
    /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted, requests,
                   executed, responses, deleted, executions, worker_at, worker_url, worker_answer,
                   worker_attempt, crash_used, repeat_put_used, repeat_post_used>>

\* (A fault, at most once.)
repeat_put ==
    /\ repeat_put_used < 1
    /\ \E request \in puts :
           /\ requests' = IF request.url \in deleted => ~keep_deleted
                          THEN (request.url :> request.body) @@ requests
                          ELSE requests
           /\ repeat_put_used' = repeat_put_used + 1
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posts, posted,
                          executed, responses, deleted, executions, worker_at, worker_url,
                          worker_answer, worker_attempt, server_at, server_url, server_body,
                          crash_used, crash_server_used, repeat_post_used>>

\* (A fault, at most once.)
repeat_post ==
    /\ repeat_post_used < 1
    /\ \E url \in posted :
           /\ posts' = posts \cup {url}
           /\ repeat_post_used' = repeat_post_used + 1
           /\ UNCHANGED <<messages, attempts, registered, committed, answer, puts, posted, requests,
                          executed, responses, deleted, executions, worker_at, worker_url,
                          worker_answer, worker_attempt, server_at, server_url, server_body,
                          crash_used, crash_server_used, repeat_put_used>>

\* The process: an instance takes the step at which it stands.
worker(me) ==
    \/ receive(me)
    \/ register(me)
    \/ put(me)
    \/ post_early(me)
    \/ commit(me)
    \/ send_follow_up(me)
    \/ delete_aborted(me)
    \/ acknowledge(me)
    \/ post(me)
    \/ get(me)
    \/ delete_early(me)
    \/ commit_answer(me)
    \/ delete(me)
    \/ acknowledge_follow_up(me)

\* The process: an instance takes the step at which it stands.
server ==
    \/ take_post
    \/ execute
    \/ record_rest

Actions ==
    \/ \E me \in Worker : worker(me)
    \/ server

Faults ==
    \/ \E worker_2 \in Worker : crash(worker_2)
    \/ crash_server
    \/ repeat_put
    \/ repeat_post

Next == Actions \/ Faults

\* Fairness: what is promised to happen if it can. Values that are not named outside
\* WF or SF are up to the environment, which may never choose the good one.
Fairness ==
    /\ \A me \in Worker : WF_vars(worker(me))
    /\ WF_vars(server)

Spec == Init /\ [][Next]_vars /\ Fairness

\* A step that is possible and has no result: a mistake of the model.
StepError ==
    \/ \E me \in Worker : receive_fails(me)
    \/ \E me \in Worker : register_fails(me)
    \/ \E me \in Worker : put_fails(me)
    \/ \E me \in Worker : post_early_fails(me)
    \/ \E me \in Worker : commit_fails(me)
    \/ \E me \in Worker : post_fails(me)
    \/ \E me \in Worker : get_fails(me)
    \/ \E me \in Worker : delete_early_fails(me)
    \/ \E me \in Worker : commit_answer_fails(me)
    \/ \E me \in Worker : delete_fails(me)

no_step_error == ~StepError

\* A step that would leave a capacity or limit of this model. It is not taken, so
\* what lies behind it is not known: where this is reachable, nothing is certain.
Cut ==
    \/ \E me \in Worker : receive_is_cut(me)
    \/ execute_is_cut

nothing_is_cut == ~Cut

\* Nothing but faults can change anything.
AtRest ==
    /\ ~ENABLED <<Actions>>_vars
    /\ ~(\E me \in Worker : receive_fails(me))
    /\ ~(\E me \in Worker : receive_is_cut(me))
    /\ ~(\E me \in Worker : register_fails(me))
    /\ ~(\E me \in Worker : put_fails(me))
    /\ ~(\E me \in Worker : post_early_fails(me))
    /\ ~(\E me \in Worker : commit_fails(me))
    /\ ~(\E me \in Worker : post_fails(me))
    /\ ~(\E me \in Worker : get_fails(me))
    /\ ~(\E me \in Worker : delete_early_fails(me))
    /\ ~(\E me \in Worker : commit_answer_fails(me))
    /\ ~(\E me \in Worker : delete_fails(me))
    /\ ~execute_is_cut

the_call_is_executed_once == BagCardinality(executions) <= 1

only_what_is_committed_is_executed == \A body \in BagToSet(executions) : body = committed

the_answer_is_that_of_the_execution ==
    /\ \/ answer = None
       \/ BagCardinality(executions) <= 0
       \/ \A body \in BagToSet(executions) : answer # None
    /\ \/ answer = None
       \/ BagCardinality(executions) > 0 /\ (\A body \in BagToSet(executions) : body = answer.body)

no_document_is_left ==
    AtRest => Cardinality(DOMAIN requests) = 0 /\ Cardinality(DOMAIN responses) = 0

an_attempt_is_aborted == answer # None /\ attempts > 1

\* Must be found false: the states above have to be reachable.
never_an_attempt_is_aborted == ~an_attempt_is_aborted

the_caller_gets_an_answer == <>(answer # None)

==============================================================================
