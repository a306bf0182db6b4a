"""The set of visited states: open addressing in segments, and the steps that need not ask it.

Owns the table's arithmetic and nothing of a search. It is written for a number of words, `WORDS`,
which is put in place before it is compiled.

The table is one array. Segment s has the places from `s * region` on, of which `sizes[s]` are in
use as a ring with linear probing; `used[s]` of them are taken. A place is WORDS ints; its first
holds the first word plus one, and 0 where nothing is. The highest bits of a hash choose the
segment, 32 others the place, by multiplication: so a segment may have any size, and keeps the order
of its hashes when it grows.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

# Arrays, as `machine` knows them.
Numbers: TypeAlias = Any  # of int64
Rows: TypeAlias = Any  # the same in two dimensions
Blocks: TypeAlias = Any  # and in three
Tags: TypeAlias = Any  # of int32
TagRows: TypeAlias = Any
Bytes: TypeAlias = Any  # of uint8
ByteRows: TypeAlias = Any

WORDS = 1
_PAGE_WORDS = 512
_SMALL_WORDS = 1 << 19  # a segment that may double

__all__ = ["WORDS", "collect", "grow", "hash_of", "insert", "put", "share_out", "sift"]


def hash_of(rows: Rows, row: int) -> Any:
    """62 well mixed bits of a row. Source: the finaliser of MurmurHash3 (A. Appleby, 2011)."""
    h = np.uint64(0)
    for k in range(WORDS):
        h ^= np.uint64(rows[row, k])
        h ^= h >> np.uint64(33)
        h *= np.uint64(0xFF51AFD7ED558CCD)
        h ^= h >> np.uint64(33)
        h *= np.uint64(0xC4CEB9FE1A85EC53)
        h ^= h >> np.uint64(33)
    return np.int64(h >> np.uint64(2))


def sift(
    states: Rows,
    row: int,
    done: int,
    out: Rows,
    tags: Tags,
    ends: Numbers,
    recent: Rows,
    kept: Numbers,
    rule_of: Tags,
    fired: Numbers,
    failed: Numbers,
) -> Any:
    """Choose the steps of states[row:row + done] that have to be looked up.

    Left out are steps that lead back to where they began, and those to one of the states that this
    thread met a moment ago, `recent`: both are in the table, or will be before anything is asked of
    it. Two thirds and more of all steps are of these kinds. `kept` becomes the numbers of the
    others. `fired[rule]` counts all; `failed[site]` becomes the row of the site's first failure, if
    it is -1. Gives how many are kept, and how many failed.
    """
    slots = np.uint64(len(recent) - 1)
    count = failures = at = 0
    for source in range(row, row + done):
        end = ends[source - row]
        while at < end:
            tag = tags[at]
            if tag < 0:
                failures += 1
                if failed[out[at, 0]] < 0:
                    failed[out[at, 0]] = at
            else:
                fired[rule_of[tag]] += 1
                mixed = np.uint64(0)
                same = True
                for k in range(WORDS):
                    if out[at, k] != states[source, k]:
                        same = False
                    # Fibonacci hashing (D. Knuth, The Art of Computer Programming 3, 6.4).
                    mixed = (mixed ^ np.uint64(out[at, k])) * np.uint64(0x9E3779B97F4A7C15)
                if not same:
                    # Without a branch, for nobody can predict it: the place is written in any case
                    # and used again if the state is a recent one.
                    slot = np.int64((mixed >> np.uint64(40)) & slots)
                    known = True
                    for k in range(WORDS):
                        known = known & (recent[slot, k] == out[at, k] + 1)
                        recent[slot, k] = out[at, k] + 1
                    kept[count] = at
                    count += 0 if known else 1
            at += 1
    return count, failures


def share_out(
    out: Rows,
    tags: Tags,
    kept: Numbers,
    count: int,
    shift: int,
    share_of: Tags,
    rows: Blocks,
    row_tags: TagRows,
    hashes: Rows,
    ends: Numbers,
    order: Bytes,
    at: int,
) -> Any:
    """Append the kept steps to the rows of the share that their segment is of.

    `rows[s]`, `row_tags[s]` and `hashes[s]` are in use up to `ends[s]`. `order` tells the share of
    each step in turn; it is in use up to `at`. Gives the new `at`.
    """
    for number in range(count):
        step = kept[number]
        h = hash_of(out, step)
        share = share_of[h >> shift]
        end = ends[share]
        for k in range(WORDS):
            rows[share, end, k] = out[step, k]
        row_tags[share, end] = tags[step]
        hashes[share, end] = h
        ends[share] = end + 1
        order[at + number] = share
    return at + count


def collect(
    rows: Blocks,
    found: ByteRows,
    order: Bytes,
    first: int,
    last: int,
    taken: Numbers,
    fresh: Rows,
    at: int,
) -> Any:
    """Append the steps that were found to be new to `fresh`, in the order they were made in.

    `order[first:last]` tells the share of each step, of which `taken[s]` are dealt with. Ends early
    when `fresh` is full. Gives the next step and the new length of `fresh`.
    """
    while first < last and at < len(fresh):
        share = order[first]
        row = taken[share]
        for k in range(WORDS):
            fresh[at, k] = rows[share, row, k]
        at += int(found[share, row])
        taken[share] = row + 1
        first += 1
    return first, at


def put(table: Numbers, at: int, rows: Rows, row: int) -> Any:
    """Write a row into a free place."""
    table[at] = rows[row, 0] + 1
    for k in range(1, WORDS):
        table[at + k] = rows[row, k]


def grow(table: Numbers, region: int, sizes: Numbers, used: Numbers, segment: int) -> Any:
    """Make a segment larger, in place; False, if its region is full. Small ones double, others
    grow by half, for less memory.

    From the last place to the first: a segment keeps the order of its hashes, so nearly every state
    moves to a place behind those that have not moved yet. The few others wait in `later`, which is
    as large as the segment and becomes memory only as far as it is written.
    """
    old = sizes[segment]
    more = old if old * WORDS < _SMALL_WORDS else old // 2
    size = min(region, old + more)
    if size <= old:
        return False
    base = segment * region
    # Written once before it is read: a page that is read first is mapped twice, and the second time
    # all processors have to be told.
    for word in range((base + old) * WORDS, (base + size) * WORDS, _PAGE_WORDS):
        table[word] = 0
    later = np.empty((used[segment], WORDS), dtype=np.int64)
    waiting = 0
    row = np.empty((1, WORDS), dtype=np.int64)
    for number in range(old):
        place = old - 1 - number
        at = (base + place) * WORDS
        if table[at] == 0:
            continue
        row[0, 0] = table[at] - 1
        table[at] = 0
        for k in range(1, WORDS):
            row[0, k] = table[at + k]
        target = ((hash_of(row, 0) & 0xFFFFFFFF) * size) >> 32
        if target >= place:
            while target < size and table[(base + target) * WORDS] != 0:
                target += 1
        if place <= target < size:
            put(table, (base + target) * WORDS, row, 0)
        else:
            for k in range(WORDS):
                later[waiting, k] = row[0, k]
            waiting += 1
    sizes[segment] = size
    for number in range(waiting):
        target = ((hash_of(later, number) & 0xFFFFFFFF) * size) >> 32
        while table[(base + target) * WORDS] != 0:
            target += 1
            if target == size:
                target = 0
        put(table, (base + target) * WORDS, later, number)
    return True


def insert(
    table: Numbers,
    region: int,
    shift: int,
    sizes: Numbers,
    used: Numbers,
    rows: Rows,
    tags: Tags,
    hashes: Numbers,
    last: int,
    found: Bytes,
    room: int,
    rule_of: Tags,
    new: Numbers,
    pending: Numbers,
) -> Any:
    """Put rows[:last] into the table; `found` becomes 1 for those that are new, and 0 for others.

    Ends early when `room` rows are new. Gives the first row that was not looked up (-1 - row, if a
    segment could not grow) and how many are new. `pending` holds a block: the first place of each
    row is looked at before any is inserted, so that the misses of the cache overlap.
    """
    for j in range(last):
        found[j] = 0
    count = 0
    block = 0
    while block < last:
        end = min(block + len(pending), last)
        for j in range(block, end):
            segment = hashes[j] >> shift
            place = ((hashes[j] & 0xFFFFFFFF) * sizes[segment]) >> 32
            at = (segment * region + place) * WORDS
            same = table[at] == rows[j, 0] + 1
            for k in range(1, WORDS):
                same = same & (table[at + k] == rows[j, k])
            pending[j - block] = same
        waiting = 0
        for j in range(block, end):
            there = pending[j - block]
            pending[waiting] = j
            waiting += 1 - there
        for number in range(waiting):
            j = pending[number]
            key = rows[j, 0] + 1
            h = hashes[j]
            segment = h >> shift
            size = sizes[segment]
            base = segment * region
            place = ((h & 0xFFFFFFFF) * size) >> 32
            while True:
                at = (base + place) * WORDS
                there = table[at]
                if there == key:
                    same = True
                    for k in range(1, WORDS):
                        if table[at + k] != rows[j, k]:
                            same = False
                    if same:
                        break
                elif there == 0:
                    if count >= room:
                        return j, count
                    if 3 * (used[segment] + 1) > 2 * size:
                        if not grow(table, region, sizes, used, segment):
                            return -1 - j, count
                        size = sizes[segment]
                        place = ((h & 0xFFFFFFFF) * size) >> 32
                        continue
                    put(table, at, rows, j)
                    found[j] = 1
                    used[segment] += 1
                    count += 1
                    new[rule_of[tags[j]]] += 1
                    break
                place += 1
                if place == size:
                    place = 0
        block = end
    return last, count
