"""Values go to Python and come back as they were (S1): nothing is lost, and nothing is shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checker import Bag, Id, Map, ir
from checker.states import Classes, Value, decode, encode, show, universe
from checker.values import copy_value


class W(Id, scope=2):
    pass


class E(Enum):
    A = 1
    B = 2


@dataclass(frozen=True)
class Note:
    who: W
    open: bool


@dataclass(frozen=True)
class Box:
    held: Bag[W]


SIZES = (("W", 2),)
NOTE = ir.Record("Note", (("who", ir.Sort("W")), ("open", ir.BOOL)))
BOX = ir.Record("Box", (("held", ir.Bag(ir.Sort("W"))),))
FINITE: list[ir.Type] = [
    ir.BOOL,
    ir.Int(-1, 2),
    ir.Sort("W"),
    ir.Enum("E", ("A", "B")),
    ir.Option(ir.Sort("W")),
    NOTE,
]
CLASSES = Classes({"W": W, "E": E, "Note": Note, "Box": Box}, SIZES)

finite = st.sampled_from(FINITE)
types: st.SearchStrategy[ir.Type] = st.recursive(
    st.one_of(finite, st.just(BOX), st.just(ir.Union((NOTE, BOX)))),
    lambda inner: st.one_of(
        finite.map(ir.Set),
        finite.map(ir.Bag),
        inner.map(ir.Seq),
        st.builds(ir.Partial, finite, inner),
        st.builds(ir.Map, finite, inner),
    ),
    max_leaves=3,
)


@st.composite
def values(draw: Callable[[st.SearchStrategy[Any]], Any], type_: ir.Type) -> Value:
    def many(item: ir.Type) -> list[Value]:
        return [draw(values(item)) for _ in range(draw(st.integers(0, 3)))]

    match type_:
        case ir.Record(name, fields):
            return (name, *(draw(values(t)) for _, t in fields))
        case ir.Union(records):
            return draw(values(draw(st.sampled_from(records))))
        case ir.Set(item):
            return frozenset(many(item))
        case ir.Bag(item):
            return frozenset({v: draw(st.integers(1, 3)) for v in many(item)}.items())
        case ir.Seq(item):
            return tuple(many(item))
        case ir.Partial(key, item):
            return frozenset((k, draw(values(item))) for k in dict.fromkeys(many(key)))
        case ir.Map(key, item):
            return tuple(draw(values(item)) for _ in universe(key, SIZES))
    return draw(st.sampled_from(universe(type_, SIZES)))


typed = types.flatmap(lambda type_: st.tuples(st.just(type_), values(type_)))


@settings(max_examples=150, deadline=None)
@given(typed)
def test_a_value_that_is_decoded_and_encoded_is_the_same(given: tuple[ir.Type, Value]) -> None:
    type_, value = given
    assert encode(decode(value, type_, CLASSES), type_, SIZES) == value


@settings(max_examples=100, deadline=None)
@given(typed)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(given: tuple[ir.Type, Value]) -> None:
    type_, value = given
    first = decode(value, type_, CLASSES)
    second = copy_value(first)
    assert encode(second, type_, SIZES) == value
    empty(second)
    assert encode(first, type_, SIZES) == value


@settings(max_examples=100, deadline=None)
@given(typed, typed)
def test_values_of_one_type_that_differ_look_different(
    first: tuple[ir.Type, Value], second: tuple[ir.Type, Value]
) -> None:
    if first[0] == second[0] and first[1] != second[1]:
        assert show(*reversed(first)) != show(*reversed(second))  # type: ignore[arg-type]


def empty(value: Any) -> None:
    """Clear everything in the value that can be changed in place."""
    match value:
        case Map():
            for key in list(value._entries):
                empty(value._entries[key])
            value._entries.clear()
        case dict():
            for part in value.values():
                empty(part)
            value.clear()
        case list():
            for part in value:
                empty(part)
            value.clear()
        case set() | Bag():
            value.clear()
        case Box():
            value.held.clear()
