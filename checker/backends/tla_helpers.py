"""The operators that TLA+'s standard modules lack, each defined in a module that uses it.

Owns their text. All are total where the printer uses them. What folds over a set takes its elements
in an order that nobody may depend on; the language makes sure that no loop does.
"""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["helper_lines"]

# name: (comment, text, other helpers that it needs)
_HELPERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "EmptyMap": ("A function with no keys.", "EmptyMap == [x \\in {} |-> x]", ()),
    "Range": ("The elements of a sequence.", "Range(s) == {s[i] : i \\in DOMAIN s}", ()),
    "Occurrences": (
        "",
        "Occurrences(x, s) == Cardinality({i \\in DOMAIN s : s[i] = x})",
        (),
    ),
    "SeqToBag": (
        "",
        "SeqToBag(s) == [x \\in Range(s) |-> Occurrences(x, s)]",
        ("Range", "Occurrences"),
    ),
    "Sum": (
        "The sum of f(x) for all x in S.",
        """Sum(f(_), S) ==
    LET sum[T \\in SUBSET S] ==
            IF T = {} THEN 0
            ELSE LET x == CHOOSE x \\in T : TRUE IN f(x) + sum[T \\ {x}]
    IN  sum[S]""",
        (),
    ),
    "Min": ("", "Min(S) == CHOOSE x \\in S : \\A y \\in S : x <= y", ()),
    "Max": ("", "Max(S) == CHOOSE x \\in S : \\A y \\in S : x >= y", ()),
    "ImageBag": (
        "Every copy of x in the bag b becomes a copy of f(x).",
        """ImageBag(f(_), b) ==
    [y \\in {f(x) : x \\in DOMAIN b} |-> Sum(LAMBDA x : b[x], {x \\in DOMAIN b : f(x) = y})]""",
        ("Sum",),
    ),
    "Upto": (
        "<<lo, lo + 1, ..., hi - 1>>, which is empty if hi is not above lo.",
        """Upto(lo, hi) ==
    IF hi <= lo THEN <<>> ELSE [i \\in 1..(hi - lo) |-> lo + i - 1]""",
        (),
    ),
    "MapSeq": ("", "MapSeq(f(_), s) == [i \\in DOMAIN s |-> f(s[i])]", ()),
    "Place": (
        "Where element i of the list s is: lists count from 0, and from the end below that.",
        "Place(s, i) == IF i < 0 THEN Len(s) + i + 1 ELSE i + 1",
        (),
    ),
    "RemoveAt": ("", "RemoveAt(s, i) == SubSeq(s, 1, i - 1) \\o SubSeq(s, i + 1, Len(s))", ()),
    "RemoveFirst": (
        "The sequence without its first x, if it has one.",
        """RemoveFirst(s, x) ==
    IF x \\in Range(s)
    THEN LET i == CHOOSE i \\in DOMAIN s : s[i] = x /\\ \\A j \\in 1..(i - 1) : s[j] # x
         IN  RemoveAt(s, i)
    ELSE s""",
        ("Range", "RemoveAt"),
    ),
    "Without": (
        "The function without the key k.",
        "Without(f, k) == [x \\in DOMAIN f \\ {k} |-> f[x]]",
        (),
    ),
    "FoldSet": (
        "op(... op(op(base, x1), x2) ..., xn) over the elements of S in some order.",
        """FoldSet(op(_, _), base, S) ==
    LET fold[T \\in SUBSET S] ==
            IF T = {} THEN base
            ELSE LET x == CHOOSE x \\in T : TRUE IN op(fold[T \\ {x}], x)
    IN  fold[S]""",
        (),
    ),
    "FoldSeq": (
        "op(... op(op(base, s[1]), s[2]) ..., s[n]).",
        """FoldSeq(op(_, _), base, s) ==
    LET fold[i \\in 0..Len(s)] == IF i = 0 THEN base ELSE op(fold[i - 1], s[i])
    IN  fold[Len(s)]""",
        (),
    ),
    "FoldBag": (
        "FoldSet over all copies.",
        """FoldBag(op(_, _), base, b) ==
    LET copies == UNION {{<<x, i>> : i \\in 1..b[x]} : x \\in DOMAIN b}
    IN  FoldSet(LAMBDA x, y : op(x, y[1]), base, copies)""",
        ("FoldSet",),
    ),
}

_LOCALS: tuple[str, ...] = ("x", "y", "i", "j", "s", "b", "f", "k", "S", "T", "op", "lo", "hi")
_LOCALS += ("base", "sum", "fold", "copies")


def helper_lines(names: Collection[str], taken: Collection[str]) -> list[str]:
    """The definitions of these and of what they need, in an order in which TLA+ knows them."""
    needed: list[str] = []

    def need(name: str) -> None:
        for other in _HELPERS[name][2]:
            need(other)
        if name not in needed:
            needed.append(name)

    for name in _HELPERS:
        if name in names:
            need(name)
    lines: list[str] = []
    for name in needed:
        about, text, _ = _HELPERS[name]
        lines += ["", *([f"\\* {about}"] if about else []), *_renamed(text, taken).splitlines()]
    return lines


def _renamed(text: str, taken: Collection[str]) -> str:
    """TLA+ has no shadowing, so a bound name must not be one of the module's."""
    for name in _LOCALS:
        if name in taken:
            other = name
            while other in taken or re.search(rf"\b{other}\b", text):
                other += "_"
            text = re.sub(rf"\b{name}\b", other, text)
    return text
