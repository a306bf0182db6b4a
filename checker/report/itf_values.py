"""Values in the Informal Trace Format (Apalache's ADR-015), typed by the model on the way back.

Owns which form each type has, and the names that readers refuse. The inverse is exact: `parsed` of
`written` is the value again, for every value of the type.

    bool         true                         set          {"#set": [...]}
    int          {"#bigint": "12"}            bag          {"#map": [[element, copies], ...]}
    sort, enum   "order0", "PREPARED"         sequence     [...]
    record       {"field": ...}               map, dict    {"#map": [[key, value], ...]}
    union        {"tag": "Commit", "value": {...}}
    option       {"tag": "Some", "value": {"value": ...}}  or  {"tag": "Nothing", "value": {}}

An option is not `{"tag": "Some", "value": {"#bigint": ...}}`, and its other form is not "None":
itf-py makes a Python class of every variant, whose fields are the keys of its value, and Python
allows no class named None and no field named #bigint.
"""

from __future__ import annotations

import keyword
import re
from typing import Any, cast

from .. import ir
from ..states import Sizes, Value, atom_name, in_order, universe

__all__ = ["Misfit", "escaped", "parsed", "unescaped", "written"]

Json = Any


class Misfit(Exception):
    """A value that is not of the type; `path` is where in the state, from inside out."""

    def __init__(self, expected: str, found: Json) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found
        self.path: list[str] = []


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def escaped(name: str) -> str:
    """The name as ITF readers in Python accept it; `unescaped` is the inverse.

    >>> escaped("order"), escaped("from"), escaped("_x"), escaped("py_from"), escaped("worker#pc")
    ('order', 'py_from', 'py__x', 'py_py_from', 'hex_worker_23_pc')
    """
    if not name.isidentifier():
        return "hex_" + re.sub(r"[^A-Za-z0-9]", lambda m: f"_{ord(m[0]):x}_", name)
    refused = keyword.iskeyword(name) or name.startswith(("_", "py_", "hex_"))
    return f"py_{name}" if refused else name


def unescaped(name: str) -> str:
    """
    >>> unescaped("py_from"), unescaped("hex_worker_23_pc")
    ('from', 'worker#pc')
    """
    if name.startswith("hex_"):
        return re.sub(r"_([0-9a-f]+)_", lambda m: chr(int(m[1], 16)), name[4:])
    return name.removeprefix("py_")


def _field_names(record: ir.Record, *, is_tagged: bool) -> list[str]:
    names = [escaped(name) for name, _ in record.fields]
    # A plain object with just these two keys would be read as a variant.
    if not is_tagged and sorted(names) == ["tag", "value"]:
        return [f"py_{name}" for name in names]
    return names


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


def written(value: Value, type_: ir.Type, sizes: Sizes) -> Json:
    """The value as JSON.

    >>> written(frozenset({(0, 2)}), ir.Bag(ir.Sort("OrderId")), (("OrderId", 1),))
    {'#map': [['order0', {'#bigint': '2'}]]}
    """
    match type_:
        case ir.Bool():
            return value
        case ir.Int():
            return _int(value)
        case ir.Sort(name):
            return atom_name(name, cast(int, value))
        case ir.Enum():
            return value
        case ir.Option(item):
            if value is None:
                return {"tag": "Nothing", "value": {}}
            return {"tag": "Some", "value": {"value": written(value, item, sizes)}}
        case ir.Record():
            return _fields(value, type_, sizes, is_tagged=False)
        case ir.Union(records):
            record = next(r for r in records if r.name == _parts(value)[0])
            return {
                "tag": escaped(record.name),
                "value": _fields(value, record, sizes, is_tagged=True),
            }
    return _written_collection(value, type_, sizes)


def _written_collection(value: Value, type_: ir.Type, sizes: Sizes) -> Json:
    match type_:
        case ir.Set(item):
            return {"#set": [written(v, item, sizes) for v in in_order(_elements(value))]}
        case ir.Bag(item):
            pairs = cast("list[tuple[Value, int]]", in_order(_elements(value)))
            return {"#map": [[written(v, item, sizes), _int(n)] for v, n in pairs]}
        case ir.Seq(item):
            return [written(v, item, sizes) for v in _parts(value)]
        case ir.Partial(key, item):
            entries = cast("list[tuple[Value, Value]]", in_order(_elements(value)))
        case ir.Map(key, item):
            entries = list(zip(universe(key, sizes), _parts(value), strict=True))
        case _:
            raise TypeError(f"no form for {type_}")
    return {"#map": [[written(k, key, sizes), written(v, item, sizes)] for k, v in entries]}


def _int(value: Value) -> Json:
    return {"#bigint": str(value)}


def _fields(value: Value, record: ir.Record, sizes: Sizes, *, is_tagged: bool) -> Json:
    names = _field_names(record, is_tagged=is_tagged)
    values = zip(names, record.fields, _parts(value)[1:], strict=True)
    return {name: written(v, t, sizes) for name, (_, t), v in values}


def _parts(value: Value) -> tuple[Value, ...]:
    return cast("tuple[Value, ...]", value)


def _elements(value: Value) -> frozenset[Value]:
    return cast("frozenset[Value]", value)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def parsed(json: Json, type_: ir.Type, sizes: Sizes) -> Value:
    """The value of the type that the JSON stands for; raises Misfit if there is none.

    Also reads what others write: plain ints, tuples for lists, `None` for the empty option.
    """
    match type_:
        case ir.Bool():
            return _checked(isinstance(json, bool), json, json, "true or false")
        case ir.Int(lo, hi):
            return _parsed_int(json, lo, hi)
        case ir.Sort(name):
            atoms = [atom_name(name, index) for index in range(dict(sizes)[name])]
            _checked(json in atoms, None, json, f"one of {', '.join(atoms)}")
            return atoms.index(json)
        case ir.Enum(name, members):
            return _checked(json in members, json, json, f"{name}: one of {', '.join(members)}")
        case ir.Option(item):
            return _parsed_option(json, item, sizes)
        case ir.Record():
            return _parsed_fields(json, type_, sizes, is_tagged=False)
        case ir.Union(records):
            by_tag = {escaped(r.name): r for r in records}
            fits = isinstance(json, dict) and json.get("tag") in list(by_tag) and "value" in json
            _checked(fits, None, json, f"a variant: one of {', '.join(by_tag)}")
            fields = json["value"] if json["value"] not in (None, "U_OF_UNIT") else {}
            return _parsed_fields(fields, by_tag[json["tag"]], sizes, is_tagged=True)
    return _parsed_collection(json, type_, sizes)


def _parsed_collection(json: Json, type_: ir.Type, sizes: Sizes) -> Value:
    match type_:
        case ir.Set(item):
            return frozenset(_at(f"#{i}", v, item, sizes) for i, v in _many(json, "#set"))
        case ir.Seq(item):
            items = enumerate(json) if isinstance(json, list) else _many(json, "#tup")
            return tuple(_at(f"[{i}]", v, item, sizes) for i, v in items)
        case ir.Bag(item):
            counted = _entries(json, item, ir.Int(1, None), sizes)
            return frozenset(counted.items())
        case ir.Partial(key, item):
            return frozenset(_entries(json, key, item, sizes).items())
        case ir.Map(key, item):
            found = _entries(json, key, item, sizes)
            keys = universe(key, sizes)
            _checked(set(found) == set(keys), None, json, f"a map with all {len(keys)} keys")
            return tuple(found[k] for k in keys)
    raise TypeError(f"no form for {type_}")


def _checked(fits: bool, value: Value, json: Json, expected: str) -> Value:
    if not fits:
        raise Misfit(expected, json)
    return value


def _parsed_int(json: Json, lo: int | None, hi: int | None) -> int:
    expected = "an integer"
    if lo is not None or hi is not None:
        expected += f" from {'…' if lo is None else lo} to {'…' if hi is None else hi}"
    number = json["#bigint"] if isinstance(json, dict) and set(json) == {"#bigint"} else json
    if isinstance(number, str) and isinstance(json, dict) and re.fullmatch(r"-?\d{1,1000}", number):
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise Misfit(expected, json)
    if (lo is not None and number < lo) or (hi is not None and number > hi):
        raise Misfit(expected, json)
    return number


def _parsed_option(json: Json, item: ir.Type, sizes: Sizes) -> Value:
    tag = json.get("tag") if isinstance(json, dict) else None
    if json is None or tag in ("Nothing", "None"):
        return None
    _checked(tag == "Some" and "value" in json, None, json, 'a variant "Some" or "Nothing"')
    inner = json["value"]
    if isinstance(inner, dict) and set(inner) == {"value"}:
        inner = inner["value"]
    return parsed(inner, item, sizes)


def _parsed_fields(json: Json, record: ir.Record, sizes: Sizes, *, is_tagged: bool) -> Value:
    names = _field_names(record, is_tagged=is_tagged)
    fits = isinstance(json, dict) and set(json) == set(names)
    _checked(fits, None, json, f"a record with the fields {', '.join(names) or '(none)'}")
    pairs = zip(names, record.fields, strict=True)
    return (record.name, *(_at(f".{name}", json[name], t, sizes) for name, (_, t) in pairs))


def _many(json: Json, tag: str) -> list[tuple[int, Json]]:
    fits = isinstance(json, dict) and set(json) == {tag} and isinstance(json[tag], list)
    _checked(fits, None, json, f'{{"{tag}": [...]}}')
    return list(enumerate(json[tag]))


def _entries(json: Json, key: ir.Type, item: ir.Type, sizes: Sizes) -> dict[Value, Value]:
    found: dict[Value, Value] = {}
    for i, pair in _many(json, "#map"):
        fits = isinstance(pair, list) and len(pair) == 2
        _checked(fits, None, pair, "a pair of key and value")
        k = _at(f"#{i}", pair[0], key, sizes)
        _checked(k not in found, None, pair, "no key twice")
        found[k] = _at(f"[{pair[0]}]", pair[1], item, sizes)
    return found


def _at(place: str, json: Json, type_: ir.Type, sizes: Sizes) -> Value:
    try:
        return parsed(json, type_, sizes)
    except Misfit as misfit:
        misfit.path.append(place)
        raise
