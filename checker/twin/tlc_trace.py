"""Counterexamples that TLC printed: its text, and the JSON of newer versions, as traces of a model.

Owns the two forms. TLC names the action of a step and not its parameters, so each step is looked up
among the model's: some rule of that name, with some values, has to lead from one state to the next.
Text: what TLC 2.15 prints after "The behavior up to this point is:". JSON: `-dumpTrace json`, where
sets and sequences are both arrays and functions are objects; the model's types tell them apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .. import ir
from ..backends.python import Program
from ..backends.tla import print_module
from ..backends.tla_values import (
    Elements,
    Mapped,
    Misread,
    Raw,
    Reader,
    Tuple,
    Word,
    parse_assignments,
    parse_value,
)
from ..errors import UsageError
from ..explore.outcome import Step, Trace
from ..states import State, sort_sizes

__all__ = ["is_tlc", "trace_from_tlc"]

_STATE = re.compile(r"^(?:State )?(\d+): <?([^\n>]*)>?\n((?:.+\n?)*)", re.M)
_BACK = re.compile(r"^Back to state:? ?(\d+)", re.M)


def is_tlc(text: str) -> bool:
    """Does the file look like one of the two forms?"""
    if text.lstrip().startswith("{"):
        return '"counterexample"' in text
    return re.search(r"^State 1: ", text, re.M) is not None


def trace_from_tlc(text: str, source: ir.Model, model: ir.Model) -> Trace:
    """The trace, typed by the model. `source` is the model before `bind`. Raises: UsageError."""
    printed = print_module(source, values=model)
    reader = Reader(printed.encoding, sort_sizes(model))
    as_json = text.lstrip().startswith("{")
    rows, loop = _json(text) if as_json else _text(text)
    names = {v.name: printed.names[v.name] for v in model.vars}
    states: list[State] = []
    for number, (_, values) in enumerate(rows, start=1):
        try:
            # The bit that a twin may have besides is no part of the model's state.
            row = tuple(_typed(values[names[v.name]], v.type, reader) for v in model.vars)
        except KeyError as problem:
            raise UsageError(f"state {number} of TLC's trace has no {problem}") from problem
        except Misread as problem:
            raise UsageError(f"state {number} of TLC's trace: {problem}") from problem
        states.append(row)
    if not states:
        raise UsageError("the file has no states of a TLC trace")
    rules = {printed.names[r.name]: r.name for r in model.rules}
    program = Program(model)
    steps = []
    for place in range(1, len(states)):
        name = rules.get(rows[place][0], rows[place][0])
        steps.append(_step(program, name, states[place - 1], states[place], place))
    if loop is not None and loop < len(states) - 1:
        steps.append(_step(program, "", states[-1], states[loop], len(states)))
    return Trace(model, states[0], tuple(steps), loop)


Rows = tuple[list[tuple[str, Mapping[str, Any]]], int | None]


def _text(text: str) -> Rows:
    """Name of the action and values of each state; where the loop begins."""
    rows: list[tuple[str, Mapping[str, Any]]] = []
    loop = None
    for number, head, body in _STATE.findall(text):
        if int(number) == 1:
            rows = []  # the last trace of the file counts
        if head.strip().startswith("Stuttering"):
            loop = len(rows) - 1
            continue
        rows.append((head.split(" line ")[0].strip(), parse_assignments(_cut(body))))
    back = _BACK.search(text)
    if back is not None:
        loop = int(back[1]) - 1
    return rows, loop


def _cut(body: str) -> str:
    """The assignments, without what TLC prints behind the last state."""
    lines = body.splitlines()
    kept = [n for n, line in enumerate(lines) if re.match(r"\s|/\\|\w+ = ", line)]
    return "\n".join(lines[: kept[-1] + 1] if kept else [])


def _json(text: str) -> Rows:
    try:
        found = json.loads(text)["counterexample"]
        edges = {edge[2][0]: edge for edge in found["action"] if edge[2][0] != edge[0][0]}
        states = dict(found["state"])
        back = [edge for edge in found["action"] if edge[2][0] <= edge[0][0]]
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        raise UsageError("the file is no counterexample of TLC's -dumpTrace json") from problem
    rows = []
    for number in sorted(states):
        before = edges.get(number)
        name = before[1]["name"] if before is not None and before[0][0] < number else ""
        rows.append((name, states[number]))
    loop = back[0][2][0] - 1 if back else None
    return rows, loop


def _step(program: Program, name: str, before: State, after: State, number: int) -> Step:
    for compiled in program.rules:
        if name and compiled.rule.name != name:
            continue
        for args in compiled.args:
            for picks, end in compiled.step(before, args):
                if end == after:
                    return Step(compiled.rule.name, args, picks, after)
    what = name or "no action"
    raise UsageError(
        f"step {number} of TLC's trace is none of {program.model.name}: "
        f"{what} does not lead from state {number} to state {number + 1}",
        help="the trace may be of other constants: --set, or of another version of the model",
    )


# ── Values ───────────────────────────────────────────────────────────────────────────────────────


def _typed(value: Any, type_: ir.Type, reader: Reader) -> Any:
    if isinstance(value, bool | int | Word | Elements | Tuple | Mapped):
        return reader.typed(value, type_)
    return reader.typed(_raw(value, type_), type_)


def _raw(value: Any, type_: ir.Type) -> Raw:
    """The JSON of newer TLCs as TLC's own values: the type says what an array or a string is."""
    match type_, value:
        case ir.Option(item), _:
            return Word("None") if value == "None" else _raw(value, item)
        case ir.Sort(), str():
            return Word(value)
        case ir.Set(item), list():
            return Elements(tuple(_raw(v, item) for v in value))
        case ir.Seq(item), list():
            return Tuple(tuple(_raw(v, item) for v in value))
        case ir.Record(_, fields), dict():
            kinds = dict(fields)
            return Mapped(tuple((k, _raw(v, kinds.get(k, ir.BOOL))) for k, v in value.items()))
        case ir.Union(records), dict():
            held = {k: t for record in records for k, t in record.fields}
            return Mapped(tuple((k, _raw(v, held.get(k, ir.BOOL))) for k, v in value.items()))
        case ((ir.Map(key, item) | ir.Partial(key, item)), _):
            return _mapped(value, key, item)
        case ir.Bag(item), _:
            return _mapped(value, item, ir.INT)
    if isinstance(value, bool | int | str):
        return value
    raise Misread(f"{value!r} is no {type_}")


def _mapped(value: Any, key: ir.Type, item: ir.Type) -> Raw:
    """A function: an object whose keys are printed values, or an array if they are 1, 2, 3 ..."""
    if isinstance(value, list):
        return Tuple(tuple(_raw(v, item) for v in value))
    if not isinstance(value, dict):
        raise Misread(f"{value!r} is no function")
    pairs = []
    for name, held in value.items():
        inner = key.item if isinstance(key, ir.Option) else key
        printed = name if isinstance(inner, ir.Enum) else parse_value(name)[0]
        pairs.append((printed, _raw(held, item)))
    return Mapped(tuple(pairs))
