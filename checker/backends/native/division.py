"""Which functions of a generated module another process compiles.

Owns the division and nothing of compiling. A root is a function that only `expand` calls, or an
entry that calls nothing of `expand`'s; what only one root calls goes with it, and what several call
is small and compiled on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["apart", "calls_of"]

_LAST = "expand"  # which calls the rules, and so is compiled when all of them are
_WORTH_CHARS = 16_000  # of text; another process takes a second before it begins


def calls_of(text: str, functions: Sequence[str]) -> dict[str, frozenset[str]]:
    """What each function calls, directly or not. `functions` have called ones first."""
    pieces = re.split(r"^def (\w+)(?=\()", text, flags=re.MULTILINE)
    bodies = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    found: dict[str, frozenset[str]] = {}
    for name in functions:
        direct = found.keys() & set(re.findall(r"\b(\w+)\(", bodies[name]))
        found[name] = frozenset(direct).union(*(found[other] for other in direct))
    return found


def apart(text: str, calls: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The functions for the other process, with about half of the text; none, if it is short."""
    if len(text) < _WORTH_CHARS or _LAST not in calls:
        return frozenset()
    groups = _groups(calls)
    sizes = {root: sum(_chars(text, name) for name in group) for root, group in groups.items()}
    here = there = 0
    given: set[str] = set()
    for root in sorted(groups, key=lambda root: (-sizes[root], root)):
        if there <= here:
            there += sizes[root]
            given |= groups[root]
        else:
            here += sizes[root]
    return frozenset(given)


def _groups(calls: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
    """Each root with what nobody else calls."""
    inner = [name for name in calls if name != _LAST]
    roots = [name for name in inner if not any(name in calls[other] for other in inner)]
    users = {name: [root for root in roots if name in calls[root]] for name in inner}
    return {root: {root, *(n for n in inner if users[n] == [root])} for root in roots}


def _chars(text: str, name: str) -> int:
    start = text.index(f"\ndef {name}(") + 1
    end = text.find("\ndef ", start)
    return (end if end >= 0 else len(text)) - start
