"""Representatives of orbits on packed states: the text of functions for a generated module.

Owns the loop around `renamed` and `painted` of `renaming.py`; what a representative is, and why, is
said in `explore/symmetry.py`. Here the least state is the one with the least words. The functions
are like those of `visited.py`: the constants below are put in place.

All ids are counted through, those of a sort in consecutive places; `order` holds them so that ids
stand in the order of their marks, and `to[id]` is an id's place among those of its sort.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Numbers: TypeAlias = Any  # of int64
Rows: TypeAlias = Any  # the same in two dimensions

WORDS = 1
STARTS = (0,)  # the first id of each sort
ENDS = (2,)  # and the one behind its last
RENAMINGS = 2  # of all sorts together; 0, if an int cannot hold them
TRIED_MAX = 5040


def mixed(h: int, x: int) -> Any:  # replaced, as the next two, by generated code
    return h ^ x


def renamed(rows: Rows, row: int, to: Numbers, into: Rows, at: int) -> Any:
    return 0


def painted(rows: Rows, row: int, paint: Numbers) -> Any:
    return 0


# ── Copied into the generated module ─────────────────────────────────────────────────────────────


def next_order(order: Numbers, begin: int, end: int) -> Any:
    """The next arrangement of order[begin:end] by size; False behind the last, which is undone."""
    k = end - 2
    while k >= begin and order[k] > order[k + 1]:
        k -= 1
    low, high = k + 1, end - 1
    while low < high:
        order[low], order[high] = order[high], order[low]
        low += 1
        high -= 1
    if k < begin:
        return False
    other = k + 1
    while order[other] < order[k]:
        other += 1
    order[k], order[other] = order[other], order[k]
    return True


def arrange(rows: Rows, row: int, paint: Numbers, marks: Numbers, order: Numbers) -> Any:
    """Put the ids of each sort in the order of their marks, tied ones in the order of ids."""
    for i in range(len(order)):
        paint[i] = 1
        marks[i] = painted(rows, row, paint)
        paint[i] = 0
    for sort in range(len(STARTS)):
        for i in range(STARTS[sort], ENDS[sort]):
            place = i
            while place > STARTS[sort] and marks[order[place - 1]] > marks[i]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = i
    return 0


def are_alike(
    rows: Rows, row: int, order: Numbers, begin: int, end: int, to: Numbers, two: Rows
) -> Any:
    """Does the state stay as it is when neighbours in order[begin:end] change places?"""
    for sort in range(len(STARTS)):
        for i in range(STARTS[sort], ENDS[sort]):
            to[i] = i - STARTS[sort]
    for place in range(begin, end - 1):
        a, b = order[place], order[place + 1]
        to[a], to[b] = to[b], to[a]
        renamed(rows, row, to, two, 1)
        to[a], to[b] = to[b], to[a]
        for k in range(WORDS):
            if two[1, k] != rows[row, k]:
                return False
    return True


def least(
    rows: Rows, row: int, order: Numbers, opened: Rows, groups: int, to: Numbers, two: Rows
) -> Any:
    """The least words among the arrangements, into two[0]; how often they come out."""
    times, tried = 0, 0
    while tried < TRIED_MAX:
        for sort in range(len(STARTS)):
            for place in range(STARTS[sort], ENDS[sort]):
                to[order[place]] = place - STARTS[sort]
        renamed(rows, row, to, two, 1)
        sign = -1 if times == 0 else 0
        k = 0
        while sign == 0 and k < WORDS:
            if two[1, k] != two[0, k]:
                sign = -1 if two[1, k] < two[0, k] else 1
            k += 1
        if sign < 0:
            for k in range(WORDS):
                two[0, k] = two[1, k]
            times = 1
        elif sign == 0:
            times += 1
        tried += 1
        group = groups - 1
        while group >= 0 and not next_order(order, opened[group, 0], opened[group, 1]):
            group -= 1
        if group < 0:
            break
    return times


def canonical(
    rows: Rows,
    among: Numbers,
    count: int,
    sizes: Numbers,
    paint: Numbers,
    marks: Numbers,
    order: Numbers,
    to: Numbers,
    opened: Rows,
    two: Rows,
) -> Any:
    """Put the representative of its orbit in place of each row of among[:count], and the sizes of
    their orbits into `sizes`; 0, where too many ids are tied. How many that were. The rest is room
    to work in, `paint` all 0: as long as there are ids, `opened` with two columns, `two` two rows.
    """
    unsure = 0
    for n in range(count):
        row = among[n]
        arrange(rows, row, paint, marks, order)
        groups, alike, wanted = 0, 1, 1
        for sort in range(len(STARTS)):
            begin = STARTS[sort]
            while begin < ENDS[sort]:
                end, ways = begin + 1, 1
                while end < ENDS[sort] and marks[order[end]] == marks[order[begin]]:
                    end += 1
                    ways *= end - begin if RENAMINGS else 1
                if end - begin > 1:
                    if are_alike(rows, row, order, begin, end, to, two):
                        alike *= ways
                    else:
                        opened[groups, 0], opened[groups, 1] = begin, end
                        groups += 1
                        for tied in range(2, end - begin + 1):
                            wanted = min(wanted * tied, TRIED_MAX + 1)
                begin = end
        times = least(rows, row, order, opened, groups, to, two)
        for k in range(WORDS):
            rows[row, k] = two[0, k]
        sizes[n] = RENAMINGS // (times * alike)
        if wanted > TRIED_MAX or RENAMINGS == 0:
            sizes[n] = 0
            unsure += 1
    return unsure
