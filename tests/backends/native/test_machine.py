"""Python over machine integers: machine code gives what Python gives, or the text is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checker.backends.native.compile import kernel
from checker.errors import InternalError

HEAD = "import numpy as np\nU = np.uint64\n"
EDGES = [0, 1, -1, 2, -2, 7, -7, 63, 64, 1 << 31, -(1 << 31), (1 << 63) - 1, -(1 << 63)]


def both(text: str, *names: str) -> list[tuple[Callable[..., Any], Callable[..., Any]]]:
    """Of each function, the machine code and what Python makes of the same text."""
    text = f"from __future__ import annotations\n{HEAD}{text}"
    python: dict[str, Any] = {}
    exec(compile(text, "<kernel>", "exec"), python)
    native = kernel(text, names, keep=False)
    return [(native[name], python[name]) for name in names]


def wrapped(value: Any) -> Any:
    """An int of Python as a word of 64 bits holds it."""
    if isinstance(value, tuple):
        return tuple(map(wrapped, value))
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return value if value is None else (int(value) + (1 << 63)) % (1 << 64) - (1 << 63)


def agree(text: str, *given: tuple[int, ...]) -> None:
    ((native, python),) = both(text, "f")
    for arguments in given:
        assert native(*arguments) == wrapped(python(*arguments)), arguments


def pairs(seed: int = 0) -> list[tuple[int, int]]:
    draw = random.Random(seed)
    drawn = [(draw.randrange(-(1 << 62), 1 << 62), draw.randrange(-9, 10)) for _ in range(50)]
    return [(a, b) for a in EDGES for b in EDGES] + drawn


@pytest.mark.parametrize(
    "expression",
    [
        "a + b", "a - b", "a * b", "a & b", "a | b", "a ^ b", "~a", "-a",
        "a << (b & 63)", "a >> (b & 63)", "min(a, b, 3)", "max(a, b)",
        "a == b", "a != b", "a < b", "a <= b", "a > b", "a >= b", "-3 <= a < b",
        "not a", "a > 0 and b > 0", "a > 0 or b > 0", "(a > 0) + (b > 0)", "(a > 0) & (b > 0)",
        "a if b else 3", "a if a > b else (b > 0)", "(a > 0) if b > 0 else (b < 0)",
        "bool(a)", "int(a > b)", "(1, 0, 2)[a & 1]", "(a, b)", "(a, b) == (b, a)",
    ],
)  # fmt: skip
def test_an_expression_gives_what_it_gives_in_python(expression: str) -> None:
    agree(f"def f(a: int, b: int):\n    return {expression}\n", *pairs())


@pytest.mark.parametrize("divisor", ["b", "1", "3", "8", "(b | 1)"])
@pytest.mark.parametrize("operator", ["//", "%"])
def test_division_rounds_down(operator: str, divisor: str) -> None:
    given = [(a, b) for a, b in pairs(1) if b or divisor != "b"]
    agree(f"def f(a: int, b: int):\n    return a {operator} {divisor}\n", *given)


@pytest.mark.parametrize("operator", ["//", "%"])
def test_a_division_by_zero_gives_zero(operator: str) -> None:
    text = f"def f(a: int, b: int):\n    return a {operator} b\n"
    native = kernel(text, ["f"], keep=False)["f"]
    assert [native(a, 0) for a in EDGES] == [0] * len(EDGES)


def test_what_is_not_asked_for_is_not_computed() -> None:
    """A place behind the end of an array is not read, nor a shift by 64 used."""
    text = """
def f(array: Numbers, at: int):
    if at < len(array) and array[at] > 0:
        return 1
    big = 0 if at >= 64 else 1 << at
    held = array[at] if at < len(array) else big
    return held

"""
    ((native, python),) = both(text, "f")
    array = np.arange(-3, 5, dtype=np.int64)
    for at in [*range(8), 20, 64, 1 << 40]:
        assert native(array, at) == wrapped(python(array, at)), at


def test_unsigned_numbers_lose_their_highest_bits_and_shift_without_a_sign() -> None:
    text = """
def f(a: int, b: int):
    h = np.uint64(a)
    for _ in range(3):
        h ^= h >> np.uint64(33)
        h *= U(0xFF51AFD7ED558CCD)
    return np.int64(h >> np.uint64(2)), int(h > np.uint64(b))
"""
    with np.errstate(over="ignore"):
        ((native, python),) = both(text, "f")
        for a, b in [(a, b) for a, b in pairs(2) if a >= 0 and b >= 0]:
            assert native(a, b) == wrapped(python(a, b))


def test_loops_end_as_in_python() -> None:
    agree(
        """
def f(a: int, b: int):
    total = 0
    i = -1
    for i in range(a & 15):
        if i == b:
            continue
        for j in range(i, 0, -2):
            total = total * 3 + j
            if total > 1000:
                break
        total += 1
    while True:
        total -= 7
        if total < b:
            break
        if total & 1:
            return total, i
    while total < 5 and i > 0:
        total += 1
        i -= 1
    return total, i
""",
        *[(a, b) for a in range(16) for b in (-5, 0, 3, 9)],
    )


def test_functions_give_numbers_tuples_and_nothing() -> None:
    text = """
TABLE = (5, 3, 1)
FIRST, SECOND = 1, 1 << 3

def swap(array: Numbers, a: int, b: int):
    array[a], array[b] = array[b], array[a]

def more(pair: Chunks[2], chunk: int, is_first: bool):
    return (chunk if is_first else pair[0], pair[1] if is_first else chunk)

def below(a: int):
    if a < SECOND:
        return a < FIRST
    return 7

def f(array: Numbers, a: int):
    swap(array, 0, 1)
    pair = more((a, 2), 9, a > 3)
    other = pair
    pair = more(pair, len(array), False)
    x, y = pair
    z = w = below(a)
    total = 0
    for k in range(len(TABLE)):
        total += TABLE[k] * array[k]
    return x, y, z + w, total, other[a & 1]
"""
    ((native, python),) = both(text, "f")
    for a in range(-2, 12):
        one, two = np.arange(4, dtype=np.int64), np.arange(4, dtype=np.int64)
        assert native(one, a) == wrapped(python(two, a))
        assert one.tolist() == two.tolist()


def test_arrays_of_all_kinds_are_read_and_written() -> None:
    text = """
def f(rows: Rows, blocks: Blocks, tags: Tags, flags: Bytes, pairs: ByteRows, tag_rows: TagRows):
    wide = np.empty((rows.shape[0], 2), dtype=np.int64)
    small = np.empty(3, np.int64)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            wide[i, j] = rows[i, j] - tags[i]
            blocks[1, i, j] += wide[i, j]
            small[j] = flags[i]
        tags[i] = wide[i, 0] * 3
        flags[i] += 250
        pairs[i, 1] = rows[i, 0] > 0
        tag_rows[i, 0] -= i
        if i == 2:
            return small[0]
    return 0
"""
    ((native, python),) = both(text, "f")

    def given() -> list[Any]:
        draw = np.random.default_rng(5)
        return [
            draw.integers(-99, 99, (3, 2), dtype=np.int64),
            draw.integers(-99, 99, (2, 3, 2), dtype=np.int64),
            draw.integers(-99, 99, 3, dtype=np.int32),
            draw.integers(0, 250, 3, dtype=np.uint8),
            draw.integers(0, 250, (3, 2), dtype=np.uint8),
            draw.integers(-99, 99, (3, 2), dtype=np.int32),
        ]

    one, two = given(), given()
    with np.errstate(over="ignore"):
        assert native(*one) == python(*two)
    for a, b in zip(one, two, strict=True):
        assert a.tolist() == b.tolist()


# ── Random functions ─────────────────────────────────────────────────────────────────────────────


class Drawing:
    """A function of ints and bools, with loops and branches, that always ends."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.names = ["a", "b"]
        self.lines = ["def f(a: int, b: int):"]

    def number(self, depth: int) -> str:
        draw = self.draw
        if depth == 0 or draw.random() < 0.2:
            return draw.choice([*self.names, str(draw.choice(EDGES[:9])), str(draw.randrange(99))])
        x, y = self.number(depth - 1), self.number(depth - 1)
        return draw.choice([
            f"({x} + {y})", f"({x} - {y})", f"({x} * {y})", f"({x} & {y})", f"({x} | {y})",
            f"({x} ^ {y})", f"(~{x})", f"({x} // ({y} | 1))", f"({x} % 7)", f"({x} >> ({y} & 31))",
            f"(({x} & 1023) << ({y} & 15))", f"({x} if {self.test(depth - 1)} else {y})",
            f"min({x}, {y})", f"int({self.test(depth - 1)})", f"(4, 2, 9)[{x} % 3]",
        ])  # fmt: skip

    def test(self, depth: int) -> str:
        draw = self.draw
        x, y = self.number(max(0, depth - 1)), self.number(max(0, depth - 1))
        if depth <= 0 or draw.random() < 0.4:
            return f"({x} {draw.choice(['<', '<=', '==', '!=', '>', '>='])} {y})"
        p, q = self.test(depth - 1), self.test(depth - 1)
        return draw.choice([f"({p} and {q})", f"({p} or {q})", f"(not {p})", f"({x} <= {y} < 9)"])

    def block(self, depth: int, indent: str) -> None:
        for _ in range(self.draw.randrange(1, 4)):
            kind = self.draw.randrange(6) if depth else self.draw.randrange(2)
            if kind == 0 or kind == 1:
                # A word, in Python too: the text is the same for both.
                value = f"(({self.number(3)} + 2 ** 31) & 4294967295) - 2 ** 31"
                name = self.draw.choice([*self.names, f"n{len(self.names)}"])
                known = name in self.names
                self.lines.append(f"{indent}{name} = {value}".replace("2 ** 31", "2147483648"))
                if not known and indent == "    ":
                    self.names.append(name)
            elif kind == 2:
                self.lines.append(f"{indent}if {self.test(2)}:")
                self.block(depth - 1, indent + "    ")
                self.lines.append(f"{indent}else:")
                self.block(depth - 1, indent + "    ")
            elif kind == 3:
                self.lines.append(f"{indent}for i{depth} in range({self.number(1)} & 7):")
                self.block(depth - 1, indent + "    ")
                self.lines.append(f"{indent}    if {self.test(1)}:")
                self.lines.append(f"{indent}        {self.draw.choice(['break', 'continue'])}")
            elif kind == 4:
                self.lines.append(f"{indent}if {self.test(1)}:")
                self.lines.append(f"{indent}    return {self.number(2)} & 4294967295")
            else:
                self.lines.append(f"{indent}a += {self.number(1)} & 255")

    def text(self) -> str:
        self.block(3, "    ")
        self.lines.append(f"    return {' ^ '.join(self.names)}")
        return "\n".join(self.lines) + "\n"


@pytest.mark.parametrize("first", range(0, 150, 50))
def test_random_functions_give_what_they_give_in_python(first: int) -> None:
    for seed in range(first, first + 50):
        text = Drawing(seed).text()
        ((native, python),) = both(text, "f")
        draw = random.Random(seed)
        for _ in range(20):
            a, b = draw.choice(EDGES[:11]), draw.randrange(-(1 << 31), 1 << 31)
            assert native(a, b) == wrapped(python(a, b)), f"{a}, {b}\n{text}"


# ── What is refused ──────────────────────────────────────────────────────────────────────────────

REFUSED = {
    "a float": "def f(a: int):\n    return a / 2\n",
    "another type": "def f(a: int):\n    b = a > 0\n    b = a\n    return b\n",
    "a text": "def f(a: int):\n    b = 'no'\n    return a\n",
    "a list": "def f(a: int):\n    return [a]\n",
    "an unknown name": "def f(a: int):\n    return b\n",
    "an unknown function": "def f(a: int):\n    return abs(a)\n",
    "a later function": "def f(a: int):\n    return g(a)\n\ndef g(a: int):\n    return a\n",
    "the value of `and`": "def f(a: int):\n    b = a and 3\n    return b\n",
    "signed and unsigned": "import numpy as np\ndef f(a: int):\n    return a + np.uint64(3)\n",
    "an else of a loop": "def f(a: int):\n    for i in range(a):\n"
    "        pass\n    else:\n        a = 1\n    return a\n",
    "a loop over a list": "def f(a: int):\n    for i in (1, 2):\n        a += i\n    return a\n",
    "a step that is not known": "def f(a: int):\n    for i in range(0, 9, a):\n"
    "        a += i\n    return a\n",
    "tuples of two sizes": "def f(a: int):\n    b = (1, 2)\n    b = (1, 2, 3)\n    return a\n",
    "an unnamed type": "def f(a):\n    return a\n",
    "an unknown type": "def f(a: float):\n    return a\n",
    "a number of 65 bits": f"def f(a: int):\n    return a + {1 << 64}\n",
    "an end without a result": "def f(a: int):\n    if a:\n        return a\n",
    "too few arguments": "def g(a: int, b: int):\n    return a\n"
    "\ndef f(a: int):\n    return g(a)\n",
    "too many indices": "def f(a: Numbers):\n    return a[0, 1]\n",
    "memory in a loop": "import numpy as np\ndef f(a: int):\n"
    "    for i in range(a):\n        b = np.empty(a, np.int64)\n    return a\n",
    "an exception": "def f(a: int):\n    raise ValueError\n",
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_python_over_machine_integers_is_refused(what: str) -> None:
    with pytest.raises(InternalError):
        kernel(REFUSED[what], ["f"], keep=False)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(4, np.int32),
        np.zeros((2, 2), np.int64),
        np.zeros(8, np.int64)[::2],
        np.zeros(33, np.uint8)[1:].view(np.int64),
        np.zeros(4, np.float64),
    ],
)
def test_an_array_that_is_not_as_the_parameter_says_is_refused(array: Any) -> None:
    native = kernel("def f(a: Numbers):\n    return a[0]\n", ["f"], keep=False)["f"]
    assert native(np.full(4, 7, np.int64)) == 7
    with pytest.raises(InternalError, match="given"):
        native(array)
