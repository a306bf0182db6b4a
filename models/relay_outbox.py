"""Relay outbox: rows that other transactions commit are published by a process of its own.

Claim   Every committed row is published, no row that was rolled back is, and the rows of one
        aggregate are first published in the order of their commits. Some are published twice.
Faults  Transactions commit in another order than their rows were numbered; a relay crashes between
        publishing a row and noting that it has; the log's reader is moved to another server.
Source  microservices.io, "Polling publisher" and "Transaction log tailing"; O. Dudycz, How Postgres
        sequences issues can impact your messaging guarantees, 2022.
"""

from enum import Enum
from typing import Annotated, Final

from checker import (
    Id,
    LeadsTo,
    Limit,
    Model,
    Steps,
    action,
    at_rest,
    choose,
    fault,
    invariant,
    liveness,
    process,
    pure,
    restart,
    volatile,
    when,
    witness,
)


class Row(Id, scope=2):
    """A row of the outbox, and the event that it announces."""


class Aggregate(Id, scope=2):
    """What a row is about. The transactions on one aggregate wait for each other."""


class Relay(Id, scope=2):
    """A process that publishes."""


class Reads(Enum):
    """How a relay finds the next row, and knows what it has published."""

    FLAG = "a row is marked when it is published"
    CURSOR = "the number of the last published row is kept"
    LOG = "the database's log is read in the order of commits; the position in it is kept"


class Lock(Enum):
    """What a relay locks while it publishes a row."""

    TABLE = "all rows: the other relay waits"
    ROW = "its row: the other relay skips it"
    NOTHING = "nothing: both may publish the same row"


class RelayOutbox(Model):
    """A database whose transactions insert rows, two relays, and a topic."""

    reads: Final[Reads] = Reads.FLAG
    lock: Final[Lock] = Lock.TABLE
    note_after_publish: Final[bool] = True  # is a row noted as published only when it is?
    wait_for_open: Final[bool] = True  # does a cursor stop at a transaction that may still commit?
    committed_only: Final[bool] = True
    keep_position: Final[bool] = True  # does the log's reader stay where it is at a failover?

    about: dict[Row, Aggregate] = {}
    number: dict[Row, Annotated[int, Limit(1, 4)]] = {}  # taken at the insert, as sequences do
    open: set[Row] = set()  # their transactions have not ended
    log: list[Row] = []  # committed, in this order

    published: set[Row] = set()  # FLAG
    position: Annotated[int, Limit(0, 4)] = 0  # CURSOR and LOG
    claimed: Annotated[dict[Relay, Row], volatile("relay")] = {}

    topic: set[Row] = set()

    @action
    def insert(self, row: Row, aggregate: Aggregate) -> None:
        when(row not in self.number and all(self.about[r] != aggregate for r in self.open))
        self.number[row] = len(self.number) + 1
        self.about[row] = aggregate
        self.open.add(row)

    @action(fair="weak")
    def commit(self, row: Row) -> None:
        when(row in self.open)
        self.open.remove(row)
        self.log.append(row)

    @action
    def roll_back(self, row: Row) -> None:
        when(row in self.open)
        self.open.remove(row)

    @process(fair="weak")
    def relay(self, me: Relay) -> Steps:
        while True:
            yield "select"
            row = choose(self.number)
            when(self.is_next(row))
            when(self.lock is not Lock.TABLE or len(self.claimed) == 0)
            self.claimed[me] = row
            place: Annotated[int, Limit(0, 4)] = self.place(row)
            if not self.note_after_publish:
                self.published.add(row)
                self.position = place
            yield "publish"
            self.topic.add(row)
            if self.note_after_publish:
                yield "note"
                self.published.add(row)
                self.position = place
            del self.claimed[me]

    @pure
    def place(self, row: Row) -> int:
        """The position behind a row."""
        if self.reads is Reads.FLAG:
            return 0
        return self.number[row] if self.reads is Reads.CURSOR else self.position + 1

    @pure
    def is_left(self, row: Row) -> bool:
        """Is it committed, and not noted as published?"""
        visible = row in self.log or (row in self.open and not self.committed_only)
        if self.reads is Reads.CURSOR:
            return visible and self.number[row] > self.position
        if self.reads is Reads.LOG:
            return self.position < len(self.log) and self.log[self.position] == row
        skipped = self.lock is Lock.ROW and any(self.claimed.get(r) == row for r in Relay)
        return visible and row not in self.published and not skipped

    @pure
    def is_next(self, row: Row) -> bool:
        first = all(self.number[row] <= self.number[r] for r in self.number if self.is_left(r))
        closed = all(self.number[row] < self.number[r] for r in self.open)
        waits = self.reads is Reads.CURSOR and self.wait_for_open
        return self.is_left(row) and first and (closed or not waits)

    @fault(at_most=1)
    def crash(self, relay: Relay) -> None:
        """A relay forgets its row, and the database lets go of its lock."""
        when(relay in self.claimed)
        restart(self.relay, relay)

    @fault(at_most=1)
    def fail_over(self) -> None:
        """Another server takes over; without the reader's position the log is read from now on."""
        when(self.reads is Reads.LOG and not self.keep_position)
        self.position = len(self.log)

    @invariant
    def no_row_is_published_that_is_not_committed(self) -> bool:
        return all(row in self.log for row in self.topic)

    @invariant
    def rows_are_published_in_order(self, row: Row, later: Row) -> bool:
        """Of one aggregate no row is on the topic before an earlier one."""
        return (
            row not in self.log
            or later not in self.topic
            or self.about[row] != self.about[later]
            or self.number[row] >= self.number[later]
            or row in self.topic
        )

    @at_rest
    def nothing_is_left_out(self) -> bool:
        return all(row in self.topic for row in self.log)

    @liveness
    def every_row_is_published(self, row: Row) -> LeadsTo:
        return LeadsTo(row in self.log, row in self.topic)

    @witness
    def a_row_can_be_committed_before_an_earlier_one(self) -> bool:
        return any(
            self.number[earlier] < self.number[row] for row in self.log for earlier in self.open
        )

    @witness
    def a_row_can_be_published_again(self, row: Row) -> bool:
        return row in self.topic and self.is_next(row) and len(self.claimed) == 0
