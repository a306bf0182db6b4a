"""What a generated function says twice is left out: less text, and so less time to compile.

Owns a pass over finished lines. Rules are written item by item, each with its own conditions and
checks, so a long rule asks the same thing many times. Three things are done, none of which changes
what a call gives: neighbouring blocks under one condition become one; a name for a text that has a
name is that name; a check whose condition was checked on the way there is left out. Texts are pure,
and only those are compared whose names have their last value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["tidied"]

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_LET = re.compile(r"(\w+) = (.+)")
_ASSIGNED = re.compile(r"(\w+) (?:[-+*/%|&^]|//|<<|>>)?= |for (\w+) in ")
_CONSTANT = re.compile(r"\w+ = (?:\d+|True|False)")
_IF = re.compile(r"if (.+):")
_UNLESS = re.compile(r"if not (.+):")
_IS_ZERO = re.compile(r"\((\w+) == 0\)")
_IMPURE = re.compile(r"\bfail\(|\bstep_\w+\(|\[")  # not a text of names alone


@dataclass
class _Node:
    """A line, and those under it."""

    text: str
    under: list[_Node] = field(default_factory=list)


def tidied(lines: Sequence[str]) -> list[str]:
    """The lines of a function, fewer of them."""
    top = _tree(lines)
    if len(top) != 1 or not top[0].text.startswith("def "):
        return list(lines)
    _merge(top[0].under)
    return list(_lines(top, 0)) if _Tidying(top[0]).run() else list(lines)


def _tree(lines: Sequence[str]) -> list[_Node]:
    top: list[_Node] = []
    open_: list[tuple[int, list[_Node]]] = [(-1, top)]
    for line in lines:
        text = line.lstrip(" ")
        depth = (len(line) - len(text)) // 4
        while open_[-1][0] >= depth:
            open_.pop()
        node = _Node(text)
        open_[-1][1].append(node)
        open_.append((depth, node.under))
    return top


def _lines(nodes: Sequence[_Node], depth: int) -> Iterator[str]:
    for node in nodes:
        yield "    " * depth + node.text
        yield from _lines(node.under, depth + 1)


def _names(text: str) -> set[str]:
    return set(_NAME.findall(text))


# ── Blocks under one condition ───────────────────────────────────────────────────────────────────


def _merge(nodes: list[_Node]) -> None:
    """Join `if` blocks with nothing between them but constants given to names that are new."""
    found: list[_Node] = []
    last: _Node | None = None  # the block that may be joined
    last_at = 0
    for number, node in enumerate(nodes):
        then = nodes[number + 1].text if number + 1 < len(nodes) else ""
        has_else = then.startswith(("else:", "elif "))
        if last is not None and node.text == last.text and not has_else and _same_after(last):
            last.under += node.under
            continue
        if last is not None and _CONSTANT.fullmatch(node.text):
            name = node.text.split(" ")[0]
            if not any(name in _names(line) for line in _lines([last], 0)):
                found.insert(last_at, node)
                last_at += 1
                continue
        found.append(node)
        joins = _IF.fullmatch(node.text) and not has_else and not _ends(node)
        last, last_at = (node, len(found) - 1) if joins else (None, 0)
    nodes[:] = found
    for node in nodes:
        _merge(node.under)


def _same_after(block: _Node) -> bool:
    """Is the block's condition what it was, after the block?"""
    changed = {_assigned(line) for line in _lines(block.under, 0)}
    return not _names(block.text) & changed and not _IMPURE.search(block.text)


def _ends(block: _Node) -> bool:
    """Does the block leave the function or a loop at its end?"""
    return bool(block.under) and block.under[-1].text.startswith(("return", "break", "continue"))


# ── Names and checks ─────────────────────────────────────────────────────────────────────────────


class _Tidying:
    """One walk through a function, in the order of its text. What is known in a block holds until
    the block ends.
    """

    def __init__(self, function: _Node) -> None:
        self.function = function
        self.all = Counter(filter(None, map(_assigned, _lines(function.under, 0))))
        self.left = Counter(self.all)  # those that are still to come
        self.same: dict[str, str] = {}  # a name that is left out, and the one that it repeats

    def run(self) -> bool:
        """Gives False, if a name that was left out is used where the other is not known."""
        self._block(self.function.under, {}, frozenset())
        return not any(_names(line) & self.same.keys() for line in _lines([self.function], 0))

    def _block(self, nodes: list[_Node], named: dict[str, str], true: frozenset[str]) -> None:
        """`named`: names by their texts; `true`: conditions. Both as they are at the beginning."""
        named = dict(named)
        kept: list[_Node] = []
        waiting = list(reversed(nodes))
        while waiting:
            node = waiting.pop()
            node.text = self._renamed(node.text)
            if name := _assigned(node.text):
                self.left[name] -= 1
            if let := _LET.fullmatch(node.text):
                if not self._is_final(let[2]) or self.left[let[1]]:
                    kept.append(node)
                elif let[2] in named and self.all[let[1]] == 1:
                    self.same[let[1]] = named[let[2]]
                else:
                    named.setdefault(let[2], let[1])
                    true |= {let[1]} if let[2] == "True" else set()
                    kept.append(node)
                continue
            unless = _UNLESS.fullmatch(node.text)
            asked = unless or _IF.fullmatch(node.text)
            condition = asked[1] if asked and _is_one(asked[1]) else ""
            final = bool(condition) and self._is_final(condition)
            is_whole = not (waiting and waiting[-1].text.startswith(("else:", "elif ")))
            if condition in true and is_whole:
                if not unless:
                    waiting += reversed(node.under)
                continue
            if unless:
                inside = true | self._known_unless(condition, kept)
            else:
                inside = true | {condition} if final else true
            had = bool(node.under)
            self._block(node.under, named, inside)
            if had and not node.under:
                if asked and is_whole:
                    continue
                node.under.append(_Node("pass"))
            kept.append(node)
            if final and unless and is_whole and _returns(node):
                true |= {condition}
        nodes[:] = kept

    def _known_unless(self, name: str, before: Sequence[_Node]) -> set[str]:
        """What is true where a name is false that was given `(x == 0)` just before."""
        let = _LET.fullmatch(before[-1].text) if before else None
        zero = _IS_ZERO.fullmatch(let[2]) if let is not None and let[1] == name else None
        return {f"({zero[1]} != 0)"} if zero is not None and self._is_final(zero[1]) else set()

    def _is_final(self, text: str) -> bool:
        """Does the text mean the same from here to the end of the block?"""
        return not _IMPURE.search(text) and not any(self.left[name] for name in _names(text))

    def _renamed(self, text: str) -> str:
        return _NAME.sub(lambda found: self.same.get(found[0], found[0]), text)


def _returns(node: _Node) -> bool:
    return bool(node.under) and node.under[-1].text.startswith("return")


def _is_one(text: str) -> bool:
    """Is the condition a name, or all of it between one pair of parentheses?"""
    if text.isidentifier():
        return True
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return text[0] == "(" and at == len(text) - 1
    return False


def _assigned(line: str) -> str | None:
    """The name that a line gives a value to."""
    found = _ASSIGNED.match(line.lstrip(" "))
    return (found[1] or found[2]) if found else None
