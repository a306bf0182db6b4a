"""The loop over the lines of a long log, as functions of numbers that can be compiled.

Plain Python over numpy arrays; `checker.backends.native` makes machine code of it, so it knows no
text, no dictionary and no object. Owns how a line is cut: its *skeleton* is the line without the
values of `ts` and `seq`, without the id of the slice and without what the mapping does not read.
Lines with one skeleton are of one kind, because one of them was read with care: what is left out is
checked here to be a value of the same JSON type. Any other line is handed back.

A key of a table is found by its hash, and then compared as a whole.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Text: TypeAlias = NDArray[np.uint8]  # that cannot be written to
Numbers: TypeAlias = NDArray[np.int64]
Rows: TypeAlias = NDArray[np.int64]

U = np.uint64  # of an index: a negative one would have to be looked for

# What a field is to the mapping, by its name.
SKIPPED, TIME, NUMBER, KEY, READ = 0, 1, 2, 3, 4  # the numbers from TIME to NUMBER

# Why `scan` ends.
DONE, CARE, FULL, CROWDED = 0, 1, 2, 3

# Positions in `at`: where the reading stands, and how much the tables hold.
POS, LINE, KINDS, KIND_WORDS, SLOTS, KEY_WORDS, HISTORIES = 0, 1, 2, 3, 4, 5, 6
OPEN, ROOM, MOST, SEED, PART, KEYS_MOST = 7, 8, 9, 10, 11, 12

# Columns of `kinds`, of `slots` (an id of up to 32 bytes stands in the row) and of `histories`.
HASH, START, LENGTH, NODE, VERSION, TOKEN, WHICH, SEEN_BY = 0, 1, 2, 3, 4, 5, 6, 7
HISTORY, FIRST, LAST, SIZE, WORD = 0, 1, 2, 3, 4
PARENT, STEP = 0, 1

INLINE = 4  # words
KEYS_MAX = 4  # ids in one line
PROBES_MAX = 2_000  # of one look-up; more is an attack on the hash
LINE_MAX = 4_096  # bytes of a skeleton or of an id
OUT = -1  # the history of a slice that Python keeps
GIVEN_UP = 1


def hashed(words: Numbers, start: int, count: int, seed: int) -> int:
    """A number from 0 to 2^62."""
    found = seed
    for i in range(start, start + count):
        found = (found ^ words[U(i)]) * -7046029254386353131
        found = found ^ ((found >> 29) & 0x7FFFFFFFF)
    found = found * -4658895280553007687
    return int((found ^ ((found >> 32) & 0xFFFFFFFF)) & 0x3FFFFFFFFFFFFFFF)


def named(
    text: Text, start: int, length: int, heads: Numbers, names: Rows, name_text: Bytes
) -> int:
    """What the field of this name is."""
    if length == 0:
        return SKIPPED
    at = heads[(length * 7 + text[U(start)] * 31 + text[U(start + length - 1)]) & 255]
    while at >= 0:
        if names[U(at), 2] == length:
            other = names[U(at), 1]
            same = True
            for i in range(length):
                same = same and text[U(start + i)] == name_text[U(other + i)]
            if same:
                return int(names[U(at), 3])
        at = names[U(at), 0]
    return SKIPPED


def past_number(text: Text, at: int) -> int:
    """The position behind the number, negative if it has an exponent; 0: it is none."""
    i = at
    if text[U(i)] == 45:
        i += 1
    if text[U(i)] == 48:
        i += 1
    elif 49 <= text[U(i)] <= 57:
        while 48 <= text[U(i)] <= 57:
            i += 1
    else:
        return 0
    if text[U(i)] == 46:
        i += 1
        if not 48 <= text[U(i)] <= 57:
            return 0
        while 48 <= text[U(i)] <= 57:
            i += 1
    if i - at > 64:
        return 0
    if text[U(i)] == 101 or text[U(i)] == 69:
        i += 1
        if text[U(i)] == 43 or text[U(i)] == 45:
            i += 1
        if not 48 <= text[U(i)] <= 57:
            return 0
        while 48 <= text[U(i)] <= 57:
            i += 1
        return -i
    return i


def past_text(text: Text, at: int) -> int:
    """The position of the quote that ends the text, which may hold escapes; 0: it is none."""
    i = at
    while text[U(i)] != 34:
        if text[U(i)] < 32:
            return 0
        if text[U(i)] == 92:
            i += 1
            c = text[U(i)]
            if c == 117:
                for _ in range(4):
                    i += 1
                    c = text[U(i)]
                    if not (48 <= c <= 57 or 65 <= c <= 70 or 97 <= c <= 102):
                        return 0
            elif not (
                c == 34 or c == 92 or c == 47 or c == 98 or c == 102 or c == 110 or c == 114
                or c == 116
            ):  # fmt: skip
                return 0
        i += 1
    return i


def split(
    text: Text,
    pos: int,
    heads: Numbers,
    names: Rows,
    name_text: Bytes,
    work: Bytes,
    out: Numbers,
) -> int:
    """The position behind the line; -1: it needs care. The text ends with a newline.

    `work` gets the skeleton, padded with zeros; `out` gets its length in bytes, the number of the
    line, how many ids there are, and where each begins and ends.
    """
    i = pos
    since = pos
    size = 0
    ids = 0
    number = -1
    if text[U(i)] != 123:
        return -1
    i += 1
    while True:
        while text[U(i)] == 32:
            i += 1
        if text[U(i)] != 34:
            return -1
        i += 1
        start = i
        while text[U(i)] >= 32 and text[U(i)] != 34 and text[U(i)] != 92:
            i += 1
        if text[U(i)] != 34:
            return -1
        what = named(text, start, i - start, heads, names, name_text)
        i += 1
        while text[U(i)] == 32:
            i += 1
        if text[U(i)] != 58:
            return -1
        i += 1
        while text[U(i)] == 32:
            i += 1
        start = i
        mark = 0
        c = text[U(i)]
        if c == 34:
            i += 1
            if what == SKIPPED:
                i = past_text(text, i)
                if i == 0:
                    return -1
                mark = 3
            else:
                while text[U(i)] >= 32 and text[U(i)] != 34 and text[U(i)] != 92:
                    i += 1
                if text[U(i)] != 34:
                    return -1
                if TIME <= what <= NUMBER:
                    return -1
                if what == KEY:
                    if ids == KEYS_MAX or i - start > LINE_MAX:
                        return -1
                    out[3 + 2 * ids] = start + 1
                    out[4 + 2 * ids] = i
                    ids += 1
                    mark = 2
            i += 1
        elif c == 45 or 48 <= c <= 57:
            i = past_number(text, i)
            if i == 0:
                return -1
            if i < 0:
                if TIME <= what <= NUMBER:
                    return -1
                i = -i
            if what == TIME:
                mark = 1
            elif what == NUMBER:
                if i - start > 15 or c == 45:
                    return -1
                number = 0
                for j in range(start, i):
                    if text[U(j)] == 46:
                        return -1
                    number = number * 10 + (text[U(j)] - 48)
                mark = 4
            elif what == SKIPPED:
                mark = 5
        else:
            while 97 <= text[U(i)] <= 122:
                i += 1
            if i == start:
                return -1
        if mark != 0:
            if size + start - since + 16 > LINE_MAX:
                return -1
            for j in range(start - since):
                work[U(size + j)] = text[U(since + j)]
            size += start - since
            work[U(size)] = mark
            size += 1
            since = i
        while text[U(i)] == 32:
            i += 1
        if text[U(i)] == 44:
            i += 1
            continue
        if text[U(i)] != 125:
            return -1
        i += 1
        break
    if text[U(i)] != 10 or number < 0 or size + i - since + 16 > LINE_MAX:
        return -1
    for j in range(i - since):
        work[U(size + j)] = text[U(since + j)]
    size += i - since
    for j in range(8):
        work[U(size + j)] = 0
    out[0] = size
    out[1] = number
    out[2] = ids
    return i + 1


def kind_of(
    table: Numbers, kinds: Rows, kind_words: Numbers, words: Numbers, size: int, code: int
) -> int:
    """The kind with this skeleton of `size` bytes; -1: none, -2: too many with its hash."""
    mask = len(table) - 1
    count = (size + 7) >> 3
    at = code & mask
    for _ in range(PROBES_MAX):
        kind = table[U(at)] - 1
        if kind < 0:
            return -1
        if kinds[U(kind), HASH] == code and kinds[U(kind), LENGTH] == size:
            start = kinds[U(kind), START]
            differ = 0
            for i in range(count):
                differ |= kind_words[U(start + i)] ^ words[U(i)]
            if differ == 0:
                return int(kind)
        at = (at + 1) & mask
    return -2


def slot_of(
    table: Numbers, slots: Rows, key_words: Numbers, words: Numbers, size: int, code: int
) -> int:
    """The slot of an id of `size` bytes; -1: none, -2: too many with its hash."""
    mask = len(table) - 1
    count = (size + 7) >> 3
    tag = code >> 31
    at = code & mask
    for _ in range(PROBES_MAX):
        entry = table[U(at)]
        if entry == 0:
            return -1
        if entry >> 32 == tag:
            slot = (entry & 0xFFFFFFFF) - 1
            if slots[U(slot), SIZE] == size:
                differ = 0
                if count <= INLINE:
                    for i in range(count):
                        differ |= slots[U(slot), U(WORD + i)] ^ words[U(i)]
                else:
                    start = slots[U(slot), WORD]
                    for i in range(count):
                        differ |= key_words[U(start + i)] ^ words[U(i)]
                if differ == 0:
                    return int(slot)
        at = (at + 1) & mask
    return -2


def entered(table: Numbers, code: int, slot: int) -> None:
    """Note where a slot is."""
    mask = len(table) - 1
    at = code & mask
    while table[U(at)] != 0:
        at = (at + 1) & mask
    table[U(at)] = ((code >> 31) << 32) | (slot + 1)


def new_slot(
    at: Numbers,
    table: Numbers,
    slots: Rows,
    key_words: Numbers,
    words: Numbers,
    size: int,
    code: int,
) -> int:
    """A slot for an id that has none; there is room."""
    slot = at[SLOTS]
    at[SLOTS] = slot + 1
    count = (size + 7) >> 3
    slots[U(slot), SIZE] = size
    if count <= INLINE:
        for i in range(count):
            slots[U(slot), U(WORD + i)] = words[U(i)]
    else:
        start = at[KEY_WORDS]
        for i in range(count):
            key_words[U(start + i)] = words[U(i)]
        slots[U(slot), WORD] = start
        at[KEY_WORDS] = start + count
    entered(table, code, slot)
    return int(slot)


def moved(at: Numbers, moves: Rows, histories: Rows, history: int, token: int) -> int:
    """The history after a step; a new one if there is none, `GIVEN_UP` if there are too many."""
    if history == GIVEN_UP:
        return GIVEN_UP
    mask = len(moves) - 1
    code = (history << 22) | token
    place = ((code * -7046029254386353131) >> 31) & mask
    while moves[U(place), 1] != 0:
        if moves[U(place), 0] == code:
            return int(moves[U(place), 1])
        place = (place + 1) & mask
    found = at[HISTORIES]
    if found >= at[MOST]:
        return GIVEN_UP
    at[HISTORIES] = found + 1
    histories[U(found), PARENT] = history
    histories[U(found), STEP] = token
    moves[U(place), 0] = code
    moves[U(place), 1] = found
    return int(found)


def put_key(text: Text, start: int, end: int, work: Bytes) -> None:
    """The id into `work`, padded with zeros."""
    size = end - start
    for i in range(size):
        work[U(i)] = text[U(start + i)]
    for i in range(8):
        work[U(size + i)] = 0


def has_room(
    at: Numbers,
    slot_table: Numbers,
    slots: Rows,
    key_words: Numbers,
    moves: Rows,
    histories: Rows,
) -> bool:
    """Is there room in all tables for whatever a line brings?"""
    return bool(
        at[SLOTS] < len(slots)
        and 2 * at[SLOTS] < len(slot_table)
        and at[KEY_WORDS] + LINE_MAX // 8 + 2 < len(key_words)
        and at[HISTORIES] < len(histories)
        and 2 * at[HISTORIES] < len(moves)
    )


def scan(
    text: Text,
    end: int,
    at: Numbers,
    heads: Numbers,
    names: Rows,
    name_text: Bytes,
    work: Bytes,
    words: Numbers,
    key_work: Bytes,
    key: Numbers,
    out: Numbers,
    kind_table: Numbers,
    kinds: Rows,
    kind_words: Numbers,
    node_next: Numbers,
    node_version: Numbers,
    slot_table: Numbers,
    slots: Rows,
    key_words: Numbers,
    moves: Rows,
    histories: Rows,
    seen: Rows,
    watched: Rows,
) -> int:
    """Read lines as far as it goes, up to `end`. Says why it stopped at the line at `at[POS]`."""
    seed = at[SEED]
    while at[POS] < end:
        if not has_room(at, slot_table, slots, key_words, moves, histories):
            return FULL
        after = split(text, at[POS], heads, names, name_text, work, out)
        if after < 0:
            return CARE
        size = out[0]
        code = hashed(words, 0, (size + 7) >> 3, seed)
        kind = kind_of(kind_table, kinds, kind_words, words, size, code)
        if kind < 0:
            return CARE if kind == -1 else CROWDED
        node = kinds[U(kind), NODE]
        number = out[1]
        if node_next[U(node)] != number or node_version[U(node)] != kinds[U(kind), VERSION]:
            return CARE
        line = at[LINE] + 1
        token = kinds[U(kind), TOKEN]
        if token >= 0:
            which = kinds[U(kind), WHICH]
            start, stop = out[3 + 2 * which], out[4 + 2 * which]
            put_key(text, start, stop, key_work)
            size = stop - start
            code = hashed(key, 0, (size + 7) >> 3, seed)
            slot = slot_of(slot_table, slots, key_words, key, size, code)
            if slot == -2:
                return CROWDED
            watch = kinds[U(kind), SEEN_BY]
            if slot >= 0:
                if slots[U(slot), HISTORY] < 0:
                    return CARE
                if watch != 0:
                    for each in range(len(watched)):
                        if (watch >> each) & 1 and seen[U(slot), each] != 0:
                            return CARE
            elif at[OPEN] >= at[ROOM]:
                return CARE
            if watch != 0:
                for each in range(len(watched)):
                    if (watch >> each) & 1 and watched[U(each), 1] >= at[KEYS_MOST]:
                        return CARE
            if slot < 0:
                slot = new_slot(at, slot_table, slots, key_words, key, size, code)
                slots[U(slot), HISTORY] = 0
                slots[U(slot), FIRST] = line
                at[OPEN] += 1
            slots[U(slot), HISTORY] = moved(at, moves, histories, slots[U(slot), HISTORY], token)
            slots[U(slot), LAST] = line
            if watch != 0:
                for each in range(len(watched)):
                    if (watch >> each) & 1:
                        seen[U(slot), each] = at[PART] + line
                        watched[U(each), 0] += 1
                        watched[U(each), 1] += 1
        node_next[U(node)] = number + 1
        at[LINE] = line
        at[POS] = after
    return DONE


def refilled(table: Numbers, slots: Rows, count: int, key_words: Numbers, seed: int) -> None:
    """Enter all slots into an empty table."""
    words = np.empty(INLINE, np.int64)
    for slot in range(count):
        size = (slots[U(slot), SIZE] + 7) >> 3
        if size <= INLINE:
            for i in range(size):
                words[U(i)] = slots[U(slot), U(WORD + i)]
            code = hashed(words, 0, size, seed)
        else:
            code = hashed(key_words, slots[U(slot), WORD], size, seed)
        entered(table, code, slot)


def matched(
    table: Numbers,
    slots: Rows,
    key_words: Numbers,
    others: Rows,
    count: int,
    other_words: Numbers,
    seed: int,
    work: Numbers,
    found: Numbers,
) -> None:
    """For each of the other slots, the slot here of the same id, or -1."""
    for other in range(count):
        size = others[other, SIZE]
        length = (size + 7) >> 3
        start = others[other, WORD]
        for i in range(length):
            work[U(i)] = others[other, WORD + i] if length <= INLINE else other_words[start + i]
        code = hashed(work, 0, length, seed)
        found[other] = slot_of(table, slots, key_words, work, size, code)


def remade(moves: Rows, histories: Rows, count: int) -> None:
    """Enter all histories into an empty table; the first two are the root and `GIVEN_UP`."""
    mask = len(moves) - 1
    for each in range(2, count):
        code = (histories[U(each), PARENT] << 22) | histories[U(each), STEP]
        place = ((code * -7046029254386353131) >> 31) & mask
        while moves[U(place), 1] != 0:
            place = (place + 1) & mask
        moves[U(place), 0] = code
        moves[U(place), 1] = each


def kept(histories: Rows, count: int, numbers: Numbers) -> int:
    """Drop the histories that are on no way to one with a number other than 0; the others get new
    numbers. Says how many are left. A parent stands before those that follow it."""
    numbers[0] = numbers[1] = 1
    for each in range(count - 1, 1, -1):
        if numbers[each] != 0:
            numbers[histories[U(each), PARENT]] = 1
    left = 0
    for each in range(count):
        if numbers[each] != 0:
            numbers[each] = left
            histories[left, PARENT] = numbers[histories[U(each), PARENT]]
            histories[left, STEP] = histories[U(each), STEP]
            left += 1
        else:
            numbers[each] = -1
    return left
