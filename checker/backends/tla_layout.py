"""Text of TLA+ in at most 100 columns: parentheses, and where a long expression is broken.

Owns the shapes. A `Code` is one expression: its text on one line, how tightly it binds, and how it
is laid out over several lines when one is too narrow. Conjunctions and disjunctions become lists of
bullets, whose columns carry meaning in TLA+.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

__all__ = [
    "ATOM",
    "COMPARED",
    "JOINED",
    "OPEN",
    "WIDTH",
    "Code",
    "atom",
    "binary",
    "call",
    "comment",
    "conjunction",
    "definition",
    "disjunction",
    "equation",
    "implication",
    "inside",
    "ite",
    "let",
    "lines_of",
    "negation",
    "opening",
    "prefixed",
    "ranging",
]

WIDTH = 100
_LEAST = 40  # a deeper expression gets longer lines rather than one word on each

# How tightly the text binds; an operand has to bind more tightly than the operator around it.
ATOM, JOINED, COMPARED, NEGATED, LISTED, IMPLIED, OPEN = 9, 5, 4, 3, 2, 1, 0


@dataclass(frozen=True)
class Code:
    """`parts` are the items of a conjunction or disjunction, and `bullet` is its sign."""

    flat: str
    strength: int = ATOM
    broken: Callable[[int], list[str]] | None = None
    bullet: str = ""
    parts: tuple[Code, ...] = ()
    names: tuple[tuple[str, Code], ...] = ()  # of a LET, whose body is the one part

    def at(self, strength: int) -> Code:
        """The same text, binding so tightly."""
        return replace(self, strength=strength)


def lines_of(code: Code, width: int) -> list[str]:
    """The expression in so many columns, if it can be broken that far."""
    width = max(width, _LEAST)
    if len(code.flat) <= width or code.broken is None:
        return [code.flat]
    return code.broken(width)


def atom(text: str) -> Code:
    return Code(text)


def _indented(lines: Sequence[str], head: str) -> list[str]:
    return [head + lines[0], *(" " * len(head) + line for line in lines[1:])]


def inside(code: Code, strength: int = ATOM) -> Code:
    """The expression as an operand: in parentheses, unless it binds more tightly than that."""
    if code.strength > strength or code.strength == ATOM:
        return code

    def broken(width: int) -> list[str]:
        lines = _indented(lines_of(code, width - 2), "(")
        return [*lines[:-1], lines[-1] + ")"]

    return Code(f"({code.flat})", ATOM, broken)


def binary(left: Code, operator: str, right: Code, strength: int, *, chain: bool = False) -> Code:
    """`left operator right`; with `chain` the left side may be another of the same operator."""
    a = left if chain else inside(left, strength)
    b = inside(right, strength)

    def broken(width: int) -> list[str]:
        head = f"{a.flat} {operator} "
        if len(head) <= width // 2:
            return _indented(lines_of(b, width - len(head)), head)
        first = lines_of(a, width)
        return [*first, *_indented(lines_of(b, width - 3 - len(operator)), f"  {operator} ")]

    return Code(f"{a.flat} {operator} {b.flat}", strength, broken)


def call(head: str, arguments: Sequence[Code], tail: str = ")") -> Code:
    """`head` ends with its bracket: `Append(`, `{`, `<<`."""

    def broken(width: int) -> list[str]:
        lines: list[str] = []
        for place, argument in enumerate(arguments):
            comma = "," if place < len(arguments) - 1 else tail
            block = lines_of(argument, width - len(head) - len(comma))
            block = [*block[:-1], block[-1] + comma]
            before = head if place == 0 else " " * len(head)
            # Short arguments share a line.
            room = lines and len(block) == 1 and len(lines[-1]) + 1 + len(block[0]) <= width
            if room and len(arguments) > 3:
                lines[-1] += " " + block[0]
            else:
                lines += [before + block[0], *(" " * len(head) + line for line in block[1:])]
        return lines

    flat = head + ", ".join(a.flat for a in arguments) + tail
    return Code(flat, ATOM, broken if arguments else None)


def negation(code: Code) -> Code:
    body = inside(code, JOINED)

    def broken(width: int) -> list[str]:
        return _indented(lines_of(body, width - 1), "~")

    return Code("~" + body.flat, NEGATED, broken)


# ── Lists of bullets ─────────────────────────────────────────────────────────────────────────────


def conjunction(parts: Sequence[Code]) -> Code:
    return _listed("/\\", parts, "TRUE")


def disjunction(parts: Sequence[Code]) -> Code:
    return _listed("\\/", parts, "FALSE")


def _listed(bullet: str, parts: Sequence[Code], neutral: str) -> Code:
    kept: list[Code] = []
    for part in parts:
        kept += part.parts if part.bullet == bullet else [part]
    if len(kept) <= 1:
        return kept[0] if kept else atom(neutral)

    def broken(width: int) -> list[str]:
        lines: list[str] = []
        for part in kept:
            lines += _indented(lines_of(part, width - 3), f"{bullet} ")
        return lines

    flat = f" {bullet} ".join(inside(p, LISTED).flat for p in kept)
    return Code(flat, LISTED, broken, bullet, tuple(kept))


def implication(test: Code, then: Code) -> Code:
    left = inside(test, IMPLIED)
    right = then if _opens(then) else inside(then, IMPLIED)

    def broken(width: int) -> list[str]:
        lines = lines_of(left, width - 3)
        if len(lines) == 1 and len(lines[0]) < 40:
            head = lines[0] + " => "
            return _indented(lines_of(right, width - len(head)), head)
        return [*(f"   {x}" for x in lines), *_indented(lines_of(right, width - 3), "=> ")]

    strength = OPEN if right.strength == OPEN else IMPLIED
    return Code(f"{left.flat} => {right.flat}", strength, broken)


def opening(head: str | Code, body: Code, *, indent: int = 4) -> Code:
    """`head` and then everything up to the end: `\\A x \\in S :`, `LET x == e IN`."""
    first = Code(head) if isinstance(head, str) else head

    def broken(width: int) -> list[str]:
        below = (" " * indent + line for line in lines_of(body, width - indent))
        return [*lines_of(first, width), *below]

    return Code(f"{first.flat} {body.flat}", OPEN, broken)


def ranging(head: str, domain: Code) -> Code:
    """`\\E x \\in domain :`, the head of an `opening`."""
    values = inside(domain, COMPARED)

    def broken(width: int) -> list[str]:
        lines = _indented(lines_of(values, width - len(head) - 2), head)
        return [*lines[:-1], lines[-1] + " :"]

    return Code(f"{head}{values.flat} :", OPEN, broken)


# ── Definitions and comments ─────────────────────────────────────────────────────────────────────


def definition(head: str, body: Code, *, force: bool = False) -> list[str]:
    """`head == body`, on one line if it fits and nothing forces a list."""
    one = f"{head} == {body.flat}"
    if len(one) <= WIDTH and not force:
        return [one]
    if force and body.broken is not None:
        lines = body.broken(WIDTH - 4)
    else:
        lines = lines_of(body, WIDTH - 4)
    return [f"{head} ==", *(f"    {line}" for line in lines)]


def equation(left: str, value: Code) -> Code:
    """`left = value`, where a value that is open at its end stays without parentheses."""
    if not _opens(value):
        return binary(atom(left), "=", value, COMPARED)
    head = f"{left} = "
    lay = partial(_laid_out, head, value)
    return Code(head + value.flat, OPEN, lay)


def _opens(code: Code) -> bool:
    """Does it begin with a word that binds all behind it, so that nothing in front can tear it?"""
    words = ("IF ", "LET ", "CHOOSE ", "\\A ", "\\E ")
    return code.strength == OPEN and code.flat.startswith(words)


def _laid_out(head: str, code: Code, width: int) -> list[str]:
    return _indented(lines_of(code, width - len(head)), head)


def prefixed(head: str, code: Code) -> Code:
    """The code behind a text, for the parts of a bracket."""
    return Code(head + code.flat, OPEN, partial(_laid_out, head, code))


def let(name: str, value: Code, body: Code) -> Code:
    """`LET name == value IN body`; one LET for several names."""
    names = ((name, value), *body.names)
    last = body.parts[0] if body.names else body

    def broken(width: int) -> list[str]:
        lines: list[str] = []
        for place, (each, given) in enumerate(names):
            head = f"LET {each} == " if place == 0 else f"    {each} == "
            lines += _indented(lines_of(given, width - len(head)), head)
        return [*lines, *_indented(lines_of(last, width - 4), "IN  ")]

    given = " ".join(f"{each} == {code.flat}" for each, code in names)
    return Code(f"LET {given} IN {last.flat}", OPEN, broken, "", (last,), names)


def ite(test: Code, then: Code, orelse: Code) -> Code:
    """IF, THEN and ELSE; one that stands behind another's ELSE stays in its columns."""
    flat = f"IF {test.flat} THEN {then.flat} ELSE {orelse.flat}"
    return Code(flat, OPEN, partial(_chained, (test, then, orelse)), "IF", (test, then, orelse))


def _chained(parts: tuple[Code, ...], width: int) -> list[str]:
    head, lines = "IF ", list[str]()
    while True:
        test, then, orelse = parts
        lines += _indented(lines_of(test, width - len(head)), head)
        lines += _indented(lines_of(then, width - 5), "THEN ")
        if orelse.bullet != "IF":
            return [*lines, *_indented(lines_of(orelse, width - 5), "ELSE ")]
        head, parts = "ELSE IF ", orelse.parts


def comment(text: str, *, indent: int = 0) -> list[str]:
    """The text as comment lines. Where one is too long, its paragraph is filled anew."""
    width = WIDTH - indent - 3
    found: list[str] = []
    for paragraph in _paragraphs(text.strip().splitlines()):
        if all(len(line) <= width for line in paragraph):
            found += [line.rstrip() for line in paragraph]
            continue
        hang = len(paragraph[-1]) - len(paragraph[-1].lstrip()) if len(paragraph) > 1 else 0
        whole = " ".join([paragraph[0].rstrip(), *(line.strip() for line in paragraph[1:])])
        found += _filled(whole, width, " " * hang)
    return [f"{' ' * indent}\\* {line}".rstrip() for line in found]


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """A line and the lines below it that stand further to the right."""
    found: list[list[str]] = []
    for line in lines:
        if found and line.startswith(" ") and line.strip():
            found[-1].append(line)
        else:
            found.append([line])
    return found


def _filled(text: str, width: int, hang: str) -> list[str]:
    lines: list[str] = []
    while len(text) > width:
        cut = text.rfind(" ", len(hang) + 1, width + 1)
        if cut < 0:
            break
        lines.append(text[:cut].rstrip())
        text = hang + text[cut:].strip()
    return [*lines, text]
