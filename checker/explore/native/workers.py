"""Threads that expand states and insert what they find, each with its share of the table.

Owns one round of the search: every worker expands states of its own frontier and sorts the steps by
the share of their segment until a share is full, all wait, then every worker inserts what all found
for its own share, all wait, then every worker takes back those of its own steps that were new. So
no two threads write to one place, what is found does not depend on their number, and states stay in
the order in which they were found: neighbours have steps to the same states, which is why two
thirds of the steps need no look-up. Compiled code runs without the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...backends.native.compile import Compiled
from ..limits import LimitReached
from ..outcome import Limit
from .orbits import Orbits
from .store import SEGMENTS, Rows, Table

__all__ = ["FailingStep", "Round", "Worker", "Workers", "in_full"]

_STEPS = 1 << 15  # of one call; a buffer that stays in the cache
_SHARE_ALONE = 1 << 15  # steps kept for one share in one round
_SHARE_TOGETHER = 1 << 17  # longer rounds, because threads wait for each other twice in each
_CHUNK_ROWS = 1 << 16
_BLOCK_ROWS = 256  # whose places are looked at together
_BLOCKS = 8  # of each worker in a level: what is left to do at its end is small
_BLOCK_MIN_ROWS = 1 << 10
_RECENT = 1 << 15  # states that a thread remembers having met; they stay in the cache


@dataclass(frozen=True)
class FailingStep:
    """A step without a successor: the words of its state, its instance and its site."""

    words: tuple[int, ...]
    instance: int
    site: int


@dataclass
class Round:
    """What one worker met in one round: the first failure of each site, states that open checks
    ask for, and is there a state at rest?
    """

    failures: list[FailingStep] = field(default_factory=list)
    decides: list[tuple[Rows, int, int]] = field(default_factory=list)
    decides_at_rest: list[tuple[int, ...]] = field(default_factory=list)
    rested: bool = False


@dataclass
class Shared:
    """Steps that have to be looked up, by the share that their segment is of.

    `rows[s]`, `tags[s]`, `hashes[s]` and `found[s]` are in use up to `ends[s]`; `order[:count]`
    tells the share of each step in turn.
    """

    rows: Any  # int64, (shares, room, words)
    tags: Any  # int32, (shares, room)
    hashes: Any  # int64, (shares, room)
    ends: Any  # int64, (shares,)
    order: Any  # uint8, (shares * room,)
    found: Any  # uint8, (shares, room): was the step's state new?
    count: int = 0

    @classmethod
    def empty(cls, shares: int, room: int, words: int) -> Shared:
        return cls(
            np.empty((shares, room, words), dtype=np.int64),
            np.empty((shares, room), dtype=np.int32),
            np.empty((shares, room), dtype=np.int64),
            np.zeros(shares, dtype=np.int64),
            np.empty(shares * room, dtype=np.uint8),
            np.empty((shares, room), dtype=np.uint8),
        )

    def clear(self) -> None:
        self.ends[:] = 0
        self.count = 0

    @property
    def room(self) -> int:
        """Of the share that has the least."""
        return int(self.rows.shape[1] - self.ends.max())

    def fill(
        self,
        code: Compiled,
        table: Table,
        out: Any,
        tags: Any,
        kept: Any,
        count: int,
        share_of: Any,
    ) -> None:
        """Append the first `count` of the kept steps."""
        self.count = code.share_out(
            out, tags, kept, count, table.shift, share_of,
            self.rows, self.tags, self.hashes, self.ends, self.order, self.count,
        )  # fmt: skip


class Worker:
    """One thread's frontier, buffers and counts."""

    def __init__(self, code: Compiled, share: int, shares: int, *, ids: int = 0) -> None:
        generated = code.generated
        self.code, self.share = code, share
        self.orbits = Orbits(code, ids) if ids else None
        # Neighbouring segments, whose counts are written to often, are of one share.
        self.share_of = (np.arange(SEGMENTS) * shares // SEGMENTS).astype(np.int32)
        self.pending = np.empty(_BLOCK_ROWS, dtype=np.int64)
        self.words = generated.layout.words
        self.fan = generated.fan
        room = max(_STEPS, 2 * self.fan)
        self.out = np.empty((room, self.words), dtype=np.int64)
        self.tags = np.empty(room, dtype=np.int32)
        self.ends = np.empty(room, dtype=np.int64)
        self.rests = np.empty(room, dtype=np.uint8)
        self.kept = np.empty(room, dtype=np.int64)
        self.recent = np.zeros((_RECENT, self.words), dtype=np.int64)
        full = _SHARE_ALONE if shares == 1 else _SHARE_TOGETHER
        self.shared = Shared.empty(shares, max(full, 2 * room), self.words)
        self.generated = 0
        rules = max(1, len(generated.model.rules))
        self.fired = np.zeros(rules, dtype=np.int64)
        self.new = np.zeros(rules, dtype=np.int64)
        self.rule_of = np.array([i.rule for i in generated.instances] or [0], dtype=np.int32)
        self.failed = np.full(max(1, len(generated.sites)), -1, dtype=np.int64)
        self.failing_rules: set[int] = set()
        self.known_sites: set[int] = set()
        self.frontier: list[Rows] = []
        self.row = 0  # in the first part of the frontier
        self.expanded: Rows = np.empty((0, self.words), dtype=np.int64)  # in this round
        self.fresh: list[Rows] = []
        self._chunk = np.empty((0, self.words), dtype=np.int64)
        self._chunk_at = 0
        self.round = Round()

    # ── Expanding ──

    @property
    def waiting(self) -> int:
        """States that are still to be expanded in this level."""
        return sum(len(part) for part in self.frontier) - self.row

    def expand(self, table: Table, wanted_at_rest: Any, *, once: bool = False) -> None:
        """States of the frontier, as many as the shares take; with `once`, one buffer of steps."""
        self.round = Round()
        self.shared.clear()
        self.expanded = self.expanded[:0]
        while self.frontier and self.shared.room >= len(self.out):
            self._expand(table, wanted_at_rest)
            if once:
                return

    def _expand(self, table: Table, wanted_at_rest: Any) -> None:
        part = self.frontier[0]
        rows = min(len(part), self.row + len(self.ends))
        done, _ = self.code.expand(part, self.row, rows, self.out, self.tags, self.ends, self.rests)
        self.expanded = part[self.row : self.row + done]
        self._rest(self.expanded, wanted_at_rest)
        count, failing = self.code.sift(
            part, self.row, done, self.out, self.tags, self.ends,
            self.recent, self.kept, self.rule_of, self.fired, self.failed,
        )  # fmt: skip
        if self.orbits is not None:
            self.orbits.count(self.expanded, self.tags, self.ends)
            self.orbits.reduce(self.out, self.kept, count)
        self.generated += int(self.ends[done - 1]) - failing
        if failing:
            self._failing(part, done)
        self.shared.fill(self.code, table, self.out, self.tags, self.kept, count, self.share_of)
        self.row += done
        if self.row == len(part):
            self.frontier.pop(0)
            self.row = 0

    def steps_of(self, row: int) -> tuple[Any, Any]:
        """The rows and tags that the `row`-th state of this round led to."""
        part = slice(int(self.ends[row - 1]) if row else 0, int(self.ends[row]))
        return self.out[part].tolist(), self.tags[part].tolist()

    def _rest(self, states: Rows, wanted: Any) -> None:
        rests = self.rests[: len(states)]
        if not rests.any():
            return
        self.round.rested = True
        if not wanted.any():
            return
        row = 0
        while True:
            row = self.code.look_at_rest(states, rests, row, len(states), wanted)
            if row == len(states):
                return
            self.round.decides_at_rest.append(tuple(states[row].tolist()))
            row += 1

    def _failing(self, part: Rows, done: int) -> None:
        """Note the first failure of each site that was not known; `failed` is made ready again."""
        for site in np.flatnonzero(self.failed >= 0).tolist():
            j = int(self.failed[site])
            self.failed[site] = -1
            instance = -1 - int(self.tags[j])
            self.failing_rules.add(int(self.rule_of[instance]))
            if site not in self.known_sites:
                self.known_sites.add(site)
                source = self.row + int(np.searchsorted(self.ends[:done], j, "right"))
                words = tuple(part[source].tolist())
                self.round.failures.append(FailingStep(words, instance, site))

    # ── Inserting ──

    def insert(self, table: Table, others: Sequence[Worker], room: int) -> None:
        """From all buffers the states of this share, at most `room` new ones.

        Raises: LimitReached, when there are more, or a segment cannot grow.
        """
        problem = None
        for other in others:
            given = other.shared
            last = int(given.ends[self.share])
            if problem is not None:
                given.found[self.share, :last] = 0
                continue
            end, count = self.code.insert(
                *table.parts, given.rows[self.share], given.tags[self.share],
                given.hashes[self.share], last, given.found[self.share],
                room, self.rule_of, self.new, self.pending,
            )  # fmt: skip
            room -= count
            if end < 0:
                detail = "stopped when a segment of the table could not grow"
                problem = LimitReached(Limit("memory", detail))
            elif end < last:
                problem = LimitReached(Limit("states", ""))
        if problem is not None:
            raise problem

    def collect(self, wanted: Any) -> None:
        """The states that this worker was the first to find, in the order it found them in."""
        given, first = self.shared, 0
        taken = np.zeros_like(given.ends)
        while first < given.count:
            if self._chunk_at == len(self._chunk):
                self._new_chunk()
            start = self._chunk_at
            first, self._chunk_at = self.code.collect(
                given.rows, given.found, given.order, first, given.count, taken, self._chunk, start
            )
            self._look(start, wanted)

    def _new_chunk(self) -> None:
        if self._chunk_at:
            self.fresh.append(self._chunk[: self._chunk_at])
        self._chunk = np.empty((_CHUNK_ROWS, self.words), dtype=np.int64)
        self._chunk_at = 0

    def _look(self, start: int, wanted: Any) -> None:
        if not wanted.any():
            return
        row = self.code.look(self._chunk, start, self._chunk_at, wanted)
        if row < self._chunk_at:
            self.round.decides.append((self._chunk, row, self._chunk_at))

    def end_level(self) -> list[Rows]:
        """What was found in the level."""
        # Forgotten, so that a search goes on from a checkpoint exactly as it would have.
        self.recent[:] = 0
        if self._chunk_at:
            # A chunk that is mostly empty would keep its memory as long as the level lives.
            part = self._chunk[: self._chunk_at]
            self.fresh.append(part.copy() if 2 * len(part) < len(self._chunk) else part)
        fresh, self.fresh = self.fresh, []
        self._chunk = np.empty((0, self.words), dtype=np.int64)
        self._chunk_at = 0
        return fresh


def in_full(workers: Iterable[Worker]) -> tuple[int | None, int | None]:
    """The states and the steps that all expanded states stand for; None, if that is not known."""
    orbits = [worker.orbits for worker in workers if worker.orbits is not None]
    states = [one.states for one in orbits]
    steps = [one.generated for one in orbits]
    return (
        None if None in states else sum(n or 0 for n in states),
        None if None in steps else sum(n or 0 for n in steps),
    )


class Workers:
    """All workers; with one, everything runs in the calling thread. `ids` is how many ids are
    renamed, all sorts together, where symmetry is used.
    """

    def __init__(self, code: Compiled, threads: int, *, ids: int = 0) -> None:
        self.all = [Worker(code, share, threads, ids=ids) for share in range(threads)]
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, call: Callable[[Worker], None]) -> None:
        """The call for every worker, at the same time; raises what the first of them raises."""
        if self._pool is None:
            call(self.all[0])
            return
        running = [self._pool.submit(call, worker) for worker in self.all]
        problems = [one.exception() for one in running]
        for problem in problems:
            if problem is not None:
                raise problem

    def seed(self, table: Table, states: Iterable[tuple[int, ...]]) -> None:
        """Initial states into the table and the frontier."""
        rows = np.array(list(dict.fromkeys(states)), dtype=np.int64)
        rows = rows.reshape(-1, self.all[0].words)
        self.insert(table, rows)
        self.deal([rows])

    def insert(self, table: Table, rows: Rows) -> None:
        """States into the table, and nowhere else; they count as found by nobody."""
        first = self.all[0]
        tags = np.zeros(len(rows), dtype=np.int32)
        for start in range(0, len(rows), _STEPS):
            part = np.arange(start, min(start + _STEPS, len(rows)))
            first.shared.clear()
            first.shared.fill(first.code, table, rows, tags, part, len(part), first.share_of)
            for worker in self.all:
                worker.insert(table, [first], 1 << 60)
        for worker in self.all:
            worker.new[:] = 0

    def end_level(self) -> list[Rows]:
        """What was found in the level, which is the next frontier."""
        found = [part for worker in self.all for part in worker.end_level()]
        self.deal(found)
        return found

    def deal(self, parts: Sequence[Rows]) -> None:
        """A level becomes the frontier: to every worker some blocks of states that were found one
        after the other.
        """
        workers = len(self.all)
        for worker in self.all:
            worker.frontier, worker.row = [], 0
        total = sum(len(part) for part in parts)
        block = max(_BLOCK_MIN_ROWS, -(-total // (workers * _BLOCKS)))
        number = 0
        for part in parts:
            at = 0
            while at < len(part):
                step = min(len(part) - at, block - number % block) if workers > 1 else len(part)
                self.all[number // block % workers].frontier.append(part[at : at + step])
                at, number = at + step, number + step
