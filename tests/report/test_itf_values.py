"""Values survive the way into ITF and back, and itf-py can read what we write."""

from __future__ import annotations

import json
import keyword

import itf_py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import ir
from checker.report.itf_values import Misfit, escaped, parsed, unescaped, written
from checker.states import Sizes, Value, is_finite, universe

SIZES: Sizes = (("OrderId", 3), ("Worker", 2))

NAMES = st.sampled_from(
    ["order", "from", "class", "None", "_x", "__y", "tag", "value", "py_from", "hex_a", "count"]
)

LEAVES: st.SearchStrategy[ir.Type] = st.sampled_from(
    [
        ir.Bool(),
        ir.Int(),
        ir.Int(-2, 3),
        ir.Sort("OrderId"),
        ir.Sort("Worker"),
        ir.Enum("Phase", ("WORKING", "DONE")),
    ]
)


@st.composite
def _records(draw: st.DrawFn, inner: st.SearchStrategy[ir.Type], name: str = "Rec") -> ir.Record:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return ir.Record(name, tuple((n, draw(inner)) for n in names))


def _wider(inner: st.SearchStrategy[ir.Type]) -> st.SearchStrategy[ir.Type]:
    small = st.sampled_from([ir.Bool(), ir.Sort("OrderId"), ir.Option(ir.Sort("Worker"))])
    unions = st.tuples(_records(inner, "Vote"), _records(inner, "None"), _records(inner, "_Odd"))
    return st.one_of(
        st.builds(ir.Option, inner),
        st.builds(ir.Set, inner),
        st.builds(ir.Bag, inner),
        st.builds(ir.Seq, inner),
        st.builds(ir.Map, small, inner),
        st.builds(ir.Partial, small, inner),
        _records(inner),
        st.builds(ir.Union, unions),
    )


TYPES: st.SearchStrategy[ir.Type] = st.recursive(LEAVES, _wider, max_leaves=4)


def values_of(type_: ir.Type) -> st.SearchStrategy[Value]:
    """Any value of the type, in the engines' form."""
    match type_:
        case ir.Int(lo, hi):
            return st.integers(lo, hi)
        case ir.Option(item):
            return st.none() | values_of(item)
        case ir.Record(name, fields):
            return st.tuples(st.just(name), *(values_of(t) for _, t in fields))
        case ir.Union(records):
            return st.one_of([values_of(r) for r in records])
        case ir.Set(item):
            return st.frozensets(values_of(item), max_size=3)
        case ir.Seq(item):
            return st.lists(values_of(item), max_size=3).map(tuple)
        case ir.Bag(item):
            counted = st.dictionaries(values_of(item), st.integers(1, 3), max_size=3)
            return counted.map(lambda d: frozenset(d.items()))
        case ir.Partial(key, item):
            entries = st.dictionaries(values_of(key), values_of(item), max_size=3)
            return entries.map(lambda d: frozenset(d.items()))
        case ir.Map(key, item):
            return st.tuples(*(values_of(item) for _ in universe(key, SIZES)))
    assert is_finite(type_)
    return st.sampled_from(universe(type_, SIZES))


def typed_values() -> st.SearchStrategy[tuple[ir.Type, Value]]:
    return TYPES.flatmap(lambda t: st.tuples(st.just(t), values_of(t)))


@given(typed_values())
def test_a_value_comes_back_from_itf_as_it_was(case: tuple[ir.Type, Value]) -> None:
    type_, value = case
    text = json.dumps(written(value, type_, SIZES))
    assert parsed(json.loads(text), type_, SIZES) == value


@given(typed_values())
def test_itf_py_reads_every_value(case: tuple[ir.Type, Value]) -> None:
    type_, value = case
    itf_py.value_from_json(written(value, type_, SIZES))


@given(st.text(min_size=1) | NAMES | st.sampled_from(keyword.kwlist))
def test_a_name_comes_back_from_its_escape(name: str) -> None:
    there = escaped(name)
    assert unescaped(there) == name
    assert there.isidentifier() and not keyword.iskeyword(there) and not there.startswith("_")


def test_itf_py_makes_what_a_reader_expects_of_options_and_records() -> None:
    def read(value: Value, type_: ir.Type) -> str:
        return repr(itf_py.value_from_json(written(value, type_, SIZES)))

    assert read(2, ir.Option(ir.Int())) == "Some(value=2)"
    assert read(None, ir.Option(ir.Int())) == "Nothing()"
    record = ir.Record("Pair", (("order", ir.Sort("OrderId")), ("copies", ir.Int())))
    assert read(("Pair", 1, 7), record) == "Rec(order='order1', copies=7)"
    assert read(("Pair", 1, 7), ir.Union((record,))) == "Pair(order='order1', copies=7)"
    assert read(frozenset({(0, 2)}), ir.Bag(ir.Sort("OrderId"))) == "{'order0': 2}"


def test_what_other_tools_write_is_read_too() -> None:
    option = ir.Option(ir.Int())
    assert parsed(3, ir.Int(), SIZES) == 3
    assert parsed({"tag": "Some", "value": {"#bigint": "3"}}, option, SIZES) == 3
    assert parsed({"tag": "None", "value": {"#tup": []}}, option, SIZES) is None
    assert parsed({"#tup": [1, 2]}, ir.Seq(ir.Int()), SIZES) == (1, 2)
    empty = ir.Union((ir.Record("Commit", ()),))
    assert parsed({"tag": "Commit", "value": "U_OF_UNIT"}, empty, SIZES) == ("Commit",)


@pytest.mark.parametrize(
    ("json_value", "type_"),
    [
        (1, ir.Bool()),
        (True, ir.Int()),
        ({"#bigint": "4"}, ir.Int(0, 3)),
        ({"#bigint": "x"}, ir.Int()),
        ({"#bigint": "9" * 5000}, ir.Int()),
        ({"#bigint": 1.5}, ir.Int()),
        ("order3", ir.Sort("OrderId")),
        (["order0"], ir.Sort("OrderId")),
        ("GONE", ir.Enum("Phase", ("WORKING", "DONE"))),
        ([], ir.Set(ir.Bool())),
        ({"#set": {}}, ir.Set(ir.Bool())),
        ({"#map": [["order0"]]}, ir.Bag(ir.Sort("OrderId"))),
        ({"#map": [["order0", 0]]}, ir.Bag(ir.Sort("OrderId"))),
        ({"#map": [["order0", 1], ["order0", 2]]}, ir.Bag(ir.Sort("OrderId"))),
        ({"#map": [["worker0", True]]}, ir.Map(ir.Sort("Worker"), ir.Bool())),
        ({"tag": "Maybe", "value": 1}, ir.Option(ir.Int())),
        ({"tag": ["x"], "value": 1}, ir.Option(ir.Int())),
        ({"a": 1}, ir.Record("R", (("b", ir.Int()),))),
        ("x", ir.Union((ir.Record("R", ()),))),
        ({"tag": [], "value": {}}, ir.Union((ir.Record("R", ()),))),
    ],
)
def test_a_value_that_does_not_fit_the_type_is_refused(json_value: object, type_: ir.Type) -> None:
    with pytest.raises(Misfit):
        parsed(json_value, type_, SIZES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tag", "value", "#set", "#map", "#bigint", "#tup", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(TYPES, json_values)
def test_any_json_is_read_or_refused(type_: ir.Type, json_value: object) -> None:
    try:
        value = parsed(json_value, type_, SIZES)
    except Misfit:
        return
    assert parsed(written(value, type_, SIZES), type_, SIZES) == value
