"""The set of visited states: open addressing in segments, and the hashing of rows.

Owns the table's arithmetic and nothing of a search. It is written for a number of words, `WORDS`;
the text of its functions is copied into each generated module with the number put in place, so that
numba sees a constant.

The table is one array. Segment s has the places from `s * region` on, of which `sizes[s]` are in
use as a ring with linear probing; `used[s]` of them are taken. A place is WORDS ints; its first
holds the first word plus one, and 0 where nothing is. The highest bits of a hash choose the
segment, 32 others the place, by multiplication: so a segment may have any size, and keeps the order
of its hashes when it grows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

WORDS = 1

__all__ = ["WORDS", "grow", "hash_of", "hash_rows", "insert"]


def hash_of(rows: Any, row: int) -> Any:
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


def hash_rows(
    out: Any, tags: Any, at: Any, hashes: Any, rule_of: Any, fired: Any, failed: Any
) -> Any:
    """Hashes of the steps in `out`, -1 for failing ones; how often each rule was taken.

    `failed[site]` becomes the row of the site's first failure, if it is -1. Gives the number of
    failing rows.
    """
    failures = 0
    for j in range(at):
        tag = tags[j]
        if tag < 0:
            hashes[j] = -1
            failures += 1
            if failed[out[j, 0]] < 0:
                failed[out[j, 0]] = j
        else:
            hashes[j] = hash_of(out, j)
            fired[rule_of[tag]] += 1
    return failures


def grow(table: Any, region: Any, sizes: Any, used: Any, segment: Any) -> Any:
    """Make a segment larger by three eighths, in place; False, if its region is full.

    What was in it is copied out first, which takes memory for one segment only.
    """
    size = min(region, sizes[segment] + sizes[segment] * 3 // 8 + 64)
    if size <= sizes[segment]:
        return False
    base = segment * region
    rows = np.empty((used[segment], WORDS), dtype=np.int64)
    kept = 0
    for place in range(sizes[segment]):
        if table[(base + place) * WORDS] != 0:
            rows[kept, 0] = table[(base + place) * WORDS] - 1
            table[(base + place) * WORDS] = 0
            for k in range(1, WORDS):
                rows[kept, k] = table[(base + place) * WORDS + k]
            kept += 1
    sizes[segment] = size
    for row in range(kept):
        place = ((hash_of(rows, row) & 0xFFFFFFFF) * size) >> 32
        while table[(base + place) * WORDS] != 0:
            place += 1
            if place == size:
                place = 0
        table[(base + place) * WORDS] = rows[row, 0] + 1
        for k in range(1, WORDS):
            table[(base + place) * WORDS + k] = rows[row, k]
    return True


def insert(
    table: Any,
    region: Any,
    shift: Any,
    sizes: Any,
    used: Any,
    share_of: Any,
    share: Any,
    out: Any,
    tags: Any,
    hashes: Any,
    first: Any,
    last: Any,
    fresh: Any,
    fresh_at: Any,
    room: Any,
    rule_of: Any,
    new: Any,
    seen: Any,
) -> Any:
    """Put the rows first..last of this share into the table; new ones are appended to `fresh`.

    Row j is of the share that its segment, `hashes[j] >> shift`, is of. Ends early when `fresh` has
    `room` rows. Gives the next row (-1 - row, if a segment could not grow) and the new length of
    `fresh`. `seen` holds a block: the first place of each row is looked at before any is inserted,
    so that the misses of the cache overlap.
    """
    block = first
    while block < last:
        end = min(block + len(seen), last)
        for j in range(block, end):
            h = hashes[j]
            if h >= 0 and share_of[h >> shift] == share:
                segment = h >> shift
                at = (segment * region + (((h & 0xFFFFFFFF) * sizes[segment]) >> 32)) * WORDS
                if WORDS == 1:
                    # Three places without a branch: what lies behind a ring is 0 or of another
                    # segment, and so never the same.
                    key = out[j, 0] + 1
                    there = (table[at] == key) | (table[at + 1] == key) | (table[at + 2] == key)
                    seen[j - block] = -1 if there else 0
                else:
                    seen[j - block] = table[at] >> 63
            else:
                seen[j - block] = -1
        for j in range(block, end):
            if seen[j - block] < 0:
                continue
            key = out[j, 0] + 1
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
                        if table[at + k] != out[j, k]:
                            same = False
                    if same:
                        break
                elif there == 0:
                    if fresh_at >= room:
                        return j, fresh_at
                    if 3 * (used[segment] + 1) > 2 * size:
                        if not grow(table, region, sizes, used, segment):
                            return -1 - j, fresh_at
                        size = sizes[segment]
                        place = ((h & 0xFFFFFFFF) * size) >> 32
                        continue
                    table[at] = key
                    fresh[fresh_at, 0] = out[j, 0]
                    for k in range(1, WORDS):
                        table[at + k] = out[j, k]
                        fresh[fresh_at, k] = out[j, k]
                    used[segment] += 1
                    fresh_at += 1
                    new[rule_of[tags[j]]] += 1
                    break
                place += 1
                if place == size:
                    place = 0
        block = end
    return last, fresh_at
