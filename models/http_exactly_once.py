"""Exactly-once calls over HTTP: PUT a request, POST to run it, GET the response, DELETE both.

Claim   A message's call is executed once, with the body of the attempt that was committed; the
        caller gets the response of that execution; and in the end no document is left.
Faults  A worker or the server crashes between any two steps; several workers may have the message;
        the network delivers a PUT or a POST once more, however late. A call whose reply is lost is
        a crash of the worker behind the call.
Source  T. Masternak, S. Pobiega, exactly-once/EndToEndDeduplication on GitHub.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Eventually,
    Id,
    Limit,
    Model,
    Steps,
    at,
    at_rest,
    choose,
    fault,
    initial,
    invariant,
    liveness,
    process,
    pure,
    restart,
    when,
    witness,
)

Attempt = Annotated[int, Limit(0, 4)]  # its number, and what makes its request unlike others


class Worker(Id, scope=1):
    """One of the caller's processes."""


class Message(Enum):
    """What the caller's workers receive."""

    ORDER = "decide on a call"
    FOLLOW_UP = "make the call that was decided on"


class Record(Enum):
    """How the server records an execution."""

    TOGETHER = "with its mark and its response, in one transaction"
    MARK_LATER = "with its response, and marks the request as executed then"
    RESPONSE_LATER = "with its mark, and stores the response then"


@dataclass(frozen=True)
class Request:
    """A document on the server: the body is the attempt that made it."""

    url: Attempt
    body: Attempt


@dataclass(frozen=True)
class Answer:
    """What the caller takes to be the response; None: the call has failed."""

    body: Attempt | None


class HttpExactlyOnce(Model):
    """Workers of one caller with one message, and a server."""

    own_url: Final[bool] = True  # does each attempt have a url of its own?
    post_after_commit: Final[bool] = True  # or is it done while the order is handled?
    delete_last: Final[bool] = True  # or before the answer is committed?
    record: Final[Record] = Record.TOGETHER
    keep_deleted: Final[bool] = True  # does the server refuse a PUT to a url that was deleted?

    # The caller.
    messages: set[Message] = set()
    attempts: Attempt = 0
    registered: set[Attempt] = set()  # urls that may have a document
    committed: Attempt | None = None
    answer: Answer | None = None

    # The network.
    puts: set[Request] = set()  # that were made, and may come again
    posts: set[Attempt] = set()
    posted: set[Attempt] = set()  # what was on its way, and may come again

    # The server.
    requests: dict[Attempt, Attempt] = {}  # url to body
    executed: set[Attempt] = set()
    responses: dict[Attempt, Attempt] = {}
    deleted: set[Attempt] = set()
    executions: Bag[Attempt] = Bag()

    @initial
    def an_order_arrives(self) -> None:
        self.messages.add(Message.ORDER)

    @pure
    def url_of(self, attempt: Attempt) -> Attempt:
        return attempt if self.own_url else 1

    @pure
    def winning(self) -> set[Attempt]:
        return {self.url_of(self.committed)} if self.committed is not None else set()

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            message = choose(self.messages)
            if message is Message.ORDER:
                if self.committed is None:
                    self.attempts += 1
                    attempt: Attempt = self.attempts
                    yield "register"
                    if self.committed is not None:
                        continue
                    self.registered.add(self.url_of(attempt))
                    yield "put"
                    self.puts.add(Request(self.url_of(attempt), attempt))
                    if self.url_of(attempt) not in self.deleted:
                        self.requests[self.url_of(attempt)] = attempt
                    if not self.post_after_commit:
                        yield "post_early"
                        self.posts.add(self.url_of(attempt))
                        self.posted.add(self.url_of(attempt))
                    yield "commit"
                    if self.committed is None:
                        self.committed = attempt
                yield "send_follow_up"
                self.messages.add(Message.FOLLOW_UP)
                yield "delete_aborted"
                aborted = {u for u in self.registered if u not in self.winning()}
                self.deleted |= aborted
                self.requests = {u: b for u, b in self.requests.items() if u not in aborted}
                yield "acknowledge"
                self.messages.discard(Message.ORDER)
                continue
            assert self.committed is not None
            url = self.url_of(self.committed)
            if self.answer is None:
                yield "post"
                self.posts.add(url)
                self.posted.add(url)
                yield "get"
                if url in self.requests and url not in self.responses:
                    continue  # the follow-up comes again
                answer = Answer(self.responses.get(url))
                if not self.delete_last:
                    yield "delete_early"
                    self.deleted.add(url)
                    self.requests = {u: b for u, b in self.requests.items() if u != url}
                    self.responses = {u: b for u, b in self.responses.items() if u != url}
                    self.executed.discard(url)
                yield "commit_answer"
                if self.answer is None:
                    self.answer = answer
            yield "delete"
            self.deleted.add(url)
            self.requests = {u: b for u, b in self.requests.items() if u != url}
            self.responses = {u: b for u, b in self.responses.items() if u != url}
            self.executed.discard(url)
            yield "acknowledge_follow_up"
            self.messages.discard(Message.FOLLOW_UP)

    @process(fair="weak")
    def server(self) -> Steps:
        while True:
            yield "take_post"
            url = choose(self.posts)
            self.posts.remove(url)
            yield "execute"
            if url not in self.requests or url in self.executed:
                continue  # an error, or the response that is stored
            body = self.requests[url]
            self.executions.add(body)
            if self.record is not Record.MARK_LATER:
                self.executed.add(url)
            if self.record is not Record.RESPONSE_LATER:
                self.responses[url] = body
            if self.record is not Record.TOGETHER:
                yield "record_rest"
                self.executed.add(url)
                self.responses[url] = body

    @fault(at_most=1)
    def crash(self, worker: Worker) -> None:
        """The worker forgets its message, which will be delivered again."""
        when(not at(self.worker, worker, "receive"))
        restart(self.worker, worker)

    @fault(at_most=1)
    def crash_server(self) -> None:
        """The server forgets the POST; the caller, without a response, makes it again."""
        when(not at(self.server, "take_post"))
        restart(self.server)

    @fault(at_most=1)
    def repeat_put(self) -> None:
        request = choose(self.puts)
        if request.url not in self.deleted or not self.keep_deleted:
            self.requests[request.url] = request.body

    @fault(at_most=1)
    def repeat_post(self) -> None:
        url = choose(self.posted)
        self.posts.add(url)

    @invariant
    def the_call_is_executed_once(self) -> bool:
        return len(self.executions) <= 1

    @invariant
    def only_what_is_committed_is_executed(self) -> bool:
        return all(body == self.committed for body in self.executions)

    @invariant
    def the_answer_is_that_of_the_execution(self) -> bool:
        return self.answer is None or (
            len(self.executions) > 0 and all(body == self.answer.body for body in self.executions)
        )

    @at_rest
    def no_document_is_left(self) -> bool:
        return len(self.requests) == 0 and len(self.responses) == 0

    @witness
    def an_attempt_is_aborted(self) -> bool:
        return self.answer is not None and self.attempts > 1

    @liveness
    def the_caller_gets_an_answer(self) -> Eventually:
        return Eventually(self.answer is not None)
