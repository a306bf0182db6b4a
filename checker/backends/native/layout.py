"""Where each variable of a state is: bit fields in words.

Owns the division of a state into words, `pack` and `unpack`, and the text of `checker emit
layout`. The widest chunks are placed first, each into the first word with room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ... import ir
from ...ir_text import type_text
from ...states import State, sort_sizes
from .codec import decode, encode
from .shapes import WORD_BITS, BagOf, Shape, Unsupported, bits, chunks, declared

__all__ = ["Layout", "Place", "layout_of", "layout_text"]


@dataclass(frozen=True, slots=True)
class Place:
    """One chunk of one variable: `width` bits of `word`, from bit `shift` on."""

    word: int
    shift: int
    width: int


@dataclass(frozen=True)
class Layout:
    """The shape and the places of each variable, in the order of `ir.Model.vars`."""

    names: tuple[str, ...]
    shapes: tuple[Shape, ...]
    places: tuple[tuple[Place, ...], ...]
    words: int

    def pack(self, state: State) -> tuple[int, ...]:
        """The words of a state."""
        words = [0] * self.words
        for value, shape, places in zip(state, self.shapes, self.places, strict=True):
            for chunk, place in zip(encode(value, shape), places, strict=True):
                words[place.word] |= chunk << place.shift
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> State:
        """The state of some words."""
        values = []
        for shape, places in zip(self.shapes, self.places, strict=True):
            found = ((int(words[p.word]) >> p.shift) & ((1 << p.width) - 1) for p in places)
            values.append(decode(tuple(found), shape))
        return tuple(values)


def layout_of(model: ir.Model) -> Layout:
    """Raises: Unsupported, naming the variable that has no layout."""
    sizes = sort_sizes(model)
    shapes: list[Shape] = []
    for var in model.vars:
        try:
            shapes.append(declared(var.type, sizes))
            chunks(shapes[-1])
        except Unsupported as problem:
            raise Unsupported(f"`{var.name}` is or holds {problem}") from None
    wanted = [(w, v, c) for v, s in enumerate(shapes) for c, w in enumerate(chunks(s))]
    used = [0]
    placed: dict[tuple[int, int], Place] = {}
    for width, var_number, chunk in sorted(wanted, key=lambda one: -one[0]):
        word = next((n for n, b in enumerate(used) if b + width <= WORD_BITS), len(used))
        if word == len(used):
            used.append(0)
        placed[var_number, chunk] = Place(word, used[word], width)
        used[word] += width
    places = tuple(
        tuple(placed[number, chunk] for chunk in range(len(chunks(shape))))
        for number, shape in enumerate(shapes)
    )
    return Layout(tuple(v.name for v in model.vars), tuple(shapes), places, len(used))


def layout_text(model: ir.Model) -> str:
    """Bits of each variable and where they are, and in all."""
    layout = layout_of(model)
    widest = max((len(name) for name in layout.names), default=0)
    total = sum(sum(chunks(shape)) for shape in layout.shapes)
    plural = "" if layout.words == 1 else "s"
    lines = [f"layout {model.name}: {total} bits in {layout.words} word{plural}", ""]
    for var, shape, places in zip(model.vars, layout.shapes, layout.places, strict=True):
        width = sum(chunks(shape))
        where = ", ".join(_where(p) for p in places)
        form = f"  ({_form(shape)})" if isinstance(shape, BagOf) else ""
        lines.append(f"{var.name:<{widest}}  {width:>4} bits  {where:<16}  {_type(var)}{form}")
    return "\n".join(lines) + "\n"


def _type(var: ir.Var) -> str:
    return type_text(var.type)


def _form(shape: BagOf) -> str:
    other = BagOf(shape.item, shape.capacity, not shape.counts)
    try:
        instead = f"; the other form takes {bits(other)}"
    except Unsupported:
        instead = ""
    return ("a count for each item" if shape.counts else "sorted items") + instead


def _where(place: Place) -> str:
    if not place.width:
        return "-"
    last = place.shift + place.width - 1
    span = str(last) if place.width == 1 else f"{place.shift}..{last}"
    return f"{place.word}:{span}"
